"""How often a service may be asked: what its headers say, in all the ways in which they say it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replay import Site, StillClock, door

from collectors.allowance import LONGEST_REST, retry_at, used_up
from collectors.http import RateLimited

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
EPOCH = str(int(NOW.timestamp()) + 900)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "Sat, 21 Nov 2026 12:10:00 GMT"}, 600),
        ({"retry-after": "30", "x-rate-limit-reset": EPOCH}, 30),
        ({"x-rate-limit-reset": EPOCH}, 900),
        ({"x-ratelimit-reset": "247"}, 247),
        ({"x-ratelimit-reset": "2026-11-21T12:04:00.000000Z"}, 240),
        ({"ratelimit-reset": "7"}, 7),
    ],
)
def test_after_too_many_requests_it_is_known_when_to_come_back(headers: dict[str, str], seconds: int) -> None:
    assert retry_at(headers, NOW, too_many=True) == NOW + timedelta(seconds=seconds)


def test_an_answer_that_is_none_of_too_many_requests_is_not_taken_for_one() -> None:
    assert retry_at({"x-rate-limit-reset": EPOCH}, NOW) is None


@pytest.mark.parametrize("left", ["0", "0.0", "0.4"])
def test_where_nothing_is_left_the_next_request_waits(left: str) -> None:
    headers = {"x-ratelimit-remaining": left, "x-ratelimit-reset": "247"}
    assert used_up(headers, NOW) == NOW + timedelta(seconds=247)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining": "997.0", "x-ratelimit-reset": "247"},
        {"x-ratelimit-remaining": "0"},
        {"x-ratelimit-remaining": "-1", "x-ratelimit-reset": "247"},
        {"x-ratelimit-remaining": "none", "x-ratelimit-reset": "247"},
        {"x-ratelimit-remaining": "٠", "x-ratelimit-reset": "247"},
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"},
    ],
)
def test_where_something_is_left_or_nothing_is_said_there_is_no_rest(headers: dict[str, str]) -> None:
    assert used_up(headers, NOW) is None


@settings(deadline=None)
@given(
    headers=st.dictionaries(
        st.sampled_from(["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset", "x-rate-limit-reset"]),
        st.text(max_size=40) | st.integers().map(str) | st.floats().map(str),
    )
)
def test_no_header_breaks_it_nor_asks_for_more_than_a_week(headers: dict[str, str]) -> None:
    for moment in (retry_at(headers, NOW, too_many=True), used_up(headers, NOW)):
        assert moment is None or moment <= NOW + LONGEST_REST


def test_a_service_that_has_nothing_left_is_not_asked_before_it_counts_anew() -> None:
    with Site() as site:
        site.put("/api", "{}", headers={"X-RateLimit-Remaining": "0.0", "X-RateLimit-Reset": "247"})
        clock = StillClock()
        with door(site, clock=clock) as http:
            http.get(site.url("/api"), credentials={})
            with pytest.raises(RateLimited) as caught:
                http.get(site.url("/api"), credentials={})
            assert caught.value.retry_at == clock.start + timedelta(seconds=247)
            assert len(site.asked("/api")) == 1
            clock.passed += 248
            http.get(site.url("/api"), credentials={})


def test_a_short_rest_is_waited_for() -> None:
    with Site() as site:
        site.put("/api", "{}", headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "7"})
        clock = StillClock()
        with door(site, clock=clock) as http:
            for _ in range(2):
                http.get(site.url("/api"), credentials={})
        assert clock.sleeps == [7.0]
