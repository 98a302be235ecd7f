"""Options in the short forms that people write them in, and the text of an answer as every parser gets it."""

import gzip
from typing import Annotated

import pytest
from pydantic import BaseModel, ValidationError

from collectors.json_answers import text_of
from collectors.options import NAMED, SEVERAL
from collectors.source import Answer, ParseError


class Some(BaseModel):
    """Options of both sorts."""

    several: Annotated[tuple[str | int, ...], SEVERAL] = ()
    named: Annotated[dict[str, str], NAMED] = {}


@pytest.mark.parametrize(("written", "meant"), [("a", ("a",)), (7, (7,)), (["a", "b"], ("a", "b")), ([], ())])
def test_one_value_is_a_list_of_one(written: object, meant: tuple[object, ...]) -> None:
    assert Some.model_validate({"several": written}).several == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("a", {"a": ""}), (7, {"7": ""}), (["a", 7], {"a": "", "7": ""}), ({"a": "Paris"}, {"a": "Paris"})],
)
def test_numbers_may_come_without_the_names_to_show(written: object, meant: dict[str, str]) -> None:
    assert Some.model_validate({"named": written}).named == meant


@pytest.mark.parametrize("field", ["several", "named"])
def test_anything_else_is_refused(field: str) -> None:
    with pytest.raises(ValidationError):
        Some.model_validate({field: 1.5})


def test_the_text_of_an_answer_is_unpacked_and_bare() -> None:
    body = gzip.compress('\ufeff {"é": 1}\r\n'.encode())
    assert text_of(Answer("", body), "x") == '{"é": 1}'
    assert text_of(Answer("", "é".encode("latin-1")), "x", content_type="text/html; charset=latin-1") == "é"


def test_what_cannot_be_unpacked_names_the_service() -> None:
    with pytest.raises(ParseError, match="not an answer of Lila"):
        text_of(Answer("", gzip.compress(b"x")[:-4]), "Lila")
