"""What a person says against the model, put over an annotation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.annotation import TOUCHPOINTS, Annotation, Effort, Recommendation, Sentiment, Stars, TouchpointOpinion
from nlp.correction import FIELDS, RELEVANCE, check, correct, said

MODEL_S = Annotation(
    model="m",
    language="fr",
    sentiment=Sentiment(0.1, 0.2, 0.7),
    stars=Stars((0.05, 0.05, 0.1, 0.3, 0.5)),
    recommendation=Recommendation(0.1, 0.2, 0.7),
    explicit_recommendation="yes",
    effort=Effort(4.4, 0.75),
    churn_intent=0.3,
    sarcasm=0.1,
    touchpoints=(
        TouchpointOpinion("delivery", "positive", 0.9, "vite"),
        TouchpointOpinion("price", "mixed", 0.4, "cher mais bon"),
    ),
)

FIELD_AND_VALUE = st.sampled_from([(field, value) for field, values in FIELDS.items() for value in values])


@given(FIELD_AND_VALUE)
def test_what_was_corrected_is_what_the_annotation_then_says(pair: tuple[str, str]) -> None:
    field, value = pair
    if field != RELEVANCE:
        assert said(correct(MODEL_S, {field: value}), field) == value
        assert said(correct(Annotation("m"), {field: value}), field) == value


@given(st.dictionaries(st.sampled_from(list(FIELDS)), st.integers(0, 3)))
def test_what_was_not_corrected_stays_as_the_model_said(chosen: dict[str, int]) -> None:
    corrections = {field: FIELDS[field][number % len(FIELDS[field])] for field, number in chosen.items()}
    corrected = correct(MODEL_S, corrections)
    for field in FIELDS.keys() - corrections.keys():
        assert said(corrected, field) == said(MODEL_S, field)
    assert (corrected.language, corrected.sarcasm, corrected.explicit_recommendation) == ("fr", 0.1, "yes")


def test_nothing_corrected_changes_nothing() -> None:
    assert correct(MODEL_S, {}) == MODEL_S


def test_a_corrected_class_is_certain() -> None:
    corrected = correct(MODEL_S, {"sentiment": "negative", "stars": "2", "recommendation": "passive"})
    assert corrected.sentiment == Sentiment(1, 0, 0)
    assert corrected.stars == Stars((0, 1, 0, 0, 0))
    assert corrected.recommendation == Recommendation(0, 1, 0)


def test_a_corrected_touchpoint_keeps_the_words_and_an_absent_one_goes() -> None:
    corrected = correct(MODEL_S, {"touchpoint.delivery": "negative", "touchpoint.price": "none"})
    assert corrected.touchpoints == (TouchpointOpinion("delivery", "negative", 1.0, "vite"),)
    added = correct(MODEL_S, {"touchpoint.staff": "positive"}).touchpoints[-1]
    assert added == TouchpointOpinion("staff", "positive", 1.0, "")


def test_effort_may_be_said_to_be_absent() -> None:
    assert correct(MODEL_S, {"effort": "none"}).effort is None
    assert correct(MODEL_S, {"effort": "2"}).effort == Effort(2, 1)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("mood", "bad", "one of: sentiment, stars"),
        ("stars", "6", "one of: 1, 2, 3, 4, 5"),
        ("touchpoint.parking", "negative", "cannot be corrected"),
        ("sentiment", "", "one of: negative, neutral, positive"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(field: str, value: str, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        check(field, value)
    with pytest.raises(ValueError, match=expected):
        correct(MODEL_S, {field: value})


def test_every_touchpoint_can_be_corrected() -> None:
    assert {f"touchpoint.{name}" for name in TOUCHPOINTS} <= FIELDS.keys()


def test_an_empty_annotation_says_nothing_of_classes_and_no_touchpoint() -> None:
    empty = Annotation("m")
    assert [said(empty, field) for field in ("sentiment", "stars", "recommendation", "churn_intent")] == [
        None
    ] * 4
    assert said(empty, "touchpoint.price") == "none"
