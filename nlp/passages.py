"""A text cut into passages: sentences as customers write them, with their exact places.

Rules instead of a statistical pipeline: reviews have no capitals, three exclamation marks and "M." in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PASSAGE = 400
"""Characters. A text without a full stop is cut at commas, else between words, so that no passage is longer."""

_FRENCH = (
    "m mm mme mmes mlle mlles mr dr drs pr me mes st ste sts stes vve cie ets éd env approx av bd boul ch art al"
    " chap cf p pp ex etc tél tel min max réf ref n no num adr app appt apt janv févr avr juil sept oct nov déc"
    " resp soc sté h hr hrs qq qqn qqch càd svp rdv dir dép c.-à-d p.ex p.-s"
)
_ENGLISH = (
    "mr mrs ms dr prof rev gen sen rep st sr jr vs etc e.g i.e eg ie cf al fig no nos vol ch pp p approx dept est"
    " tel ext inc ltd co corp ave blvd rd apt u.s u.k a.m p.m jan feb mar apr jun jul aug sep sept oct nov dec"
    " min max"
)
_ABBREVIATIONS = {"fr": frozenset(_FRENCH.split()), "en": frozenset(_ENGLISH.split())}
_ALL = _ABBREVIATIONS["fr"] | _ABBREVIATIONS["en"]
_ENDING_ONLY = frozenset({"etc", "ex", "max", "min"})
"""Abbreviations that end a sentence when a capital follows."""

# A run of final marks with closing quotes or brackets, a line break, or a full stop glued to a capital.
# Possessive, and tried at the start of a run only: a thousand exclamation marks are read once.
_STOP = re.compile(
    r"(?<![.!?…。！？])(?P<marks>[.!?…。！？]++(?:\s++[!?…]++)*+[)\]}\"”’']*+(?:[ \u00a0\u202f]?»)*+)(?=\s|$)"
    r"|(?P<glued>(?<=[^\W\d_]{2})[.!?…]++)(?=[A-ZÀ-ÖØ-Þ][^\W\d_])"
    r"|(?P<line>\n\s*+)"
)
_NEXT = re.compile(r"\S")
_LAST_WORD = re.compile(r"[\w.'’-]*$")
_CONTRAST = re.compile(
    r"[\s,;:]+(?=(?:mais|par contre|en revanche|cependant|toutefois|néanmoins|malheureusement"
    r"|but|however|although|though|unfortunately|except that|sauf que|hormis)\b)",
    re.IGNORECASE,
)
_SOFT_CUT = re.compile(r"[;,:)]\s+")


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a text: `whole[start:end] == text`, without white space at its ends."""

    start: int
    end: int
    text: str


def passages(text: str, language: str | None = None, *, clauses: bool = False) -> list[Passage]:
    """The passages of a text, in order, without overlap; all that is not white space is in one of them.

    Where `language` is not "fr" or "en", the abbreviations of both count. With `clauses`, sentences are also
    cut before a contrast ("…, mais livré en retard"), where both sides have three words or more.
    """
    found: list[Passage] = []
    for start, end in _sentences(text, language):
        for left, right in _bounded(text, start, end):
            pieces = _clauses(text, left, right) if clauses else ((left, right),)
            found.extend(Passage(a, b, text[a:b]) for a, b in pieces)
    return found


def _sentences(text: str, language: str | None) -> Iterator[tuple[int, int]]:
    abbreviations = _ABBREVIATIONS.get(language or "", _ALL)
    start = 0
    for stop in _STOP.finditer(text):
        if stop.lastgroup == "glued" and _is_address(text, stop.start()):
            continue
        if stop.lastgroup == "marks" and _is_abbreviation(text, start, stop, abbreviations):
            continue
        yield from _trimmed(text, start, stop.end())
        start = stop.end()
    yield from _trimmed(text, start, len(text))


def _is_abbreviation(text: str, start: int, stop: re.Match[str], abbreviations: frozenset[str]) -> bool:
    if stop["marks"] != ".":
        return False
    before = _LAST_WORD.search(text, max(start, stop.start() - 20), stop.start())
    word = before.group().casefold() if before else ""
    next_letter = _NEXT.search(text, stop.end())
    following = next_letter.group() if next_letter else ""
    if word in _ENDING_ONLY and following.isupper():
        return False
    initial = len(word) == 1 and word.isalpha() and following.isupper() and before is not None
    numbered = word.isdigit() and len(word) <= 2 and not text[start : stop.start() - len(word)].strip()
    return bool(following) and (
        word in abbreviations or numbered or (initial and text[stop.start() - 1].isupper())
    )


def _is_address(text: str, place: int) -> bool:
    """Whether the full stop at `place` stands inside a web or mail address."""
    token = re.split(r"\s", text[max(0, place - 100) : place])[-1] + re.split(r"\s", text[place : place + 100])[0]
    return "@" in token or "/" in token or token.casefold().startswith("www.")


def _clauses(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for cut in _CONTRAST.finditer(text, start, end):
        if min(len(text[start : cut.start()].split()), len(text[cut.end() : end].split())) >= 3:
            yield from _trimmed(text, start, cut.end())
            start = cut.end()
    yield from _trimmed(text, start, end)


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
