"""Tables of counts of customers: their columns, periods and numbers."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.counts import CustomerCounts, counts, number, period, recognise
from collectors.source import Fault, ParseError, SourceError
from collectors.tables import open_table

FRENCH = "Mois;Clients au début;Clients à la fin;Nouveaux clients;Clients perdus;Commandes;Chiffre d'affaires\n"
ENGLISH = "Period,Customers at start,Customers at end,New,Lost,Orders,Order value\n"


def read(body: str, **mapping: str) -> tuple[list[CustomerCounts], list[Fault]]:
    faults: list[Fault] = []
    return list(counts(open_table(body.encode()), faults, mapping)), faults


def test_a_french_table() -> None:
    found, faults = read(FRENCH + "janvier 2026;1 000;1 050;100;50;400;18 200,00 €\n")
    january = CustomerCounts(date(2026, 1, 1), date(2026, 1, 31), 1000, 1050, 100, 50, 400, 18_200)
    assert (found, faults) == ([january], [])


def test_an_english_table_with_the_value_of_an_order() -> None:
    [found], _ = read(ENGLISH + 'Q1 2026,"1,000","1,050",100,50,400,45.5\n')
    assert (found.start, found.end, found.order_value) == (date(2026, 1, 1), date(2026, 3, 31), 18_200)


def test_first_and_last_day_may_be_columns() -> None:
    [found], _ = read("Period start,Period end,Customers at start,Lost\n2026-01-05,2026-01-18,10,2\n")
    assert (found.start, found.end, found.lost, found.new) == (date(2026, 1, 5), date(2026, 1, 18), 2, None)


def test_other_headers_can_be_mapped() -> None:
    [found], _ = read("Exercice,Portefeuille,Départs\n2025,800,90\n", customers_at_start="Portefeuille")
    assert (found.customers_at_start, found.lost, found.end) == (800, 90, date(2025, 12, 31))
    with pytest.raises(SourceError, match="Nulle part"):
        read("Exercice,Portefeuille\n2025,800\n", customers_at_start="Nulle part")


def test_rows_that_cannot_be_used_are_named() -> None:
    body = ENGLISH + "bientôt,1,1,0,0,,\n2026-02,,1,1,0,,\n2026-03,10,20,1,1,many,\n2026-04,10,10,1,1,,\n"
    found, faults = read(body)
    assert [one.start.month for one in found] == [3, 4]
    assert [fault.item for fault in faults] == ["line 2", "line 3", "line 4", "line 4"]
    assert "is not 20" in faults[-1].problem


@pytest.mark.parametrize(
    "header",
    [
        "id;texte;note",
        "Date;Note;Commentaire",
        "Mois;Clients au début",
        "Clients au début;Perdus",
        "new;lost;orders",
    ],
)
def test_other_tables_are_not_taken_for_counts(header: str) -> None:
    assert recognise(header.split(";")) is None


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(ParseError, match="no counts"):
        read("id;texte\n1;bien\n")


@pytest.mark.parametrize(
    ("cell", "days"),
    [
        ("2026-03", ("2026-03-01", "2026-03-31")),
        ("03/2026", ("2026-03-01", "2026-03-31")),
        ("mars 2026", ("2026-03-01", "2026-03-31")),
        ("janv-26", ("2026-01-01", "2026-01-31")),
        ("févr.-26", ("2026-02-01", "2026-02-28")),
        ("août-26", ("2026-08-01", "2026-08-31")),
        ("Dec-26", ("2026-12-01", "2026-12-31")),
        ("March 2026", ("2026-03-01", "2026-03-31")),
        ("2026-02-01", ("2026-02-01", "2026-02-28")),
        (datetime(2026, 2, 1), ("2026-02-01", "2026-02-28")),
        ("T2 2026", ("2026-04-01", "2026-06-30")),
        ("2026-Q4", ("2026-10-01", "2026-12-31")),
        ("2026", ("2026-01-01", "2026-12-31")),
        (2026, ("2026-01-01", "2026-12-31")),
        ("2026-W01", ("2025-12-29", "2026-01-04")),
        ("2026S05", ("2026-01-26", "2026-02-01")),
    ],
)
def test_periods_are_read_however_they_are_written(cell: object, days: tuple[str, str]) -> None:
    found = period(cell)
    assert found is not None
    assert (found[0].isoformat(), found[1].isoformat()) == days


@pytest.mark.parametrize("cell", ["", None, "bientôt", "2026-13", "2026-W60", "14/03/2026", True, 12])
def test_what_is_no_period_is_none(cell: object) -> None:
    assert period(cell) is None


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1 234", 1234), ("1,234", 1234), ("1.234,5", 1234.5), ("1,234.56", 1234.56), ("12,5", 12.5),
     ("45,50 €", 45.5),
     ("$1,200.00", 1200), (7, 7), ("1\u202f050", 1050), ("12345678", 12345678), ("0", 0),
     ("-5", None), ("beaucoup", None), ("", None), (True, None), (-1, None), (float("nan"), None), ("1e5", None)],
)  # fmt: skip
def test_numbers_are_read_however_they_are_written(cell: object, value: float | None) -> None:
    assert number(cell) == value


@given(st.integers(0, 10**9))
def test_a_count_survives_every_way_of_grouping_its_digits(count: int) -> None:
    for written in (f"{count:,}", f"{count:,}".replace(",", "."), f"{count:,}".replace(",", " "), str(count)):
        assert number(written) == count


@given(st.text(max_size=20) | st.floats() | st.integers() | st.none() | st.booleans())
def test_any_cell_is_a_number_a_period_or_neither(cell: object) -> None:
    found, days = number(cell), period(cell)
    assert found is None or 0 <= found < 1e12
    assert days is None or days[0] <= days[1]
