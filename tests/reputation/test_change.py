"""Change: said only when it is significant."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.change import change
from reputation.figures import Figure, SystematicError
from reputation.indicators import csat, nps
from storage.tally import Tally
from tests.reputation.tallies import MANY, rated, read, total


def a_figure(value: float, error: float, systematic: float = 0.0, answers: int = 100) -> Figure:
    return Figure(value, -100, 100, answers, 0, value, error, systematic)


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [(50, 60, "up"), (60, 50, "down"), (50, 55, "no_significant_change"), (50, 50, "no_significant_change")],
)
def test_a_change_is_told_from_1_96_errors_of_the_difference_on(
    before: float, after: float, direction: str
) -> None:
    # √(3² + 4²) = 5, so 9.8 points are needed.
    found = change(a_figure(before, 3), a_figure(after, 4))
    assert found
    assert found.direction == direction
    assert found.delta == after - before
    assert found.significant is (direction != "no_significant_change")


def test_most_of_a_models_own_error_cancels_and_some_of_it_stays() -> None:
    before, after = a_figure(0, 0, systematic=10), a_figure(13, 0, systematic=10)
    same, other = change(before, after), change(before, after, shared=0)
    assert same
    assert other
    # 1.96·√(2·100·(1 - 0.8)) = 12.4 with the same model, 27.7 with two.
    assert same.significant
    assert not other.significant
    smaller = change(before, a_figure(12, 0, systematic=10))
    assert smaller
    assert not smaller.significant


def test_nothing_is_said_without_both_figures() -> None:
    assert change(None, a_figure(1, 1)) is None
    assert change(a_figure(1, 1), None) is None


def test_four_answers_are_too_few_to_say_anything() -> None:
    found = change(csat(rated(1, 4)), csat(rated(5, 400)))
    assert found
    assert not found.significant
    assert found.delta == 100


def test_a_change_told_in_json() -> None:
    found = change(a_figure(50, 1), a_figure(60.04, 1))
    assert found
    assert found.to_json() == {"delta": 10.0, "significant": True, "direction": "up"}


@pytest.mark.parametrize(("n", "m"), [(10, 10), (20, 20), (20, 200), (50, 50), (400, 400)])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_change_is_wrongly_told_at_most_about_once_in_twenty(n: int, m: int, share: float) -> None:
    dice = np.random.default_rng(n + m)
    for formula, of in (
        (csat, lambda x, k: Tally(rated=k, satisfied=x)),
        (nps, lambda x, k: Tally(promoters=x, detractors=k - x)),
    ):
        told = [
            change(formula(of(x, n)), formula(of(y, m)))
            for x, y in zip(dice.binomial(n, share, 1000), dice.binomial(m, share, 1000), strict=True)
        ]
        assert np.mean([c.significant for c in told if c]) <= 0.07


def test_a_real_fall_is_found() -> None:
    found = change(csat(rated(5, 80) + rated(1, 20)), csat(rated(5, 60) + rated(1, 40)))
    assert found
    assert found.direction == "down"


@given(MANY, MANY, st.floats(0, 20))
def test_going_there_and_back_is_the_same_change(left: list[Tally], right: list[Tally], off: float) -> None:
    error = SystematicError(nps=off)
    before, after = nps(total(left), error), nps(total(right), error)
    there, back = change(before, after), change(after, before)
    if there and back:
        assert there.delta == -back.delta
        assert there.significant == back.significant


@given(MANY)
def test_nothing_changes_against_itself(mentions: list[Tally]) -> None:
    figure = nps(total(mentions) + read(0.3, 0.3, 0.4, 10))
    found = change(figure, figure)
    assert found
    assert found.direction == "no_significant_change"
