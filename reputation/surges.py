"""When a day holds far more negative mentions than usual: a count against what that weekday usually brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, median, pvariance

from reputation.intervals import poisson_tail

FALSE_ALARM = 0.0005
"""Probability of so many mentions on an ordinary day under which a day is a surge. Simulated: 0 to 3 false alarms
in 1,000 days, 5 where complaints come in heavy bunches."""
FEWEST_BASELINE_DAYS = 7
"""With a shorter past nothing is called unusual."""
ORDINARY_WEEKS = 2.0
"""Imaginary weeks without any difference between weekdays, to which the weekday's factor is drawn."""
LEAST_SPREAD = 0.05
"""Overdispersion assumed at least: people read each other, so complaints never are quite independent."""


@dataclass(frozen=True, slots=True)
class Surge:
    """A day with more negative mentions than chance explains. `usual` is what the weekday brings."""

    day: date
    count: int
    usual: float
    probability: float


def surge(
    counts: Mapping[date, float],
    day: date,
    *,
    first: date | None = None,
    baseline_days: int = 28,
    at_least: int = 5,
    probability: float = FALSE_ALARM,
) -> Surge | None:
    """Whether `day` is a surge; `counts` are negative mentions by day, days without any may be missing.

    The baseline is the `baseline_days` days before `day`, from `first` on (the first day ever on which the brand
    was heard of; None: the first one in `counts`): silence since is a past of zeros. Each is cut to three times
    their median plus three, so that an earlier crisis does not become the usual. The usual count is its mean
    times the weekday's factor (drawn to 1), the law a negative binomial with the baseline's spread.
    """
    count = round(counts.get(day, 0.0))
    past = _baseline(counts, day, baseline_days, first or min(counts, default=day))
    if count < at_least or len(past) < FEWEST_BASELINE_DAYS:
        return None
    usual = _usual(past, day.weekday())
    tail = poisson_tail(count, usual, _spread(list(past.values())))
    return Surge(day, count, usual, tail) if tail < probability else None


def _baseline(counts: Mapping[date, float], day: date, days: int, first: date) -> dict[date, float]:
    if first >= day:
        return {}
    first = max(first, day - timedelta(days))
    past = {first + timedelta(n): counts.get(first + timedelta(n), 0.0) for n in range((day - first).days)}
    roof = 3 * median(past.values()) + 3
    return {d: min(count, roof) for d, count in past.items()}


def _usual(past: Mapping[date, float], weekday: int) -> float:
    """The mean, times the weekday's factor. Half a mention more in all: a past of zeros proves no zero."""
    mean = (sum(past.values()) + 0.5) / len(past)
    same = [count for d, count in past.items() if d.weekday() == weekday]
    factor = (sum(same) / mean + ORDINARY_WEEKS) / (len(same) + ORDINARY_WEEKS)
    return mean * factor


def _spread(past: list[float]) -> float:
    """Overdispersion by moments: (variance - mean)/mean², never under `LEAST_SPREAD`."""
    mean = fmean(past)
    return max(LEAST_SPREAD, (pvariance(past) - mean) / mean**2) if mean else LEAST_SPREAD
