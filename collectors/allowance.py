"""What a service says of how often it may be asked, in the headers of its answers.

`Retry-After` is RFC 9110's (10.2.3). `X-RateLimit-*` and its kin are nobody's: X gives an epoch, Reddit and the
IETF's draft seconds to wait, Mastodon an ISO time; what is left may be written 12 or 12.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from collectors.dates import parse_date

LONGEST_REST = timedelta(days=7)
"""No service is believed that asks for more."""
_LEFT = ("x-rate-limit-remaining", "x-ratelimit-remaining", "ratelimit-remaining")
_RESETS = ("x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset")


def retry_at(headers: Mapping[str, str], now: datetime, *, too_many: bool = False) -> datetime | None:
    """When to come back (UTC), None where the answer does not say. Header names are in lower case.

    After `too_many` requests it is the time at which the service counts anew, where there is no Retry-After.
    """
    asked = headers.get("retry-after", "").strip()
    return _moment(asked or (_first(headers, _RESETS) if too_many else ""), now)


def used_up(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Until when nothing more may be asked; None where something is left, or where the answer does not say."""
    left = _first(headers, _LEFT)
    if not left.replace(".", "", 1).isdecimal() or not left.isascii() or float(left) >= 1:
        return None
    return _moment(_first(headers, _RESETS), now)


def _first(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((headers[name] for name in names if name in headers), "").strip()


def _moment(text: str, now: datetime) -> datetime | None:
    """A date or an epoch, or else a number of seconds from now; a week ahead at most."""
    moment = parse_date(text)
    if moment is None and text.isascii() and text.isdecimal():
        moment = now + timedelta(seconds=min(int(text[:9]), 10**8))
    return min(moment, now + LONGEST_REST) if moment else None
