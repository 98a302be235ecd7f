"""What a model's card says was measured: the tables of the section "Measured" of its README.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nlp.checkpoint import CheckpointError, locate
from nlp.opinion import SHIPPED

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_MARKS = re.compile(r"[`*]+")
LONGEST = 200_000
"""Characters of a card that are looked at."""


@dataclass(frozen=True, slots=True)
class CardTable:
    """One table of a card, its cells as text; `title` is the nearest heading within the section, or ""."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def measured(model: str | Path | None = None) -> list[CardTable]:
    """The tables of a model's card on what was measured; none where it has no card, or no such section."""
    try:
        folder = SHIPPED if model is None else locate(model)
        card = (folder / "README.md").read_text(encoding="utf-8", errors="replace")[:LONGEST]
    except (CheckpointError, OSError):
        return []
    return list(tables(card))


def tables(card: str) -> Iterator[CardTable]:
    """The tables under the heading "Measured" of a card in Markdown, in order."""
    inside, title = 0, ""
    block: list[tuple[str, ...]] = []
    for line in [*card.splitlines(), ""]:
        if line.startswith("|"):
            block.append(_cells(line))
            continue
        if inside and len(block) > 2:
            yield CardTable(title, block[0], tuple(row for row in block[2:] if len(row) == len(block[0])))
        block = []
        if heading := _HEADING.fullmatch(line):
            level, name = len(heading[1]), heading[2]
            if inside and level > inside:
                title = name
            else:
                inside, title = (level if name.lower() == "measured" else 0), ""


def _cells(line: str) -> tuple[str, ...]:
    return tuple(_MARKS.sub("", cell).strip() for cell in line.strip().strip("|").split("|"))
