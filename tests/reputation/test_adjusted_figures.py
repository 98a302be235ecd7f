"""Figures whose inferred part is put right by the model's card: what must hold whatever the numbers are."""

import math
import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.post import Question, Rating
from nlp.annotation import Annotation, Recommendation, Sentiment, Stars
from nlp.opinion import read_card
from reputation.figures import CUTS, Figure, SystematicError
from reputation.indicators import csat, net_sentiment, nps, rating, read
from reputation.scorecards import scorecard
from storage import rollups
from storage.tally import Tally, tally_mention
from tests.reputation.stage import CARD, Stage
from tests.reputation.test_scorecards import WEEK

CARD_SHIPPED = read_card()
SHIPPED = SystematicError.from_card(CARD_SHIPPED.systematic_error, CARD_SHIPPED.quantification)
PROMOTER, DETRACTOR = Rating(10, 0, 10, Question.RECOMMENDATION), Rating(0, 0, 10, Question.RECOMMENDATION)

probabilities = st.tuples(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.01, 1)).map(
    lambda each: tuple(one / sum(each) for one in each)
)
crowds = st.lists(probabilities, min_size=1, max_size=40)


def texts(crowd: list[tuple[float, float, float]]) -> Tally:
    total = Tally()
    for low, middle, high in crowd:
        said = Annotation(
            "m",
            sentiment=Sentiment(low, middle, high),
            stars=Stars((low / 2, low / 2, middle, high / 2, high / 2)),
            recommendation=Recommendation(low, middle, high),
        )
        total += tally_mention(said, None)
    return total


def value(figure: Figure | None) -> float:
    assert figure is not None
    return figure.value


@given(crowds)
def test_a_promoter_never_lowers_nps_nor_a_detractor_raises_it(crowd: list[tuple[float, float, float]]) -> None:
    before = texts(crowd)
    assert value(nps(before + tally_mention(None, PROMOTER), SHIPPED)) >= value(nps(before, SHIPPED)) - 1e-9
    assert value(nps(before + tally_mention(None, DETRACTOR), SHIPPED)) <= value(nps(before, SHIPPED)) + 1e-9


@given(crowds)
def test_a_text_of_a_sure_promoter_never_lowers_a_figure(crowd: list[tuple[float, float, float]]) -> None:
    before, after = texts(crowd), texts([*crowd, (0.0, 0.0, 1.0)])
    for formula in (nps, csat, net_sentiment, rating):
        assert value(formula(after, SHIPPED)) >= value(formula(before, SHIPPED)) - 1e-9


@given(crowds)
def test_shares_stay_within_bounds_and_sum_to_one(crowd: list[tuple[float, float, float]]) -> None:
    tally = texts(crowd)
    for name, sums in (
        ("nps", (tally.p_detractor, tally.p_passive, tally.p_promoter)),
        ("net_sentiment", (tally.p_negative, tally.p_neutral, tally.p_positive)),
        ("csat", (tally.inferred_csat - tally.p_satisfied, tally.p_satisfied)),
    ):
        shares = read(SHIPPED, name, sums, sum).shares
        assert math.fsum(shares) == pytest.approx(1)
        assert all(0 <= share <= 1 for share in shares)


@given(crowds)
def test_every_interval_holds_its_value_and_stays_on_the_scale(crowd: list[tuple[float, float, float]]) -> None:
    tally = texts(crowd)
    scales = {nps: (-100, 100), csat: (0, 100), net_sentiment: (-100, 100), rating: (1, 5)}
    for formula, (lowest, highest) in scales.items():
        found = formula(tally, SHIPPED)
        assert found is not None
        assert lowest <= found.low <= found.value <= found.high <= highest
        assert found.systematic > 0


@given(crowds, crowds)
def test_parts_are_added_before_they_are_put_right(
    first: list[tuple[float, float, float]], second: list[tuple[float, float, float]]
) -> None:
    whole = texts([*first, *second])
    merged = texts(first) + texts(second)
    for formula in (nps, csat, net_sentiment, rating):
        assert value(formula(merged, SHIPPED)) == pytest.approx(value(formula(whole, SHIPPED)))
    assert value(nps(whole - texts(second), SHIPPED)) == pytest.approx(
        value(nps(texts(first), SHIPPED)), abs=1e-6
    )


def test_a_scorecard_is_what_its_days_make_when_merged(stage: Stage) -> None:
    for day in range(7):
        for n in range(4):
            stage.say(-0.9 + 0.2 * day, WEEK.start + timedelta(day), f"Texte {day} {n} {n * 7919 + day * 104729}")
    stage.play()
    error = SystematicError.from_card(CARD["systematic_error"], CARD["quantification"])
    with stage.database.read() as conn:
        shown = scorecard(conn, stage.brand, WEEK).indicators["csat"].figure
        days = rollups.by_day(conn, stage.brand.id, WEEK.start, WEEK.end)
    total = Tally()
    for tally in days.values():
        total += tally
    assert len(days) == 7
    assert shown == csat(total, error)


def test_answers_that_were_given_are_never_moved() -> None:
    rated = Tally(mentions=10, rated=10, rating_sum=20, rating_squares=50, satisfied=2)
    assert value(csat(rated, SHIPPED)) == 20
    assert value(rating(rated, SHIPPED)) == 2
    answered = Tally(mentions=10, promoters=2, passives=3, detractors=5)
    assert value(nps(answered, SHIPPED)) == -30


def test_a_figure_that_nearly_all_agree_on_is_surer_than_one_in_the_middle() -> None:
    def width(share: float) -> float:
        found = csat(Tally(mentions=500, inferred_csat=500, p_satisfied=500 * share), SHIPPED)
        assert found is not None
        return found.high - found.low

    assert width(0.05) < width(0.2) < width(0.5)


def test_the_brands_own_threshold_chooses_the_line() -> None:
    card = {"csat": {str(star): {"shifts": [star / 10], "slope": 1.3, "doubt": 0.3} for star in range(2, 6)}}
    for satisfied_from, star in ((0.25, 2), (0.5, 3), (0.75, 4), (0.8, 5), (1.0, 5)):
        error = SystematicError.from_card({}, card, satisfied_from=satisfied_from)
        assert error.adjustments["csat"].shifts == (star / 10,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nps": {"shifts": [0.1], "slope": 1, "doubt": 0}},
        {"rating": {"shifts": [0.1], "slope": -1, "doubt": 0}},
        {"rating": {"shifts": ["x"], "slope": 1, "doubt": 0}},
    ],
)
def test_a_card_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        SystematicError.from_card({}, wrong)


def test_the_shipped_card_puts_the_main_figures_right() -> None:
    assert set(SHIPPED.adjustments) == {"nps", "csat", "net_sentiment", "rating"}
    assert all(len(one.shifts) == CUTS[name] for name, one in SHIPPED.adjustments.items())
    assert all(one.slope > 1 and one.doubt > 0 for one in SHIPPED.adjustments.values())


@settings(deadline=None, max_examples=4)
@given(st.sampled_from([0.05, 0.2, 0.5, 0.8, 0.95]))
def test_the_interval_holds_the_truth_as_often_as_it_says(share: float) -> None:
    """Brands that lie off the line as the card says they may, read by a model whose means lean to the middle."""
    random_ = random.Random(3)
    adjustment = SHIPPED.adjustments["csat"]
    held, brands = 0, 300
    for _ in range(brands):
        mean = share if 0.1 < share < 0.9 else 0.5 + 0.8 * (share - 0.5)
        truth = adjustment.above([mean], random_.gauss(0, adjustment.doubt))[0]
        n = random_.choice([30, 100, 300])
        satisfied = sum(random_.random() < truth for _ in range(n))
        # The mean reading of these texts moves with who happens to be among them.
        drawn = mean + 0.7 * (satisfied / n - truth)
        found = csat(Tally(mentions=n, inferred_csat=n, p_satisfied=n * min(0.99, max(0.01, drawn))), SHIPPED)
        assert found is not None
        held += found.low <= 100 * truth <= found.high
    assert held >= 0.93 * brands
