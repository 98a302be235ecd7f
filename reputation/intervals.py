"""95 % intervals for means and shares that stay honest for few answers and at the ends of a scale.

Every function is pure: real numbers in, an `Interval` in the same unit out. Counts may be fractional, because
sums of probabilities are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

LEVEL = 0.95
"""The confidence of every published interval."""
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
"""1.96: the normal quantile of `LEVEL`."""

ADDED_ENDS = 0.75
"""Imaginary answers added at each end of the scale (Rocks 2016)."""
ADDED = 3.0
"""Imaginary answers added in all: those at the ends, and the rest in the middle."""
NO_BUNCHES = 1e-6
"""Overdispersion below which a negative binomial law is a Poisson law, and is reckoned as one."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Limits at 95 %, with the centre and standard error they come from, in the unit of what was measured."""

    low: float
    high: float
    centre: float
    error: float

    def scaled(self, factor: float) -> Self:
        """The same interval in another unit; `factor` is positive."""
        return type(self)(self.low * factor, self.high * factor, self.centre * factor, self.error * factor)


def adjusted_wald(promoters: float, detractors: float, n: float) -> Interval:
    """Interval of p - d, from -1 to 1, for three-way answers; `promoters` and `detractors` are counts out of `n`.

    B. Rocks, "Interval Estimation for the 'Net Promoter Score'", The American Statistician 70(4), 2016: add 3/4
    of a promoter, 3/4 of a detractor and 3 answers in all, then use the Wald interval, the added answers being
    counted in the divisor of the variance too. The limits are clipped to -1 and 1. Raises ValueError for n <= 0.
    """
    _need(n)
    total = n + ADDED
    p, d = (promoters + ADDED_ENDS) / total, (detractors + ADDED_ENDS) / total
    error = math.sqrt(max(0.0, p + d - (p - d) ** 2) / total)
    return _around(p - d, Z * error, error, -1.0, 1.0)


def wilson(positives: float, n: float) -> Interval:
    """Interval of a share, from 0 to 1: Wilson (1927), without continuity correction.

    `error` is half the width in units of the normal quantile: unlike the textbook √(p(1-p)/n) it is not 0 when
    everybody agrees. Raises ValueError for n <= 0.
    """
    _need(n)
    share = min(1.0, max(0.0, positives / n))
    shrink = 1 + Z**2 / n
    half = Z / shrink * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return _around((share + Z**2 / (2 * n)) / shrink, half, half / Z, 0.0, 1.0)


def mean_interval(total: float, squares: float, n: float, *, lowest: float, highest: float) -> Interval:
    """Interval of the mean of answers on a scale, from their sum and the sum of their squares.

    Student's t on the answers plus the same three imaginary ones as `adjusted_wald` (3/4 at each end of the
    scale, 1.5 in its middle): twenty customers who all gave 5 do not prove that the mean is 5. Clipped to the
    scale. Raises ValueError for n <= 0.
    """
    _need(n)
    middle, count = (lowest + highest) / 2, n + ADDED
    mean = (total + ADDED * middle) / count
    second = (squares + ADDED_ENDS * (lowest**2 + highest**2) + (ADDED - 2 * ADDED_ENDS) * middle**2) / count
    error = math.sqrt(max(0.0, second - mean**2) / count)
    return _around(mean, student(count - 1) * error, error, lowest, highest)


def student(freedom: float) -> float:
    """The quantile of Student's t for `LEVEL`, two-sided.

    Abramowitz and Stegun 26.7.5, four terms: within 0.5 % of the tables from 3 degrees of freedom on, and 3 is
    the fewest that `mean_interval` ever asks for.
    """
    z, v = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def poisson_tail(count: int, mean: float, overdispersion: float = 0.0) -> float:
    """How likely `count` or more events are when `mean` are expected: 0 to 1.

    With `overdispersion` a > 0 the variance is mean + a·mean² (negative binomial), as it is for complaints that
    come in bunches; with 0 it is a Poisson law. Raises ValueError for a negative argument.
    """
    if count < 0 or mean < 0 or overdispersion < 0:
        raise ValueError("a count, a mean and an overdispersion are not negative")
    if count == 0:
        return 1.0
    if mean == 0:
        return 0.0
    below = math.fsum(math.exp(_log_probability(k, mean, overdispersion)) for k in range(count))
    return min(1.0, max(0.0, 1.0 - below))


def _log_probability(k: int, mean: float, overdispersion: float) -> float:
    if overdispersion < NO_BUNCHES:
        return k * math.log(mean) - mean - math.lgamma(k + 1)
    size = 1 / overdispersion
    ways = math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1)
    return ways - size * math.log1p(mean / size) + k * (math.log(mean) - math.log(size + mean))


def _need(n: float) -> None:
    if n <= 0:
        raise ValueError("an interval needs at least one answer")


def _around(centre: float, half: float, error: float, lowest: float, highest: float) -> Interval:
    return Interval(max(lowest, centre - half), min(highest, centre + half), centre, error)
