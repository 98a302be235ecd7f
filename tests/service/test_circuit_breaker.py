"""A source in trouble is left alone for longer and longer, says why and until when, and is tried by one visit."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.errors import Gone, RateLimited
from collectors.source import SourceError
from service.collecting import collect
from service.config import SourceConfig
from service.errors import ServiceError
from service.visits import OPENS_AT, is_due, rest_after
from service.workspace import Workspace
from storage import sources
from storage.sources import Rest
from tests.collectors.replay import Reply, Site
from tests.service.commands import oyez
from tests.service.searches import SEARCH, hit, serve, toml
from tests.service.workspaces import NOW, FrozenClock, workspace

SOURCE = SourceConfig(name="a", kind="feeds", options={"url": "https://example.org/feed"})


def state(ws: Workspace) -> sources.SourceState:
    with ws.database.read() as conn:
        found = sources.find(conn, "HN")
    assert found is not None
    return found


def visits(ws: Workspace, clock: FrozenClock, end: datetime) -> list[timedelta]:
    """When a scheduler that looks every minute visits it, from NOW, to 5 minutes: retries take random seconds."""
    found = []
    while clock.moment < end:
        if is_due(ws, ws.config.sources[0]):
            found.append(timedelta(minutes=5 * round((clock.moment - NOW) / timedelta(minutes=5))))
            collect(ws, due_only=True)
        clock.moment += timedelta(minutes=1)
    return found


def test_failures_in_a_row_open_the_circuit_and_each_trial_that_fails_doubles_the_rest(tmp_path: Path) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        site.put(SEARCH, b"", status=500)
        tried = visits(ws, clock, NOW + timedelta(hours=9))
        assert tried == [timedelta(minutes=minutes) for minutes in (0, 15, 30, 60, 120, 240, 480)]
        assert len(site.asked(SEARCH)) == len(tried)
        known = state(ws)
        assert known.rest is Rest.TROUBLE
        assert known.retry_at is not None
        assert known.last_attempt_at is not None
        # From the last failure on: the retries within each visit took their own, random, seconds.
        assert known.retry_at - known.last_attempt_at == timedelta(hours=8)


def test_a_trial_that_goes_well_closes_the_circuit(tmp_path: Path) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        site.put(SEARCH, b"", status=500)
        visits(ws, clock, NOW + timedelta(minutes=45))
        serve(site, [hit(1, "Lila")])
        clock.moment = NOW + timedelta(minutes=61)
        assert is_due(ws, ws.config.sources[0])
        [result] = collect(ws, due_only=True)
        assert result.stored.new == 1
        known = state(ws)
        assert (known.failures, known.rest, known.retry_at, known.problem) == (0, None, None, None)


def test_the_list_says_why_it_rests_and_until_when(tmp_path: Path) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        site.put(SEARCH, b"", status=500)
        visits(ws, clock, NOW + timedelta(hours=3))
        with ws.database.begin() as conn:  # the command looks at the real clock
            sources.record_failure(
                conn,
                state(ws).id,
                "the site answered 500",
                NOW,
                datetime.max.replace(tzinfo=NOW.tzinfo),
                Rest.TROUBLE,
            )
    [row] = json.loads(oyez("sources", "list", "--home", tmp_path, "--format", "json").stdout)
    assert (row["state"], row["rest"], row["problem"]) == ("resting", "trouble", "the site answered 500")
    assert row["next_visit"].startswith("9999")


def test_somebody_may_try_a_source_in_trouble_by_hand(tmp_path: Path) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        site.put(SEARCH, b"", status=500)
        visits(ws, clock, NOW + timedelta(minutes=45))
        serve(site, [])
        [result] = collect(ws)
        assert result.problem == ""


def test_nobody_asks_before_the_time_that_the_site_named_not_even_by_hand_in_another_process(
    tmp_path: Path,
) -> None:
    clock = FrozenClock()
    with Site() as site:
        site.put(SEARCH, b"", status=429, headers={"Retry-After": "7200"})
        with workspace(tmp_path, toml(site), clock=clock) as ws:
            collect(ws)
        serve(site, [])
        for minutes in (1, 60, 119):
            clock.moment = NOW + timedelta(minutes=minutes)
            with workspace(tmp_path, toml(site), clock=clock) as ws:
                [result] = collect(ws)
                assert "left alone until 2026-11-16 11:00 UTC" in result.problem
                assert state(ws).failures == 1
        assert len(site.asked(SEARCH)) == 1
        clock.moment = NOW + timedelta(minutes=121)
        with workspace(tmp_path, toml(site), clock=clock) as ws:
            assert collect(ws)[0].problem == ""


def test_a_source_that_refused_is_tried_at_once_when_its_options_are_put_right(tmp_path: Path) -> None:
    clock = FrozenClock()
    with Site() as site:
        site.put(SEARCH, b"", status=410)
        with workspace(tmp_path, toml(site), clock=clock) as ws:
            collect(ws)
            clock.moment += timedelta(hours=1)
            assert not is_due(ws, ws.config.sources[0])
        serve(site, [hit(1, "Lila")])
        with workspace(tmp_path, toml(site, options="max_requests = 9\n"), clock=clock) as ws:
            assert is_due(ws, ws.config.sources[0])
            [result] = collect(ws, due_only=True)
            assert result.stored.new == 1


def test_a_failure_behind_pages_that_were_read_is_the_first_of_its_row(tmp_path: Path) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        site.put(SEARCH, b"", status=500)
        visits(ws, clock, NOW + timedelta(minutes=45))
        serve(site, [hit(number, "Lila", days_ago=number) for number in range(1, 9)], most=3)
        player, answers = site._routes[SEARCH], []

        def once(request: object) -> Reply:
            answers.append(request)
            return player(request) if len(answers) == 1 else Reply(status=500)  # type: ignore[arg-type]

        site.route(SEARCH, once)
        clock.moment = NOW + timedelta(minutes=61)
        [result] = collect(ws, due_only=True)
        assert (result.pages, state(ws).failures, state(ws).rest) == (1, 1, None)


@pytest.mark.parametrize(
    ("error", "failures", "wait"),
    [
        (SourceError("500"), 1, None),
        (SourceError("500"), OPENS_AT - 1, None),
        (SourceError("500"), OPENS_AT, timedelta(minutes=30)),
        (SourceError("500"), OPENS_AT + 2, timedelta(hours=2)),
        (SourceError("500"), 10_000, timedelta(days=1)),
        (Gone("410", permanent=True), 1, timedelta(days=1)),
        (Gone("410", permanent=True), 3, timedelta(days=4)),
        (Gone("410", permanent=True), 10_000, timedelta(days=7)),
        (RateLimited("429", retry_at=NOW + timedelta(hours=5)), 9, timedelta(hours=5)),
        (ServiceError("no key"), 9, None),
    ],
)
def test_how_long_a_source_rests(
    error: SourceError | ServiceError, failures: int, wait: timedelta | None
) -> None:
    until, rest = rest_after(error, failures, SOURCE, NOW)
    assert until == (NOW + wait if wait else None)
    assert (rest is None) == (wait is None)


def test_a_file_is_looked_at_again_as_usual() -> None:
    file = SourceConfig(name="a", kind="files", options={"path": "a.csv"})
    assert rest_after(SourceError("no such file", permanent=True), 50, file, NOW) == (None, None)
