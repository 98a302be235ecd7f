"""The page on adding a source shows the code of a source that exists, as it is."""

import re
from pathlib import Path

import pytest

from collectors.source import kinds
from tests.collectors.examples import example

ROOT = Path(__file__).resolve().parents[1]
CODE = [
    (ROOT / path).read_text(encoding="utf-8")
    for path in ("collectors/sources/steam.py", "tests/collectors/test_steam.py")
]
BLOCKS = re.findall(
    r"```python\n(.*?)```\n", (ROOT / "docs" / "adding-a-source.md").read_text(encoding="utf-8"), re.DOTALL
)


def test_it_shows_the_docstring_the_options_both_methods_and_the_tests() -> None:
    shown = "\n".join(BLOCKS)
    for part in ("class Options", "class Steam", "def parse", "def pages", "def _ask", "def _post", "def test_"):
        assert part in shown


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_code_is_that_of_the_real_file(number: int) -> None:
    assert any(BLOCKS[number] in text for text in CODE), BLOCKS[number][:300]


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_shows_an_example_that_works_as_it_is(kind: str) -> None:
    assert example(kind).kind == kind
