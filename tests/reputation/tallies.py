"""Tallies for the tests: hypothesis strategies and hand-made ones."""

from collections.abc import Iterable

from hypothesis import strategies as st

from collectors.post import Question, Rating
from nlp.annotation import Annotation, Effort, Recommendation, Sentiment, Stars
from storage.tally import Tally, tally_mention

THREE_WAYS = st.tuples(*[st.floats(0.01, 1)] * 3).map(lambda w: tuple(x / sum(w) for x in w))
FIVE_WAYS = st.tuples(*[st.floats(0.01, 1)] * 5).map(lambda w: tuple(x / sum(w) for x in w))

ANNOTATIONS = st.builds(
    Annotation,
    model=st.just("m"),
    sentiment=st.none() | THREE_WAYS.map(lambda p: Sentiment(*p)),
    stars=st.none() | FIVE_WAYS.map(Stars),
    recommendation=st.none() | THREE_WAYS.map(lambda p: Recommendation(*p)),
    effort=st.none() | st.builds(Effort, level=st.floats(1, 5), confidence=st.floats(0, 1)),
    churn_intent=st.none() | st.floats(0, 1),
)
RATINGS = st.one_of(
    st.integers(1, 5).map(Rating),
    st.integers(0, 10).map(lambda v: Rating(v, 0, 10, Question.RECOMMENDATION)),
    st.integers(1, 5).map(lambda v: Rating(v, 5, 1, Question.EFFORT)),
)
MENTIONS = st.builds(
    tally_mention, st.none() | ANNOTATIONS, st.none() | RATINGS, replied=st.booleans(), copies=st.integers(1, 9)
)
MANY = st.lists(MENTIONS, min_size=1, max_size=12)


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum."""
    whole = Tally()
    for tally in tallies:
        whole += tally
    return whole


def rated(stars: int, count: int = 1) -> Tally:
    """`count` mentions with that many stars and no text."""
    return total(tally_mention(None, Rating(stars)) for _ in range(count))


def read(negative: float, neutral: float, positive: float, count: int = 1) -> Tally:
    """`count` texts without a rating, of that mood, whose stars and recommendation follow from it."""
    annotation = Annotation(
        "m",
        sentiment=Sentiment(negative, neutral, positive),
        stars=Stars((negative, 0.0, neutral, 0.0, positive)),
        recommendation=Recommendation(negative, neutral, positive),
    )
    return total(tally_mention(annotation, None) for _ in range(count))
