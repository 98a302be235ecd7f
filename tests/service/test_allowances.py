"""What a service allows in a day: counted, shared by sources with the same key, and waited for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.quota import Quota
from collectors.source import Page
from collectors.sources.hacker_news import HackerNews
from service.backfilling import backfill
from service.collecting import collect
from service.health import rows_of
from service.visits import is_due
from service.workspace import Workspace
from storage import quotas, sources
from storage.sources import Rest
from tests.collectors.replay import Site
from tests.service.searches import SEARCH, hit, serve, toml
from tests.service.workspaces import NOW, FrozenClock, workspace

HITS = [hit(number, f"Lila {number}", days_ago=number) for number in range(1, 100)]
TWO = '[[sources]]\nname = "Other"\nkind = "hacker_news"\n'


@pytest.fixture
def metered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer costs 10 units of 30 a day, of California."""
    pages = HackerNews.pages

    def counted(self: HackerNews, *given: Any, **named: Any) -> Iterator[Page]:
        for page in pages(self, *given, **named):
            yield replace(page, spent=10)

    monkeypatch.setattr(HackerNews, "pages", counted)
    monkeypatch.setattr(HackerNews, "quota", lambda self: Quota(30, zone="America/Los_Angeles"))


def state(ws: Workspace, name: str = "HN") -> sources.SourceState:
    with ws.database.read() as conn:
        found = sources.find(conn, name)
    assert found is not None
    return found


@pytest.mark.usefixtures("metered")
def test_a_visit_ends_where_the_quota_does_and_the_source_rests_until_it_begins_anew(tmp_path: Path) -> None:
    clock = FrozenClock()
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        serve(site, HITS, most=25)
        [result] = collect(ws)
        assert (result.pages, result.problem) == (3, "")
        assert result.waits == "the service's quota of 30 units is used up until 2026-11-17 08:00 UTC"
        assert result.to_json()["waits"] == result.waits
        midnight = datetime(2026, 11, 17, 8, tzinfo=UTC)  # in California
        assert (state(ws).rest, state(ws).retry_at, state(ws).failures) == (Rest.QUOTA, midnight, 0)
        clock.moment = midnight - timedelta(minutes=1)
        assert not is_due(ws, ws.config.sources[0])
        clock.moment = midnight + timedelta(minutes=1)
        assert is_due(ws, ws.config.sources[0])
        [result] = collect(ws, due_only=True)
        assert (result.pages, state(ws).rest) == (2, None)  # it goes on where it was


@pytest.mark.usefixtures("metered")
def test_what_a_page_cost_is_kept_with_it_or_neither_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS, most=25)
        with monkeypatch.context() as broken:

            def killed(*_: Any, **__: Any) -> None:
                raise KeyboardInterrupt

            broken.setattr(quotas, "spend", killed)
            with pytest.raises(KeyboardInterrupt):
                collect(ws)
        assert (state(ws).posts, state(ws).cursor) == (0, {})
        [result] = collect(ws)
        assert result.pages == 3  # all that the day allows: what was taken back cost nothing


@pytest.mark.usefixtures("metered")
def test_what_is_used_up_is_not_asked_for_by_hand_either(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS, most=25)
        collect(ws)
        requests = len(site.asked(SEARCH))
        [result] = collect(ws)
        assert (result.pages, len(site.asked(SEARCH))) == (0, requests)
        assert "used up" in result.waits
        assert result.problem == ""


@pytest.mark.usefixtures("metered")
def test_sources_with_the_same_key_share_its_quota(tmp_path: Path) -> None:
    with Site() as site:
        text = toml(site) + TWO + f'[sources.options]\nsite = "{site.url("")}"\n'
        with workspace(tmp_path, text) as ws:
            serve(site, HITS, most=25)
            collect(ws, only=["HN"])
            [other] = collect(ws, only=["Other"])
            assert (other.pages, state(ws, "Other").rest) == (0, Rest.QUOTA)


@pytest.mark.usefixtures("metered")
def test_a_walk_into_the_past_that_spends_the_quota_is_not_done_and_goes_on_the_next_day(tmp_path: Path) -> None:
    clock = FrozenClock()
    since = NOW - timedelta(days=365)
    with Site() as site, workspace(tmp_path, toml(site), clock=clock) as ws:
        serve(site, HITS, most=25)
        [result] = backfill(ws, since)
        assert (result.pages, "done" in (state(ws).backfill or {})) == (3, False)
        clock.moment += timedelta(days=1)
        [result] = backfill(ws, since)
        assert "done" in (state(ws).backfill or {})


@pytest.mark.usefixtures("metered")
def test_the_list_shows_what_was_spent(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS[:3])
        collect(ws)
        [row] = rows_of(ws)
        assert row["quota"] == "10 of 30 until 2026-11-17 08:00 UTC"
        assert json.dumps(row)


def test_a_source_without_a_quota_counts_nothing(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, HITS[:3])
        collect(ws)
        [row] = rows_of(ws)
        assert row["quota"] is None


@pytest.mark.parametrize(
    ("quota", "moment", "reset"),
    [
        (Quota(1), "2026-11-16T09:00:00+00:00", "2026-11-17T00:00:00+00:00"),
        (Quota(1, zone="America/Los_Angeles"), "2026-11-16T09:00:00+00:00", "2026-11-17T08:00:00+00:00"),
        (Quota(1, zone="America/Los_Angeles"), "2026-11-16T07:59:00+00:00", "2026-11-16T08:00:00+00:00"),
        (Quota(1, zone="Europe/Paris"), "2026-10-24T23:00:00+00:00", "2026-10-25T23:00:00+00:00"),
        (Quota(1, timedelta(minutes=15)), "2026-11-16T09:00:00+00:00", "2026-11-16T09:15:00+00:00"),
    ],
)
def test_a_quota_begins_anew_at_midnight_where_the_service_is(quota: Quota, moment: str, reset: str) -> None:
    assert quota.resets_at(datetime.fromisoformat(moment)) == datetime.fromisoformat(reset)
