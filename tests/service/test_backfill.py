"""`oyez collect --since`: the past is read apart from what is new, to its end, on from where it was cut off."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.source import Cursor
from service import progress
from service.backfilling import backfill
from service.collecting import collect
from service.visits import is_due
from service.workspace import Workspace
from storage import mentions, sources
from tests.collectors.replay import Reply, Site
from tests.service.commands import oyez
from tests.service.searches import SEARCH, asked, hit, serve, toml
from tests.service.workspaces import NOW, workspace

SINCE = NOW - timedelta(days=365)
HITS = [hit(number, f"Lila, avis {number}", days_ago=number) for number in range(1, 300)]


def count(ws: Workspace) -> int:
    with ws.database.read() as conn:
        return mentions.count(conn)


def state(ws: Workspace) -> sources.SourceState:
    with ws.database.read() as conn:
        found = sources.find(conn, "HN")
    assert found is not None
    return found


def newest(cursor: Cursor) -> datetime:
    return datetime.fromtimestamp(cursor["searches"]["Lila"]["newest"], UTC)


def test_the_past_is_read_to_its_end_in_as_many_rounds_as_it_takes(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site, options="max_requests = 2\n")) as ws:
        serve(site, HITS, most=20)
        told: list[int] = []
        [result] = backfill(ws, SINCE, told=told.append)
        assert (count(ws), result.problem) == (299, "")
        assert told == sorted(told)
        assert (told[-1], told[len(told) // 2] > 20) == (100, True)


def test_nothing_before_the_day_is_read(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS)
        backfill(ws, NOW - timedelta(days=10.5))
        assert count(ws) == 10


def test_the_cursor_of_what_is_new_is_not_moved_by_the_past(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS[5:6])
        collect(ws)
        live = state(ws).cursor
        serve(site, HITS)
        backfill(ws, SINCE)
        assert state(ws).cursor == live
        assert count(ws) == 299
        [again] = collect(ws)
        assert again.stored.new == 0


def test_a_source_that_was_never_read_goes_on_from_the_end_of_its_past(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS, most=100)
        backfill(ws, SINCE)
        assert newest(state(ws).cursor) == NOW - timedelta(days=1)
        before = len(asked(site))
        collect(ws)
        assert len(asked(site)) == before + 1


class Killed(BaseException):
    """As a signal is."""


@pytest.mark.parametrize("after", [1, 4, 9])
def test_a_killed_walk_goes_on_from_its_last_page_and_ends_like_an_undisturbed_one(
    tmp_path: Path, after: int
) -> None:
    pages = 0

    def kill(_percent: int) -> None:
        nonlocal pages
        pages += 1
        if pages == after:
            raise Killed

    with Site() as site:
        serve(site, HITS, most=20)
        with workspace(tmp_path, toml(site)) as ws, pytest.raises(Killed):
            backfill(ws, SINCE, told=kill)
        requests = len(asked(site))
        with workspace(tmp_path, toml(site)) as ws:
            assert state(ws).backfill is not None
            assert state(ws).cursor == {}
            backfill(ws, SINCE)
            assert count(ws) == 299
            whole = len(asked(site))
        assert whole - requests < 17  # 15 pages and the overlap of a slice: what was read is not read again
        assert requests == after


def test_a_gentle_stop_ends_after_the_page_and_the_next_one_goes_on(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS, most=20)
        backfill(ws, SINCE, stop=stop)
        assert count(ws) == 20
        backfill(ws, SINCE)
        assert count(ws) == 299


def test_another_day_or_a_walk_that_is_done_begins_anew(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS[:30])
        backfill(ws, SINCE)
        serve(site, [hit(1, "Lila, avis changé")])
        [again] = backfill(ws, SINCE)
        assert again.stored.changed == 1


def test_the_schedule_goes_on_while_a_walk_is_cut_off_and_a_failure_is_noted(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS[:3])
        collect(ws)
        assert not is_due(ws, ws.config.sources[0])
        site.put(SEARCH, b"", status=500)
        [failed] = backfill(ws, SINCE)
        assert "500" in failed.problem
        assert state(ws).failures == 1


def test_a_source_that_cannot_tell_where_it_stands_is_asked_until_nothing_new_comes(tmp_path: Path) -> None:
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>'
        "<entry><id>1</id><title>Lila</title><updated>2026-11-01T00:00:00Z</updated></entry></feed>"
    )
    with Site() as site:
        site.put_versioned("/feed", feed, etag='"1"', content_type="application/atom+xml")
        text = (
            '[http]\nallowed_hosts = ["127.0.0.1"]\nmin_delay = 0\n[[brands]]\nname = "Lila"\n'
            f'[[sources]]\nname = "HN"\nkind = "feeds"\noptions = {{ url = "{site.url("/feed")}" }}\n'
        )
        with workspace(tmp_path, text) as ws:
            backfill(ws, SINCE)
            assert count(ws) == 1
        assert len(site.asked("/feed")) <= 2


def test_the_command_reads_the_past_and_the_list_shows_how_far(tmp_path: Path) -> None:
    with Site() as site:
        serve(site, HITS[:3])
        (tmp_path / "oyez.toml").write_text(toml(site), encoding="utf-8")
        done = oyez("collect", "--since", "2020-01-01", "--home", tmp_path, "--format", "json")
        assert json.loads(done.stdout)[0]["new"] == 3
        [row] = json.loads(oyez("sources", "list", "--home", tmp_path, "--format", "json").stdout)
    assert row["backfill"]["since"] == "2020-01-01T00:00:00+00:00"
    assert row["backfill"]["done"]


def test_a_quick_answer_of_a_server_that_breaks_off_keeps_what_came(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS, most=20)
        player = site._routes[SEARCH]
        answers: list[Any] = []

        def breaking(request: Any) -> Reply:
            answers.append(request)
            return player(request) if len(answers) <= 3 else Reply(status=500)

        site.route(SEARCH, breaking)
        [failed] = backfill(ws, SINCE)
        assert failed.pages == 3
        site.route(SEARCH, player)
        backfill(ws, SINCE)
        assert count(ws) == 299


def test_what_was_read_is_shown_as_a_share_of_the_time_whichever_way_it_is_walked() -> None:
    start, end = NOW - timedelta(days=100), NOW
    for days in ([90, 80, 50], [50, 80, 90]):
        reach = progress.Reach(start, end, walks=2)
        for day in days:
            reach.read("a", [start + timedelta(days=day)])
        assert reach.percent == 20
        reach.ended("a")
        assert reach.percent == 50
        reach.read("b", [start - timedelta(days=9), end + timedelta(days=9)])
        assert reach.percent == 99
        reach.ended("b")
        assert reach.percent == 100
