"""Periods of whole days in UTC: the unit that figures are made for and compared over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self

WEEK = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, both days included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a period ends on or after the day it starts: {self.start} to {self.end}")

    @property
    def days(self) -> int:
        """How many days: at least 1."""
        return (self.end - self.start).days + 1

    def before(self) -> Self:
        """The period of the same length that ends on the eve of this one."""
        return type(self)(self.start - timedelta(self.days), self.start - timedelta(1))

    def each_day(self) -> Iterator[date]:
        """The days, in order."""
        return (self.start + timedelta(n) for n in range(self.days))

    @classmethod
    def last_days(cls, days: int, now: datetime) -> Self:
        """The last `days` days up to today, today included. Raises ValueError for days < 1."""
        today = now.astimezone(UTC).date()
        return cls(today - timedelta(days - 1), today)

    @classmethod
    def of_week(cls, week: str) -> Self:
        """Monday to Sunday of an ISO 8601 week such as "2026-W46".

        Raises ValueError where it is no such week.
        """
        found = WEEK.fullmatch(week)
        if not found:
            raise ValueError(f'{week!r} is not a week; expected one such as "2026-W46"')
        try:
            monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        except ValueError:
            raise ValueError(f"there is no week {found[2]} in {found[1]}") from None
        return cls(monday, monday + timedelta(6))


def week_of(day: date) -> str:
    """The ISO 8601 week of a day: "2026-W46"."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def last_complete_week(now: datetime) -> str:
    """The latest ISO week that is over, in UTC."""
    return week_of(now.astimezone(UTC).date() - timedelta(7))
