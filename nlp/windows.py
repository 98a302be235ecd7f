"""Cut long texts into windows that the opinion model reads one by one.

Every sentence is read: windows end at sentence ends where they can, and only a text of more than
`MAX_WINDOWS` windows is read at evenly spread places, so that one absurdly long text costs bounded time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

from nlp.passages import passages

WINDOW = 160
"""Word pieces that the model reads at once, the begin and end marks included."""
MAX_WINDOWS = 32
MAX_CHARACTERS = 100_000
"""What lies behind is not read: 100,000 characters are about 150 windows already."""

UNREADABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL and lone surrogates, which the tokenizer refuses or which end strings elsewhere."""

Offsets = Sequence[tuple[int, int]]


class Tokenizer(Protocol):
    """What is needed of `transformers`' fast tokenizers."""

    def __call__(
        self,
        text: list[str],
        *,
        add_special_tokens: bool,
        return_offsets_mapping: bool,
        return_attention_mask: bool,
    ) -> Mapping[str, Any]:
        """`input_ids` [N, T] and `offset_mapping` [N, T, 2]: the word pieces and their places in each text."""


@dataclass(frozen=True, slots=True)
class Window:
    """Part of one text: its word pieces without begin and end marks, and where each lies in the text."""

    text: int
    pieces: Sequence[int]
    offsets: Offsets


def readable(text: str) -> str:
    """The text with the same length and nothing that a tokenizer refuses."""
    return UNREADABLE.sub(" ", text[:MAX_CHARACTERS])


def windows(texts: Sequence[str], tokenizer: Tokenizer) -> list[Window]:
    """The windows of all texts, in order; an empty text has none."""
    if not texts:
        return []
    coded = tokenizer(
        [readable(text) for text in texts],
        add_special_tokens=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    out: list[Window] = []
    for number, (pieces, offsets) in enumerate(zip(coded["input_ids"], coded["offset_mapping"], strict=True)):
        if not texts[number].strip():
            continue
        cuts = cut_points(texts[number], offsets)
        spans = spread([(a, b) for a, b in pairwise(cuts) if b > a])
        out += [Window(number, pieces[a:b], offsets[a:b]) for a, b in spans]
    return out


def cut_points(text: str, offsets: Offsets) -> list[int]:
    """Piece numbers at which windows begin and end, from 0 to the number of pieces."""
    room = WINDOW - 2
    if len(offsets) <= room:
        return [0, len(offsets)]
    begins = [begin for begin, _ in offsets]
    sentences = {bisect_left(begins, passage.start) for passage in passages(text[:MAX_CHARACTERS])}
    cuts, last = [0], 0
    for end in sorted({*sentences, len(offsets)}):
        while end - cuts[-1] > room:
            # A sentence longer than the window is cut where the window ends.
            cuts.append(last if last > cuts[-1] else cuts[-1] + room)
        last = end
    return [*cuts, len(offsets)]


def spread(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """At most `MAX_WINDOWS` of the spans, evenly spread, the first and the last among them."""
    if len(spans) <= MAX_WINDOWS:
        return spans
    step = (len(spans) - 1) / (MAX_WINDOWS - 1)
    return [spans[round(number * step)] for number in range(MAX_WINDOWS)]
