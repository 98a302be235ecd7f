"""Requests with the user's own key: where it is sent, where it never is, and when to come back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from replay import Site, StillClock, door

from collectors.http import AddressRefused, Blocked, RateLimited


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [
        ("x-rate-limit-reset", str(int(StillClock().start.timestamp()) + 900), 900),
        ("X-RateLimit-Reset", "247", 247),
        ("X-RateLimit-Reset", "2026-11-21T12:04:00.000000Z", 240),
    ],
)
def test_after_too_many_requests_the_service_s_own_count_says_when(
    site: Site, name: str, value: str, seconds: int
) -> None:
    site.put("/a", status=429, headers={name: value})
    with door(site) as http, pytest.raises(RateLimited) as caught:
        http.get(site.url("/a"))
    assert caught.value.retry_at == StillClock().start + timedelta(seconds=seconds)
    assert len(site.asked("/a")) == 1


def test_a_request_with_a_key_is_no_crawler_s(site: Site) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /")
    site.put("/api", "fine")
    with door(site) as http:
        assert http.get(site.url("/api"), credentials={"Authorization": "Bearer k3y"}).body == b"fine"
        assert http.post(site.url("/api"), json={"password": "k3y"}, credentials={}).body == b"fine"
        assert site.paths == ["/api", "/api"]
        assert site.requests[0].headers["authorization"] == "Bearer k3y"
        with pytest.raises(Blocked):
            http.get(site.url("/api"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_key_is_sent_to_no_other_site_not_even_inside_a_body(site: Site, status: int) -> None:
    with Site() as other:
        site.put("/api", status=status, headers={"Location": other.url("/steal")})
        with door(site, allowed_hosts={f"127.0.0.1:{site.port}", f"127.0.0.1:{other.port}"}) as http:
            for send in (
                lambda: http.get(site.url("/api"), credentials={"X-Goog-Api-Key": "k3y"}),
                lambda: http.post(site.url("/api"), json={"password": "k3y"}, credentials={}),
            ):
                with pytest.raises(AddressRefused, match="not given the key") as caught:
                    send()
                assert "k3y" not in str(caught.value)
        assert other.requests == []


def test_a_key_follows_a_redirect_within_its_site(site: Site) -> None:
    site.put("/old", status=308, headers={"Location": "/new"})
    site.put("/new", "fine")
    with door(site) as http:
        assert http.get(site.url("/old"), credentials={"Authorization": "Bearer k3y"}).body == b"fine"
    assert site.requests[-1].headers["authorization"] == "Bearer k3y"
