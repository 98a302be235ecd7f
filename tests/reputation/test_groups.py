"""Touchpoint effects and the scorecard of one group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.annotation import Annotation, Recommendation, TouchpointOpinion
from reputation.effects import effect, touchpoint_figures, without
from reputation.figures import SystematicError
from reputation.groups import group_scorecard
from reputation.indicators import csat, nps
from storage.tally import Tally, tally_mention
from tests.reputation.tallies import MANY, rated, read, total


def promoters(n: int) -> Tally:
    return Tally(mentions=n, promoters=n)


def detractors(n: int, blamed: int = 0) -> Tally:
    return Tally(mentions=n, detractors=n, blamed=blamed)


def test_a_touchpoints_effect_is_the_score_less_the_score_without_it() -> None:
    # 60 promoters and 40 detractors: 20. Without the 20 who blame delivery: 60 - 20 of 80 = 50.
    found = effect(promoters(60) + detractors(40), detractors(20), nps)
    assert found
    assert found.value == pytest.approx(20 - 50)
    assert found.low < found.value < found.high < 0


def test_a_touchpoint_that_everybody_touches_has_no_effect_to_tell() -> None:
    assert effect(detractors(5), detractors(5), nps) is None
    assert effect(detractors(5), Tally(), nps) is None


@given(MANY, MANY)
def test_the_effect_is_exactly_the_difference_of_two_scores(left: list[Tally], right: list[Tally]) -> None:
    touching, whole = total(left), total(left) + total(right)
    found, with_it, without_it = effect(whole, touching, csat), csat(whole), csat(without(whole, touching))
    if found and with_it and without_it:
        assert found.value == pytest.approx(with_it.value - without_it.value, abs=1e-6)


def test_touchpoints_come_most_mentioned_first() -> None:
    whole = promoters(10) + detractors(10)
    found = touchpoint_figures(
        whole, {"price": detractors(2, 2), "delivery": detractors(5, 4), "": whole, "staff": Tally()}
    )
    assert [(t.touchpoint, t.mentions, t.negative) for t in found] == [("delivery", 5, 4), ("price", 2, 2)]


def test_a_group_tells_its_figures_in_the_public_shape() -> None:
    shown = group_scorecard("GMF", read(0.7, 0.1, 0.2, 997), {"delivery": read(0.9, 0.1, 0, 100)})
    assert list(shown)[:2] == ["group", "n"]
    assert (shown["group"], shown["n"]) == ("GMF", 997)
    assert set(shown["nps"]) == {"value", "low", "high", "observed", "inferred"}
    assert shown["nps"]["value"] == -50
    assert (shown["nps"]["observed"], shown["nps"]["inferred"]) == (0, 997)
    assert shown["ces"] is None
    assert shown["touchpoints"][0]["touchpoint"] == "delivery"
    assert shown["touchpoints"][0]["effect_on_nps"]["value"] < 0


def test_a_group_with_nothing_in_it_has_nulls_and_no_error() -> None:
    shown = group_scorecard("empty", Tally(), {})
    assert shown["n"] == 0
    assert shown["nps"] is shown["csat"] is shown["ces"] is shown["net_sentiment"] is None
    assert shown["touchpoints"] == []


def test_a_better_measured_model_gives_narrower_groups() -> None:
    tally = read(0.3, 0.3, 0.4, 500)
    wide, narrow = (
        group_scorecard("x", tally, {}, e)["csat"] for e in (SystematicError(), SystematicError(csat=1))
    )
    assert narrow["high"] - narrow["low"] < wide["high"] - wide["low"]


@given(st.integers(1, 40), st.integers(1, 40))
def test_blame_lowers_and_praise_raises(blaming: int, praising: int) -> None:
    def mention(polarity: str, detractor: float, promoter: float) -> Tally:
        annotation = Annotation(
            "m",
            recommendation=Recommendation(detractor, 0.0, promoter),
            touchpoints=(TouchpointOpinion("staff", polarity, 0.9, ""),),  # type: ignore[arg-type]
        )
        return tally_mention(annotation, None, touchpoint="staff")

    neutral = Tally(mentions=50, passives=50)
    bad, good = total([mention("negative", 1, 0)] * blaming), total([mention("positive", 0, 1)] * praising)
    (blamed,), (praised,) = (touchpoint_figures(neutral + t, {"staff": t}) for t in (bad, good))
    assert blamed.effect_on_nps
    assert praised.effect_on_nps
    assert blamed.effect_on_nps.value < 0 < praised.effect_on_nps.value
    assert (blamed.negative, praised.positive) == (blaming, praising)


def test_ratings_only_groups_are_all_observed() -> None:
    shown = group_scorecard("rated", rated(5, 8) + rated(2, 2), {})
    assert shown["csat"]["value"] == 80
    assert (shown["csat"]["observed"], shown["csat"]["inferred"]) == (10, 0)
    assert shown["rating"]["value"] == 4.4
