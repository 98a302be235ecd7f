"""What a cell of a table says: its date, whichever way spreadsheets, sites and people write it."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from collectors.dates import parse_date

EXCEL_DAYS = (20_000, 80_000)
"""Excel's day numbers between 1954 and 2119: a number in a column of dates within them is one."""
_EXCEL_EPOCH = datetime(1899, 12, 30)  # 1900 was no leap year, but Excel counts its 29 February
_MONTHS = {
    "jan": 1, "fev": 2, "feb": 2, "mar": 3, "avr": 4, "apr": 4, "mai": 5, "may": 5, "juin": 6, "jun": 6,
    "juil": 7, "jul": 7, "aou": 8, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DAY_MONTH_YEAR = re.compile(
    r"(?:[a-z :]{0,30} )?(?P<day>\d{1,2})(?:er)? (?P<month>[a-z]{3,9})\.? (?P<year>\d{4})"
)
_MONTH_DAY_YEAR = re.compile(r"(?:[a-z :]{0,30} )?(?P<month>[a-z]{3,9})\.? (?P<day>\d{1,2}), (?P<year>\d{4})")
_TIME = re.compile(r":|\d\s?h(?:\b|\d)", re.IGNORECASE)
"""A time of day: "14:30", "14h30", "14 h"."""
_EXCEL_TEXT = re.compile(r"\d{5}(?:[.,]\d{1,12})?")


def read_date(cell: object, *, zone: tzinfo = UTC, day_first: bool = True) -> datetime | None:
    """The moment (UTC) that a cell names; None where it names none.

    `zone` is that of times without one; a day without a time stays that day, whatever the zone. Numbers are
    Excel's count of days (https://support.microsoft.com/office/date-function) or an epoch.
    """
    value = _plain(cell) if isinstance(cell, str) else cell
    if isinstance(value, int | float) and EXCEL_DAYS[0] <= value <= EXCEL_DAYS[1]:
        # Excel keeps a time as a fraction of a day, exact to a second at best
        value = _EXCEL_EPOCH + timedelta(seconds=round(value * 86_400))
        value = value if value.time() != time() else value.date()
    if isinstance(value, time):
        return None
    bare = not _TIME.search(value) if isinstance(value, str) else not isinstance(value, datetime)
    return parse_date(value, zone=UTC if bare else zone, day_first=day_first)


def _plain(text: str) -> str | float | date:
    """Read what is read faster than by trying every way: "11 février 2021", and "45123,5" as Excel counts."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    if found := _DAY_MONTH_YEAR.fullmatch(plain) or _MONTH_DAY_YEAR.fullmatch(plain):
        month = _MONTHS.get(found["month"][:4]) or _MONTHS.get(found["month"][:3])
        try:
            return date(int(found["year"]), month, int(found["day"])) if month else text
        except ValueError:
            return text
    return float(text.replace(",", ".")) if _EXCEL_TEXT.fullmatch(text) else text
