"""Evaluations of a model on labelled texts that somebody chose to keep, for the page of the accuracy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from storage.tables import Evaluation


@dataclass(frozen=True, slots=True)
class Kept:
    """What a model was worth on the texts called `name`; `document` is that of `reputation.accuracy.evaluate`."""

    name: str
    model: str
    measured_at: datetime
    document: dict[str, Any]


def keep(conn: Connection, name: str, model: str, document: Mapping[str, Any], now: datetime) -> None:
    """Keep an evaluation; an older one of the same name stays, and is shown no more."""
    row = {"name": name, "model": model, "measured_at": now, "document": dict(document)}
    conn.execute(insert(Evaluation).values(**row))


def newest(conn: Connection, limit: int = 20) -> list[Kept]:
    """The newest evaluation of each name, the newest first."""
    last = select(func.max(Evaluation.id)).group_by(Evaluation.name)
    query = (
        select(Evaluation.name, Evaluation.model, Evaluation.measured_at, Evaluation.document)
        .where(Evaluation.id.in_(last))
        .order_by(Evaluation.measured_at.desc(), Evaluation.id.desc())
        .limit(limit)
    )
    return [Kept(*row) for row in conn.execute(query)]
