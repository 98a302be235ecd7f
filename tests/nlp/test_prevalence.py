"""The arithmetic that sets how shares follow from mean probabilities: it needs no training extra."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.quantification import Adjustment
from nlp.training import prevalence
from nlp.training.prevalence import Groups
from reputation.intervals import adjusted_wald, wilson

RNG = np.random.default_rng(11)
LINE = Adjustment((0.2,), 1.5)
THREE = Adjustment((0.3, -0.1), 1.4)


def groups_on(line: Adjustment, count: int = 60, n: float = 400, noise: float = 0.0) -> Groups:
    """Companies whose true tails lie on a line, each off it by a normal error of its angle."""
    low = RNG.uniform(0.05, 0.95, count)
    means = np.stack([low, low * RNG.uniform(0.5, 0.9, count)], axis=1)[:, : len(line.shifts)]
    truth = prevalence.moved(line, means, noise * RNG.standard_normal(count))
    return Groups([f"company {number}" for number in range(count)], np.full(count, n), means, truth)


@pytest.mark.parametrize("line", [LINE, THREE])
def test_the_line_that_made_the_groups_is_found(line: Adjustment) -> None:
    found = prevalence.fit(groups_on(line, 300), {"slope": 0.01, "shift": 0.01})
    assert found.shifts == pytest.approx(line.shifts, abs=0.02)
    assert found.slope == pytest.approx(line.slope, abs=0.02)


def test_few_groups_leave_it_near_the_usual_slope() -> None:
    found = prevalence.fit(groups_on(Adjustment((1.0,), 2.5), 2))
    assert prevalence.SLOPE < found.slope < 2.0
    assert 0 < found.shifts[0] < 1


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2), st.floats(-1, 1))
def test_many_groups_are_moved_as_one_is(means: list[float], nudge: float) -> None:
    falling = sorted(means, reverse=True)
    many = prevalence.moved(THREE, np.array([falling]), nudge)
    assert many[0] == pytest.approx(THREE.above(falling, nudge), abs=1e-9)


def test_tails_are_shares_above_each_cut() -> None:
    assert prevalence.tails(np.array([[0.5, 0.2, 0.3]])) == pytest.approx(np.array([[0.5, 0.3]]))


@given(st.floats(0.001, 0.999), st.integers(5, 2_000))
def test_the_arms_of_a_share_are_those_of_the_figures(share: float, n: int) -> None:
    below, above = prevalence.sampling(np.array([[share]]), np.array([float(n)]))
    published = wilson(share * n, n)
    assert (share - below[0], share + above[0]) == pytest.approx((published.low, published.high), abs=1e-9)


@given(st.lists(st.floats(0.01, 0.99), min_size=2, max_size=2), st.integers(5, 2_000))
def test_the_arms_of_a_net_score_are_those_of_the_figures(tails: list[float], n: int) -> None:
    not_worst, best = sorted(tails, reverse=True)
    net = best - (1 - not_worst)
    below, above = prevalence.sampling(np.array([[not_worst, best]]), np.array([float(n)]))
    published = adjusted_wald(best * n, (1 - not_worst) * n, n)
    limits = (min(net, published.low), max(net, published.high))
    assert (net - below[0], net + above[0]) == pytest.approx(limits, abs=1e-9)


def test_the_doubt_needed_is_just_enough() -> None:
    groups = groups_on(LINE, noise=0.2, n=1_000)
    needed = prevalence.needed(LINE, groups)
    assert prevalence.held(LINE, groups, needed).all()
    wanting = needed > 0.01
    assert wanting.any()
    assert not prevalence.held(LINE, groups, needed - 0.01)[wanting].any()


def test_the_chosen_doubt_holds_new_companies_as_often_as_it_says() -> None:
    doubt = prevalence.quantile(prevalence.needed(LINE, groups_on(LINE, 400, noise=0.2)))
    held = prevalence.held(LINE, groups_on(LINE, 2_000, noise=0.2), doubt)
    assert 0.92 <= held.mean() <= 0.98


def test_several_sets_of_doubts_count_the_same() -> None:
    many, few = np.zeros(1_000), np.linspace(0.1, 1, 10)
    assert prevalence.quantile(many) == 0
    assert prevalence.quantile(many, few) == pytest.approx(0.9)


def test_groups_are_of_at_least_so_many_texts() -> None:
    said = np.array([[0.2], [0.4], [0.9]])
    found = prevalence.gathered(np.array(["a", "a", "b"]), said, (said > 0.3).astype(float), fewest=2)
    assert (found.names, found.n.tolist()) == (["a"], [2])
    assert (found.means[0, 0], found.truth[0, 0]) == (pytest.approx(0.3), 0.5)


@settings(max_examples=20)
@given(st.floats(0.1, 0.9))
def test_the_rivals_find_the_share_of_a_mix_of_known_texts(share: float) -> None:
    rng = np.random.default_rng(3)
    answer = rng.random(4_000) < share
    # Posteriors under equal priors from a score that is normal around -1 or 1.
    odds = 2 * rng.normal(np.where(answer, 1, -1), 1)
    posteriors = np.stack([1 / (1 + np.exp(odds)), 1 / (1 + np.exp(-odds))], axis=1)
    training = rng.normal(np.repeat([-1, 1], 20_000), 1)
    known = 1 / (1 + np.exp(-2 * training))
    conditional = np.array([[1 - one.mean(), one.mean()] for one in np.split(known, 2)])
    assert prevalence.expectation_maximisation(posteriors, np.array([0.5, 0.5]))[1] == pytest.approx(
        share, abs=0.05
    )
    assert prevalence.adjusted_count(posteriors, conditional)[1] == pytest.approx(share, abs=0.05)
