"""What is counted: the sums from which every indicator is worked out.

A `Tally` is additive: the tally of two sets of mentions is the sum of theirs, so a year is the sum of its
days, and "without the mentions that blame delivery" is a difference. Rollups store one tally a row;
`oyez analyze --by` builds them from a file. Counts are floats because sums of probabilities are.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, fields
from typing import Self

from collectors.post import Question, Rating
from nlp.annotation import Annotation

SATISFIED_FROM = 0.75
"""Lowest normalised answer that counts as satisfied: 4 of 1-5, 8 of 0-10 (METRICS: CSAT's default)."""


@dataclass(slots=True)
class Tally:
    """Sums over a set of mentions. Near-duplicates are folded: one opinion in `mentions`, all in `copies`."""

    mentions: float = 0.0
    copies: float = 0.0
    reach: float = 0.0
    replied: float = 0.0
    blamed: float = 0.0
    praised: float = 0.0

    rated: float = 0.0
    rating_sum: float = 0.0
    """Of satisfaction ratings, as stars from 1 to 5."""
    rating_squares: float = 0.0
    satisfied: float = 0.0
    promoters: float = 0.0
    passives: float = 0.0
    detractors: float = 0.0
    efforts: float = 0.0
    effort_sum: float = 0.0
    """Of observed answers on effort, as levels from 1 (easy) to 5."""
    effort_squares: float = 0.0

    inferred_csat: float = 0.0
    """Mentions whose satisfaction is inferred: a text, and no satisfaction rating."""
    p_satisfied: float = 0.0
    p_satisfied_squares: float = 0.0
    expected_stars: float = 0.0
    inferred_nps: float = 0.0
    p_promoter: float = 0.0
    p_passive: float = 0.0
    p_detractor: float = 0.0
    p_net_squares: float = 0.0
    """Sum of (promoter - detractor)²."""
    opinions: float = 0.0
    """Mentions whose sentiment is known."""
    p_negative: float = 0.0
    p_neutral: float = 0.0
    p_positive: float = 0.0
    p_sentiment_squares: float = 0.0
    """Sum of (positive - negative)²."""
    cued: float = 0.0
    """Mentions with a cue of effort and no observed answer on it."""
    cue_sum: float = 0.0
    cue_squares: float = 0.0
    churn_known: float = 0.0
    p_churn: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    def __iadd__(self, other: Tally) -> Self:
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))
        return self


TALLY_FIELDS: tuple[str, ...] = tuple(f.name for f in fields(Tally))


def tally_mention(
    annotation: Annotation | None,
    rating: Rating | None,
    *,
    answers: Sequence[Rating] = (),
    copies: int = 1,
    reach: int = 0,
    replied: bool = False,
    touchpoint: str | None = None,
    satisfied_from: float = SATISFIED_FROM,
) -> Tally:
    """The tally of one opinion, with `copies` near-duplicates counted in (itself included).

    An observed answer is used as it is; the text stands in only for what was not asked (METRICS, "Observed
    before inferred"). `answers` are those to a survey's other questions. With `touchpoint`, blame and praise of
    that touchpoint are counted too.
    """
    tally = Tally(mentions=1, copies=copies, reach=reach, replied=float(replied))
    given = [rating, *answers] if rating is not None else []
    for answer in given:
        _observe(tally, answer, satisfied_from)
    if annotation is not None:
        _infer(tally, annotation, {answer.question for answer in given}, satisfied_from)
        polarities = [o.polarity for o in annotation.touchpoints if o.touchpoint == touchpoint]
        tally.blamed = float(any(p in ("negative", "mixed") for p in polarities))
        tally.praised = float(any(p in ("positive", "mixed") for p in polarities))
    return tally


def _observe(tally: Tally, rating: Rating, satisfied_from: float) -> None:
    share = rating.normalised
    match rating.question:
        case Question.SATISFACTION:
            stars = 1 + 4 * share
            tally.rated, tally.rating_sum, tally.rating_squares = 1, stars, stars**2
            tally.satisfied = float(share >= satisfied_from - 1e-9)
        case Question.RECOMMENDATION:
            answer = round(10 * share, 6)
            tally.promoters = float(answer >= 9)
            tally.detractors = float(answer <= 6)
            tally.passives = 1 - tally.promoters - tally.detractors
        case Question.EFFORT:
            level = 1 + 4 * (1 - share)
            tally.efforts, tally.effort_sum, tally.effort_squares = 1, level, level**2


def _infer(tally: Tally, annotation: Annotation, asked: Set[Question], satisfied_from: float) -> None:
    if annotation.stars and Question.SATISFACTION not in asked:
        stars = annotation.stars.probabilities
        p = sum(share for star, share in enumerate(stars) if star / 4 >= satisfied_from - 1e-9)
        tally.inferred_csat, tally.p_satisfied, tally.p_satisfied_squares = 1, p, p**2
        tally.expected_stars = annotation.stars.expected
    if (r := annotation.recommendation) and Question.RECOMMENDATION not in asked:
        tally.inferred_nps = 1
        tally.p_promoter, tally.p_passive, tally.p_detractor = r.promoter, r.passive, r.detractor
        tally.p_net_squares = (r.promoter - r.detractor) ** 2
    if s := annotation.sentiment:
        tally.opinions = 1
        tally.p_negative, tally.p_neutral, tally.p_positive = s.negative, s.neutral, s.positive
        tally.p_sentiment_squares = (s.positive - s.negative) ** 2
    if (e := annotation.effort) and Question.EFFORT not in asked:
        tally.cued, tally.cue_sum, tally.cue_squares = 1, e.level, e.level**2
    if annotation.churn_intent is not None:
        tally.churn_known, tally.p_churn = 1, annotation.churn_intent
