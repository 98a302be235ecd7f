"""The query of a brand: what a text must say to be about it.

    Lila                      the word, whatever its case and its accents
    "Lila Énergie"            these words together, in this order
    livr*                     livré, livraison … : `*` stands for any letters, once in a word, after two at least
    Lila AND facture          both; words side by side mean the same: Lila facture
    Lila OR "Lila Énergie"    one of them at least
    Lila NOT fleur            the first without the second; -fleur means the same
    Lila NEAR/5 panne         at most 5 words apart, in either order (1: neighbours)
    (Lila OR Lilas) AND gaz   parentheses group; without them NEAR binds first, then NOT, AND, OR

Operators are in capitals. A service's search understands less than this, or other words: what a source asks it
is made by `collectors.dialects`, and what comes back is checked here.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Annotated

from pydantic import AfterValidator

LONGEST = 10_000
"""Characters of a query."""
MOST_WORDS = 500
DEEPEST = 20
"""Parentheses within parentheses."""
FARTHEST = 100
"""The greatest n of NEAR/n."""
_SPANS = 2_000
"""Occurrences of a word that NEAR looks at: a longer text is hostile."""
_LETTERS_BEFORE_STAR = 2
_LIKE_OTHERS = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l"})
_SPECIAL = re.compile(r"(?i:and|or|not|near(?:/\d*)?)|-.*|[A-Za-z_]+:(?!//).+|.*[()\s\"“”«»].*", re.DOTALL)
"""Words that mean something else unless they stand in quotes."""
_OPERATING = re.compile(r'["“”«»*]')
"""What cannot be part of a word: "E*TRADE" is found as two words side by side."""


class QueryError(ValueError):
    """A query that cannot be understood; its message points at the place (`position`, from 0)."""

    def __init__(self, problem: str, query: str, position: int) -> None:
        before, after = query[max(position - 30, 0) : position], query[position : position + 30]
        super().__init__(f"{problem}, at character {position + 1}, here ▸: {before}▸{after}")
        self.position = position


def fold(text: str) -> str:
    """The text without case and accents, for comparing: "L’Œuvre" is "l'oeuvre"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_LIKE_OTHERS))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


class Text:
    """A text to be matched, folded once for many queries."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.folded = fold(text)

    @cached_property
    def _starts(self) -> list[int]:
        return [word.start() for word in re.finditer(r"\w+", self.folded)]

    def word_at(self, place: int) -> int:
        """The number of the word that holds this place of the folded text."""
        return bisect_right(self._starts, place) - 1

    def original(self, start: int, end: int) -> str:
        """What the author wrote between two places of the folded text."""
        places: list[int] = []
        for number, character in enumerate(self.text):
            places += [number] * len(fold(character))
            if len(places) >= end:
                break
        return self.text[places[start] : places[min(end, len(places)) - 1] + 1] if start < len(places) else ""


@dataclass(frozen=True, slots=True)
class Words:
    """One word, or several that stand together in this order, as the user spelt them."""

    pieces: tuple[str, ...]

    def __str__(self) -> str:
        joined = " ".join(self.pieces)
        return f'"{joined}"' if len(self.pieces) > 1 or _SPECIAL.fullmatch(joined) else joined

    def spans(self, text: Text) -> Iterator[tuple[int, int]]:
        """Where they stand in the folded text."""
        return (found.span() for found in _pattern(self.pieces).finditer(text.folded))

    def matches(self, text: Text) -> bool:
        """Whether they stand in the text."""
        return _pattern(self.pieces).search(text.folded) is not None

    def leaves(self) -> Iterator[Words]:
        """Itself."""
        yield self


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts, at least."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(map(_in_group, self.parts))

    def matches(self, text: Text) -> bool:
        """Whether one of them does."""
        return any(part.matches(text) for part in self.parts)

    def leaves(self) -> Iterator[Words]:
        """The words that are looked for."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class All:
    """Every one of the parts."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(map(_in_group, self.parts))

    def matches(self, text: Text) -> bool:
        """Whether each of them does."""
        return all(part.matches(text) for part in self.parts)

    def leaves(self) -> Iterator[Words]:
        """The words that are looked for."""
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class Not:
    """What must not be there."""

    part: Node

    def __str__(self) -> str:
        return f"NOT {_in_group(self.part)}"

    def matches(self, text: Text) -> bool:
        """Whether it is not there."""
        return not self.part.matches(text)

    def leaves(self) -> Iterator[Words]:
        """Nothing: these words are not looked for."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Near:
    """One of the words on the left at most `distance` words from one on the right, in either order."""

    left: tuple[Words, ...]
    right: tuple[Words, ...]
    distance: int

    def __str__(self) -> str:
        sides = (str(side[0]) if len(side) == 1 else _in_group(Either(side)) for side in (self.left, self.right))
        return f" NEAR/{self.distance} ".join(sides)

    def matches(self, text: Text) -> bool:
        """Whether they stand that near, without sharing a word."""
        left, right = _numbered(self.left, text), _numbered(self.right, text)
        return self._follows(left, right) or self._follows(right, left)

    def _follows(self, first: Sequence[tuple[int, int]], second: Sequence[tuple[int, int]]) -> bool:
        starts = [start for start, _ in second]
        for _, end in first:
            following = bisect_right(starts, end)
            if following < len(starts) and starts[following] - end <= self.distance:
                return True
        return False

    def leaves(self) -> Iterator[Words]:
        """The words that are looked for."""
        yield from self.left
        yield from self.right


Node = Words | Either | All | Not | Near


@dataclass(frozen=True)
class Query:
    """A query, parsed. `str` writes it in its plainest form, which parses to the same query."""

    root: Node

    def __str__(self) -> str:
        return str(self.root)

    def matches(self, text: str | Text) -> bool:
        """Whether the text says what is asked for, whatever the case and the accents."""
        return self.root.matches(text if isinstance(text, Text) else Text(text))

    def evidence(self, text: str) -> list[str]:
        """The passages, as the author wrote them, for which a text matches; none where it does not."""
        given = Text(text)
        if not self.root.matches(given):
            return []
        spans = {span for leaf in self.root.leaves() for span in islice(leaf.spans(given), 1)}
        shown, reached = [], 0
        for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            if end > reached:  # not a part of what was shown before
                shown.append(given.original(start, end))
                reached = end
        return shown


def parse(text: str) -> Query:
    """Understand a query.

    Raises QueryError, which points at the place.
    """
    if len(text) > LONGEST:
        raise QueryError(f"a query has {LONGEST:,} characters at most", text, LONGEST)
    query = Query(_Parser(text).parse())
    if query.root.matches(Text("")):
        raise QueryError("nothing is looked for, only left out: add a word that must be there", text, 0)
    return query


def either(names: Iterable[str]) -> Query | None:
    """The query for any of these names, each as a phrase; None where there are none."""
    spelt = dict.fromkeys(tuple(_OPERATING.sub(" ", name).split()) for name in names)
    parts = tuple(Words(pieces) for pieces in spelt if any(re.search(r"\w", piece) for piece in pieces))
    if not parts:
        return None
    return Query(parts[0] if len(parts) == 1 else Either(parts))


def any_of(queries: Iterable[Query]) -> Query | None:
    """The query for what any of these finds; None where there are none."""
    roots: list[Node] = [query.root for query in queries]
    return Query(_joined(Either, roots)) if roots else None


def _checked(text: str) -> str:
    parse(text)
    return text


QueryText = Annotated[str, AfterValidator(_checked)]
"""The type of an option that holds a query: a wrong one is refused with the place of its mistake."""


# --- matching -----------------------------------------------------------------------------------------------


@lru_cache(4096)
def _pattern(pieces: tuple[str, ...]) -> re.Pattern[str]:
    """Whole words, with anything but letters and digits between them."""
    words = (r"\w*".join(map(re.escape, fold(piece).split("*"))) for piece in pieces)
    return re.compile(r"(?<!\w)" + r"\W+".join(words) + r"(?!\w)")


def _numbered(words: Iterable[Words], text: Text) -> list[tuple[int, int]]:
    """The first and the last word of each occurrence, counted from the beginning of the text, in order."""
    spans = (span for one in words for span in islice(one.spans(text), _SPANS))
    return sorted((text.word_at(start), text.word_at(end - 1)) for start, end in spans)


def _in_group(node: Node) -> str:
    return f"({node})" if isinstance(node, Either | All | Near) else str(node)


# --- parsing ------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|["“”«](?P<phrase>[^"“”»]*)(?P<end>["“”»]|$)|(?P<word>[^\s()"“”«»]+)|(?P<odd>\S))"""
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    """open, close, phrase, word, AND, OR, NOT, NEAR, end."""
    text: str
    position: int


class _Parser:
    """Recursive descent: either → all → without → near → words or a group."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._read(text))
        self._at = 0
        self._depth = 0
        if sum(token.kind in {"word", "phrase"} for token in self._tokens) > MOST_WORDS:
            raise QueryError(f"a query has {MOST_WORDS} words at most", text, 0)

    def parse(self) -> Node:
        if self._next.kind == "end":
            raise self._wrong("the query is empty")
        node = self._either()
        if self._next.kind != "end":
            raise self._wrong("this ) closes nothing")
        return node

    def _either(self) -> Node:
        parts = [self._all()]
        while self._next.kind == "OR":
            self._take()
            parts.append(self._all())
        return _joined(Either, parts)

    def _all(self) -> Node:
        parts = [self._without()]
        while self._next.kind in {"AND", "NOT", "open", "word", "phrase"}:
            if self._next.kind == "AND":
                self._take()
            parts.append(self._without())
        return _joined(All, parts)

    def _without(self) -> Node:
        if self._next.kind != "NOT":
            return self._near()
        operator = self._take()
        if self._next.kind == "NOT":
            raise self._wrong("NOT stands twice")
        return Not(self._near(after=operator))

    def _near(self, after: _Token | None = None) -> Node:
        first, left = self._next, self._operand(after)
        if self._next.kind != "NEAR":
            return left
        operator = self._take()
        second, right = self._next, self._operand(operator)
        if self._next.kind == "NEAR":
            raise self._wrong("NEAR joins two: write (a NEAR/5 b) AND (b NEAR/5 c)")
        distance = int(operator.text)
        return Near(self._alternatives(left, first), self._alternatives(right, second), distance)

    def _alternatives(self, node: Node, token: _Token) -> tuple[Words, ...]:
        parts = node.parts if isinstance(node, Either) else (node,)
        words = tuple(part for part in parts if isinstance(part, Words))
        if len(words) < len(parts):
            problem = "NEAR stands between words, phrases, or lists of them with OR in parentheses"
            raise QueryError(problem, self._text, token.position)
        return words

    def _operand(self, after: _Token | None) -> Node:
        token = self._take()
        if token.kind in {"word", "phrase"}:
            return self._words(token)
        if token.kind == "open":
            return self._group(token)
        self._at -= 1
        missing = f"a word is missing after {after.kind}" if after else "a word is missing"
        raise self._wrong(missing)

    def _group(self, opened: _Token) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise QueryError(f"more than {DEEPEST} parentheses within each other", self._text, opened.position)
        node = self._either()
        if self._next.kind != "close":
            raise QueryError("this ( is not closed", self._text, opened.position)
        self._take()
        self._depth -= 1
        return node

    def _words(self, token: _Token) -> Words:
        pieces = tuple(token.text.split())
        if not any(re.search(r"\w", fold(piece)) for piece in pieces):
            raise QueryError("there is no letter or digit to look for", self._text, token.position)
        for folded in map(fold, pieces):
            before, *others = folded.split("*")
            if len(others) > 1 or (others and len(re.sub(r"\W", "", before)) < _LETTERS_BEFORE_STAR):
                problem = f"* stands once in a word, after {_LETTERS_BEFORE_STAR} letters at least"
                raise QueryError(problem, self._text, token.position)
        return Words(pieces)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _wrong(self, problem: str) -> QueryError:
        return QueryError(problem, self._text, self._next.position)

    def _read(self, text: str) -> Iterator[_Token]:
        place = 0
        while found := _TOKEN.match(text, place):
            kind = str(found.lastgroup)
            if kind == "end":
                kind = "phrase"
                if not found["end"]:
                    raise QueryError("this quote is not closed", text, found.start("phrase") - 1)
            start, place = found.start(kind), found.end()
            if kind == "word":
                yield from self._word(found["word"], start)
            elif kind == "odd":
                raise QueryError("this quote opens nothing", text, start)
            else:
                yield _Token(kind, found[kind], start)
        yield _Token("end", "", len(text.rstrip()))

    def _word(self, word: str, start: int) -> Iterator[_Token]:
        """A word, an operator, or a word behind a minus."""
        if word in {"AND", "OR", "NOT"}:
            yield _Token(word, word, start)
        elif near := re.fullmatch(r"NEAR/([0-9]{1,3})", word):
            if not 1 <= int(near[1]) <= FARTHEST:
                raise QueryError(f"NEAR/n goes from 1 to {FARTHEST}", self._text, start)
            yield _Token("NEAR", near[1], start)
        elif word.startswith("-") and not self._text[start + 1 : start + 2].isspace():
            yield _Token("NOT", "-", start)
            if word.startswith("--"):  # told here, for a line of them goes deeper than Python does
                raise QueryError("NOT stands twice", self._text, start + 1)
            if word != "-":
                yield from self._word(word[1:], start + 1)
        elif word.upper().startswith("NEAR") and _SPECIAL.fullmatch(word):
            raise QueryError("write NEAR/5, in capitals and with a number", self._text, start)
        elif word.upper() in {"AND", "OR", "NOT"}:
            problem = f'write {word.upper()} in capitals, or "{word}" in quotes if it is a word to look for'
            raise QueryError(problem, self._text, start)
        elif ":" in word and _SPECIAL.fullmatch(word):
            problem = "fields (name:value) are not understood: put it in quotes if that is what people write"
            raise QueryError(problem, self._text, start)
        else:
            yield _Token("word", word, start)


def _joined(kind: type[Either] | type[All], parts: list[Node]) -> Node:
    """The parts under one operator; one of the same sort within it is opened."""
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else kind(unique)
