"""Counts of customers from a table: for each period how many there were, came and left, and what they ordered."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from collectors.cells import read_date
from collectors.headings import words
from collectors.source import Fault, ParseError, SourceError
from collectors.tables import Table

_HEADERS: dict[str, tuple[str, ...]] = {
    "period": ("period", "periode", "month", "mois", "quarter", "trimestre", "year", "annee", "date", "exercice"),
    "start": ("period start", "debut", "debut de periode", "start date", "from", "du", "date debut"),
    "end": ("period end", "fin", "fin de periode", "end date", "to", "au", "date fin"),
    "customers_at_start": (
        "customers at start", "customers start", "start customers", "opening customers", "clients au debut",
        "clients debut", "clients debut de periode", "clients en debut de periode", "nombre de clients debut",
        "customers at start of period", "customers at beginning", "stock initial", "clients initiaux",
    ),
    "customers_at_end": (
        "customers at end", "customers end", "end customers", "closing customers", "clients a la fin",
        "clients fin", "clients fin de periode", "clients en fin de periode", "nombre de clients fin",
        "customers at end of period", "stock final", "clients finaux",
    ),
    "new": ("new", "new customers", "nouveaux", "nouveaux clients", "gained", "customers gained", "acquis",
            "clients gagnes", "acquired customers", "clients acquis"),
    "lost": ("lost", "lost customers", "customers lost", "clients perdus", "perdus", "churned",
             "churned customers", "departs", "resiliations", "cancelled customers", "clients partis"),
    "orders": ("orders", "commandes", "nombre de commandes", "number of orders", "order count", "nb commandes",
               "achats", "purchases"),
    "order_value": ("revenue", "chiffre d affaires", "ca", "sales", "turnover", "valeur des commandes",
                    "montant des commandes", "total order value", "montant total"),
    "average_order_value": ("average order value", "order value", "aov", "valeur d une commande",
                            "panier moyen", "average basket",
                            "valeur moyenne"),
}  # fmt: skip
_COUNTED = ("customers_at_start", "customers_at_end", "new", "lost")
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_MONTH = re.compile(r"((?:19|20)\d\d)[-/. ](0?[1-9]|1[0-2])")
_MONTH_YEAR = re.compile(r"(0?[1-9]|1[0-2])[-/. ]((?:19|20)\d\d)")
_SHORT_YEAR = re.compile(r"([^\W\d_]{3,9}\.?)[-/ ](\d\d)")
"""As Excel shows months: "janv-26", "Mar-26"."""
_QUARTER = re.compile(r"(?:((?:19|20)\d\d)[-/ ]?[QT]([1-4])|[QT]([1-4])[-/ ]?((?:19|20)\d\d))", re.IGNORECASE)
_WEEK = re.compile(r"((?:19|20)\d\d)-?[WS](\d{1,2})", re.IGNORECASE)
_AMOUNT = re.compile(r"(\d{1,3}(?:[.,]\d{3})+|\d{1,13})(?:[.,](\d{1,2}|\d{4,6}))?")
"""With separators of thousands, "1,234" too; a decimal mark is followed by anything but three digits."""
_LARGEST = 1e12


@dataclass(frozen=True, slots=True)
class CustomerCounts:
    """Counts over the days `start` to `end`, both included; None is "not said".

    `order_value` is that of all `orders` together, in whatever currency the brand counts.
    """

    start: date
    end: date
    customers_at_start: float | None = None
    customers_at_end: float | None = None
    new: float | None = None
    lost: float | None = None
    orders: float | None = None
    order_value: float | None = None


def recognise(header: Sequence[str]) -> dict[str, str] | None:
    """The columns of a table of counts by what they hold; None where it is another kind of table.

    It is one where a column names the period, one the customers at its start, and one those who came or left.
    """
    columns = _known(header)
    dated = "period" in columns or {"start", "end"} <= columns.keys()
    counted = "customers_at_start" in columns and bool(columns.keys() & {"customers_at_end", "new", "lost"})
    return columns if dated and counted else None


def _known(header: Sequence[str]) -> dict[str, str]:
    by_words = {words(name): name for name in reversed(header)}
    return {
        field: by_words[next(word for word in known if word in by_words)]
        for field, known in _HEADERS.items()
        if any(word in by_words for word in known)
    }


def counts(
    table: Table, faults: list[Fault], mapping: Mapping[str, str] | None = None
) -> Iterator[CustomerCounts]:
    """Yield the counts of each row; rows without a period or with counts that cannot be are appended to `faults`.

    `mapping` names columns that are not known by their headers. Raises ParseError where the columns are not those
    of counts.
    """
    columns = _chosen(table.header, mapping or {})
    if not columns.keys() & {"period", "start"} or "customers_at_start" not in columns:
        raise ParseError(
            f"these are no counts of customers: {', '.join(table.header)}",
            remedy="name the columns period, customers at start, customers at end, new, lost, orders, revenue",
            permanent=True,
        )
    at = {field: table.header.index(column) for field, column in columns.items()}
    for number, cells in table.rows(faults):
        where = f"{table.unit} {number}"
        period = _period({field: cells[at[field]] for field in ("period", "start", "end") if field in at})
        if period is None:
            faults.append(Fault(where, "it does not say which period it is about: the row was left out"))
            continue
        found = _row(period, {field: cells[place] for field, place in at.items()}, where, faults)
        if found is not None:
            yield found


def _chosen(header: Sequence[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """The columns by what they hold. Raises SourceError where one is not there, or nothing of that is counted."""
    for field, column in mapping.items():
        if field not in _HEADERS or column not in header:
            raise SourceError(
                f"there is no column {column!r}, or nothing called {field!r} is counted",
                remedy=f"columns: {', '.join(header)}; counted are {', '.join(_HEADERS)}",
                permanent=True,
            )
    return {**_known(header), **mapping}


def _row(
    period: tuple[date, date], cells: Mapping[str, Any], where: str, faults: list[Fault]
) -> CustomerCounts | None:
    numbers: dict[str, float | None] = {}
    for field in (*_COUNTED, "orders", "order_value", "average_order_value"):
        value = number(cells.get(field))
        if value is None and cells.get(field) is not None:
            faults.append(Fault(where, f"{str(cells[field])[:40]!r} is no count: left empty"))
        numbers[field] = value
    average = numbers.pop("average_order_value")
    if numbers["order_value"] is None and average is not None and numbers["orders"] is not None:
        numbers["order_value"] = average * numbers["orders"]
    start, end, new, lost = (numbers[field] for field in _COUNTED)
    if start is None:
        faults.append(Fault(where, "it does not say how many customers there were: the row was left out"))
        return None
    if end is not None and new is not None and lost is not None and abs(start + new - lost - end) > 0.5:
        problem = f"{start:g} + {new:g} new - {lost:g} lost is not {end:g}: kept as it is"
        faults.append(Fault(where, problem))
    orders, value = numbers["orders"], numbers["order_value"]
    return CustomerCounts(*period, start, end, new, lost, orders, value)


def number(cell: object) -> float | None:
    """A count or an amount, not below 0: 1200, "1 200", "1.234,50 €"; None where it is none."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        return float(cell) if 0 <= cell < _LARGEST else None
    if not isinstance(cell, str) or len(cell) > 30:
        return None
    bare = re.sub(r"[\s\u202f\xa0€$£']|EUR|USD|GBP", "", cell)
    found = _AMOUNT.fullmatch(bare)
    if not found:
        return None
    value = float(f"{re.sub('[.,]', '', found[1])}.{found[2] or 0}")
    return value if value < _LARGEST else None


def _period(cells: Mapping[str, Any]) -> tuple[date, date] | None:
    start, end = (read_date(cells.get(name)) for name in ("start", "end"))
    if start and end and start <= end:
        return start.date(), end.date()
    return period(cells.get("period"))


def period(cell: object) -> tuple[date, date] | None:
    """The first and last day of "2026-03", "mars 2026", "T1 2026", "2026-W05", "2026"; None where it is none.

    A date that is the first of a month stands for that month, as spreadsheets write months.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool) and float(cell).is_integer():
        cell = str(int(cell)) if 1900 <= cell < 2100 else cell
    text = cell.strip() if isinstance(cell, str) else ""
    if _YEAR.fullmatch(text):
        return date(int(text), 1, 1), date(int(text), 12, 31)
    if found := _QUARTER.fullmatch(text):
        year, quarter = int(found[1] or found[4]), int(found[2] or found[3])
        return date(year, 3 * quarter - 2, 1), _end_of_month(year, 3 * quarter)
    if found := _WEEK.fullmatch(text):
        return _week(int(found[1]), int(found[2]))
    if found := _YEAR_MONTH.fullmatch(text):
        return _month(int(found[1]), int(found[2]))
    if found := _MONTH_YEAR.fullmatch(text):
        return _month(int(found[2]), int(found[1]))
    if found := _SHORT_YEAR.fullmatch(text):
        cell = f"1 {found[1]} 20{found[2]}"
    day = read_date(cell) if text or isinstance(cell, datetime | date | int | float) else None
    return _month(day.year, day.month) if day is not None and day.day == 1 else None


def _month(year: int, month: int) -> tuple[date, date]:
    return date(year, month, 1), _end_of_month(year, month)


def _end_of_month(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _week(year: int, week: int) -> tuple[date, date] | None:
    try:
        monday = date.fromisocalendar(year, week, 1)
    except ValueError:
        return None
    return monday, monday + timedelta(days=6)
