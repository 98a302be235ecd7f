"""Retention, churn and lifetime value, from counts of customers (METRICS).

These are counts of all customers and no sample of them: they have no interval. What was not counted follows from
what was, as start + new - lost = end; where it does not, the figure is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from collectors.counts import CustomerCounts

DAYS_OF_A_YEAR = 365.25


def retention_rate(start: float, end: float, new: float) -> float | None:
    """Share of the customers at the start who are still there at the end, 0 to 100: 100·(end - new)/start."""
    return 100 * min(max((end - new) / start, 0.0), 1.0) if start > 0 else None


def churn_rate(start: float, lost: float) -> float | None:
    """Share of the customers at the start who left: 100·lost/start; above 100 where newcomers left too."""
    return 100 * lost / start if start > 0 else None


def lifetime_value(
    average_order: float, orders_a_year: float, churn_a_year: float, *, margin: float = 1.0
) -> float | None:
    """What a customer is worth: average order value × orders a year × expected years, times the margin's share.

    `orders_a_year` are one customer's, `churn_a_year` is a share from 0: the expected years are 1/churn. None
    where nobody leaves: nothing tells how long customers stay then.
    """
    return margin * average_order * orders_a_year / churn_a_year if churn_a_year > 0 else None


@dataclass(frozen=True, slots=True)
class CustomerFigures:
    """The figures of one period; None where its counts do not tell. Rates are those of the period, in percent."""

    counts: CustomerCounts
    retention: float | None
    churn: float | None
    average_order_value: float | None
    orders_a_year: float | None
    """Of one customer."""
    lifetime_value: float | None

    def to_json(self) -> dict[str, Any]:
        """The period, its counts, and the figures rounded for people."""
        counted = self.counts
        return {
            "start": counted.start.isoformat(),
            "end": counted.end.isoformat(),
            "customers_at_start": counted.customers_at_start,
            "customers_at_end": counted.customers_at_end,
            "new": counted.new,
            "lost": counted.lost,
            "orders": counted.orders,
            "order_value": counted.order_value,
            "retention_rate": _rounded(self.retention, 1),
            "churn_rate": _rounded(self.churn, 1),
            "average_order_value": _rounded(self.average_order_value, 2),
            "orders_a_year": _rounded(self.orders_a_year, 2),
            "lifetime_value": _rounded(self.lifetime_value, 2),
        }


def figures(counted: CustomerCounts, *, margin: float = 1.0) -> CustomerFigures:
    """Work the figures of one period out.

    Orders a year are counted per customer of the period's mean (start and end). With a constant risk of leaving,
    customers stay 1/churn periods: the expected years are that times the period's length.
    """
    start, end, new, lost = _complete(counted)
    years = ((counted.end - counted.start).days + 1) / DAYS_OF_A_YEAR
    retention = churn = None
    if start is not None and end is not None and new is not None:
        retention = retention_rate(start, end, new)
    if start is not None and lost is not None:
        churn = churn_rate(start, lost)
    average = None
    if counted.order_value is not None and counted.orders:
        average = counted.order_value / counted.orders
    customers = None if start is None else (start + end) / 2 if end is not None else start
    orders = counted.orders / customers / years if counted.orders is not None and customers else None
    value = None
    if average is not None and orders is not None and churn is not None:
        value = lifetime_value(average, orders, churn / 100 / years, margin=margin)
    return CustomerFigures(counted, retention, churn, average, orders, value)


def _complete(counted: CustomerCounts) -> tuple[float | None, float | None, float | None, float | None]:
    """Start, end, new and lost, of which one that is missing follows from the others."""
    start, end, new, lost = (
        counted.customers_at_start,
        counted.customers_at_end,
        counted.new,
        counted.lost,
    )
    if start is not None and [end, new, lost].count(None) == 1:
        if end is None and new is not None and lost is not None:
            end = max(start + new - lost, 0.0)
        elif new is None and end is not None and lost is not None:
            new = max(end - start + lost, 0.0)
        elif lost is None and end is not None and new is not None:
            lost = max(start + new - end, 0.0)
    return start, end, new, lost


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
