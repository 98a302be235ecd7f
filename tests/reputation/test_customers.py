"""Retention, churn and lifetime value by the formulas of METRICS."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.counts import CustomerCounts
from reputation.customers import churn_rate, figures, lifetime_value, retention_rate

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def test_the_formulas_on_paper() -> None:
    assert retention_rate(1000, 1050, 150) == pytest.approx(90)
    assert churn_rate(1000, 100) == pytest.approx(10)
    assert lifetime_value(50, 4, 0.25) == pytest.approx(800)
    assert lifetime_value(50, 4, 0.25, margin=0.3) == pytest.approx(240)


def test_where_nothing_can_be_said_nothing_is() -> None:
    assert retention_rate(0, 10, 10) is None
    assert churn_rate(0, 0) is None
    assert lifetime_value(50, 4, 0) is None
    empty = figures(CustomerCounts(*YEAR)).to_json()
    assert all(empty[name] is None for name in ("retention_rate", "churn_rate", "lifetime_value"))


def test_a_year_of_counts() -> None:
    found = figures(CustomerCounts(*YEAR, 1000, 1000, 100, 100, orders=4000, order_value=200_000))
    assert (found.retention, found.churn, found.average_order_value) == (90, 10, 50)
    assert found.orders_a_year == pytest.approx(4, rel=0.001)
    assert found.lifetime_value == pytest.approx(50 * 4 / 0.1, rel=0.001)


def test_months_and_the_year_they_make_agree() -> None:
    month = CustomerCounts(
        date(2026, 4, 1), date(2026, 4, 30), 1000, 1000, 10, 10, orders=300, order_value=15_000
    )
    found = figures(month)
    years = 30 / 365.25
    assert found.orders_a_year == pytest.approx(0.3 / years)
    assert found.lifetime_value == pytest.approx(50 * (0.3 / years) * (years / 0.01))


@pytest.mark.parametrize(
    "known", [(1000, None, 150, 100), (1000, 1050, None, 100), (1000, 1050, 150, None), (1000, 1050, 150, 100)]
)
def test_what_was_not_counted_follows_from_what_was(known: tuple[float | None, ...]) -> None:
    found = figures(CustomerCounts(*YEAR, *known))
    assert (found.retention, found.churn) == (pytest.approx(90), pytest.approx(10))


def test_two_missing_counts_are_not_made_up() -> None:
    found = figures(CustomerCounts(*YEAR, 1000, None, None, 100))
    assert (found.retention, found.churn) == (None, 10)


COUNT = st.floats(0, 1e9)


@given(start=COUNT, end=COUNT, new=COUNT)
def test_retention_is_a_share(start: float, end: float, new: float) -> None:
    found = retention_rate(start, end, new)
    assert found is None or 0 <= found <= 100


@given(start=st.floats(1, 1e9), new=COUNT, share=st.floats(0, 1))
def test_where_counts_add_up_retention_and_churn_are_the_whole(start: float, new: float, share: float) -> None:
    lost = start * share
    found = figures(CustomerCounts(*YEAR, start, None, new, lost))
    assert found.retention is not None
    assert found.churn is not None
    assert found.retention + found.churn == pytest.approx(100, abs=100 * (new + start) * 1e-9 / start + 1e-6)


@given(st.lists(st.none() | COUNT, min_size=6, max_size=6))
def test_any_counts_have_figures_or_none(counted: list[float | None]) -> None:
    found = figures(CustomerCounts(*YEAR, *counted)).to_json()
    assert found["start"] == "2026-01-01"
