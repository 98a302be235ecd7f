"""Counts of customers: kept once for each period of a brand."""

from datetime import date, timedelta

import pytest
from material import NOW, Desk

from collectors.counts import CustomerCounts
from storage import customers
from storage.database import Database

JANUARY = CustomerCounts(date(2026, 1, 1), date(2026, 1, 31), 1000, 1050, 100, 50, 400, 18_200)
FEBRUARY = CustomerCounts(date(2026, 2, 1), date(2026, 2, 28), 1050, None, None, 70)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def test_counts_come_back_as_they_were_given_oldest_first(desk: Desk) -> None:
    with desk.database.begin() as conn:
        assert customers.keep(conn, desk.brand, [FEBRUARY, JANUARY], NOW) == 2
        assert customers.counts(conn, desk.brand) == [JANUARY, FEBRUARY]
        assert customers.counts(conn, desk.brand, start=date(2026, 1, 2)) == [FEBRUARY]
        assert customers.counts(conn, desk.brand, end=date(2026, 2, 27)) == [JANUARY]
    other = desk.another_brand("Other")
    with desk.database.read() as conn:
        assert customers.counts(conn, other) == []


def test_counts_of_a_known_period_are_replaced(desk: Desk) -> None:
    corrected = CustomerCounts(JANUARY.start, JANUARY.end, 1000, 1049, 100, 51)
    with desk.database.begin() as conn:
        customers.keep(conn, desk.brand, [JANUARY], NOW)
        customers.keep(conn, desk.brand, [corrected], NOW + timedelta(days=1))
        assert customers.counts(conn, desk.brand) == [corrected]
