"""When the silence of a source is odd: how probable it is, and how often it is told by mistake."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.health import HISTORY_DAYS, QUIET_BELOW, Usual, usual

MONDAY = date(2026, 6, 1)


def source(counts: Iterable[int], start: date = MONDAY) -> Usual:
    """What is usual of a source that said so much day by day."""
    return usual([(start + timedelta(number), count) for number, count in enumerate(counts)])


def silent_until_told(known: Usual, newest: date, most: int = 60) -> int | None:
    """After how many whole silent days it is told; None where it is not within `most`."""
    seen: list[date] = []
    while known.silence(seen) >= QUIET_BELOW:
        if len(seen) == most:
            return None
        seen.append(newest + timedelta(len(seen) + 1))
    return len(seen)


@pytest.mark.parametrize(
    ("counts", "told_after"),
    [
        ([], None),
        ([7], None),
        ([1] * 6, None),
        ([1] * 7, 6),
        ([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], None),
        ([1] * 8, 6),
        ([1] * 15, 4),
        ([1] * 92, 2),
        ([40] * 92, 2),
        ([1, *[0, 0, 0, 0, 1] * 18], 45),
        ([1, *[0, 0, 0, 0, 0, 0, 1] * 13], 22),
    ],
    ids=[
        "nothing", "one day", "five days more", "six days more", "twice", "a week more", "two weeks more",
        "daily", "lively", "every fifth day", "mondays",
    ],
)  # fmt: skip
def test_the_less_is_known_the_longer_a_silence_is_borne(counts: list[int], told_after: int | None) -> None:
    assert silent_until_told(source(counts), MONDAY + timedelta(max(len(counts) - 1, 0))) == told_after


def test_a_weekend_is_not_odd_for_a_source_that_rests_on_weekends() -> None:
    known = source([5, 5, 5, 5, 5, 0, 0] * 13)
    friday = MONDAY + timedelta(7 * 13 - 3)
    saturday_and_sunday = [friday + timedelta(1), friday + timedelta(2)]
    assert known.silence(saturday_and_sunday) > 0.05
    assert silent_until_told(known, friday) == 5
    assert source([5] * 91).silence(saturday_and_sunday) < 0.0003


def test_what_is_usual_is_known_for_each_weekday_and_leans_to_the_mean_where_little_is_known() -> None:
    known = source([14, 0, 0, 0, 0, 0, 0] * 13)
    assert known.per_weekday[0] > 10
    assert all(rate < 0.3 for rate in known.per_weekday[1:])
    few = source([1, 1, 8])
    assert few.per_day == pytest.approx(4.5)
    assert few.per_weekday[2] == pytest.approx((8 + 4.5) / 2)
    assert few.per_weekday[5] == pytest.approx(4.5)


def test_the_first_day_begins_the_count_and_is_no_part_of_it() -> None:
    assert source([9]).days == (0,) * 7
    assert source([9, 0, 3]).spoken == (0, 0, 1, 0, 0, 0, 0)
    assert source([9, 0, 3]).days == (0, 1, 1, 0, 0, 0, 0)


counted = st.lists(st.integers(0, 3), max_size=120)


@given(counted, st.integers(0, 200))
def test_a_longer_silence_is_never_more_probable(counts: list[int], days: int) -> None:
    known = source(counts)
    silent = [MONDAY + timedelta(number) for number in range(days + 1)]
    assert 0 <= known.silence(silent) <= known.silence(silent[:-1]) <= 1


@given(counted)
def test_forty_posts_on_a_day_say_no_more_of_the_next_than_one(counts: list[int]) -> None:
    silent = [MONDAY + timedelta(number) for number in range(10)]
    assert source(counts).silence(silent) == source([40 * count for count in counts]).silence(silent)


def test_where_one_weekday_is_known_the_probability_is_that_of_the_beta_binomial() -> None:
    days = [MONDAY] * 4
    a, b = 25.5, 5.5
    exact = math.exp(math.lgamma(b + 4) + math.lgamma(a + b) - math.lgamma(b) - math.lgamma(a + b + 4))
    zeros = [0] * 6
    assert Usual((30, *zeros), (25, *zeros), (25, *zeros)).silence(days) == pytest.approx(exact)


def mistakes(rate: float, weekend: float, years: int, seed: int) -> float:
    """False alarms a year of a source that is well: looked at every day, each silence counted once."""
    chance = random.Random(seed)
    history: list[tuple[date, int]] = []
    told, told_for = 0, MONDAY
    first_look = 60
    for number in range(365 * years):
        day = MONDAY + timedelta(number)
        spoke = chance.random() < 1 - math.exp(-rate * (weekend if day.weekday() > 4 else 1))
        if spoke:
            history.append((day, 1))
        elif number > first_look and history:
            newest = history[-1][0]
            recent = [one for one in history[-HISTORY_DAYS - 1 :] if one[0] >= newest - timedelta(HISTORY_DAYS)]
            silent = [newest + timedelta(n) for n in range(1, (day - newest).days + 1)]
            if newest != told_for and usual(recent).silence(silent) < QUIET_BELOW:
                told, told_for = told + 1, newest
    return told / years


@pytest.mark.parametrize(("rate", "weekend"), [(4.0, 1.0), (1.0, 1.0), (0.3, 1.0), (2.0, 0.1)])
def test_a_source_that_is_well_is_called_quiet_less_than_once_in_ten_years(rate: float, weekend: float) -> None:
    assert mistakes(rate, weekend, years=20, seed=7) <= 0.1
