"""How well the sources are: when they last spoke, what they usually yield, whether their silence is odd.

**When a silence is odd.** Days are counted on which a source said anything at all: a day of forty posts says no
more about the next one than a day of one. Up to `HISTORY_DAYS` days before the newest mention show how often
that is. How probable it is that a source stays silent for so long follows from Jeffreys' posterior of that share,
Beta(spoke + ½, silent + ½): few days known make a wide guess, and so a patient one. Either all days are alike or
each weekday has a share of its own; the two are averaged, each weighted by how well it foretold the days known
(its marginal likelihood; Kass and Raftery 1995), so that a weekend is odd only where weekends are as other days.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, func, select

from storage.sources import SourceState, states
from storage.tables import Mention

HISTORY_DAYS = 91
"""13 of each weekday."""
QUIET_BELOW = 0.0003
"""A silence less probable than this is told: of a source that is well, by mistake less than once in ten years."""
LEAST_DAYS = 6
"""Days behind the first one that must be known of a source before any silence of it is odd: a week."""

Standing = Literal["well", "failing", "resting", "quiet", "not visited", "not configured"]


@dataclass(frozen=True, slots=True)
class Usual:
    """What a source usually yields, from its days up to the newest mention, the first one left out.

    `days` and `spoken` count, for each weekday from Monday on, the days and those with a mention; `mentions` the
    mentions on them.
    """

    days: tuple[int, ...]
    spoken: tuple[int, ...]
    mentions: tuple[int, ...]

    @property
    def per_day(self) -> float:
        """Mentions a day."""
        return sum(self.mentions) / max(sum(self.days), 1)

    @property
    def per_weekday(self) -> tuple[float, ...]:
        """Mentions on each weekday from Monday on; one with few known days leans to the mean of all days."""
        return tuple(
            (count + self.per_day) / (days + 1) for count, days in zip(self.mentions, self.days, strict=True)
        )

    def silence(self, days: Iterable[date]) -> float:
        """How probable it is, from 0 to 1, that it says nothing on any of these days."""
        silent = [0] * 7
        for day in days:
            silent[day.weekday()] += 1
        if sum(self.days) < LEAST_DAYS:
            return 1.0
        overall = _all_silent(sum(self.spoken), sum(self.days), sum(silent))
        by_weekday = math.prod(map(_all_silent, self.spoken, self.days, silent))
        return overall + self._weekdays_differ * (by_weekday - overall)

    @property
    def _weekdays_differ(self) -> float:
        """The posterior probability that each weekday has a share of its own, from even odds."""
        alike = _log_evidence(sum(self.spoken), sum(self.days))
        apart = sum(map(_log_evidence, self.spoken, self.days))
        return 1 / (1 + math.exp(min(alike - apart, 700.0)))


def usual(counts: Sequence[tuple[date, int]]) -> Usual:
    """What a source yields, from its mentions of each day; days without any are left out or 0.

    The first day is where counting begins: that something was said on it is no news.
    """
    by_day = {day: count for day, count in counts if count}
    days, spoken, mentions = Counter[int](), Counter[int](), Counter[int]()
    if by_day:
        first, newest = min(by_day), max(by_day)
        for number in range(1, (newest - first).days + 1):
            day = first + timedelta(number)
            days[day.weekday()] += 1
            spoken[day.weekday()] += day in by_day
            mentions[day.weekday()] += by_day.get(day, 0)
    week = range(7)
    return Usual(tuple(map(days.__getitem__, week)), tuple(map(spoken.__getitem__, week)),
                 tuple(map(mentions.__getitem__, week)))  # fmt: skip


def _all_silent(spoken: int, days: int, silent: int) -> float:
    """E[(1 - p)^silent] for p ~ Beta(spoken + ½, days - spoken + ½), as a product of what each day adds."""
    odds = 1.0
    for number in range(min(silent, 10_000)):
        odds *= (days - spoken + 0.5 + number) / (days + 1 + number)
    return odds


def _log_evidence(spoken: int, days: int) -> float:
    """ln of B(spoken + ½, days - spoken + ½) / B(½, ½): how well one share foretold these days, one by one."""
    beta = math.lgamma(spoken + 0.5) + math.lgamma(days - spoken + 0.5) - math.lgamma(days + 1)
    return beta - math.log(math.pi)


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source's state beside what it usually yields.

    `silence`: how probable it is that it says nothing from its newest mention to its last good visit. `quiet`:
    that is odd, and silence is not good news. `unvisited`: it would be odd up to now, but nobody has looked.
    """

    state: SourceState
    mentions: int
    newest_day: date | None
    usual: Usual
    silence: float
    quiet: bool
    unvisited: bool
    resting: bool

    @property
    def usual_per_day(self) -> float:
        """Mentions a day, as a rule."""
        return self.usual.per_day

    @property
    def failing(self) -> bool:
        """Whether it is to be visited, and its last visit failed."""
        return self.state.configured and self.state.failures > 0

    @property
    def standing(self) -> Standing:
        """All of it in a word, the worst first; "resting" is one that may not be asked, or not yet again."""
        if not self.state.configured:
            return "not configured"
        if self.resting:
            return "resting"
        return (
            "failing" if self.failing else "quiet" if self.quiet else "not visited" if self.unvisited else "well"
        )


def health(conn: Connection, now: datetime) -> list[SourceHealth]:
    """The health of all sources, in the order of their names."""
    totals = {
        row.source_id: row
        for row in conn.execute(
            select(Mention.source_id, func.count().label("mentions"), func.max(Mention.day).label("newest"))
            .where(Mention.deleted_at.is_(None))
            .group_by(Mention.source_id)
        )
    }
    return [_health(conn, source, totals.get(source.id), now) for source in states(conn)]


def _health(conn: Connection, source: SourceState, total: object, now: datetime) -> SourceHealth:
    mentions, newest = getattr(total, "mentions", 0), getattr(total, "newest", None)
    known = usual(_days(conn, source.id, newest) if newest else [])
    silence = known.silence(_days_between(newest, source.last_success_at or now))
    quiet = source.configured and silence < QUIET_BELOW
    late = source.configured and known.silence(_days_between(newest, now)) < QUIET_BELOW
    resting = source.configured and source.resting(now)
    return SourceHealth(source, mentions, newest, known, silence, quiet, late and not quiet, resting)


def _days(conn: Connection, source_id: int, newest: date) -> Sequence[tuple[date, int]]:
    start = newest - timedelta(days=HISTORY_DAYS)
    counted = select(Mention.day, func.count()).where(
        Mention.source_id == source_id, Mention.day.between(start, newest), Mention.deleted_at.is_(None)
    )
    return [(day, count) for day, count in conn.execute(counted.group_by(Mention.day))]


def _days_between(newest: date | None, until: datetime) -> Iterable[date]:
    """The whole days after the newest mention; the day of `until` is not over."""
    if newest is None:
        return []
    return (newest + timedelta(number) for number in range(1, min((until.date() - newest).days, 10_000)))
