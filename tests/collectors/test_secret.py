"""Keys among the options of a source: written as references, followed when it is built, never shown."""

import pytest
from pydantic import Field, SecretStr, ValidationError

from collectors.secret import REVEAL, Secret, is_reference, references
from collectors.source import SourceOptions


class Options(SourceOptions):
    key: Secret = Field(description="a key")
    spare: Secret | None = Field(default=None, description="another")
    note: str = Field(default="", description="no key at all")


def revealed(reference: str) -> str:
    return {"env:KEY": "k3y", "file:spare.txt": "sp4re"}[reference]


def test_a_reference_is_followed_where_the_source_is_built() -> None:
    given = {"key": "env:KEY", "spare": "file:spare.txt"}
    options = Options.model_validate(given, context={REVEAL: revealed})
    assert options.key.get_secret_value() == "k3y"
    assert options.spare is not None
    assert options.spare.get_secret_value() == "sp4re"


def test_checking_the_options_needs_no_key() -> None:
    assert Options.model_validate({"key": "env:KEY"}).key.get_secret_value() == "env:KEY"


def test_a_program_may_give_the_key_itself() -> None:
    assert Options(key=SecretStr("k3y")).key.get_secret_value() == "k3y"


def test_a_key_is_never_shown() -> None:
    options = Options.model_validate({"key": "env:KEY"}, context={REVEAL: revealed})
    for shown in (str(options), repr(options), options.model_dump_json(), str(options.model_dump())):
        assert "k3y" not in shown


@pytest.mark.parametrize("value", ["sk-in-clear", "", "env:", "env:1X", 17, None, ["env:KEY"]])
def test_a_key_in_clear_is_refused_and_not_repeated(value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate({"key": value})
    assert "env:NAME" in str(caught.value)
    assert "clear" not in str(caught.value).replace("never in clear", "")


def test_an_error_elsewhere_does_not_show_what_was_given() -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate({"key": "env:KEY", "kee": "sk-in-clear"}, context={REVEAL: revealed})
    assert "sk-in-clear" not in str(caught.value)
    assert "k3y" not in str(caught.value)


def test_the_references_of_keys_are_listed_and_nothing_else() -> None:
    given = {"key": "env:KEY", "spare": "file:spare.txt", "note": "env:NOTHING"}
    assert list(references(Options, given)) == ["env:KEY", "file:spare.txt"]
    assert list(references(Options, {"key": "in clear", "note": "x"})) == []
    assert list(references(Options, {})) == []


@pytest.mark.parametrize(
    ("value", "is_one"), [("env:A_1", True), ("file:k.txt", True), ("env:A B", False), ("x", False)]
)
def test_what_a_reference_looks_like(value: str, is_one: bool) -> None:
    assert is_reference(value) is is_one
