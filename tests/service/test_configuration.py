"""Reading oyez.toml: what it may say, and what is said when it is wrong."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import ConfigError
from service.oyez_toml import key_lines, load, parse

GOOD = """
# A comment
[storage]
url = "sqlite:////tmp/x.db"

[[brands]]
name = "Lila Énergie"
aliases = [
  "Lila",   # short
  "L'énergie Lila",
]
competitors = ["Volta"]

[[brands]]
name = "Volta"

[[alerts]]
name = "Bad news"
rule = "negative_mention"
to = ["mailto:care@example.org", "https://hooks.example.org/x", "env:TEAMS"]

[[reports]]
brand = "Lila Énergie"
to = ["mailto:boss@example.org"]
"""


def mistake(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.remedy
    return str(caught.value)


def test_a_full_file_is_read() -> None:
    config = parse(GOOD)
    assert [brand.name for brand in config.brands] == ["Lila Énergie", "Volta"]
    assert config.alerts[0].max_age_days == 7
    assert config.brand("lila énergie") is config.brands[0]


def test_an_empty_file_means_the_defaults() -> None:
    config = parse("")
    assert config.web.host == "127.0.0.1"
    assert config.privacy.keep_names is False
    assert config.http.respect_robots is True


def test_an_unknown_key_names_itself_its_line_and_the_key_that_was_meant() -> None:
    said = mistake(GOOD.replace("aliases =", "alias ="))
    assert "line 8: brands.alias: unknown key; did you mean 'aliases'?" in said


def test_an_unknown_section_says_which_there_are() -> None:
    assert "did you mean 'sources'?" in mistake("[source]\nname = 'x'")


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    said = mistake('[web]\nport = "many"\ntimezone = "Pariss"\n[mail]\nport = 0\n').splitlines()
    assert [line.split(":")[0] for line in said] == [
        "oyez.toml, line 2",
        "oyez.toml, line 3",
        "oyez.toml, line 5",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[brands]]\naliases = []", "line 1: brands.name: this key is required"),
        ("web = 3", "line 1: web: expected a table"),
        ('[[brands]]\nname="A"\n[[brands]]\nname="a"', "line 4: brands.name: 'a' is used twice"),
        (
            '[[brands]]\nname="Lila"\n[[reports]]\nbrand="Lyla"',
            "line 4: reports.brand: there is no brand 'Lyla'; did",
        ),
        (
            '[[alerts]]\nname="x"\nrule="negative"',
            "line 3: alerts.rule: expected 'negative_mention', 'spike' or 'gone_quiet'",
        ),
        ('[[alerts]]\nname="x"\nrule="spike"\nto=["nobody"]', 'line 4: alerts.to: a channel is "mailto:'),
        (
            '[[sources]]\nname="x"\nkind="feedz"',
            "line 3: sources.kind: there is no kind of source called 'feedz'",
        ),
        (
            '[[sources]]\nname="x"\nkind="k"\nschedule="often"',
            "line 4: sources.schedule: 'often' is not a schedule",
        ),
        ('[[reports]]\nbrand="x"\ntime="25:00"', "line 3: reports.time: '25:00' is not a time"),
        ('[web]\n\nport = 1\n[web]\nhost="x"', "is not valid TOML"),
        ('[mail]\nhost="smtp.example.org"\npassword="env:P"', "not sent in clear"),
    ],
)
def test_a_wrong_value_says_where_it_is_and_what_was_expected(text: str, expected: str) -> None:
    assert expected in mistake(text)


def test_a_secret_in_clear_is_refused_and_not_repeated() -> None:
    said = mistake('[mail]\npassword = "hunter2"')
    assert "line 2: mail.password" in said
    assert "hunter2" not in said


def test_lines_are_counted_through_long_values_and_repeated_tables() -> None:
    text = 'a = """\n[x]\nb = 1\n"""\n[[t]]\nk = [\n "]",\n]\n[t.u]\nv = {w = 1}\n[[t]]\n"q r" = 2\n'
    assert key_lines(text) == {
        ("a",): 1,
        ("t", 0): 5,
        ("t", 0, "k"): 6,
        ("t", 0, "u"): 9,
        ("t", 0, "u", "v"): 10,
        ("t", 1): 11,
        ("t", 1, "q r"): 12,
    }


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_a_reason(text: str) -> None:
    try:
        parse(text)
    except ConfigError as error:
        assert str(error)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "oyez.toml")
    assert "oyez init" in caught.value.remedy


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "oyez.toml").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "oyez.toml")
