"""Near-duplicates: one story told by forty outlets is one opinion.

A text is normalised (case, accents, punctuation, links and retweet marks go), cut into shingles of three
words, and summed up by MinHash (Broder 1997) into `BANDS` band hashes: two texts that share most shingles
share a band hash, so candidates are found by an index look-up and never by comparing all pairs (Leskovec,
Rajaraman, Ullman, *Mining of Massive Datasets*, 3.4). `similar` then compares the shingles themselves.

With 8 bands of 3 rows a pair of Jaccard similarity 0.8 meets in a band with probability 0.997, one of 0.9
with 0.99997, one of 0.1 with 0.008.

What is never folded: texts of fewer than `MIN_WORDS` words. "Très bien, je recommande" written by two people
is two opinions, not one story. Nor are short texts folded that differ in a number or a name alone: those are
forms filled in twice ("livré en 3 jours par Julie", "livré en 9 jours par Marc").
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

MIN_WORDS = 8
"""Texts with fewer words are never folded."""
SIMILAR_FROM = 0.8
"""Lowest Jaccard similarity of the shingles of two texts of one story."""
BANDS = 8
ROWS = 3
SHINGLE = 3
MAX_WORDS = 2_000
"""Only the beginning of a very long text is compared."""
SHORT_WORDS = 60
"""Up to this length, a different number or name makes another text."""

MOST_CANDIDATES = 100
"""Of thousands of texts that are alike but for a name, only so many are compared with a new one."""
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@\w+")
_WORD = re.compile(r"\w+")
_MARKS = re.compile(r"[\u0300-\u036f]+")

_U64 = np.uint64
_SEEDS = np.random.default_rng(20_211_107).integers(1, 2**63, size=(BANDS * ROWS, 2), dtype=np.uint64)
_MULTIPLIERS = _SEEDS[:, 0] | _U64(1)
_OFFSETS = _SEEDS[:, 1]


class Wording:
    """A text as it is compared. Make it once where a text is compared with many."""

    def __init__(self, text: str) -> None:
        spoken = _LINK.sub(" ", text)
        if not spoken.isascii():
            spoken = _MARKS.sub("", unicodedata.normalize("NFKD", spoken))
        found = _WORD.findall(spoken)[: MAX_WORDS + 1]
        found = found[1:] if found and found[0].casefold() == "rt" else found[:MAX_WORDS]
        self.words = [word.casefold() for word in found]
        """Without case and accents."""
        short = len(found) <= SHORT_WORDS
        self.numbers = sorted(word for word in self.words if _has_digit(word)) if short else []
        """The numbers that make a short text another one; none for a long text."""
        self.capitals = {place for place, word in enumerate(found) if word[0].isupper()} if short else set()
        """Where a short text has capitalised words: names, among others."""

    @cached_property
    def shingles(self) -> frozenset[tuple[str, ...]]:
        """All runs of `SHINGLE` words."""
        return frozenset(zip(*(self.words[shift:] for shift in range(SHINGLE)), strict=False))


def bands(text: str) -> tuple[int, ...]:
    """The band hashes of a text: `BANDS` signed 64-bit integers, or none where it is too short to fold.

    Two texts that share a hash at any place are candidates for `similar`. The hashes are the same on every
    machine and in every version that keeps the constants of this module.
    """
    return bands_of([text])[0]


def bands_of(texts: Sequence[str | Wording]) -> list[tuple[int, ...]]:
    """The `bands` of many texts at once, which is several times faster than one by one."""
    found: list[tuple[int, ...]] = [()] * len(texts)
    wordings = [_wording(text) for text in texts]
    long_enough = [place for place, wording in enumerate(wordings) if len(wording.words) >= MIN_WORDS]
    if long_enough:
        table = _band_table([wordings[place] for place in long_enough])
        for place, row in zip(long_enough, table.tolist(), strict=True):
            found[place] = tuple(row)
    return found


def similar(a: str | Wording, b: str | Wording) -> bool:
    """Whether two texts tell one story: both long enough, and 80 % of their shingles in common."""
    left, right = _wording(a), _wording(b)
    if min(len(left.words), len(right.words)) < MIN_WORDS:
        return False
    if left.words == right.words:
        return True
    # The cheapest question first: of texts made after one pattern most differ in a name.
    if max(len(left.words), len(right.words)) <= SHORT_WORDS and _differ_in_fact(left, right):
        return False
    shared = len(left.shingles & right.shingles)
    return shared >= SIMILAR_FROM * (len(left.shingles) + len(right.shingles) - shared)


class StoryIndex:
    """Stories in memory: what storage does with a table of band hashes, for files and measurements."""

    def __init__(self) -> None:
        self._heads: list[Wording] = []
        self._by_band: dict[tuple[int, int], list[int]] = {}

    def add(self, texts: Sequence[str]) -> list[int]:
        """The number of each text's story, counted from 0; a text that is like no earlier one begins a story."""
        wordings = [Wording(text) for text in texts]
        return [self._place(text, hashes) for text, hashes in zip(wordings, bands_of(wordings), strict=True)]

    def _place(self, text: Wording, hashes: tuple[int, ...]) -> int:
        keys = list(enumerate(hashes))
        shared = Counter(story for key in keys for story in self._by_band.get(key, ()))
        for story, _ in sorted(shared.items(), key=lambda found: (-found[1], found[0]))[:MOST_CANDIDATES]:
            if similar(text, self._heads[story]):
                return story
        self._heads.append(text)
        for key in keys:
            self._by_band.setdefault(key, []).append(len(self._heads) - 1)
        return len(self._heads) - 1


def _wording(text: str | Wording) -> Wording:
    return text if isinstance(text, Wording) else Wording(text)


def _band_table(wordings: Sequence[Wording]) -> NDArray[np.int64]:
    """One row of band hashes for each text; every text has at least `MIN_WORDS` words."""
    texts = [wording.words for wording in wordings]
    lengths = np.array([len(words) for words in texts])
    codes = np.array(
        [crc32(word.encode("utf-8", "replace")) for words in texts for word in words], dtype=np.uint64
    )
    ends = np.cumsum(lengths)
    inside = np.ones(len(codes), dtype=bool)
    for back in range(1, SHINGLE):
        inside[ends - back] = False
    hashes = codes.copy()
    for shift in range(1, SHINGLE):
        hashes[:-shift] = _mix(hashes[:-shift]) + codes[shift:]
    hashes = _mix(hashes[inside])
    starts = np.concatenate(([0], np.cumsum(lengths - SHINGLE + 1)[:-1]))
    # Forms filled in with other numbers do not even meet: thousands of them cost no comparisons. Names cannot
    # keep texts apart here: in a copy in capitals every word looks like one.
    salts = np.array([_salt(wording.numbers) for wording in wordings], dtype=np.uint64)
    table = np.empty((len(texts), BANDS), dtype=np.uint64)
    for band in range(BANDS):
        joined = salts + _U64(band)
        for row in range(band * ROWS, (band + 1) * ROWS):
            lowest = np.minimum.reduceat(hashes * _MULTIPLIERS[row] + _OFFSETS[row], starts)
            joined = _mix(joined + lowest)
        table[:, band] = joined
    return table.view(np.int64)


def _salt(numbers: Sequence[str]) -> int:
    return crc32(" ".join(numbers).encode()) << 8


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread every bit of the input over the whole word (the finaliser of SplitMix64, Steele et al. 2014)."""
    values = values + _U64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> _U64(30))) * _U64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> _U64(27))) * _U64(0x94D049BB133111EB)
    return values ^ (values >> _U64(31))


def _has_digit(word: str) -> bool:
    return not word.isalpha() and any(letter.isdigit() for letter in word)


def _differ_in_fact(left: Wording, right: Wording) -> bool:
    """Whether they have different numbers or, being as long, different capitalised words in one place."""
    if left.numbers != right.numbers:
        return True
    return len(left.words) == len(right.words) and any(
        left.words[place] != right.words[place] for place in left.capitals & right.capitals
    )
