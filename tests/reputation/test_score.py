"""The reputation score: open, additive, repeatable."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation.figures import SystematicError
from reputation.score import DEFAULT_WEIGHTS, PARTS, Score, freshness, normalised_weights, score
from storage.tally import Tally
from tests.reputation.tallies import MANY, rated, read, total

TODAY = date(2026, 11, 15)


def scored(tally: Tally, **more: object) -> Score:
    found = score(tally, **({"days": 30, "freshness": 0.8} | more))  # type: ignore[arg-type]
    assert found
    return found


def part(found: Score, name: str) -> float:
    return next(p.value for p in found.parts if p.name == name)


def test_the_score_by_hand() -> None:
    # 7 reviews of 5 stars, unread, unanswered, 7 in 7 days, all fresh; the prior weighs as much as they do.
    found = score(rated(5, 7), days=7, freshness=1.0)
    assert found
    assert {p.name: round(p.value, 2) for p in found.parts} == {
        "rating": 81.25,  # half 100, half 62.5
        "net_sentiment": 50.0,  # nothing read: the prior
        "volume": 50.0,  # 30 in 30 days
        "recency": 100.0,
        "response": 25.0,  # half 0, half 50
    }
    assert found.figure.value == 65.0  # .4·81.25 + .3·50 + .1·50 + .1·100 + .1·25


def test_no_mentions_have_no_score() -> None:
    assert score(Tally(), days=7, freshness=0) is None


@given(MANY, st.integers(1, 400), st.floats(0, 1))
def test_the_parts_add_up_to_the_score_to_the_digit(mentions: list[Tally], days: int, fresh: float) -> None:
    found = scored(total(mentions), days=days, freshness=fresh)
    shown = found.to_json()
    assert round(sum(p["contribution"] for p in shown["parts"]), 2) == shown["value"]
    assert [p["name"] for p in shown["parts"]] == list(PARTS)


@given(MANY, st.integers(1, 400), st.floats(0, 1))
def test_the_score_and_its_parts_stay_on_the_scale(mentions: list[Tally], days: int, fresh: float) -> None:
    found = scored(total(mentions), days=days, freshness=fresh)
    assert 0 <= found.figure.low <= found.figure.value <= found.figure.high <= 100
    assert all(0 <= p.value <= 100 for p in found.parts)


@given(MANY)
def test_the_same_mentions_always_give_the_same_score(mentions: list[Tally]) -> None:
    assert scored(total(mentions)) == scored(total(mentions))


@given(MANY)
def test_five_more_stars_never_lower_the_rating_part(mentions: list[Tally]) -> None:
    tally = total(mentions)
    assert part(scored(tally + rated(5)), "rating") >= part(scored(tally), "rating") - 1e-9


def test_few_mentions_stay_near_the_prior_and_many_leave_it() -> None:
    one, many = scored(rated(1)), scored(rated(1, 1000))
    assert part(one, "rating") == pytest.approx(62.5 * 7 / 8)
    assert part(many, "rating") < 1


def test_a_louder_month_counts_more_but_never_above_100() -> None:
    assert part(scored(rated(3, 30)), "volume") == 50
    assert part(scored(rated(3, 30), days=60), "volume") == pytest.approx(100 / 3)
    assert part(scored(rated(3, 3000)), "volume") < 100


def test_the_brands_answers_raise_the_score() -> None:
    silent, answering = rated(3, 40), rated(3, 40)
    answering.replied = 40
    assert scored(answering).figure.value > scored(silent).figure.value


def test_weights_can_be_chosen() -> None:
    found = scored(rated(5, 1000), weights={"rating": 3, "volume": 1})
    assert {p.name: p.weight for p in found.parts if p.weight} == {"rating": 0.75, "volume": 0.25}
    assert sum(normalised_weights().values()) == pytest.approx(1)
    assert set(DEFAULT_WEIGHTS) == set(PARTS)


@pytest.mark.parametrize(
    ("weights", "problem"),
    [
        ({"luck": 1}, "no part 'luck'"),
        ({"rating": -1, "volume": 2}, "not negative"),
        ({"rating": 0}, "not all 0"),
        ({}, "0"),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights: dict[str, float], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        scored(rated(5), weights=weights)


def test_a_period_without_days_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        score(rated(5), days=0, freshness=1)


def test_an_unsure_model_widens_the_scores_interval() -> None:
    tally = read(0.3, 0.2, 0.5, 300)
    sure, unsure = scored(tally, error=SystematicError(0, 0, 0, 0, 0, 0)), scored(tally)
    assert sure.figure.value == unsure.figure.value
    assert unsure.figure.high - unsure.figure.low > sure.figure.high - sure.figure.low


def test_freshness_halves_in_thirty_days() -> None:
    assert freshness({TODAY: 4.0}, TODAY) == 1
    assert freshness({TODAY - timedelta(30): 4.0}, TODAY) == 0.5
    assert freshness({TODAY: 1.0, TODAY - timedelta(60): 1.0}, TODAY) == pytest.approx(0.625)
    assert freshness({TODAY + timedelta(3): 1.0}, TODAY) == 1
    assert freshness({}, TODAY) == 0
