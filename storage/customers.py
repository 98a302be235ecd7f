"""How many customers a brand had, as imported."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Connection, select

from collectors.counts import CustomerCounts
from storage.database import insert_into
from storage.tables import CustomerCount as Row

_FIELDS = ("customers_at_start", "customers_at_end", "new", "lost", "orders", "order_value")


def keep(conn: Connection, brand_id: int, counted: Iterable[CustomerCounts], now: datetime) -> int:
    """Keep a brand's counts, and say how many; those of a period that is known are replaced."""
    kept = 0
    for one in counted:
        values = {name: getattr(one, name) for name in _FIELDS} | {"imported_at": now}
        statement = insert_into(conn, Row).values(brand_id=brand_id, start=one.start, end=one.end, **values)
        conn.execute(statement.on_conflict_do_update(index_elements=["brand_id", "start", "end"], set_=values))
        kept += 1
    return kept


def counts(
    conn: Connection, brand_id: int, start: date | None = None, end: date | None = None
) -> list[CustomerCounts]:
    """The counts of a brand over periods that lie within these days, oldest first."""
    query = select(Row.start, Row.end, *(getattr(Row, name) for name in _FIELDS)).where(Row.brand_id == brand_id)
    if start is not None:
        query = query.where(Row.start >= start)
    if end is not None:
        query = query.where(Row.end <= end)
    return [CustomerCounts(*row) for row in conn.execute(query.order_by(Row.start, Row.end))]
