"""Takes down what people say against the model, one mention at a time or from a file, and counts it at once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collectors.source import Fault
from collectors.tables import Cell, Table
from nlp.correction import FIELDS, RELEVANCE, TOUCHPOINT
from nlp.masking import mask
from service.analysis import plain
from service.errors import ServiceError
from service.jobs import roll_up
from service.labels import TOUCHPOINTS_COLUMN, Labels
from service.reporting import find_brand
from service.workspace import Workspace
from storage import brands, corrections, mentions
from storage.brands import Brand

SHEET = (
    "mention", "drawn", "brand", "language", "source", "title", "text",
    *(name for name in FIELDS if not name.startswith(TOUCHPOINT)), TOUCHPOINTS_COLUMN,
)  # fmt: skip
"""The columns of a sheet to fill in; `import_table` reads it back."""
_MENTION = ("mention", "id")


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of corrections: mentions and fields corrected, and the rows that were left out."""

    mentions: int = 0
    corrections: int = 0
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Hand:
    """Who corrects, which brand a relevance is about, and whether the mention was drawn by lot."""

    author: str
    brand: Brand | None = None
    drawn: bool = False


def locate(ws: Workspace, reference: str) -> int:
    """The number of a mention, given as such or as the "source/id" of an export.

    Raises ServiceError where there is none.
    """
    with ws.database.read() as conn:
        found = mentions.locate(conn, reference)
    if found is None:
        raise ServiceError(
            f"there is no mention {reference!r}",
            "give its number, as its page has it, or the id that `oyez export` writes",
        )
    return found


def put(ws: Workspace, mention_id: int, values: Mapping[str, str], by: Hand) -> None:
    """Correct fields of a mention, all or none of them, and count its days again.

    Raises ServiceError for a value that is none, or a mention that cannot be corrected so.
    """
    _put(ws, mention_id, values, by)
    roll_up(ws)


def _put(ws: Workspace, mention_id: int, values: Mapping[str, str], by: Hand) -> None:
    now, drawn = ws.clock.now(), by.drawn
    try:
        with ws.database.begin() as conn:
            for name, value in values.items():
                about = by.brand.id if by.brand and name == RELEVANCE else None
                corrections.put(
                    conn, mention_id, name, value, author=by.author, now=now, brand_id=about, drawn=drawn
                )
    except (LookupError, ValueError) as error:
        raise ServiceError(str(error), "see `oyez corrections --help`") from error


def remove(
    ws: Workspace, mention_id: int, fields: Sequence[str], *, author: str, brand: Brand | None = None
) -> int:
    """Take corrections of a mention back (of these fields, or all), so that the model's word counts; how many."""
    now, done = ws.clock.now(), 0
    with ws.database.begin() as conn:
        for one in corrections.of_mention(conn, mention_id):
            if fields and one.field not in fields:
                continue
            if brand is not None and one.brand_id not in (None, brand.id):
                continue
            done += corrections.withdraw(
                conn, one.mention_id, one.field, author=author, now=now, brand_id=one.brand_id
            )
    roll_up(ws)
    return done


def import_table(ws: Workspace, table: Table, by: Hand) -> Imported:
    """Correct what the rows of a table say, each row all or none of it.

    Raises ServiceError when no column names the mentions, or none says anything of them; ParseError where the
    file is damaged.
    """
    labels = Labels(table.header)
    place = next((found for name in _MENTION if (found := labels.place(name)) is not None), None)
    if place is None or not (labels.places or labels.object):
        raise ServiceError(
            "the table names no mentions" if place is None else "no column says anything of the mentions",
            f"it needs a column mention and some of: {', '.join(SHEET[7:])}; see `oyez corrections draw`",
        )
    faults: list[Fault] = []
    done = count = 0
    for number, cells in table.rows(faults):
        try:
            values = labels.of(cells)
            if values:
                _put(ws, locate(ws, plain(cells[place])), values, _hand(ws, labels, cells, by))
        except (ValueError, ServiceError) as error:
            faults.append(Fault(f"{table.unit} {number}", str(error)))
            continue
        done, count = done + bool(values), count + len(values)
    roll_up(ws)
    return Imported(done, count, faults)


def _hand(ws: Workspace, labels: Labels, cells: Sequence[Cell], by: Hand) -> Hand:
    """What the columns brand and drawn of a row say, where there are any."""
    named, lot = (
        plain(cells[place]) if (place := labels.place(name)) is not None else "" for name in ("brand", "drawn")
    )
    brand = find_brand(ws, named) if named else by.brand
    return Hand(by.author, brand, by.drawn or lot.lower() in ("yes", "oui", "true", "1"))


def draw(ws: Workspace, brand: Brand | None, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Rows of a sheet to fill in, of mentions drawn by lot (of a brand): only such ones measure a model fairly.

    The same seed over the same mentions draws the same ones. What was understood of them is left out, so that
    it leads nobody; texts are masked.
    """
    with ws.database.read() as conn:
        known = corrections.to_draw_from(conn, brand.id if brand else None)
        chosen = random.Random(seed).sample(known, min(count, len(known)))  # noqa: S311  a lottery, no secret
        names = {one.id: one.name for one in brands.all_brands(conn, active_only=False)}
        for number in chosen:
            view = mentions.get(conn, number)
            if view is not None:
                yield {
                    "mention": number,
                    "drawn": "yes",
                    "brand": names[brand.id] if brand else None,
                    "language": view.language,
                    "source": view.source,
                    "title": mask(view.title) if view.title else None,
                    "text": mask(view.text),
                }


def listed(ws: Workspace, brand: Brand | None = None) -> list[dict[str, Any]]:
    """The corrections (of a brand's mentions), the newest first, for a list."""
    with ws.database.read() as conn:
        found = corrections.all_of(conn, brand.id if brand else None)
    return [
        {
            "mention": one.mention_id,
            "field": one.field,
            "value": one.value,
            "brand": one.brand,
            "older_text": one.outdated,
            "drawn": one.drawn,
            "author": one.author,
            "made_at": one.made_at.isoformat(timespec="seconds"),
        }
        for one in found
    ]
