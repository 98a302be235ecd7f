"""The indicators of a set of mentions, each worked out from a `Tally` by one formula.

An answer that was given is used as it is; a text without one stands in with its probabilities, never with its
most probable label, because counting labels is biased as soon as opinions move. Both are pooled. The variance
used is that of a whole answer, E[p + d] - (E[p - d])²: by the law of total variance it is the spread between
texts plus the doubt within each, so it covers sampling and the classifier's chance errors together. What the
model gets wrong for a whole group is added by `reputation.figures.figure`.

Each function gives None when nothing was answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reputation.figures import Figure, SystematicError, figure
from reputation.intervals import adjusted_wald, mean_interval, wilson
from storage.tally import Tally

UNKNOWN = SystematicError()
"""A model about which nothing is known."""

FEWEST = 1e-6
"""Counts below this are what subtraction leaves of 0."""


def nps(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Net Promoter Score, -100 to 100: 100·(promoters - detractors)/answers, interval by Rocks' adjusted Wald."""
    observed = tally.promoters + tally.passives + tally.detractors
    return _net(
        tally.promoters + tally.p_promoter,
        tally.detractors + tally.p_detractor,
        observed=observed,
        inferred=tally.inferred_nps,
        systematic=error.nps,
    )


def net_sentiment(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Net sentiment, -100 to 100: 100·(positive - negative)/mentions read, neutral ones included."""
    return _net(
        tally.p_positive,
        tally.p_negative,
        observed=0.0,
        inferred=tally.opinions,
        systematic=error.net_sentiment,
    )


def csat(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Customer satisfaction, 0 to 100: the share of satisfied answers (4-5 of 5 by default), Wilson interval."""
    return _share(
        tally.satisfied + tally.p_satisfied,
        observed=tally.rated,
        inferred=tally.inferred_csat,
        systematic=error.csat,
    )


def churn_intent(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Share of mentions that say they leave, 0 to 100, Wilson interval."""
    return _share(tally.p_churn, observed=0.0, inferred=tally.churn_known, systematic=error.churn_intent)


def ces(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Customer effort (CES 1.0), 1 (little) to 5 (a struggle): the mean of answers and texts with a cue.

    A text without a cue is not counted: `observed` and `inferred` say how many were.
    """
    return _mean(
        tally.effort_sum + tally.cue_sum,
        tally.effort_squares + tally.cue_squares,
        observed=tally.efforts,
        inferred=tally.cued,
        systematic=error.ces,
    )


def rating(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Mean stars, 1 to 5, given or expected from the text.

    Of inferred stars only the sum is kept, so their squares are taken as large as stars with that mean can
    have them (all ones and fives: 6·stars - 5): the interval is wide rather than too short.
    """
    return _mean(
        tally.rating_sum + tally.expected_stars,
        tally.rating_squares + 6 * tally.expected_stars - 5 * tally.inferred_csat,
        observed=tally.rated,
        inferred=tally.inferred_csat,
        systematic=error.rating,
    )


INDICATORS: Mapping[str, Callable[[Tally, SystematicError], Figure | None]] = {
    "nps": nps,
    "csat": csat,
    "ces": ces,
    "net_sentiment": net_sentiment,
    "rating": rating,
    "churn_intent": churn_intent,
}
"""Every indicator of a scorecard by its public name, in the order in which they are shown."""

DIGITS: Mapping[str, int] = {"ces": 2, "rating": 2}
"""Decimals shown, where not 1."""


def indicators(tally: Tally, error: SystematicError = UNKNOWN) -> dict[str, Figure | None]:
    """All indicators of one tally."""
    return {name: work_out(tally, error) for name, work_out in INDICATORS.items()}


def _net(
    positives: float, negatives: float, *, observed: float, inferred: float, systematic: float
) -> Figure | None:
    n = observed + inferred
    if n < FEWEST:
        return None
    sampling = adjusted_wald(max(0.0, positives), max(0.0, negatives), n).scaled(100)
    return figure(
        100 * (positives - negatives) / n,
        sampling,
        observed=observed,
        inferred=inferred,
        systematic=systematic,
        lowest=-100.0,
        highest=100.0,
    )


def _share(positives: float, *, observed: float, inferred: float, systematic: float) -> Figure | None:
    n = observed + inferred
    if n < FEWEST:
        return None
    return figure(
        100 * positives / n,
        wilson(positives, n).scaled(100),
        observed=observed,
        inferred=inferred,
        systematic=systematic,
        lowest=0.0,
        highest=100.0,
    )


def _mean(total: float, squares: float, *, observed: float, inferred: float, systematic: float) -> Figure | None:
    n = observed + inferred
    if n < FEWEST:
        return None
    return figure(
        total / n,
        mean_interval(total, squares, n, lowest=1.0, highest=5.0),
        observed=observed,
        inferred=inferred,
        systematic=systematic,
        lowest=1.0,
        highest=5.0,
    )
