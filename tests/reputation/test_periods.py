"""Periods of whole days, and ISO weeks."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.periods import Period, last_complete_week, week_of


def test_a_week_goes_from_monday_to_sunday() -> None:
    assert Period.of_week("2026-W46") == Period(date(2026, 11, 9), date(2026, 11, 15))
    assert Period.of_week("2026-W53").end == date(2027, 1, 3)


@pytest.mark.parametrize(
    "wrong", ["2026-46", "2026-W54", "2026-W00", "46", "", "2027-W53", "2026-W46 ", "2026-w46"]
)
def test_what_is_no_week_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"week"):
        Period.of_week(wrong)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_every_day_is_in_its_week(day: date) -> None:
    period = Period.of_week(week_of(day))
    assert period.start <= day <= period.end
    assert period.days == 7
    assert period.start.weekday() == 0


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 11, 15, 23, 59, tzinfo=UTC), "2026-W45"),
        (datetime(2026, 11, 16, 0, 0, tzinfo=UTC), "2026-W46"),
        (datetime(2026, 11, 16, 0, 30, tzinfo=timezone(timedelta(hours=1))), "2026-W45"),
        (datetime(2027, 1, 4, 8, 0, tzinfo=UTC), "2026-W53"),
    ],
)
def test_a_week_is_complete_when_its_sunday_is_over_in_utc(now: datetime, week: str) -> None:
    assert last_complete_week(now) == week


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 400))
def test_the_period_before_is_as_long_and_ends_on_the_eve(start: date, days: int) -> None:
    period = Period(start, start + timedelta(days - 1))
    before = period.before()
    assert (before.days, before.end) == (days, start - timedelta(1))
    assert len(list(period.each_day())) == days


def test_the_last_days_include_today() -> None:
    now = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
    assert Period.last_days(7, now) == Period(date(2026, 11, 12), date(2026, 11, 18))


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends on or after"):
        Period(date(2026, 1, 2), date(2026, 1, 1))
    with pytest.raises(ValueError, match="ends on or after"):
        Period.last_days(0, datetime(2026, 1, 1, tzinfo=UTC))
