"""Indicators: the examples of the definitions, and laws that hold for any mentions."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import Question, Rating
from nlp.annotation import Annotation, Effort
from reputation.figures import CAUTIOUS, Figure, SystematicError
from reputation.indicators import (
    INDICATORS,
    ces,
    churn_intent,
    csat,
    indicators,
    net_sentiment,
    nps,
    rating,
)
from storage.tally import Tally, tally_mention
from tests.reputation.tallies import MANY, rated, read, total

EXACT = SystematicError(0, 0, 0, 0, 0, 0)
SCALES = {"nps": (-100, 100), "csat": (0, 100), "ces": (1, 5), "net_sentiment": (-100, 100)}
SCALES |= {"rating": (1, 5), "churn_intent": (0, 100)}


def values(tally: Tally) -> dict[str, float | None]:
    return {name: figure and figure.value for name, figure in indicators(tally).items()}


def test_nothing_answered_gives_no_figure() -> None:
    assert set(indicators(Tally()).values()) == {None}
    assert set(indicators(tally_mention(None, None)).values()) == {None}


def test_nps_is_promoters_less_detractors() -> None:
    found = nps(Tally(promoters=50, passives=30, detractors=20), EXACT)
    assert found
    assert found.value == 30
    assert round(found.centre, 1) == 29.1
    assert (round(found.low, 1), round(found.high, 1)) == (14.1, 44.2)
    assert (found.observed, found.inferred) == (100, 0)


def test_csat_depends_on_what_satisfies() -> None:
    answers = [Rating(8, 0, 10)] * 400 + [Rating(6, 0, 10)] * 300 + [Rating(2, 0, 10)] * 300
    loose = csat(total(tally_mention(None, r, satisfied_from=0.5) for r in answers))
    strict = csat(total(tally_mention(None, r, satisfied_from=0.71) for r in answers))
    assert loose
    assert strict
    assert (loose.value, strict.value) == (70, 40)


def test_inferred_answers_count_with_their_probabilities() -> None:
    found = nps(read(0.6, 0.3, 0.1, count=10), EXACT)
    assert found
    assert found.value == pytest.approx(-50)
    assert (found.observed, found.inferred) == (0, 10)


def test_observed_and_inferred_answers_are_pooled() -> None:
    found = csat(rated(5, 3) + rated(1, 1) + read(0.5, 0.0, 0.5, count=4), EXACT)
    assert found
    assert found.value == pytest.approx(100 * (3 + 2) / 8)
    assert (found.observed, found.inferred) == (4, 4)


def test_net_sentiment_divides_by_neutral_mentions_too() -> None:
    found = net_sentiment(read(1, 0, 0, 2) + read(0, 1, 0, 5) + read(0, 0, 1, 3))
    assert found
    assert found.value == pytest.approx(10)
    assert found.inferred == 10


def test_effort_is_the_mean_over_those_who_speak_of_it() -> None:
    def said(level: float) -> Tally:
        return tally_mention(Annotation("m", effort=Effort(level, 0.9)), None)

    asked = tally_mention(None, Rating(7, 1, 7, Question.EFFORT))
    silent = tally_mention(Annotation("m"), None)
    found = ces(total([said(4), said(5), asked, silent, silent]))
    assert found
    assert found.value == pytest.approx((4 + 5 + 1) / 3)
    assert (found.observed, found.inferred) == (1, 2)


def test_stars_given_and_stars_read_make_one_mean() -> None:
    found = rating(rated(5, 2) + read(0.5, 0, 0.5, 2), EXACT)
    assert found
    assert found.value == pytest.approx(4)


def test_stars_read_from_a_text_are_never_surer_than_stars_given() -> None:
    doubtful = rating(read(0.5, 0, 0.5, 40), EXACT)
    given_ones = rating(rated(5, 20) + rated(1, 20), EXACT)
    assert doubtful
    assert given_ones
    assert doubtful.error == pytest.approx(given_ones.error)


def test_churn_intent_is_a_share() -> None:
    found = churn_intent(Tally(mentions=4, churn_known=4, p_churn=1))
    assert found
    assert found.value == 25


def test_a_models_error_widens_inferred_figures_and_leaves_observed_ones() -> None:
    for tally, widens in ((rated(4, 50), False), (read(0.2, 0.2, 0.6, 50), True)):
        sure, unsure = csat(tally, EXACT), csat(tally, SystematicError(csat=10))
        assert sure
        assert unsure
        assert (unsure.high - unsure.low > sure.high - sure.low + 1) is widens


def test_a_models_error_weighs_as_much_as_the_inferred_share() -> None:
    found = csat(rated(5, 30) + read(0, 0, 1, 10), SystematicError(csat=8))
    assert found
    assert found.systematic == pytest.approx(2)


def test_sampling_and_systematic_errors_add_as_squares() -> None:
    tally = read(0.3, 0.2, 0.5, 100)
    alone, both = nps(tally, EXACT), nps(tally, SystematicError(nps=6))
    assert alone
    assert both
    arm = ((alone.value - alone.low) ** 2 + (1.959964 * 6) ** 2) ** 0.5
    assert both.value - both.low == pytest.approx(arm, rel=1e-6)


def test_an_unknown_error_is_a_cautious_one() -> None:
    assert SystematicError.from_card(None) == SystematicError() == SystematicError(**CAUTIOUS)
    assert SystematicError.from_card({"nps": 4.5, "csat": None, "f1": 0.9}) == SystematicError(nps=4.5)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), float("inf")])
def test_a_card_with_an_impossible_error_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="not negative"):
        SystematicError.from_card({"nps": wrong})


def test_rounded_limits_never_promise_more_than_they_hold() -> None:
    shown = Figure(1.26, 0.21, 2.29, 3, 0, 1.2, 0.5, 0).to_json()
    assert shown == {"value": 1.3, "low": 0.2, "high": 2.3, "observed": 3, "inferred": 0}


@given(MANY)
def test_every_figure_lies_within_its_interval_and_on_its_scale(mentions: list[Tally]) -> None:
    for name, figure in indicators(total(mentions)).items():
        if figure:
            lowest, highest = SCALES[name]
            assert lowest <= figure.low <= figure.value <= figure.high <= highest


@given(MANY, st.randoms())
def test_the_order_of_mentions_does_not_matter(mentions: list[Tally], dice: random.Random) -> None:
    shuffled = mentions[:]
    dice.shuffle(shuffled)
    assert values(total(shuffled)) == pytest.approx(values(total(mentions)), abs=1e-6)


@given(MANY, st.integers(0, 30))
def test_counting_in_parts_gives_the_same_figures(mentions: list[Tally], cut: int) -> None:
    parts = total(mentions[:cut]) + total(mentions[cut:])
    assert values(parts) == pytest.approx(values(total(mentions)), abs=1e-6)


@given(MANY)
def test_one_more_promoter_never_lowers_nps(mentions: list[Tally]) -> None:
    tally = total(mentions)
    before, after = nps(tally), nps(tally + Tally(mentions=1, promoters=1))
    assert after
    assert before is None or after.value >= before.value - 1e-9


@given(MANY)
def test_one_more_satisfied_customer_never_lowers_csat_or_rating(mentions: list[Tally]) -> None:
    tally = total(mentions)
    for formula in (csat, rating):
        before, after = formula(tally), formula(tally + rated(5))
        assert after
        assert before is None or after.value >= before.value - 1e-9


@given(MANY)
def test_mentions_taken_away_leave_no_trace(mentions: list[Tally]) -> None:
    whole = total(mentions)
    assert set(indicators(whole - whole).values()) == {None}


def test_the_total_variance_covers_a_calibrated_classifier() -> None:
    """Texts whose true answer follows the probabilities: the interval holds the population's NPS."""
    dice = np.random.default_rng(7)
    inside = 0
    for _ in range(400):
        p = dice.beta(0.6, 0.4, 200)
        tally = Tally(
            inferred_nps=200,
            p_promoter=p.sum(),
            p_detractor=(1 - p).sum(),
            p_net_squares=((2 * p - 1) ** 2).sum(),
        )
        found = nps(tally, EXACT)
        assert found
        inside += found.low <= 100 * (2 * 0.6 - 1) <= found.high
    assert inside / 400 >= 0.93


@pytest.mark.parametrize("n", [20, 200, 2000])
def test_the_interval_covers_a_model_that_is_off_as_far_as_its_card_says(n: int) -> None:
    """Companies for each of which the model is off by a normal error of 5 points."""
    dice = np.random.default_rng(n)
    inside = 0
    for _ in range(600):
        truth = dice.uniform(0.3, 0.7)
        said = truth + dice.normal(0, 0.05)
        positives = dice.binomial(n, min(1.0, max(0.0, said)))
        found = csat(Tally(inferred_csat=n, p_satisfied=float(positives)), SystematicError(csat=5))
        assert found
        inside += found.low <= 100 * truth <= found.high
    assert inside / 600 >= 0.93


def test_every_indicator_has_a_cautious_error() -> None:
    assert set(INDICATORS) == set(CAUTIOUS)
