"""Dates as the web writes them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.dates import parse_date


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-14T04:24:23-07:00", utc(2026, 9, 14, 11, 24, 23)),
        ("2021-07-09T19:09:52+0000", utc(2021, 7, 9, 19, 9, 52)),
        ("20260828T121500Z", utc(2026, 8, 28, 12, 15)),
        ("2013-09-07T13:37:00", utc(2013, 9, 7, 13, 37)),
        ("2026-11-21 10:00:00 UTC", utc(2026, 11, 21, 10)),
        ("2026-11-21T10:00:00.123456789Z", utc(2026, 11, 21, 10, 0, 0, 123456)),
        ("2026-11-21", utc(2026, 11, 21)),
        ("2026/1/5", utc(2026, 1, 5)),
    ],
)
def test_it_reads_iso_8601_and_its_looser_cousins(text, expected):
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sat, 07 Sep 2002 00:00:01 GMT", utc(2002, 9, 7, 0, 0, 1)),
        ("Tue, 03 Mar 26 10:00:00 EST", utc(2026, 3, 3, 15)),
        ("3 Mar 2026 10:00 CEST", utc(2026, 3, 3, 8)),
        ("Fri, 21 Nov 1997 09:55:06 -0600 (comment)", utc(1997, 11, 21, 15, 55, 6)),
        ("21-Nov-97 09:55:06 A", utc(1997, 11, 21, 9, 55, 6)),
        ("Tue, 03 Mar 2026 10:00:00 PDT", utc(2026, 3, 3, 17)),
    ],
)
def test_it_reads_rfc_822_with_obsolete_zones(text, expected):
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_732_190_000, utc(2024, 11, 21, 11, 53, 20)),
        ("1732190000000", utc(2024, 11, 21, 11, 53, 20)),
        ("1732190000.5", utc(2024, 11, 21, 11, 53, 20, 500000)),
        (date(2026, 3, 4), utc(2026, 3, 4)),
        (datetime(2026, 3, 4, 1, tzinfo=ZoneInfo("Europe/Paris")), utc(2026, 3, 4)),
    ],
)
def test_it_reads_epochs_in_seconds_and_milliseconds_and_ready_dates(value, expected):
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 mars 2026 à 14h30", utc(2026, 3, 3, 14, 30)),
        ("jeudi 15 octobre 2026", utc(2026, 10, 15)),
        ("May 4, 2020", utc(2020, 5, 4)),
        ("March 2026", utc(2026, 3, 1)),
    ],
)
def test_it_reads_words_in_french_and_english(text, expected):
    assert parse_date(text) == expected


def test_the_day_comes_first_unless_told_otherwise_or_impossible():
    assert parse_date("03/04/2026") == utc(2026, 4, 3)
    assert parse_date("03/04/2026", day_first=False) == utc(2026, 3, 4)
    assert parse_date("04/13/2026 2:30 PM") == utc(2026, 4, 13, 14, 30)
    assert parse_date("03/04/26 14h30") == utc(2026, 4, 3, 14, 30)


def test_a_time_without_a_zone_is_in_the_zone_given_summer_time_included():
    paris = ZoneInfo("Europe/Paris")
    assert parse_date("2026-07-01T12:00:00", zone=paris) == utc(2026, 7, 1, 10)
    assert parse_date("01/12/2026 12:00", zone=paris) == utc(2026, 12, 1, 11)
    assert parse_date("2026-07-01T12:00:00Z", zone=paris) == utc(2026, 7, 1, 12)


def test_relative_dates_need_to_know_what_time_it_is():
    now = utc(2026, 11, 21, 12)
    assert parse_date("il y a 3 jours") is None
    assert parse_date("il y a 3 jours", now=now) == now - timedelta(days=3)


@pytest.mark.parametrize(
    "value",
    [None, "", "hier", "hello world", "0000-00-00", "2026-13-45", "32/01/2026", "2026-W46", True, 0, 12, [],
     float("nan"), float("inf"), "12345678901234567890", "Thu, 15 Oct 2026 25:61:00 +9999", "x" * 500,
     "9999-12-31T23:59:59-12:00"],
)  # fmt: skip
def test_what_is_no_date_is_none(value):
    assert parse_date(value) is None


@given(st.datetimes(datetime(1950, 1, 1), datetime(2150, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_every_moment_written_in_iso_8601_comes_back(moment, minutes):
    from datetime import timezone

    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_date(aware.isoformat()) == aware


@settings(deadline=None, max_examples=150)
@given(
    st.one_of(
        st.text(max_size=40), st.floats(), st.integers(), st.from_regex(r"\d{1,4}[-/ ]\w{1,5}[-/ ]\d{1,5}.*")
    )
)
def test_nothing_makes_it_raise_and_what_it_finds_is_aware_utc(value):
    moment = parse_date(value)
    assert moment is None or moment.utcoffset() == timedelta(0)
