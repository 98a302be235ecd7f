"""Intervals: published examples, coverage by simulation, ends of the scale."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.intervals import Interval, adjusted_wald, mean_interval, poisson_tail, student, wilson

STAR_MIXES = [
    (0.1, 0.02, 0.03, 0.1, 0.75),
    (0.6, 0.1, 0.05, 0.05, 0.2),
    (0.02, 0.02, 0.06, 0.2, 0.7),
    (0.2, 0.2, 0.2, 0.2, 0.2),
    (0.01, 0.01, 0.02, 0.06, 0.9),
]
SIZES = (20, 50, 200, 2000)
NOMINAL_LESS_NOISE = 0.93


def test_the_published_nps_example_is_29_1_plus_or_minus_15_1() -> None:
    found = adjusted_wald(50, 20, 100)
    assert round(100 * found.centre, 1) == 29.1
    assert round(100 * (found.high - found.low) / 2, 1) == 15.1


def test_the_nps_example_by_hand() -> None:
    p, d = 50.75 / 103, 20.75 / 103
    error = math.sqrt((p + d - (p - d) ** 2) / 103)
    assert adjusted_wald(50, 20, 100).error == pytest.approx(error)


def test_wilson_agrees_with_a_textbook_example() -> None:
    # Newcombe (1998), table I: 81 of 263 is 0.2553 to 0.3662, and 0 of 20 is 0 to 0.1611.
    found = wilson(81, 263)
    assert (round(found.low, 4), round(found.high, 4)) == (0.2553, 0.3662)
    assert round(wilson(0, 20).high, 4) == 0.1611
    assert wilson(0, 20).low == pytest.approx(0)


def test_the_mean_interval_by_hand() -> None:
    # 4, 5, 5 on 1 to 5, plus 3/4 at 1, 3/4 at 5 and 1.5 at 3: sum 23, squares 99, six answers.
    mean, variance = 23 / 6, 99 / 6 - (23 / 6) ** 2
    found = mean_interval(14, 66, 3, lowest=1, highest=5)
    assert found.centre == pytest.approx(mean)
    assert found.error == pytest.approx(math.sqrt(variance / 6))
    assert found.low == pytest.approx(mean - 2.5706 * math.sqrt(variance / 6), abs=0.01)
    assert found.high == 5


@pytest.mark.parametrize(("freedom", "table"), [(3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423)])
def test_students_quantile_is_that_of_the_tables(freedom: int, table: float) -> None:
    assert student(freedom) == pytest.approx(table, rel=0.008)


@pytest.mark.parametrize("n", [0, -1, -0.5])
def test_no_answers_have_no_interval(n: float) -> None:
    for refused in (
        lambda: wilson(0, n),
        lambda: adjusted_wald(0, 0, n),
        lambda: mean_interval(0, 0, n, lowest=1, highest=5),
    ):
        with pytest.raises(ValueError, match="at least one answer"):
            refused()


def test_an_interval_can_change_its_unit() -> None:
    assert Interval(0.1, 0.3, 0.2, 0.05).scaled(100) == Interval(10, 30, 20, 5)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(("p", "d"), [(0.5, 0.2), (0.05, 0.9), (0.95, 0.02), (0.33, 0.33), (0.8, 0.15)])
def test_the_nps_interval_covers_the_truth(n: int, p: float, d: float) -> None:
    samples = np.random.default_rng(n).multinomial(n, [p, d, 1 - p - d], 1500)
    found = [adjusted_wald(promoters, detractors, n) for promoters, detractors, _ in samples]
    assert np.mean([i.low <= p - d <= i.high for i in found]) >= NOMINAL_LESS_NOISE


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("mix", STAR_MIXES)
def test_the_csat_and_rating_intervals_cover_the_truth(n: int, mix: tuple[float, ...]) -> None:
    stars = np.arange(1, 6)
    samples = np.random.default_rng(n).multinomial(n, mix, 1500)
    mean, share = float(np.dot(mix, stars)), sum(mix[3:])
    means = [mean_interval(float(s @ stars), float(s @ stars**2), n, lowest=1, highest=5) for s in samples]
    shares = [wilson(float(s[3:].sum()), n) for s in samples]
    assert np.mean([i.low <= mean <= i.high for i in means]) >= NOMINAL_LESS_NOISE
    assert np.mean([i.low <= share <= i.high for i in shares]) >= NOMINAL_LESS_NOISE


@given(st.floats(0.5, 1e6), st.floats(0, 1))
def test_a_shares_interval_holds_it_and_stays_on_the_scale(n: float, share: float) -> None:
    found = wilson(share * n, n)
    assert 0 <= found.low <= share + 1e-9
    assert share - 1e-9 <= found.high <= 1


@given(st.integers(1, 500), st.floats(0, 1), st.integers(2, 50))
def test_more_answers_of_the_same_mix_narrow_the_interval(n: int, share: float, times: int) -> None:
    few, many = wilson(share * n, n), wilson(share * n * times, n * times)
    assert many.error < few.error
    assert adjusted_wald(share * n * times, 0, n * times).error < adjusted_wald(share * n, 0, n).error + 1e-12


def test_the_poisson_tail_by_hand() -> None:
    assert poisson_tail(0, 2) == 1
    assert poisson_tail(1, 2) == pytest.approx(1 - math.exp(-2))
    assert poisson_tail(3, 2) == pytest.approx(1 - 5 * math.exp(-2))
    assert poisson_tail(1, 0) == 0


def test_complaints_that_come_in_bunches_make_a_flood_less_surprising() -> None:
    # Negative binomial of size 1 (geometric) with mean 2: P(X >= 3) = (2/3)³.
    assert poisson_tail(3, 2, overdispersion=1) == pytest.approx((2 / 3) ** 3)
    assert poisson_tail(10, 2, overdispersion=0.5) > poisson_tail(10, 2)


@given(st.integers(0, 300), st.floats(0, 200), st.floats(0, 2))
def test_the_tail_is_a_probability_that_falls_with_the_count(count: int, mean: float, spread: float) -> None:
    assert 0 <= poisson_tail(count + 1, mean, spread) <= poisson_tail(count, mean, spread) <= 1


@pytest.mark.parametrize("wrong", [(-1, 2, 0), (1, -2, 0), (1, 2, -0.1)])
def test_the_tail_refuses_what_cannot_be(wrong: tuple[int, float, float]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        poisson_tail(*wrong)
