"""Dates as the web writes them, read to aware UTC times."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from functools import lru_cache

_LONGEST = 100
_EARLIEST_YEAR, _LATEST_YEAR = 1900, 2200
_SECONDS, _MILLISECONDS, _MICROSECONDS = 1e8, 1e11, 1e14
"""An epoch below 1e8 s (1973) is rather a number than a date; above each bound the unit is the next finer."""

_ZONE_HOURS = {
    "UT": 0.0, "WET": 0.0, "WEST": 1.0, "BST": 1.0, "CET": 1.0, "MET": 1.0, "CEST": 2.0, "MEST": 2.0, "EET": 2.0,
    "EEST": 3.0, "MSK": 3.0, "IST": 5.5, "HKT": 8.0, "JST": 9.0, "KST": 9.0, "AEST": 10.0, "AEDT": 11.0,
    "NZST": 12.0, "NZDT": 13.0, "AKST": -9.0, "AKDT": -8.0, "HST": -10.0,
}  # fmt: skip
"""Zone names seen in feeds that RFC 822 does not list. RFC 2822 (4.3): military letters mean nothing."""

_RFC_822 = re.compile(r"(?:^|[\s,])\d{1,2}[\s-]+[A-Za-z]{3,9}[\s-]+\d{2,4}(?:$|\s)")
_ISO_LIKE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]+(.+))?")
_NUMERIC = re.compile(
    r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})"
    r"(?:[\sT,àat]+(\d{1,2})[:hH](\d{2})?(?::(\d{2})(?:\.\d+)?)?\s*([AaPp])?\.?(?:[Mm]\.?)?)?"
)
_LANGUAGES = ["fr", "en"]


def parse_date(
    value: object, *, zone: tzinfo = UTC, day_first: bool = True, now: datetime | None = None
) -> datetime | None:
    """Read a date: ISO 8601, RFC 822 (obsolete zones too), an epoch, 03/04/2026, words in French or English.

    `zone` is that of times which carry none; `day_first` says what 03/04 means where both are possible.
    "il y a 3 jours" is read only where `now` is given. None where it is no date, or none between 1900 and 2200.
    """
    moment = _read(value, zone, day_first, now)
    if moment is None:
        return None
    try:
        moment = (moment if moment.utcoffset() is not None else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if _EARLIEST_YEAR <= moment.year < _LATEST_YEAR else None


def _read(value: object, zone: tzinfo, day_first: bool, now: datetime | None) -> datetime | None:
    if isinstance(value, str):
        return _text(value.strip(), day_first, now)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=zone)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _epoch(float(value))
    return None


def _text(text: str, day_first: bool, now: datetime | None) -> datetime | None:
    if not 4 <= len(text) <= _LONGEST:
        return None
    return (
        _iso(text)
        or _rfc_822(text)
        or _numeric(text, day_first)
        or _epoch_text(text)
        or _in_words(text, day_first, now)
    )


def _iso(text: str) -> datetime | None:
    """ISO 8601, and the same with slashes or single digits. No bare years, no week dates."""
    if "W" in text:
        return None
    for candidate in (text, text.replace(" ", "", 1) if text.count(" ") == 1 else text):
        try:
            return datetime.fromisoformat(candidate)
        except ValueError:
            pass
    match = _ISO_LIKE.fullmatch(text)
    if match is None:
        return None
    year, month, day, rest = match.groups()
    time = f"T{rest.replace(' UTC', 'Z').replace(' GMT', 'Z').replace(' ', '')}" if rest else ""
    try:
        return datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}{time}")
    except ValueError:
        return None


def _rfc_822(text: str) -> datetime | None:
    """RFC 822 and 2822: two-digit years, zones by name, a comment in brackets."""
    if not _RFC_822.search(text):
        return None
    try:
        parts = parsedate_tz(text)
        if parts is None or not 1 <= parts[1] <= 12:
            return None
        moment = datetime(*parts[:6])
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    name = text.partition("(")[0].rsplit(maxsplit=1)[-1].upper()
    if name in _ZONE_HOURS:
        return moment.replace(tzinfo=timezone(timedelta(hours=_ZONE_HOURS[name])))
    has_zone = re.search(r"[+-]\d{4}$|[A-Z]{1,4}$", name) and not name.isdigit() and ":" not in name
    if parts[9] is None or not has_zone or abs(parts[9]) >= 86_400:
        return moment
    return moment.replace(tzinfo=timezone(timedelta(seconds=parts[9])))


def _numeric(text: str, day_first: bool) -> datetime | None:
    """03/04/2026 14:30: the day comes first unless told otherwise or impossible."""
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return None
    first, second, year = (int(part) for part in match.groups()[:3])
    day, month = (first, second) if day_first else (second, first)
    if month > 12:
        day, month = month, day
    if year < 100:
        year += 2000 if year < 70 else 1900
    hour, minute, second_of_minute = (int(part or 0) for part in match.groups()[3:6])
    half = (match[7] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return datetime(year, month, day, hour, minute, second_of_minute)
    except ValueError:
        return None


def _epoch_text(text: str) -> datetime | None:
    try:
        return _epoch(float(text)) if text.replace(".", "", 1).isdigit() else None
    except (ValueError, OverflowError):
        return None


def _epoch(number: float) -> datetime | None:
    """Seconds, milliseconds or microseconds since 1970, told apart by size."""
    if not _SECONDS <= number < _MICROSECONDS * 100:
        return None
    divisor = 1 if number < _MILLISECONDS else 1e3 if number < _MICROSECONDS else 1e6
    try:
        return datetime.fromtimestamp(number / divisor, UTC)
    except (OverflowError, ValueError, OSError):
        return None


@lru_cache(maxsize=4096)
def _in_words(text: str, day_first: bool, now: datetime | None) -> datetime | None:
    """Dates in words; the slow way (about 1 ms), so the last one tried. Month and year are required."""
    if not any(character.isalpha() for character in text):
        return None
    if now is None and not re.search(r"\d{4}", text):
        return None
    import dateparser  # noqa: PLC0415 - takes 0.2 s to import: only those who meet such a date pay

    settings: dict[str, object] = {
        "DATE_ORDER": "DMY" if day_first else "MDY",
        "PARSERS": ["absolute-time"] if now is None else ["absolute-time", "relative-time"],
        "REQUIRE_PARTS": ["month", "year"],
        "PREFER_DAY_OF_MONTH": "first",
        "RELATIVE_BASE": (now or datetime(2000, 1, 1, tzinfo=UTC)).astimezone(UTC).replace(tzinfo=None),
    }
    try:
        found = dateparser.parse(text, languages=_LANGUAGES, settings=settings)
    except (ValueError, OverflowError, TypeError, KeyError, IndexError, AttributeError):
        return None  # dateparser is known to stumble over odd input
    return found if isinstance(found, datetime) else None
