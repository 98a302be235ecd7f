"""When a source is due."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service.schedule import parse

PARIS = ZoneInfo("Europe/Paris")


def after(text: str, moment: str) -> str:
    return parse(text).next_after(datetime.fromisoformat(moment), PARIS).astimezone(UTC).isoformat()


@pytest.mark.parametrize(
    ("text", "moment", "following"),
    [
        ("every 30 minutes", "2026-03-02T10:07:00+00:00", "2026-03-02T10:37:00+00:00"),
        ("Every hour", "2026-03-02T10:07:00+00:00", "2026-03-02T11:07:00+00:00"),
        ("every 2 days", "2026-03-02T10:07:00+00:00", "2026-03-04T10:07:00+00:00"),
        ("every day at 06:30", "2026-03-02T10:07:00+00:00", "2026-03-03T05:30:00+00:00"),
        ("every day at 6:30", "2026-07-02T04:00:00+00:00", "2026-07-02T04:30:00+00:00"),
        ("every day at 06:30", "2026-07-02T04:30:00+00:00", "2026-07-03T04:30:00+00:00"),
        ("*/15 * * * *", "2026-03-02T10:15:00+00:00", "2026-03-02T10:30:00+00:00"),
        ("0 6 * * 1", "2026-03-03T10:00:00+00:00", "2026-03-09T05:00:00+00:00"),
        ("0 6 * * 0", "2026-03-03T10:00:00+00:00", "2026-03-08T05:00:00+00:00"),
        ("0 6 * * 7", "2026-03-03T10:00:00+00:00", "2026-03-08T05:00:00+00:00"),
        ("0 6 * * 1-5", "2026-03-06T10:00:00+00:00", "2026-03-09T05:00:00+00:00"),
    ],
)
def test_the_next_time_is_told(text: str, moment: str, following: str) -> None:
    assert after(text, moment) == following


@pytest.mark.parametrize(
    "text", ["", "often", "every 0 minutes", "every -1 hours", "61 * * * *", "* * * *", "every day at 25:00"]
)
def test_what_is_no_schedule_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match="every 30 minutes"):
        parse(text)
