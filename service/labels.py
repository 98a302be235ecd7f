"""Reads what people say of texts from the columns of a table: the truth to measure a model by, or corrections.

A column bears the name of a field of `nlp.correction.FIELDS` (`sentiment`, `stars`, `touchpoint.delivery` …).
`touchpoints` tells all of them at once: those it names, as `delivery: negative | price: positive`, as a JSON
object or as columns `touchpoints.delivery` (what an object in JSON Lines becomes), and that the text speaks of no
other; "none" says that it speaks of none at all. Else an empty cell says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from collectors.tables import Cell
from nlp.annotation import TOUCHPOINTS
from nlp.correction import ABSENT, FIELDS, TOUCHPOINT, check
from service.analysis import plain
from service.errors import ServiceError

TOUCHPOINTS_COLUMN = "touchpoints"
ALIASES: Mapping[str, tuple[str, ...]] = {"sentiment": ("label",), "language": ("lang",)}
"""Other names of columns, looked for where the first one is not there."""
_WORDS: Mapping[str, str] = {
    "neg": "negative", "négatif": "negative", "négative": "negative", "negatif": "negative",
    "neu": "neutral", "neutre": "neutral",
    "pos": "positive", "positif": "positive", "mixte": "mixed",
    "oui": "yes", "true": "yes", "vrai": "yes", "non": "no", "false": "no", "faux": "no",
    "détracteur": "detractor", "passif": "passive", "promoteur": "promoter", "aucun": ABSENT,
}  # fmt: skip
_PART = re.compile(r"\s*(\w+)\s*[:=]\s*(\w+)")


class Labels:
    """Where in a table each field stands. `given` names the columns of some: field → column."""

    def __init__(self, header: Sequence[str], given: Mapping[str, str] | None = None) -> None:
        """Raises ServiceError for a field that does not exist, or a column that is not there."""
        self.header = list(header)
        self.given = dict(given or {})
        names = (*FIELDS, TOUCHPOINTS_COLUMN)
        self.places = {name: place for name in names if (place := self.place(name)) is not None}
        self.object = {
            column.removeprefix(f"{TOUCHPOINTS_COLUMN}."): place
            for place, column in enumerate(self.header)
            if column.startswith(f"{TOUCHPOINTS_COLUMN}.")
        }

    def place(self, name: str) -> int | None:
        """The number of the column that holds `name`, if there is one."""
        if name in self.given:
            return self._column(self.given[name])
        low = [column.strip().lower() for column in self.header]
        return next((low.index(one) for one in (name, *ALIASES.get(name, ())) if one in low), None)

    def of(self, cells: Sequence[Cell]) -> dict[str, str]:
        """What a row says, by field. Raises ValueError for a value that is none of its field."""
        found: dict[str, str] = {}
        if self.object:
            named = {name: _value(plain(cells[place])) for name, place in self.object.items() if cells[place]}
            found = _all_touchpoints(named)
        for name, place in self.places.items():
            written = plain(cells[place])
            if name == TOUCHPOINTS_COLUMN:
                found = _all_touchpoints(_named(written)) | found if written else found
            elif written:
                found[name] = _value(written)
                check(name, found[name])
        return found

    def _column(self, name: str) -> int:
        if name in self.header:
            return self.header.index(name)
        close = get_close_matches(name, self.header, 1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ServiceError(f"there is no column {name!r}", f"{meant}the table has: {', '.join(self.header)}")


def _all_touchpoints(named: Mapping[str, str]) -> dict[str, str]:
    """All touchpoints, those that are not named being absent."""
    for touchpoint, polarity in named.items():
        check(f"{TOUCHPOINT}{touchpoint}", polarity)
    return {f"{TOUCHPOINT}{name}": named.get(name, ABSENT) for name in TOUCHPOINTS}


def _named(written: str) -> dict[str, str]:
    """The touchpoints that one cell names, with their polarities."""
    if _value(written) in (ABSENT, "-"):
        return {}
    if written.startswith("{"):
        try:
            told = json.loads(written)
        except (ValueError, RecursionError):
            raise ValueError(f"{written[:60]!r} is no JSON") from None
        return {str(name): _value(str(polarity)) for name, polarity in told.items()}
    found = {}
    for part in re.split(r"[|;]", written):
        match = _PART.match(part)
        if not match:
            raise ValueError(
                f"{part.strip()[:60]!r} is no touchpoint; write them as: delivery: negative | price: mixed"
            )
        found[match[1].lower()] = _value(match[2])
    return found


def _value(written: str) -> str:
    """A value as `FIELDS` writes it."""
    low = written.strip().lower()
    return _WORDS.get(low, low)
