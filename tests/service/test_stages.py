"""A pass goes on where one of its stages fails, and says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from service import jobs
from service.errors import ServiceError
from service.workspace import Workspace
from storage import runs
from tests.service.commands import oyez
from tests.service.receivers import webhook
from tests.service.test_run import prepare
from tests.service.workspaces import NOW, FrozenClock, WordModel, workspace


def failing(error: Exception) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise error

    return fail


def test_a_report_on_a_brand_that_nothing_was_read_of_yet_is_no_failure(tmp_path: Path) -> None:
    toml = '[[brands]]\nname = "Lila"\n[[reports]]\nbrand = "Lila"\nto = ["mailto:a@b.example"]\n'
    with workspace(tmp_path, toml) as ws:
        summary = jobs.run_once(ws)
    assert summary is not None
    assert summary.problems == {}


def test_alerts_leave_although_the_reports_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.reporting.send_due", failing(ZeroDivisionError("a mistake")))
    with webhook() as hook, workspace(tmp_path / "home", prepare(tmp_path, hook.port)) as ws:
        summary = jobs.run_once(ws)
        assert summary is not None
        assert (summary.alerts, summary.delivered.sent) == (1, 1)
        assert [json.loads(body)["type"] for _, body in hook.received] == ["alert"]
        assert summary.to_json()["problems"] == {"report": "ZeroDivisionError: a mistake"}
        with ws.database.read() as conn:
            [run] = runs.recent(conn, "run")
        assert run.problem == "report: ZeroDivisionError: a mistake"
        assert run.finished_at is not None


@pytest.mark.parametrize(
    "stage", ["collecting.collect", "annotating.annotate", "annotating.fold", "watching.alert"]
)
def test_whichever_stage_breaks_the_later_ones_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.setattr(f"service.{stage}", failing(OSError("disk full")))
    with webhook() as hook, workspace(tmp_path / "home", prepare(tmp_path, hook.port)) as ws:
        summary = jobs.run_once(ws)
    assert summary is not None
    assert len(summary.problems) == 1
    assert set(summary.seconds) == {
        "collect",
        "annotate",
        "fold",
        "roll_up",
        "complaints",
        "alert",
        "report",
        "deliver",
    }


def test_the_command_says_which_stage_failed_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "model", WordModel())
    monkeypatch.setattr("service.reporting.send_due", failing(ServiceError("no paper", "buy some")))
    (tmp_path / "oyez.toml").write_text('[[brands]]\nname = "Lila"\n')
    result = oyez("run", "--home", tmp_path, "--format", "json", code=1)
    assert json.loads(result.stdout)["problems"] == {"report": "no paper"}
    assert "Error: the stage report failed: no paper" in result.stderr
    assert "To do: buy some" in result.stderr


def test_a_pass_with_nothing_due_applies_the_configuration_all_the_same(tmp_path: Path) -> None:
    clock = FrozenClock()
    with workspace(tmp_path / "home", prepare(tmp_path), clock=clock) as ws:
        jobs.run_once(ws)
    clock.moment = NOW + timedelta(minutes=1)
    with workspace(tmp_path / "home", prepare(tmp_path) + '[[brands]]\nname = "Neuf"\n', clock=clock) as ws:
        summary = jobs.run_once(ws)
        assert summary is not None
        assert summary.collected == []
        with ws.database.read() as conn:
            from storage import brands

            assert brands.find(conn, "Neuf") is not None
