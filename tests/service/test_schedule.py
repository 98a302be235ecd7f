"""When a source is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.schedule import parse

PARIS = ZoneInfo("Europe/Paris")


def after(text: str, moment: str) -> str:
    return parse(text).next_after(datetime.fromisoformat(moment), PARIS).astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("text", "moment", "following"),
    [
        ("every 30 minutes", "2026-03-02T10:07:00+00:00", "2026-03-02T10:37:00+00:00"),
        ("Every hour", "2026-03-02T10:07:00+00:00", "2026-03-02T11:07:00+00:00"),
        ("every 2 days", "2026-03-02T10:07:00+00:00", "2026-03-04T10:07:00+00:00"),
        ("every day at 06:30", "2026-03-02T10:07:00+00:00", "2026-03-03T05:30:00+00:00"),
        ("every day at 6:30", "2026-07-02T04:00:00+00:00", "2026-07-02T04:30:00+00:00"),
        ("every day at 06:30", "2026-07-02T04:30:00+00:00", "2026-07-03T04:30:00+00:00"),
        ("*/15 * * * *", "2026-03-02T10:15:00+00:00", "2026-03-02T10:30:00+00:00"),
        ("0 6 * * 1", "2026-03-03T10:00:00+00:00", "2026-03-09T05:00:00+00:00"),
        ("0 6 * * 0", "2026-03-03T10:00:00+00:00", "2026-03-08T05:00:00+00:00"),
        ("0 6 * * 7", "2026-03-03T10:00:00+00:00", "2026-03-08T05:00:00+00:00"),
        ("0 6 * * 1-5", "2026-03-06T10:00:00+00:00", "2026-03-09T05:00:00+00:00"),
    ],
)
def test_the_next_time_is_told(text: str, moment: str, following: str) -> None:
    assert after(text, moment) == following


@pytest.mark.parametrize(
    "text", ["", "often", "every 0 minutes", "every -1 hours", "61 * * * *", "* * * *", "every day at 25:00"]
)
def test_what_is_no_schedule_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match="every 30 minutes"):
        parse(text)


def times(text: str, start: str, count: int, spread: str = "") -> list[str]:
    """The next times, as clocks in Paris show them."""
    moment = datetime.fromisoformat(start)
    shown = []
    for _ in range(count):
        moment = parse(text).next_after(moment, PARIS, spread=spread)
        shown.append(moment.astimezone(PARIS).strftime("%d %H:%M %z"))
    return shown


def test_a_time_that_clocks_skip_in_spring_comes_once_and_the_day_is_not_lost() -> None:
    assert times("every day at 02:30", "2026-03-28T00:00:00+00:00", 3) == [
        "28 02:30 +0100", "29 03:30 +0200", "30 02:30 +0200",
    ]  # fmt: skip
    assert times("0 * * * *", "2026-03-29T00:30:00+00:00", 2) == ["29 03:00 +0200", "29 04:00 +0200"]


def test_a_time_that_clocks_show_twice_in_autumn_comes_once_and_an_hourly_one_twice() -> None:
    assert times("every day at 02:30", "2026-10-24T00:00:00+00:00", 3) == [
        "24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100",
    ]  # fmt: skip
    assert times("0 * * * *", "2026-10-24T23:30:00+00:00", 3) == [
        "25 02:00 +0200", "25 02:00 +0100", "25 03:00 +0100",
    ]  # fmt: skip


def test_an_interval_is_as_long_on_the_days_on_which_clocks_change() -> None:
    moment = datetime.fromisoformat("2026-10-25T00:30:00+00:00")
    assert parse("every 30 minutes").next_after(moment, PARIS) - moment == timedelta(minutes=30)


NAMES = st.text(min_size=1, max_size=20)


@given(NAMES, st.sampled_from(["every 10 minutes", "every 2 hours", "every week", "0 6 * * *", "*/5 * * * *"]))
def test_jitter_is_small_and_belongs_to_the_name(name: str, text: str) -> None:
    moment = datetime(2026, 5, 4, 10, tzinfo=UTC)
    plain = parse(text).next_after(moment, PARIS)
    spread = parse(text).next_after(moment, PARIS, spread=name)
    assert spread == parse(text).next_after(moment, PARIS, spread=name)
    length = parse(text).next_after(plain, PARIS) - plain
    assert abs(spread - plain) <= min(length / 20, timedelta(minutes=5))
    assert spread > moment
    if "*" in text:
        assert spread >= plain


def test_jitter_keeps_sources_apart_and_the_mean_interval_as_it_is() -> None:
    moment = datetime(2026, 5, 4, 10, tzinfo=UTC)
    waits = [
        parse("every 30 minutes").next_after(moment, PARIS, spread=f"feed {n}") - moment for n in range(1000)
    ]
    assert len(set(waits)) > 990
    assert abs(sum(waits, timedelta()) / 1000 - timedelta(minutes=30)) < timedelta(seconds=5)


@given(NAMES, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)))
def test_with_jitter_too_a_daily_source_is_visited_once_a_day(name: str, start: datetime) -> None:
    daily = parse("every day at 02:30")
    first = daily.next_after(start, PARIS, spread=name)
    second = daily.next_after(first, PARIS, spread=name)
    assert (second.astimezone(PARIS).date() - first.astimezone(PARIS).date()).days == 1
