"""Brings counts of customers in, and works the figures out that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from collectors import counts as tables
from collectors.source import Fault, SourceError
from collectors.tables import open_table
from reputation.customers import figures
from service.errors import ServiceError
from service.workspace import Workspace
from storage import brands, customers
from storage.brands import Brand

_LARGEST = 1 << 20
"""Bytes: a larger file is no table of counts, and is not opened to see."""
COLUMNS = (
    "brand", "start", "end", "customers_at_start", "customers_at_end", "new", "lost", "orders", "order_value",
    "retention_rate", "churn_rate", "average_order_value", "orders_a_year", "lifetime_value",
)  # fmt: skip
"""What is shown of a period, in this order."""


@dataclass
class CountsRead:
    """What became of a table of counts."""

    brand: str
    periods: int = 0
    faults: list[Fault] = field(default_factory=list)


def holds_counts(path: str) -> bool:
    """Whether a file is a table of counts of customers, told by its columns."""
    file = Path(path)
    try:
        if path == "-" or not file.is_file() or file.stat().st_size > _LARGEST:
            return False
        return tables.recognise(open_table(path).header) is not None
    except (SourceError, OSError):
        return False  # whatever it is, reading it as reviews will say


def import_counts(
    ws: Workspace, path: str, brand: str | None, mapping: Mapping[str, str] | None = None
) -> CountsRead:
    """Keep the counts of a file; those of a period that is known are replaced.

    `mapping` names columns that are not known by their headers. Raises SourceError where it cannot be read,
    ServiceError where it is not said which brand it is about.
    """
    if not brand:
        raise ServiceError("it is not said which brand the counts are about", "give --brand NAME")
    table = open_table(path)
    result = CountsRead(brand)
    found = list(tables.counts(table, result.faults, mapping))
    with ws.database.begin() as conn:
        result.periods = customers.keep(conn, brands.ensure(conn, brand), found, ws.clock.now())
    return result


def rows(
    ws: Workspace, brand: Brand | None = None, *, start: date | None = None, end: date | None = None
) -> list[dict[str, Any]]:
    """The counts and figures of each period (of a brand) within these days, oldest first."""
    with ws.database.read() as conn:
        chosen = [brand] if brand else brands.all_brands(conn, active_only=False)
        return [
            {"brand": one.name, **figures(counted).to_json()}
            for one in chosen
            for counted in customers.counts(conn, one.id, start, end)
        ]
