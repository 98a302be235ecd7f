"""What has not changed is asked for once, with its version, and costs nothing more: counted at the server."""

from pathlib import Path

import feedparser
import pytest

from service.collecting import collect
from tests.collectors.replay import Site
from tests.service.workspaces import workspace

FEED = """<rss version="2.0"><channel><title>F</title>
<item><guid>{name}-{number}</guid><title>Panne {number}</title><description>Toujours.</description></item>
</channel></rss>"""
FEEDS = 12


def toml(site: Site) -> str:
    allowed = f'[http]\nmin_delay = 0.0\nallowed_hosts = ["127.0.0.1:{site.port}"]\n'
    feeds = "".join(
        f'[[sources]]\nname = "F{n}"\nkind = "feeds"\nbrands = ["Lila"]\n'
        f'[sources.options]\nurl = "{site.url(f"/{n}")}"\n'
        for n in range(FEEDS)
    )
    return f'[[brands]]\nname = "Lila"\n{allowed}{feeds}'


def test_a_pass_with_nothing_new_makes_one_conditional_request_a_feed_and_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Site() as site:
        for number in range(FEEDS):
            site.put_versioned(f"/{number}", FEED.format(name=number, number=1), etag='"1"')
        with workspace(tmp_path, toml(site)) as ws:
            assert sum(done.stored.new for done in collect(ws)) == FEEDS
            assert len(site.requests) == FEEDS + 1  # and robots.txt
            before = len(site.requests)
            monkeypatch.setattr(feedparser, "parse", None)  # nothing may be parsed
            again = collect(ws)
            asked = site.requests[before:]
        assert [done.problem for done in again] == [""] * FEEDS
        assert sorted(request.path for request in asked) == sorted(f"/{number}" for number in range(FEEDS))
        assert {request.headers.get("if-none-match") for request in asked} == {'"1"'}


def test_what_changed_is_read_and_the_others_are_not(tmp_path: Path) -> None:
    with Site() as site:
        for number in range(FEEDS):
            site.put_versioned(f"/{number}", FEED.format(name=number, number=1), etag='"1"')
        with workspace(tmp_path, toml(site)) as ws:
            collect(ws)
            site.put_versioned("/3", FEED.format(name=3, number=2), etag='"2"')
            again = {done.source: done.stored.new for done in collect(ws)}
    assert {name for name, new in again.items() if new} == {"F3"}
