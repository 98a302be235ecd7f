"""What a service allows a user in a day, where its documentation says so: units that requests cost.

    class YouTube(Source):
        def quota(self) -> Quota:
            return Quota(10_000, zone="America/Los_Angeles")

    yield Page(posts, cursor, spent=101)        # what was asked for this page cost a search and a list
    yield Page(posts, cursor, left=8_734)       # or the service tells what is left of the quota

What is spent is kept; once nothing is left the source rests until the quota begins anew, and says so. What a host
tells in its headers (X-RateLimit-Remaining and its kin) the HTTP door obeys by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Quota:
    """So many units `every` so often. Those of a day begin anew at midnight in `zone`, others when first used."""

    units: float
    every: timedelta = DAY
    zone: str = "UTC"

    def resets_at(self, now: datetime) -> datetime:
        """When a count that begins now ends, in UTC."""
        if self.every != DAY:
            return now + self.every
        tomorrow = now.astimezone(ZoneInfo(self.zone)).date() + DAY
        midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=ZoneInfo(self.zone))
        return midnight.astimezone(UTC)
