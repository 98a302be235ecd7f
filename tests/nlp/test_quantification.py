"""From mean probabilities to shares."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.quantification import WIDEST, Adjustment

numbers = st.floats(-3, 3)
adjustments = st.builds(
    lambda shifts, slope, doubt: Adjustment(tuple(shifts), slope, doubt),
    st.lists(numbers, min_size=2, max_size=2),
    st.floats(0.2, 3),
    st.floats(0, 1),
)
# Nothing, or something that a sum does not round away beside the others.
amounts = st.just(0.0) | st.floats(1e-3, 500)
sums = st.lists(amounts, min_size=3, max_size=3).filter(lambda each: sum(each) > 0)


def test_a_share_follows_its_line_in_log_odds() -> None:
    # logit 0.12 = -1.9924; 1.3 · that = -2.5902; expit = 0.0697.
    _, satisfied = Adjustment((0.0,), 1.3).shares([88, 12])
    assert satisfied == pytest.approx(0.0698, abs=2e-4)


def test_nothing_moves_without_shift_and_slope() -> None:
    assert Adjustment((0.0, 0.0)).shares([2, 3, 5]) == pytest.approx((0.2, 0.3, 0.5))


def test_the_half_stays_and_the_ends_are_reached() -> None:
    steep = Adjustment((0.0,), 1.4)
    assert steep.shares([7, 7]) == pytest.approx((0.5, 0.5))
    assert steep.shares([0, 5]) == (0.0, 1.0)
    assert steep.shares([5, 0]) == (1.0, 0.0)


def test_cuts_that_would_cross_leave_nobody_between_them() -> None:
    worst, middle, best = Adjustment((-2.0, 2.0)).shares([1, 1, 1])
    assert middle == 0
    assert worst + best == pytest.approx(1)


@given(adjustments, sums, st.floats(-2, 2))
def test_shares_stay_shares(adjustment: Adjustment, means: list[float], nudge: float) -> None:
    found = adjustment.shares(means, nudge)
    assert all(0 <= share <= 1 for share in found)
    assert math.fsum(found) == pytest.approx(1)


@given(adjustments, sums, st.integers(0, 1), st.floats(0, 1))
def test_shares_rise_with_the_means(adjustment: Adjustment, means: list[float], place: int, part: float) -> None:
    better = list(means)
    better[place] -= part * means[place]
    better[place + 1] += part * means[place]
    before, after = adjustment.shares(means), adjustment.shares(better)
    assert after[-1] >= before[-1] - 1e-9
    assert after[0] <= before[0] + 1e-9


@given(adjustments, sums)
def test_limits_lie_on_either_side(adjustment: Adjustment, means: list[float]) -> None:
    bests = [adjustment.shares(means, nudge * adjustment.doubt)[-1] for nudge in (-1, 0, 1)]
    assert all(lower <= upper + 1e-12 for lower, upper in pairwise(bests))


@given(adjustments, sums)
def test_only_the_mean_counts_not_how_many_texts(adjustment: Adjustment, means: list[float]) -> None:
    assert adjustment.shares([7 * each for each in means]) == pytest.approx(adjustment.shares(means), abs=1e-6)


def test_a_brand_leans_by_an_angle() -> None:
    # arcsin √0.5 = 45°; half of 60° more is 75°, and sin² 75° = 0.9330.
    leaning = Adjustment((0.0,), 1.3, 0.4).leaning(math.pi / 3, 0.1)
    assert leaning.shares([1, 1])[1] == pytest.approx(0.9330, abs=1e-4)
    assert (leaning.slope, leaning.doubt) == (1.3, 0.1)
    assert leaning.shares([1, 1], -math.pi / 3)[1] == pytest.approx(0.5)
    assert leaning.leaning(4, 0).shares([1, 1]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("shifts", "slope", "doubt"),
    [
        ((), 1, 0),
        ((0.0,), 0, 0),
        ((0.0,), 1, -0.1),
        ((math.nan,), 1, 0),
        ((0.0,), math.inf, 0),
        ((WIDEST + 1,), 1, 0),
    ],
)
def test_an_impossible_adjustment_is_refused(shifts: tuple[float, ...], slope: float, doubt: float) -> None:
    with pytest.raises(ValueError, match=r"shifts, slope, doubt|a cut"):
        Adjustment(shifts, slope, doubt)


def test_it_is_read_as_the_card_has_it() -> None:
    written = {"shifts": [0.1, 0], "slope": 1.25, "doubt": 0.3, "error": 2.4}
    assert Adjustment.of(written) == Adjustment((0.1, 0.0), 1.25, 0.3)
    with pytest.raises(KeyError):
        Adjustment.of({"shifts": [0.1]})


def test_shares_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Adjustment((0.0,)).shares([0, 0])
