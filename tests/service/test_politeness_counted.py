"""Politeness across sources, as the server counts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.collecting import collect
from tests.collectors.replay import Reply, Site, StillClock
from tests.service.workspaces import workspace

FEED = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><id>1</id><title>Lila</title></entry></feed>'
ATOM = "application/atom+xml"


def toml(site: Site, *paths: str, http: str = "min_delay = 0\n") -> str:
    feeds = "".join(
        f'[[sources]]\nname = "{path}"\nkind = "feeds"\noptions = {{ url = "{site.url(path)}" }}\n'
        for path in paths
    )
    return f'[http]\nallowed_hosts = ["127.0.0.1"]\n{http}[[brands]]\nname = "Lila"\n{feeds}'


PATHS = tuple(f"/feed/{number}" for number in range(8))


@pytest.mark.parametrize("allowed", [1, 2])
def test_a_host_is_never_asked_for_more_at_once_than_allowed_however_many_sources_there_are(
    tmp_path: Path, allowed: int
) -> None:
    with Site() as site:
        for path in PATHS:
            site.route(path, lambda request: Reply(FEED, content_type=ATOM, wait=0.05))
        text = toml(site, *PATHS, http=f"min_delay = 0\nconcurrency = {allowed}\n")
        with workspace(tmp_path, text) as ws:
            results = collect(ws)
        assert [result.problem for result in results] == [""] * 8
        assert site.most_at_once == allowed
        assert sorted(site.paths) == sorted([*PATHS, "/robots.txt"])


def test_what_robots_txt_forbids_is_asked_for_by_no_source(tmp_path: Path) -> None:
    with Site() as site:
        site.put(
            "/robots.txt", "User-agent: *\nDisallow: /feed/1\nDisallow: /feed/3\n", content_type="text/plain"
        )
        for path in PATHS:
            site.put(path, FEED, content_type=ATOM)
        with workspace(tmp_path, toml(site, *PATHS)) as ws:
            refused = {result.source for result in collect(ws) if "robots.txt" in result.problem}
        assert refused == {"/feed/1", "/feed/3"}
        assert not {"/feed/1", "/feed/3"} & set(site.paths)
        assert site.paths.count("/robots.txt") == 1


def test_a_crawl_delay_holds_between_the_requests_of_all_sources(tmp_path: Path) -> None:
    clock = StillClock()
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nCrawl-delay: 30\n", content_type="text/plain")
        for path in PATHS[:4]:
            site.put(path, FEED, content_type=ATOM)
        with workspace(tmp_path, toml(site, *PATHS[:4]), clock=clock) as ws:
            collect(ws)
        assert len(site.paths) == 5
    assert clock.passed >= 3 * 30


def test_errors_of_one_source_slow_the_others_at_that_host_down(tmp_path: Path) -> None:
    clock = StillClock()
    with Site() as site:
        site.put("/bad", b"", status=500)
        site.put("/good", FEED, content_type=ATOM)
        with workspace(
            tmp_path, toml(site, "/bad", "/good", http="min_delay = 0\nretries = 3\n"), clock=clock
        ) as ws:
            collect(ws, only=["/good"])
            quick = clock.passed
            collect(ws, only=["/bad"])
            before = clock.passed
            collect(ws, only=["/good"])
        assert quick == 0
        assert clock.passed - before >= 4  # doubled by each of the four errors, from a second on
        assert len(site.asked("/bad")) == 4


def test_no_source_asks_a_host_before_the_time_that_it_named_to_another(tmp_path: Path) -> None:
    clock = StillClock()
    with Site() as site:
        site.put("/busy", b"", status=503, headers={"Retry-After": "3600"})
        site.put("/other", FEED, content_type=ATOM)
        with workspace(
            tmp_path, toml(site, "/busy", "/other", http="min_delay = 0\nretries = 0\n"), clock=clock
        ) as ws:
            collect(ws, only=["/busy"])
            for passed in (1, 1800, 1790):
                clock.passed += passed
                [result] = collect(ws, only=["/other"])
                assert "left alone" in result.problem
            assert site.asked("/other") == []
            clock.passed += 60
            [result] = collect(ws, only=["/other"])
            assert result.problem == ""
