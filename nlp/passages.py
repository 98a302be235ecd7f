"""A text cut into passages: sentences as customers write them, with their exact places.

spaCy's tokenizer tells full stops from numbers, addresses and abbreviations. Its sentencizer is not used: it
leaves opening quotes with the sentence before and begins one at every emoji. Nor is a statistical pipeline:
reviews have no capitals and three exclamation marks.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Token

MAX_PASSAGE = 400
"""Characters. A text without a full stop is cut at commas, else between words, so that no passage is longer."""

# spaCy's English list serves both languages: its French one costs 3 s of start and lacks most of these.
_ENGLISH = "approx apt cf dept etc ext inc ltd max min pp sept tel"
_FRENCH = (
    "m mm mme mmes mlle mlles mr drs pr st ste vve ets env av bd boul chap ex tél réf ref num appt janv févr avr"
    " juil sept oct nov déc resp sté hrs rdv"
)
_ENDING = frozenset({"etc.", "ex.", "max.", "min.", "a.m.", "p.m.", "h.", "a.", "y."})
"""Abbreviations, and words that spaCy takes for one, that end a sentence when a capital follows."""

_MARKS = re.compile(r"[.!?…。！？]+")
_BEGINNING = re.compile(r"(?:[-–—•*#@$€+]\s?|[(\[“‘\"'](?=\S)|«\s?){0,4}\w")
_ADDRESS = re.compile(r"www\.|\S*[@/]", re.IGNORECASE)
_GLUED = r"(?<=[\w.!?])[!?](?=[A-ZÀ-Ý!?])"
_BLOCK = re.compile(r"(?:\S{1,100}+(?:\s++|$)){1,5000}+|\S{1,100}")
"""Words; one of more than 100 characters comes in parts: spaCy's time grows with the square of its length."""

_SOFT_CUT = re.compile(r"[;,:)]\s+")
_ONE_AT_A_TIME = threading.Lock()
"""Memory zones, without which spaCy's store of words grows for ever, take one thread at a time."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text: `whole[start:end] == text`, without white space at its ends."""

    start: int
    end: int
    text: str


def passages(text: str, language: str | None = None) -> list[Passage]:
    """The passages of a text, in order, without overlap; all that is not white space is in one of them.

    French abbreviations count where `language` is not "en".
    """
    return [
        Passage(left, right, text[left:right])
        for start, end in _sentences(text, language)
        for left, right in _bounded(text, start, end)
    ]


def _sentences(text: str, language: str | None) -> Iterator[tuple[int, int]]:
    nlp = _pipeline(language == "en")
    legible = text.encode("utf-8", "replace").decode()
    cuts = [0]
    for block in _BLOCK.finditer(legible):
        with _ONE_AT_A_TIME, nlp.memory_zone():
            cuts += [block.start() + place for place in _beginnings(block.group(), nlp.make_doc(block.group()))]
    for start, end in pairwise([*cuts, len(text)]):
        yield from _trimmed(text, start, end)


@cache
def _pipeline(english: bool) -> Language:
    # Not at the top: the import takes 0.7 s, and only long texts are cut.
    import spacy  # noqa: PLC0415
    from spacy.util import compile_infix_regex  # noqa: PLC0415

    nlp: Language = spacy.blank("en")
    tokenizer: Any = nlp.tokenizer
    tokenizer.infix_finditer = compile_infix_regex([*(nlp.Defaults.infixes or ()), _GLUED]).finditer
    tokenizer.url_match = _ADDRESS.match
    for word in f"{_ENGLISH} {'' if english else _FRENCH}".split():
        for form in (word, word.capitalize(), word.upper()):
            tokenizer.add_special_case(form + ".", [{"ORTH": form + "."}])
    return nlp


def _beginnings(text: str, tokens: Iterable[Token]) -> Iterator[int]:
    """Where sentences begin, the first one aside."""
    ended, item = False, True
    for before, token in pairwise(tokens):
        said = before.text
        if said.lower() in _ENDING:
            ended = token.text[0].isupper()
        elif _MARKS.fullmatch(said):
            ended = not item
        elif said in {",", ";", ":"}:
            ended = False
        # "1." at the beginning of a sentence
        item = item and said.isdigit() and len(said) <= 2
        if (ended and _BEGINNING.match(text, token.idx)) or (before.is_space and "\n" in said):
            yield token.idx
            ended, item = False, True


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > MAX_PASSAGE:
        cuts = [cut.end() for cut in _SOFT_CUT.finditer(text, start + MAX_PASSAGE // 2, start + MAX_PASSAGE)]
        at = cuts[-1] if cuts else max(text.rfind(" ", start + 1, start + MAX_PASSAGE), start)
        at = at if at > start else start + MAX_PASSAGE
        yield from _trimmed(text, start, at)
        start = at
    yield from _trimmed(text, start, end)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    start, end = start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
    if start < end:
        yield start, end
