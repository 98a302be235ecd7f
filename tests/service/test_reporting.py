"""When a weekly report is written, kept and sent: not before all of its week was read."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service import jobs, reporting
from service.importing import import_file, plan
from service.reports import render_html
from service.workspace import Workspace
from storage import outbox, reports
from tests.service.workspaces import NOW, FrozenClock, workspace

TOML = """
[[brands]]
name = "Lila"

[[sources]]
name = "Reviews"
kind = "files"
brands = ["Lila"]
options = {{ path = "{folder}/reviews.jsonl" }}

[[reports]]
brand = "Lila"
to = {to}

[web]
language = "fr"
timezone = "{zone}"
"""
CARE = ("mailto:care@lila.example",)


def place(
    folder: Path, *, to: Sequence[str] = CARE, zone: str = "UTC", at: datetime = NOW, there: bool = True
) -> Workspace:
    """A workspace whose one source has two mentions of week 46, or where it is not `there` cannot be read."""
    if there:
        write(folder)
    toml = TOML.format(folder=folder, to=json.dumps(list(to)), zone=zone)
    return workspace(folder / "home", toml, clock=FrozenClock(at))


def write(folder: Path) -> None:
    rows = [{"id": str(n), "text": f"Lila, nul {n}", "published_at": f"2026-11-1{n}T10:00:00Z"} for n in (3, 4)]
    (folder / "reviews.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")


def later(ws: Workspace, wait: timedelta) -> None:
    assert isinstance(ws.clock, FrozenClock)
    ws.clock.moment += wait


def queued(ws: Workspace) -> int:
    with ws.database.read() as conn:
        return sum(outbox.counts(conn).values())


def kept(ws: Workspace) -> list[reports.Report]:
    with ws.database.read() as conn:
        return reports.list_reports(conn)


def test_a_week_whose_mentions_wait_to_be_read_is_provisional_and_not_kept(tmp_path: Path) -> None:
    table = tmp_path / "avis.csv"
    table.write_text("avis;date\nLila, nul;2026-11-12\nLila, bien;2026-11-13\n", encoding="utf-8")
    with workspace(tmp_path / "home", '[[brands]]\nname = "Lila"\n') as ws:
        import_file(ws, plan(str(table), name=None, brand="Lila", options={}))
        brand = reporting.find_brand(ws, "Lila")
        early = reporting.weekly(ws, brand, "2026-W46")
        assert (early.id, early.document["complete"], early.document["provisional"]) == (0, True, True)
        assert "Ces chiffres sont provisoires" in render_html(early.document, "fr")
        assert kept(ws) == []
        jobs.understand(ws, jobs.Summary())
        report = reporting.weekly(ws, brand, "2026-W46")
        assert report.id
        assert (report.document["scorecard"]["mentions"], report.document["provisional"]) == (2, False)
        page = render_html(report.document, "fr")
        assert "provisoires" not in page
        assert "figé" in page


def test_days_that_were_not_counted_yet_make_it_provisional(tmp_path: Path) -> None:
    with place(tmp_path) as ws:
        jobs.run_once(ws)
        brand = reporting.find_brand(ws, "Lila")
        write_more(tmp_path)
        jobs.collecting.collect(ws)
        jobs.annotating.annotate(ws)
        week = "2026-W45"
        assert reporting.weekly(ws, brand, week).document["provisional"]
        jobs.annotating.fold(ws)
        jobs.roll_up(ws)
        assert not reporting.weekly(ws, brand, week).document["provisional"]


def write_more(folder: Path) -> None:
    row = {"id": "old", "text": "Lila, bien avant", "published_at": "2026-11-05T10:00:00Z"}
    with (folder / "reviews.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")


def test_a_report_waits_a_day_for_a_source_that_fails_and_then_says_so(tmp_path: Path) -> None:
    with place(tmp_path, there=False) as ws:
        for _ in range(3):
            summary = jobs.run_once(ws)
            assert summary is not None
            assert (len(summary.failed_sources), summary.reports) == (1, 0)
            later(ws, timedelta(hours=7))
        assert (queued(ws), kept(ws)) == (0, [])
        later(ws, timedelta(hours=3))
        assert reporting.send_due(ws) == 1
        [report] = kept(ws)
        assert report.document["provisional"]
        assert "Ces chiffres sont provisoires" in render_html(report.document, "fr")
        assert reporting.send_due(ws) == 0


def test_a_report_leaves_as_soon_as_the_source_is_back(tmp_path: Path) -> None:
    with place(tmp_path, there=False) as ws:
        jobs.run_once(ws)
        assert queued(ws) == 0
        write(tmp_path)
        later(ws, timedelta(hours=1))
        summary = jobs.run_once(ws)
        assert summary is not None
        assert summary.reports == 1
        [report] = kept(ws)
        assert not report.document["provisional"]
        assert report.document["scorecard"]["mentions"] == 2


def test_a_source_that_fails_since_the_week_ended_holds_nothing_up(tmp_path: Path) -> None:
    with place(tmp_path, at=datetime(2026, 11, 16, 0, 30, tzinfo=UTC)) as ws:
        jobs.run_once(ws)
        (tmp_path / "reviews.jsonl").unlink()
        later(ws, timedelta(hours=8))
        summary = jobs.run_once(ws)
        assert summary is not None
        assert (len(summary.failed_sources), summary.reports) == (1, 1)


@pytest.mark.parametrize(
    ("zone", "early"),
    [
        ("Asia/Tokyo", datetime(2026, 11, 15, 23, 30, tzinfo=UTC)),
        ("Pacific/Auckland", datetime(2026, 11, 15, 20, tzinfo=UTC)),
    ],
)
def test_a_week_that_is_not_over_everywhere_is_sent_once_it_is(
    tmp_path: Path, zone: str, early: datetime
) -> None:
    with place(tmp_path, zone=zone, at=early) as ws:
        jobs.run_once(ws)
        assert (queued(ws), kept(ws)) == (0, [])
        later(ws, datetime(2026, 11, 16, 0, 1, tzinfo=UTC) - early)
        assert reporting.send_due(ws) == 1
        [report] = kept(ws)
        assert report.period == "2026-W46"
        with ws.database.begin() as conn:
            [message] = outbox.due(conn, ws.clock.now())
        assert message.payload["report_id"] == report.id


def test_a_report_that_is_sent_to_nobody_is_kept(tmp_path: Path) -> None:
    with place(tmp_path, to=()) as ws:
        summary = jobs.run_once(ws)
        assert summary is not None
        assert summary.reports == 0
        assert queued(ws) == 0
        assert [report.period for report in kept(ws)] == ["2026-W46"]
