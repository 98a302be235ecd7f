"""Dates in cells of tables."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.cells import read_date

PARIS = ZoneInfo("Europe/Paris")
FRENCH = [
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
]  # fmt: skip


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_day_in_french_words_is_that_day(day: date) -> None:
    expected = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for form in ("{} {} {}", "Publié le {} {} {}"):
        assert read_date(form.format(day.day, FRENCH[day.month - 1], day.year)) == expected
        assert read_date(form.format(day.day, FRENCH[day.month - 1].upper(), day.year)) == expected


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 86_399))
def test_excels_day_numbers_are_exact_to_the_second(day: date, second: int) -> None:
    serial = (day - date(1899, 12, 30)).days + second / 86_400
    moment = read_date(serial)
    assert moment is not None
    assert moment.timestamp() == datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + second


@pytest.mark.parametrize("cell", ["2026-07-13", "13/07/2026", "13 juillet 2026", date(2026, 7, 13), 46216])
def test_a_day_without_a_time_stays_that_day_in_any_zone(cell: object) -> None:
    assert read_date(cell, zone=PARIS) == datetime(2026, 7, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell",
    ["2026-07-13 01:00", "13/07/2026 01:00:00", "13/07/2026 01h00", "13 juillet 2026 à 1h00",
     datetime(2026, 7, 13, 1)],
)  # fmt: skip
def test_a_time_without_a_zone_is_in_the_zone_given(cell: object) -> None:
    assert read_date(cell, zone=PARIS) == datetime(2026, 7, 12, 23, tzinfo=UTC)


def test_an_epoch_is_utc_whatever_the_zone() -> None:
    assert read_date(1_770_940_800, zone=PARIS) == datetime(2026, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "cell", [None, True, "", "5", 5, 4.5, "31 février 2026", "12 brumaire 2026", time(10, 0), "il y a 2 jours"]
)
def test_what_is_no_date_gives_none(cell: object) -> None:
    assert read_date(cell) is None


@given(st.text(max_size=40) | st.floats() | st.integers())
def test_anything_gives_an_aware_moment_or_none(cell: object) -> None:
    moment = read_date(cell, zone=PARIS)
    assert moment is None or moment.utcoffset() is not None
