"""The words of pages, mails and reports: complete in every language, and written as each language writes."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from nlp.annotation import TOUCHPOINTS
from reputation.indicators import INDICATORS
from reputation.score import PARTS
from service import words

SERVICE = Path(words.__file__).parent
NO_BREAK = "\u202f"


def messages() -> set[str]:
    methods = [("words.py", "python"), ("templates/**.html", "jinja2")]
    options = {"templates/**.html": {"trimmed": "false", "silent": "false"}}
    found = extract_from_dir(SERVICE, methods, options, keywords={"_": None, "gettext": None})
    return {message for _file, _line, message, *_rest in found}


@pytest.mark.parametrize("language", [code for code in words.LANGUAGES if code != "en"])
def test_every_message_is_translated_and_none_is_left_over(language: str) -> None:
    with (SERVICE / "locale" / f"{language}.po").open("rb") as lines:
        catalogue = read_po(lines, locale=language)
    translated = {message.id for message in catalogue if message.id and message.string}
    assert messages() - translated == set()
    assert translated - messages() == set()


@pytest.mark.parametrize("language", [code for code in words.LANGUAGES if code != "en"])
def test_a_translation_keeps_the_placeholders_of_its_message(language: str) -> None:
    with (SERVICE / "locale" / f"{language}.po").open("rb") as lines:
        catalogue = read_po(lines, locale=language)
    assert [str(error) for _message, errors in catalogue.check() for error in errors] == []


@pytest.mark.parametrize("key", [*TOUCHPOINTS, *PARTS, *INDICATORS])
def test_every_identifier_that_is_shown_has_a_name(key: str) -> None:
    assert key in words.NAMES


def render(template: str, language: str, **values: object) -> str:
    return words.environment(language, "Europe/Paris").from_string(template).render(**values)


def test_numbers_are_written_as_each_language_writes_them() -> None:
    assert render("{{ 1234.5 | number(1) }}", "en") == "1,234.5"
    assert render("{{ 1234.5 | number(1) }}", "fr") == f"1{NO_BREAK}234,5"
    assert render("{{ x | number }}", "en", x=-0.2) == "0"
    assert render("{{ x | signed }}", "en", x=3.14) == "+3.1"
    assert render("{{ x | signed }}", "fr", x=-3.14) == "\u22123,1"
    assert render("{{ x | signed }}", "fr", x=0.01) == "0,0"


def test_times_are_shown_in_the_users_zone() -> None:
    at = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    assert render("{{ at | moment }}", "fr", at=at) == "30 mars 2026 00:30"
    assert render("{{ day | day }}", "en", day=date(2026, 3, 29)) == "29 March 2026"
    assert render("{{ at | moment }}", "en", at=None) == ""


def test_what_comes_from_outside_is_escaped() -> None:
    assert render("{{ x }}", "en", x="<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("de, en;q=0.5, fr;q=0.7", "fr"),
        ("en;q=broken, fr;q=0.1", "fr"),
        ("de", "en"),
    ],
)
def test_the_reader_is_answered_in_the_language_they_prefer(header: str | None, language: str) -> None:
    assert words.preferred(header) == language
