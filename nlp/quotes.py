"""Find the words that a touchpoint's attention rests on: the quote shown to people."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.windows import Offsets, readable

WORD = re.compile(r"\S+")
MAX_WORDS = 12
MAX_CHARACTERS = 160
FLOOR = 0.35
"""A word joins a run when it holds more than this share of the mean attention of the best words."""
FEWEST_WORDS = 4
"""A clause of fewer words says little by itself: it is joined to its neighbour in the sentence."""
EDGES = ' \t\n,;:.-–—(«"“'
_SENTENCE_END = re.compile(r"[.!?…]+[)\]»”\"']*$")
_CLAUSE_END = re.compile(r"[,;:]$")
_CONTRASTS = frozenset(["mais", "but", "however", "cependant"])
_LINKS = _CONTRASTS | {"et", "and", "car", "because", "donc", "so", "puis", "then"}

Run = tuple[int, int]
"""First and last word of a stretch, both included."""


def quote(text: str, offsets: Offsets, attention: NDArray[np.floating[Any]]) -> str:
    """The clause that holds most attention, an exact substring of the text, or an empty string.

    A clause of more than `MAX_WORDS` words is cut to the run of its words that holds most. `offsets` are the
    places of the T pieces in the text, `attention` [T] their weights.
    """
    begin, end = offsets[0][0], offsets[-1][1]
    spans = [match.span() for match in WORD.finditer(readable(text), begin, end)]
    if not spans:
        return ""
    weights = word_weights(spans, offsets, attention)
    first, last = best_clause(clauses(text, spans), weights)
    found = text[spans[first][0] : spans[last][1]][:MAX_CHARACTERS].strip(EDGES)
    return found if readable(found) == found else ""


def word_weights(
    spans: list[tuple[int, int]], offsets: Offsets, attention: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """The attention on each word: the sum over the pieces that begin in it."""
    starts = np.array([begin for begin, _ in spans])
    pieces = np.array([max(begin, end - 1) for begin, end in offsets])
    owners = np.clip(np.searchsorted(starts, pieces, side="right") - 1, 0, None)
    return np.bincount(owners, weights=attention, minlength=len(spans)).astype(np.float64)


def clauses(text: str, spans: list[tuple[int, int]]) -> list[Run]:
    """The words' clauses, in order: cut at stops, line ends and contrasts, at commas and before linking words.

    The linking word itself ("mais", "and") is in none of them where its clause is long enough without it.
    """
    found: list[Run] = []
    first, within = 0, False
    for word, (begin, end) in enumerate(spans):
        last_word = word + 1 == len(spans)
        gap = "" if last_word else text[end : spans[word + 1][0]]
        ended = last_word or "\n" in gap or bool(_SENTENCE_END.search(text[begin:end]))
        following = "" if last_word else text[slice(*spans[word + 1])].lower()
        paused = following in _LINKS or _CLAUSE_END.search(text[begin:end])
        if not (ended or following in _CONTRASTS or (paused and word - first + 1 >= FEWEST_WORDS)):
            continue
        linked = text[slice(*spans[first])].lower() in _LINKS
        if within and linked and word - first + 1 < FEWEST_WORDS:
            found[-1] = (found[-1][0], word)
        else:
            found.append((first + (linked and word > first), word))
        first, within = word + 1, not ended
    return found


def best_clause(found: list[Run], weights: NDArray[np.float64]) -> Run:
    """The clause whose best run of words exceeds the floor by most, cut to that run where it is too long.

    What counts is the excess: a long clause is not better for the little attention that each word gets.
    """
    excess = weights - FLOOR * np.sort(weights)[-MAX_WORDS:].mean()
    runs = [_heaviest(clause, excess) for clause in found]
    best = max(range(len(found)), key=lambda number: runs[number][0])
    first, last = found[best]
    return (first, last) if last - first < MAX_WORDS else runs[best][1]


def _heaviest(clause: Run, excess: NDArray[np.float64]) -> tuple[float, Run]:
    """The run of at most `MAX_WORDS` words of the clause with the largest sum, after that sum."""
    first, last = clause
    sums = np.concatenate([[0.0], np.cumsum(excess[first : last + 1])])
    best, where = -np.inf, (first, first)
    for start in range(last - first + 1):
        ends = sums[start + 1 : start + 1 + MAX_WORDS] - sums[start]
        stop = int(ends.argmax())
        if ends[stop] > best:
            best, where = float(ends[stop]), (first + start, first + start + stop)
    return best, where
