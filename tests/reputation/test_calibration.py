"""What a brand's own answers teach."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.post import Question, Rating
from nlp.annotation import Annotation, Effort, Recommendation, Sentiment, Stars
from nlp.quantification import Adjustment
from reputation.calibration import FEWEST_ANSWERS, LEAST_DOUBT, Learned, Pair, judged, learn, learn_one, pairs
from reputation.figures import SystematicError
from reputation.indicators import csat, nps
from storage.tally import Tally

USUAL = Adjustment((0.0,), 1.3, 0.2)
READ = Annotation(
    "m",
    sentiment=Sentiment(0.7, 0.2, 0.1),
    stars=Stars((0.5, 0.2, 0.1, 0.15, 0.05)),
    recommendation=Recommendation(0.6, 0.3, 0.1),
    effort=Effort(4.0, 0.9),
)


def answers(read: float, satisfied: float, n: int) -> list[Pair]:
    """`n` texts read alike, of which a share was satisfied."""
    yes = round(n * satisfied)
    return [Pair((1 - read, read), (float(k >= yes), float(k < yes))) for k in range(n)]


def test_an_answer_is_compared_with_what_was_read_for_its_question() -> None:
    found = pairs(
        [
            (READ, (Rating(9, 0, 10, Question.RECOMMENDATION),)),
            (READ, (Rating(2), Rating(6, 1, 7, Question.EFFORT))),
        ],
        satisfied_from=0.75,
    )
    assert found["nps"] == [Pair((0.6, 0.3, 0.1), (0, 0, 1))]
    assert found["csat"] == [Pair((pytest.approx(0.8), pytest.approx(0.2)), (1, 0))]
    assert found["rating"][0].read[1] == pytest.approx((READ.stars.expected - 1) / 4)  # type: ignore[union-attr]
    assert found["rating"][0].answered[1] == 0.25
    # 6 of 7 on a scale whose end is easy is little effort; the text told of much.
    assert found["ces"][0].read[1] == 0.75
    assert found["ces"][0].answered[1] == pytest.approx(1 / 6)


def test_what_counts_as_satisfied_is_the_brands_own() -> None:
    (pair,) = pairs([(READ, (Rating(4),))], satisfied_from=1.0)["csat"]
    assert pair == Pair((pytest.approx(0.95), pytest.approx(0.05)), (1, 0))


def test_an_answer_to_what_the_text_does_not_tell_teaches_nothing() -> None:
    silent = Annotation("m")
    found = pairs([(silent, (Rating(1), Rating(3, 0, 10, Question.RECOMMENDATION)))], satisfied_from=0.75)
    assert not any(found.values())


def test_texts_judged_by_hand_teach_the_mood() -> None:
    assert judged([(READ, {"sentiment": "neutral"}), (READ, {"stars": "2"})]) == [
        Pair((0.7, 0.2, 0.1), (0.0, 1.0, 0.0))
    ]


def test_a_figure_moves_towards_the_answers_and_grows_surer() -> None:
    found = learn_one("csat", answers(0.3, 0.5, 400), USUAL)
    assert found.observed == 50
    assert found.before == pytest.approx(24.9, abs=0.1)
    assert found.before < found.after < found.observed
    assert found.after > 45
    assert found.doubt < found.doubt_before == 0.2
    assert found.low < 50 < found.high


def test_few_answers_change_little_and_fewer_nothing() -> None:
    shifts = [learn_one("csat", answers(0.3, 0.5, n), USUAL).shift for n in (FEWEST_ANSWERS - 2, 20, 60, 600)]
    assert shifts[0] is None
    known = [shift for shift in shifts if shift is not None]
    assert known == sorted(known)
    assert known[0] < 0.75 * known[-1]


def test_what_the_other_brands_taught_stays_where_the_answers_agree() -> None:
    agreed = USUAL.shares([0.7, 0.3])[1]
    found = learn_one("csat", answers(0.3, agreed, 1_000), USUAL)
    assert found.shift == pytest.approx(0, abs=0.01)


def test_some_doubt_stays_however_many_answer() -> None:
    found = learn_one("csat", answers(0.3, 0.3, 100_000), USUAL)
    assert found.doubt == pytest.approx(LEAST_DOUBT * USUAL.doubt)


def test_a_model_without_doubt_learns_nothing() -> None:
    found = learn_one("csat", answers(0.3, 0.9, 500), Adjustment((0.0,)))
    assert (found.shift, found.doubt) == (0, 0)


def test_nothing_is_learned_of_no_answers() -> None:
    assert learn({"nps": [], "csat": []}, SystematicError()) == []
    with pytest.raises(ValueError, match="no answers"):
        learn_one("csat", [], USUAL)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 2)), min_size=20, max_size=60),
    st.floats(0.05, 1),
)
def test_it_stays_within_bounds_and_never_moves_away_from_the_answers(
    texts: list[tuple[float, float, int]], doubt: float
) -> None:
    found = [
        Pair((a * b, a * (1 - b), 1 - a), (float(given == 0), float(given == 1), float(given == 2)))
        for a, b, given in texts
    ]
    learned = learn_one("nps", found, Adjustment((0.1, -0.1), 1.3, doubt))
    assert -100 <= learned.after <= 100
    assert 0 < learned.doubt <= doubt
    assert abs(learned.after - learned.observed) <= abs(learned.before - learned.observed) + 1e-6
    assert learned.shift is not None
    assert math.isfinite(learned.shift)


def brand(random_: random.Random, off: float, n: int) -> list[Pair]:
    """Texts of a brand whose answers lie off the usual line by this angle."""
    share = random_.uniform(0.2, 0.8)
    truth = USUAL.above([share], off)[0]
    # A reading agrees with the answer more or less.
    given = [random_.random() < truth for _ in range(n)]
    middle = share - truth * 0.4
    return [Pair((1 - r, r), (1.0 - g, float(g))) for g in given for r in [min(1, max(0, middle + 0.4 * g))]]


def test_the_doubt_left_covers_the_truth_of_new_texts_of_the_brand() -> None:
    random_ = random.Random(5)
    held, nearer = 0, 0
    for _ in range(300):
        off = random_.gauss(0, USUAL.doubt)
        learned = learn_one("csat", brand(random_, off, 150), USUAL)
        assert learned.shift is not None
        held += abs(learned.shift - off) <= 1.96 * learned.doubt
        nearer += abs(learned.shift - off) < abs(off)
    assert held >= 0.93 * 300
    assert nearer >= 0.6 * 300


def test_what_was_learned_moves_the_figure_and_its_interval() -> None:
    tally = Tally(mentions=200, inferred_csat=200, p_satisfied=60, p_satisfied_squares=50)
    usual = SystematicError.from_card({}, {"csat": {"4": {"shifts": [0.0], "slope": 1.3, "doubt": 0.4}}})
    own = usual.learned({"csat": (0.5, 0.1)})
    before, after = csat(tally, usual), csat(tally, own)
    assert before is not None
    assert after is not None
    assert after.value > before.value
    assert after.high - after.low < before.high - before.low


def test_a_model_without_a_card_can_be_taught_too() -> None:
    tally = Tally(mentions=50, inferred_nps=50, p_promoter=10, p_passive=20, p_detractor=20)
    plain, taught = nps(tally, SystematicError()), nps(tally, SystematicError().learned({"nps": (0.3, 0.1)}))
    assert plain is not None
    assert taught is not None
    assert plain.value == pytest.approx(-20)
    assert taught.value > plain.value
    assert taught.high - taught.low < plain.high - plain.low


def test_it_is_told_in_round_numbers() -> None:
    told = Learned("csat", 30, 41.234, 30.01, 52.99, 38.111, 40.555, 0.12345, 0.4, 0.2).to_json()
    assert told == {
        "figure": "csat", "answers": 30, "observed": 41.2, "low": 30.0, "high": 53.0, "before": 38.1,
        "after": 40.6, "shift": 0.123, "doubt_before": 0.4, "doubt": 0.2,
    }  # fmt: skip
