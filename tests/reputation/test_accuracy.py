"""Measures of a model, on cases worked out by hand, and limits that hold as often as they say."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.annotation import Annotation, Sentiment, Stars, TouchpointOpinion
from reputation import accuracy
from reputation.accuracy import Case, calibration_error, evaluate, reliability
from reputation.intervals import wilson


def star_case(truth: int, told: int, sure: float = 0.8, **of: Any) -> Case:
    probabilities = [(1 - sure) / 4] * 5
    probabilities[told - 1] = sure
    return Case({"stars": str(truth)}, Annotation("m", stars=Stars(tuple(probabilities))), **of)  # type: ignore[arg-type]


def mood_case(truth: str, told: str, sure: float = 0.8, **of: Any) -> Case:
    rest = (1 - sure) / 2
    shares = {mood: sure if mood == told else rest for mood in ("negative", "neutral", "positive")}
    return Case({"sentiment": truth}, Annotation("m", sentiment=Sentiment(**shares)), **of)


def test_stars_are_measured_as_defined() -> None:
    cases = [star_case(1, 1, 1.0), star_case(2, 1, 1.0), star_case(5, 3, 1.0), star_case(3, 3, 1.0)]
    stars = evaluate(cases)["overall"]["stars"]
    assert (stars["exact"]["value"], stars["exact"]["n"]) == (0.5, 4)
    assert stars["within_1"]["value"] == 0.75
    assert stars["mae"]["value"] == 0.75
    limits = wilson(2, 4)
    assert (stars["exact"]["low"], stars["exact"]["high"]) == (round(limits.low, 4), round(limits.high, 4))


def test_polarity_leaves_three_stars_out_and_falls_back_on_sentiment() -> None:
    by_mood = Case({"stars": "5"}, Annotation("m", sentiment=Sentiment(0.6, 0.1, 0.3)))
    cases = [star_case(1, 1), star_case(4, 5), star_case(3, 1), by_mood]
    assert evaluate(cases)["overall"]["polarity"]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert evaluate(cases)["overall"]["polarity"]["n"] == 3


def test_the_confusion_counts_true_values_in_rows() -> None:
    cases = [
        mood_case("negative", "negative"),
        mood_case("negative", "positive"),
        mood_case("neutral", "positive"),
    ]
    assert evaluate(cases)["overall"]["sentiment"]["confusion"] == [[1, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_macro_f1_is_the_mean_over_the_classes_that_occur() -> None:
    cases = [mood_case("negative", "negative")] * 6 + [
        mood_case("positive", "negative"),
        mood_case("positive", "positive"),
    ] * 2
    assert evaluate(cases)["overall"]["sentiment"]["macro_f1"]["value"] == pytest.approx(
        (12 / 14 + 2 / 3) / 2, abs=1e-4
    )


def test_touchpoints_are_measured_over_all_that_the_truth_tells() -> None:
    said = Annotation(
        "m",
        touchpoints=(
            TouchpointOpinion("delivery", "negative", 0.9, ""),
            TouchpointOpinion("price", "positive", 0.9, ""),
        ),
    )
    truth = {"touchpoint.delivery": "positive", "touchpoint.price": "none", "touchpoint.staff": "negative"}
    found = evaluate([Case(truth, said)] * 10)["overall"]["touchpoints"]
    assert (found["precision"]["value"], found["precision"]["n"]) == (0.5, 20)
    assert (found["recall"]["value"], found["f1"]["value"]) == (0.5, 0.5)
    assert (found["polarity"]["value"], found["polarity"]["n"]) == (0.0, 10)


def test_groups_come_by_language_and_source_the_largest_first() -> None:
    cases = [star_case(1, 1, language="fr", source="shop")] * 3 + [star_case(1, 5, language="en", source="app")]
    document = evaluate(cases)
    assert [(g["name"], g["n"], g["stars"]["exact"]["value"]) for g in document["languages"]] == [
        ("fr", 3, 1.0),
        ("en", 1, 0.0),
    ]
    assert [group["name"] for group in document["sources"]] == ["shop", "app"]


def test_what_the_truth_or_the_model_does_not_tell_is_not_measured() -> None:
    nothing = evaluate([])
    assert nothing["n"] == 0
    assert set(nothing["overall"].values()) == {None}
    silent = evaluate([Case({"stars": "4", "sentiment": "positive"}, Annotation("m"))])
    assert silent["n"] == 1
    assert set(silent["overall"].values()) == {None}


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    confidence = np.array([0.95, 0.95, 0.65, 0.65] * 3)
    right = np.array([1.0, 0.0, 1.0, 1.0] * 3)
    found = calibration_error(confidence, right)
    assert found is not None
    # 6/12 · |0.5 - 0.95| + 6/12 · |1 - 0.65|
    assert found.value == pytest.approx(0.4)
    table = reliability(confidence, right)
    assert [(row["from"], row["n"], row["confidence"], row["right"]["value"]) for row in table] == [
        (0.6, 6, 0.65, 1.0),
        (0.9, 6, 0.95, 0.5),
    ]


def test_full_confidence_is_in_the_last_bin() -> None:
    assert reliability(np.array([1.0]), np.array([1.0]))[0]["to"] == 1.0


def test_the_same_cases_give_the_same_limits() -> None:
    cases = [star_case(1 + n % 5, 1 + n * 7 % 5, 0.3 + n % 7 / 10) for n in range(60)]
    assert evaluate(cases) == evaluate(cases)


@pytest.mark.parametrize("skew", [0.0, 0.15])
def test_the_limits_of_the_calibration_error_hold_the_truth(skew: float) -> None:
    """A model that is `skew` too sure, 300 texts at a time: how often do the limits hold its true error?"""
    draw = np.random.default_rng(1)
    held = 0
    for _ in range(40):
        confidence = draw.uniform(0.4, 1.0, 300)
        right = (draw.uniform(size=300) < confidence - skew).astype(float)
        found = calibration_error(confidence, right)
        assert found is not None
        held += found.low <= skew <= found.high
    assert held >= 34


def test_the_limits_of_a_mean_error_hold_the_truth() -> None:
    draw = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        found = accuracy.mean_error(draw.uniform(0, 1, 8))
        held += found.low <= 0.5 <= found.high
    assert held >= 185


def test_the_limits_of_f1_hold_the_truth() -> None:
    """A model that finds each of two moods in eight of ten cases, 100 texts at a time."""
    draw = np.random.default_rng(3)
    held = 0
    for _ in range(25):
        moods = [("negative", "positive")[side] for side in draw.integers(0, 2, 100)]
        right = draw.uniform(size=100) < 0.8
        other = {"negative": "positive", "positive": "negative"}
        cases = [mood_case(mood, mood if hit else other[mood]) for mood, hit in zip(moods, right, strict=True)]
        found = evaluate(cases)["overall"]["sentiment"]["macro_f1"]
        held += found["low"] <= 0.8 <= found["high"]
    assert held >= 21


def test_few_texts_have_no_bootstrap_and_keep_the_other_measures() -> None:
    few = evaluate([mood_case("negative", "negative")] * 9)["overall"]["sentiment"]
    assert few["macro_f1"] is None
    assert few["ece"] is None
    assert few["accuracy"]["low"] < 0.8
    stars = evaluate([star_case(3, 3, 1.0)])["overall"]["stars"]["mae"]
    assert stars["value"] == 0
    assert stars["high"] > 1


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.floats(0.21, 1)), min_size=10, max_size=30))
def test_every_measure_lies_within_its_limits(said: list[tuple[int, int, float]]) -> None:
    stars = evaluate([star_case(*one) for one in said])["overall"]["stars"]
    for name in ("exact", "within_1", "mae", "ece"):
        found = stars[name]
        assert found["low"] <= found["value"] <= found["high"]
        assert found["n"] == len(said)
    assert sum(map(sum, stars["confusion"])) == len(said)
    assert sum(row["n"] for row in stars["reliability"]) == len(said)
