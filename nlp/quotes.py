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
"""A word joins the quote when it holds more than this share of the mean attention of the best words."""
EDGES = ' \t\n,;:.-–—(«"“'


def quote(text: str, offsets: Offsets, attention: NDArray[np.floating[Any]]) -> str:
    """The best run of at most `MAX_WORDS` words, an exact substring of the text, or an empty string.

    `offsets` are the places of the T pieces in the text, `attention` [T] their weights.
    """
    begin, end = offsets[0][0], offsets[-1][1]
    words = [match.span() for match in WORD.finditer(readable(text), begin, end)]
    if not words:
        return ""
    weights = word_weights(words, offsets, attention)
    first, last = best_run(weights)
    found = text[words[first][0] : words[last][1]][:MAX_CHARACTERS].strip(EDGES)
    return found if readable(found) == found else ""


def word_weights(
    words: list[tuple[int, int]], offsets: Offsets, attention: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """The attention on each word: the sum over the pieces that begin in it."""
    starts = np.array([begin for begin, _ in words])
    pieces = np.array([max(begin, end - 1) for begin, end in offsets])
    owners = np.clip(np.searchsorted(starts, pieces, side="right") - 1, 0, None)
    return np.bincount(owners, weights=attention, minlength=len(words))


def best_run(weights: NDArray[np.float64]) -> tuple[int, int]:
    """First and last word of the run whose weights exceed the floor by the largest sum."""
    top = np.sort(weights)[-MAX_WORDS:]
    excess = weights - FLOOR * top.mean()
    sums = np.concatenate([[0.0], np.cumsum(excess)])
    best, where = -np.inf, (0, 0)
    for first in range(len(weights)):
        ends = sums[first + 1 : first + 1 + MAX_WORDS] - sums[first]
        last = int(ends.argmax())
        if ends[last] > best:
            best, where = float(ends[last]), (first, first + last)
    return where
