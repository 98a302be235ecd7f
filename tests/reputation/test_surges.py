"""Surges: a crisis is found, an ordinary day is left alone."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.surges import surge

DAY = date(2026, 11, 18)


def past(counts: list[float], day: date = DAY) -> dict[date, float]:
    """Counts of the days before `day`, the last one being its eve."""
    return {day - timedelta(len(counts) - n): count for n, count in enumerate(counts)}


def test_five_times_the_usual_is_a_surge() -> None:
    found = surge(past([4.0] * 28) | {DAY: 20.0}, DAY)
    assert found
    assert (found.day, found.count) == (DAY, 20)
    assert found.usual == pytest.approx(4, abs=0.02)
    assert found.probability < 0.0001


def test_an_ordinary_day_is_not() -> None:
    assert surge(past([4.0] * 28) | {DAY: 7.0}, DAY) is None


def test_a_few_complaints_after_silence_are_only_told_from_the_minimum_on() -> None:
    assert surge(past([0.0] * 28) | {DAY: 4.0}, DAY) is None
    assert surge(past([0.0] * 28) | {DAY: 5.0}, DAY)
    assert surge(past([0.0] * 28) | {DAY: 3.0}, DAY, at_least=2)


def test_a_lively_weekday_is_compared_with_itself() -> None:
    days = [DAY - timedelta(n) for n in range(1, 57)]
    lively = {d: 20.0 if d.weekday() == DAY.weekday() else 2.0 for d in days}
    quiet = {d: 20.0 if d.weekday() == (DAY.weekday() + 1) % 7 else 2.0 for d in days}
    usual = [surge(counts | {DAY: 60.0}, DAY, baseline_days=56) for counts in (lively, quiet)]
    assert usual[0]
    assert usual[1]
    assert usual[0].usual > 2 * usual[1].usual


def test_last_weeks_crisis_does_not_hide_this_weeks() -> None:
    crisis = past([3.0] * 21 + [40.0] * 5 + [3.0] * 2)
    found = surge(crisis | {DAY: 40.0}, DAY)
    assert found
    assert found.usual < 8


def test_a_brand_known_for_six_days_has_no_usual_yet() -> None:
    assert surge(past([1.0] * 6) | {DAY: 50.0}, DAY) is None
    assert surge(past([1.0] * 7) | {DAY: 50.0}, DAY)
    assert surge({DAY: 50.0}, DAY) is None


def test_days_before_the_first_mention_are_not_quiet_days() -> None:
    short = surge(past([4.0] * 8) | {DAY: 30.0}, DAY)
    assert short
    assert short.usual == pytest.approx(4, abs=0.1)


def test_silence_since_the_first_mention_is_a_past_too() -> None:
    found = surge({DAY: 60.0}, DAY, first=DAY - timedelta(200))
    assert found
    assert found == surge(past([0.0] * 28) | {DAY: 60.0}, DAY)
    assert surge({DAY: 60.0}, DAY, first=DAY - timedelta(6)) is None
    assert surge({DAY: 60.0}, DAY, first=DAY) is None


def test_days_without_mentions_may_be_missing() -> None:
    full = past([2.0, 0.0] * 14) | {DAY: 12.0}
    found = surge(full, DAY)
    assert found
    assert found == surge({day: count for day, count in full.items() if count}, DAY)


@given(st.lists(st.integers(0, 30), min_size=7, max_size=40), st.integers(0, 100))
def test_more_complaints_are_never_less_of_a_surge(counts: list[int], today: int) -> None:
    before = past([float(c) for c in counts])
    fewer, more = surge(before | {DAY: today}, DAY), surge(before | {DAY: today + 1}, DAY)
    if fewer:
        assert more
        assert more.probability <= fewer.probability


@given(st.lists(st.integers(0, 30), min_size=7, max_size=40), st.integers(0, 100), st.integers(0, 50))
def test_what_comes_later_does_not_change_the_verdict(counts: list[int], today: int, tomorrow: int) -> None:
    known = past([float(c) for c in counts]) | {DAY: float(today)}
    assert surge(known, DAY) == surge(known | {DAY + timedelta(1): float(tomorrow)}, DAY)


@pytest.mark.parametrize(("mean", "bunched"), [(0.3, 0.05), (1, 0.05), (3, 0.2), (10, 0.05), (40, 0.2)])
def test_false_alarms_stay_within_their_budget(mean: float, bunched: float) -> None:
    """At most 5 in 1,000 ordinary days, weekends being quieter and complaints coming in bunches."""
    dice = np.random.default_rng(5)
    start = date(2026, 1, 1)
    alarms = days = 0
    for _ in range(10):
        level = mean * np.array([0.7 if (start + timedelta(n)).weekday() > 4 else 1.12 for n in range(150)])
        counts = dice.poisson(dice.gamma(1 / bunched, bunched * level))
        known = {start + timedelta(n): float(c) for n, c in enumerate(counts)}
        verdicts = [surge(known, start + timedelta(n)) for n in range(30, 150)]
        alarms += sum(verdict is not None for verdict in verdicts)
        days += len(verdicts)
    assert alarms / days <= 0.005
