"""What a model's card says was measured, read back from its Markdown."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nlp.model_card import CardTable, measured, tables

CARD = """# A model
| not | this |
| --- | --- |
| 1 | 2 |

## Measured
On `texts`.

| Set | exact |
| --- | --- |
| **shops** | 0.7 |
| a broken row |

### By hand
| Figure | error |
| --- | ---: |
| CSAT | 4.2 |

## Limits
| nor | this |
| --- | --- |
| 3 | 4 |
"""


def test_the_tables_of_the_section_measured_are_read_and_no_others() -> None:
    assert list(tables(CARD)) == [
        CardTable("", ("Set", "exact"), (("shops", "0.7"),)),
        CardTable("By hand", ("Figure", "error"), (("CSAT", "4.2"),)),
    ]


def test_the_shipped_card_measured_something() -> None:
    found = measured()
    assert found
    assert all(table.rows for table in found)


def test_a_model_without_a_card_measured_nothing(tmp_path: Path) -> None:
    assert measured(tmp_path) == []
    assert measured("no/such-model") == []
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    (tmp_path / "README.md").write_bytes(b"\xff\xfe nothing")
    assert measured(tmp_path) == []


@given(st.text(alphabet="#|-: \nMeasuredx", max_size=200))
def test_any_card_is_read(card: str) -> None:
    for table in tables("## Measured\n" + card):
        assert all(len(row) == len(table.header) for row in table.rows)
