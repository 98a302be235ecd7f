"""The arithmetic of `quantify`: fitting adjustments on groups of texts, their doubt, and the usual rivals.

Groups are companies and sources whose true answers are known, or artificial mixes of their texts. Everything is
in "tails": the share of answers above each cut of the ordered scale, [G, K - 1], the lowest cut first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.quantification import Adjustment

Array = NDArray[np.float64]
Z = 1.959963984540054
USUAL_SIZE = 50.0
"""A group of this size counts half as much as an endless one: companies differ too."""
SLOPE = 1.3
"""Where the slope is drawn to when groups are few: about what French and English stars have by themselves."""
TIES = {"slope": 0.6, "shift": 1.0}
"""How strongly slope and shifts are drawn to `SLOPE` and 0: what counts as much as a share that is off by this,
for one unit of log-odds."""
LEVEL = 0.95


@dataclass(frozen=True)
class Groups:
    """`n` texts each [G], mean probabilities above each cut [G, K - 1], and the true shares above them."""

    names: list[str]
    n: Array
    means: Array
    truth: Array

    def __len__(self) -> int:
        return len(self.n)

    def where(self, mask: Array) -> Groups:
        """Some of the groups."""
        places = np.flatnonzero(mask)
        return Groups([self.names[at] for at in places], self.n[places], self.means[places], self.truth[places])


def gathered(names: Array, said: Array, true: Array, *, fewest: int) -> Groups:
    """The groups of at least `fewest` texts, from the texts' names [N] and tails, said and true [N, K - 1]."""
    labels, place = np.unique(names, return_inverse=True)
    n = np.bincount(place)

    def mean(values: Array) -> Array:
        return np.stack([np.bincount(place, column) / n for column in values.T], axis=1)

    return Groups([str(label) for label in labels], n.astype(float), mean(said), mean(true)).where(n >= fewest)


def tails(shares: Array) -> Array:
    """Shares of K answers [N, K] as tails [N, K - 1]."""
    return np.asarray(shares[:, ::-1].cumsum(1)[:, ::-1][:, 1:])


def logit(share: Array) -> Array:
    """Log-odds, of what is at least one in ten thousand from either end."""
    kept = share.clip(1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept / (1 - kept)))


def moved(adjustment: Adjustment, means: Array, nudge: Array | float = 0.0) -> Array:
    """`Adjustment.above` for many groups: [G, K - 1]; a `nudge` may differ from group to group, [G]."""
    shares = 1 / (1 + np.exp(-(np.asarray(adjustment.shifts) + adjustment.slope * logit(means))))
    half = np.arcsin(np.sqrt(shares)) + (adjustment.lean + np.asarray(nudge)[..., None]) / 2
    return np.asarray(np.minimum.accumulate(np.sin(half.clip(0, np.pi / 2)) ** 2, axis=1))


def fit(groups: Groups, ties: dict[str, float] | None = None) -> Adjustment:
    """The adjustment of least squared error over groups, with doubt 0.

    What counts is the error of the figure itself (the sum of the tails: a share, a mean, or a net score plus 1),
    and a quarter as much that of each tail. Gauss-Newton steps, ties as imaginary groups.
    """
    ties = ties or TIES
    cuts = groups.means.shape[1]
    x = logit(groups.means)
    weight = np.sqrt(groups.n / (groups.n + USUAL_SIZE))[:, None]
    aims = np.array([0.0] * cuts + [SLOPE])
    tie = np.diag([ties["shift"]] * cuts + [ties["slope"]])
    at = aims.copy()
    for _ in range(30):
        said = 1 / (1 + np.exp(-(at[:cuts] + at[cuts] * x)))
        steep = said * (1 - said)
        # [G, cuts, cuts + 1]: how each tail answers to each parameter.
        turn = np.concatenate([steep[:, :, None] * np.eye(cuts), (steep * x)[:, :, None]], axis=2)
        missed = groups.truth - said
        rows = np.concatenate(
            [0.5 * turn.reshape(-1, cuts + 1) * np.repeat(weight, cuts, 0), turn.sum(1) * weight, tie]
        )
        wanted = np.concatenate([0.5 * (missed * weight).ravel(), (missed * weight).sum(1), tie @ (aims - at)])
        step = np.linalg.lstsq(rows, wanted, rcond=None)[0].clip(-0.5, 0.5)
        at += step
        at[cuts] = max(at[cuts], 0.2)
        if np.abs(step).max() < 1e-6:
            break
    return Adjustment(tuple(float(shift) for shift in at[:cuts]), float(at[cuts]))


def sampling(said: Array, n: Array) -> tuple[Array, Array]:
    """The arms of the sampling interval below and above, of Σ tails: Wilson's for one cut, Rocks' for two.

    As `reputation.intervals` has them, in shares; the sum of two tails is the net score plus 1.
    """
    value = said.sum(1)
    if said.shape[1] == 1:
        shrink = 1 + Z**2 / n
        centre = (value + Z**2 / (2 * n)) / shrink
        half = Z / shrink * np.sqrt(value * (1 - value) / n + Z**2 / (4 * n**2))
        return np.maximum(0, value - (centre - half)), np.maximum(0, centre + half - value)
    best, worst = said[:, 1], 1 - said[:, 0]
    p, d = (best * n + 0.75) / (n + 3), (worst * n + 0.75) / (n + 3)
    centre, half = p - d, Z * np.sqrt((p + d - (p - d) ** 2) / (n + 3))
    net = best - worst
    low, high = np.maximum(-1, centre - half), np.minimum(1, centre + half)
    return np.maximum(0, net - low), np.maximum(0, high - net)


def held(adjustment: Adjustment, groups: Groups, doubt: Array | float) -> Array:
    """Whether the interval, with this doubt, holds the truth of each group: [G] of booleans."""
    said = moved(adjustment, groups.means)
    value, true = said.sum(1), groups.truth.sum(1)
    below, above = sampling(said, groups.n)
    sides = [moved(adjustment, groups.means, side * Z * np.asarray(doubt)).sum(1) for side in (-1, 1)]
    low = value - np.hypot(below, value - sides[0])
    high = value + np.hypot(above, sides[1] - value)
    return np.asarray((low - 1e-9 <= true) & (true <= high + 1e-9))


def needed(adjustment: Adjustment, groups: Groups) -> Array:
    """The least doubt with which the interval of each group holds its truth, 0 to 5, by halving: [G]."""
    low, high = np.zeros(len(groups)), np.full(len(groups), 5.0)
    for _ in range(12):
        middle = (low + high) / 2
        enough = held(adjustment, groups, middle)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def quantile(*doubts: Array) -> float:
    """The doubt that is enough in 95 of 100 cases, each of several sets of cases counting the same."""
    values = np.concatenate(doubts)
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in doubts])
    order = np.argsort(values)
    reached = weights[order].cumsum() / weights.sum()
    return float(values[order][np.searchsorted(reached, LEVEL - 1e-9)])


def expectation_maximisation(posteriors: Array, prior: Array, rounds: int = 200) -> Array:
    """Shares by M. Saerens, P. Latinne and C. Decaestecker (Neural Computation 14(1), 2002): a rival."""
    shares = prior.copy()
    for _ in range(rounds):
        weighed = posteriors * (shares / prior)
        new = (weighed / weighed.sum(1, keepdims=True)).mean(0)
        if np.abs(new - shares).max() < 1e-6:
            break
        shares = new
    return shares


def adjusted_count(posteriors: Array, conditional: Array) -> Array:
    """Shares by the adjusted probabilistic count (A. Bella et al., ICDM 2010): a rival.

    `conditional` [K, K] is the mean posterior of each true answer; least squares, then cut to the simplex.
    """
    free = np.linalg.lstsq(conditional.T, posteriors.mean(0), rcond=None)[0]
    ordered = np.sort(free)[::-1]
    gaps = (ordered.cumsum() - 1) / np.arange(1, len(free) + 1)
    return np.asarray((free - gaps[ordered > gaps][-1]).clip(0))
