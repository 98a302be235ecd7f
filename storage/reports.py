"""Frozen reports: the same brand, kind, period and language always show the same document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from storage.database import insert_into
from storage.tables import Brand
from storage.tables import Report as ReportRow


@dataclass(frozen=True, slots=True)
class Report:
    """A frozen document. `period` is a name such as `2026-W46`; `language` '' says that it has none."""

    id: int
    brand_id: int
    brand: str
    kind: str
    period: str
    language: str
    document: dict[str, Any]
    frozen_at: datetime


_COLUMNS = (
    ReportRow.id,
    ReportRow.brand_id,
    Brand.name,
    ReportRow.kind,
    ReportRow.period,
    ReportRow.language,
    ReportRow.document,
    ReportRow.frozen_at,
)
_REPORTS = select(*_COLUMNS).join(Brand, Brand.id == ReportRow.brand_id)


def freeze(  # noqa: PLR0917  a report is what these say together
    conn: Connection,
    brand_id: int,
    kind: str,
    period: str,
    document: Mapping[str, Any],
    now: datetime,
    language: str = "",
) -> Report:
    """Keep a document for good. Where there is one for that period already, that one is given back instead."""
    row = {
        "brand_id": brand_id,
        "kind": kind,
        "period": period,
        "language": language,
        "document": dict(document),
        "frozen_at": now,
    }
    conn.execute(insert_into(conn, ReportRow).values(row).on_conflict_do_nothing())
    return _one(conn, brand_id, kind, period, language)


def find(conn: Connection, brand_id: int, kind: str, period: str, *, language: str = "") -> Report | None:
    """The frozen report of that period, if there is one."""
    try:
        return _one(conn, brand_id, kind, period, language)
    except LookupError:
        return None


def get(conn: Connection, report_id: int) -> Report:
    """One report. Raises LookupError when there is none of that number."""
    row = conn.execute(_REPORTS.where(ReportRow.id == report_id)).first()
    if row is None:
        raise LookupError(f"there is no report number {report_id}")
    return Report(*row)


def list_reports(conn: Connection, brand_id: int | None = None, limit: int = 50) -> list[Report]:
    """The reports (of one brand), newest first."""
    query = _REPORTS if brand_id is None else _REPORTS.where(ReportRow.brand_id == brand_id)
    query = query.order_by(ReportRow.frozen_at.desc(), ReportRow.id.desc()).limit(limit)
    return [Report(*row) for row in conn.execute(query)]


def _one(conn: Connection, brand_id: int, kind: str, period: str, language: str) -> Report:
    same = (ReportRow.brand_id == brand_id, ReportRow.kind == kind, ReportRow.period == period)
    row = conn.execute(_REPORTS.where(*same, ReportRow.language == language)).first()
    if row is None:
        raise LookupError(f"there is no {kind} report on {period}")
    return Report(*row)
