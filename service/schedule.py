"""When a source is due: "every 30 minutes", "every day at 06:30", or the five fields of a crontab line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

_EVERY = re.compile(r"every(?:\s+(\d+))?\s+(minute|hour|day|week)s?", re.IGNORECASE)
_DAILY = re.compile(r"every\s+day\s+at\s+([01]?\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_MOST_SPREAD = timedelta(minutes=5)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXPECTED = '"every 30 minutes", "every 2 hours", "every day at 06:30" or five crontab fields ("0 6 * * 1-5")'


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed schedule: either a fixed `interval` or the fields of a `crontab` line, read in the user's zone."""

    interval: timedelta | None = None
    crontab: str | None = None

    def next_after(self, moment: datetime, zone: ZoneInfo, *, spread: str = "") -> datetime:
        """The first time strictly after `moment` (aware) at which it is due, in UTC for an interval.

        `spread` is a name that moves it by a little, always alike for the same name, so that not all come at
        once: an interval is up to a twentieth shorter or longer, a time of day up to a twentieth of the time
        to the one after it later; never by more than 5 minutes.
        """
        if self.interval is not None:
            return moment + self.interval + (2 * _share(spread) - 1) * min(self.interval / 20, _MOST_SPREAD)
        following = self._fires_after(moment, zone)
        if not spread:
            return following
        return following + _share(spread) * min(
            (self._fires_after(following, zone) - following) / 20, _MOST_SPREAD
        )

    def _fires_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """As crontab(5): a time of day that clocks skip comes an hour later, one they show twice comes once."""
        crontab = self.crontab or ""
        start = moment
        while True:
            # The trigger's search includes its starting second; in UTC, an hour that comes twice is told apart.
            start = start.astimezone(UTC) + timedelta(seconds=1)
            following = _cron(crontab, zone).get_next_fire_time(None, start)
            assert isinstance(following, datetime)
            if not following.fold or "*" in crontab.split()[1]:
                return following.astimezone(UTC)
            start = following


def parse(text: str) -> Schedule:
    """Read a schedule.

    Raises ValueError that says what is expected.
    """
    words = " ".join(text.split())
    if match := _DAILY.fullmatch(words):
        return Schedule(crontab=f"{int(match[2])} {int(match[1])} * * *")
    if match := _EVERY.fullmatch(words):
        count = int(match[1] or 1)
        if count < 1:
            raise ValueError(f"{text!r} is not a schedule; expected {EXPECTED}")
        return Schedule(interval=count * _UNITS[match[2].lower()])
    try:
        following = _cron(words, ZoneInfo("UTC")).get_next_fire_time(None, datetime(2026, 1, 1, tzinfo=UTC))
    except ValueError as error:
        raise ValueError(f"{text!r} is not a schedule; expected {EXPECTED}") from error
    if following is None:
        raise ValueError(f"{text!r} never comes; expected {EXPECTED}")
    return Schedule(crontab=words)


def _share(name: str) -> float:
    """A number from 0 to 1 that belongs to a name: 0.5 on average, and where there is none."""
    return (
        int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=4).digest(), "big") / 2**32
        if name
        else 0.5
    )


def _cron(words: str, zone: ZoneInfo) -> CronTrigger:
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415 (slow to import; rarely needed)

    fields = words.split()
    if len(fields) != 5:
        raise ValueError("a crontab line has five fields")
    # crontab(5) counts weekdays from Sunday = 0 (and 7); APScheduler from Monday = 0. Names mean one thing.
    fields[4] = re.sub(r"(?<![/\d])[0-7](?!\d)", lambda digit: _WEEKDAYS[int(digit[0])], fields[4])
    return CronTrigger.from_crontab(" ".join(fields), timezone=zone)
