"""The indicators of a set of mentions, each worked out from a `Tally` by one formula.

An answer that was given is used as it is; a text without one stands in with its probabilities, never with its
most probable label, because counting labels is biased as soon as opinions move. The means of the probabilities
are then put right by what the model's card knows of whole groups (`nlp.quantification`), or the brand's own
answers taught (`reputation.calibration`), and pooled with the answers given. The variance used is that of a whole
answer, E[p + d] - (E[p - d])²: by the law of total variance it is the spread between texts plus the doubt within
each, so it covers sampling and the classifier's chance errors together. What the model gets wrong for a whole
group is added by `reputation.figures.figure`.

Each function gives None when nothing was answered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reputation.figures import Figure, SystematicError, figure
from reputation.intervals import Z, adjusted_wald, mean_interval, wilson
from storage.tally import Tally

UNKNOWN = SystematicError()
"""A model about which nothing is known."""

FEWEST = 1e-6
"""Counts below this are what subtraction leaves of 0."""


def nps(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Net Promoter Score, -100 to 100: 100·(promoters - detractors)/answers, interval by Rocks' adjusted Wald."""
    return _net(
        (tally.detractors, tally.passives, tally.promoters),
        read(error, "nps", (tally.p_detractor, tally.p_passive, tally.p_promoter), net),
        tally.inferred_nps,
    )


def net_sentiment(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Net sentiment, -100 to 100: 100·(positive - negative)/mentions read, neutral ones included."""
    return _net(
        (0.0, 0.0, 0.0),
        read(error, "net_sentiment", (tally.p_negative, tally.p_neutral, tally.p_positive), net),
        tally.opinions,
    )


def csat(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Customer satisfaction, 0 to 100: the share of satisfied answers (4-5 of 5 by default), Wilson interval."""
    unsatisfied = tally.inferred_csat - tally.p_satisfied
    texts = read(error, "csat", (unsatisfied, tally.p_satisfied), best)
    return _share((tally.satisfied, tally.rated), texts, tally.inferred_csat)


def churn_intent(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Share of mentions that say they leave, 0 to 100, Wilson interval."""
    staying = tally.churn_known - tally.p_churn
    return _share((0.0, 0.0), read(error, "churn_intent", (staying, tally.p_churn), best), tally.churn_known)


def ces(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Customer effort (CES 1.0), 1 (little) to 5 (a struggle): the mean of answers and texts with a cue.

    A text without a cue is not counted: `observed` and `inferred` say how many were.
    """
    moved, texts = read_mean(error, "ces", tally.cue_sum, tally.cued)
    # Moving the mean leaves the spread around it as it was.
    squares = tally.cue_squares + (moved**2 - tally.cue_sum**2) / tally.cued if tally.cued >= FEWEST else 0.0
    return _mean(
        tally.effort_sum + moved,
        tally.effort_squares + squares,
        observed=tally.efforts,
        inferred=tally.cued,
        systematic=texts.systematic,
    )


def rating(tally: Tally, error: SystematicError = UNKNOWN) -> Figure | None:
    """Mean stars, 1 to 5, given or expected from the text.

    Of inferred stars only the sum is kept, so their squares are taken as large as stars with that mean can
    have them (all ones and fives: 6·stars - 5): the interval is wide rather than too short.
    """
    moved, texts = read_mean(error, "rating", tally.expected_stars, tally.inferred_csat)
    return _mean(
        tally.rating_sum + moved,
        tally.rating_squares + 6 * moved - 5 * tally.inferred_csat,
        observed=tally.rated,
        inferred=tally.inferred_csat,
        systematic=texts.systematic,
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


@dataclass(frozen=True, slots=True)
class Read:
    """What texts tell: the share of each answer, the lowest first, and how far a whole group may be off.

    `systematic` is in the figure's unit, as one standard deviation below and one above.
    """

    shares: tuple[float, ...]
    systematic: tuple[float, float]


def read(
    error: SystematicError, name: str, sums: Sequence[float], worth: Callable[[Sequence[float]], float]
) -> Read:
    """The shares of answers in texts, from the sums of their probabilities, put right where that is known how.

    `worth` makes the figure called `name` of shares. Its limits are taken where the adjustment's doubt ends, so
    near the ends of the scale the inner one is farther away.
    """
    known = [max(0.0, each) for each in sums]
    total = math.fsum(known)
    if total < FEWEST:
        return Read((0.0,) * len(known), (0.0, 0.0))
    adjustment = error.adjustments.get(name)
    if adjustment is None:
        points = getattr(error, name)
        return Read(tuple(each / total for each in known), (points, points))
    shares = adjustment.shares(known)
    low, high = (worth(adjustment.shares(known, side * Z * adjustment.doubt)) for side in (-1, 1))
    return Read(shares, ((worth(shares) - low) / Z, (high - worth(shares)) / Z))


def read_mean(error: SystematicError, name: str, total: float, n: float) -> tuple[float, Read]:
    """The sum of `n` inferred answers from 1 to 5, put right: their mean is taken as a share of the scale."""
    found = read(error, name, (5 * n - total, total - n), lambda shares: 4 * shares[-1])
    return n * (1 + 4 * found.shares[-1]), found


def net(shares: Sequence[float]) -> float:
    """100·(best - worst)."""
    return 100 * (shares[-1] - shares[0])


def best(shares: Sequence[float]) -> float:
    """100·best."""
    return 100 * shares[-1]


def _net(observed: tuple[float, float, float], inferred: Read, n_inferred: float) -> Figure | None:
    """Of three-way answers: those given are counts, those inferred shares of `n_inferred` texts."""
    answers = math.fsum(observed)
    n = answers + n_inferred
    if n < FEWEST:
        return None
    positives, negatives = (observed[at] + n_inferred * inferred.shares[at] for at in (2, 0))
    return figure(
        100 * (positives - negatives) / n,
        adjusted_wald(positives, negatives, n).scaled(100),
        observed=answers,
        inferred=n_inferred,
        systematic=inferred.systematic,
        lowest=-100.0,
        highest=100.0,
    )


def _share(observed: tuple[float, float], inferred: Read, n_inferred: float) -> Figure | None:
    """Of yes and no: `observed` is the number of yes and of answers given."""
    n = observed[1] + n_inferred
    if n < FEWEST:
        return None
    positives = observed[0] + n_inferred * inferred.shares[-1]
    return figure(
        100 * positives / n,
        wilson(positives, n).scaled(100),
        observed=observed[1],
        inferred=n_inferred,
        systematic=inferred.systematic,
        lowest=0.0,
        highest=100.0,
    )


def _mean(
    total: float, squares: float, *, observed: float, inferred: float, systematic: tuple[float, float]
) -> Figure | None:
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
