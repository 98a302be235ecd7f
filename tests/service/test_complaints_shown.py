"""What people complain of is sorted by every run, and shown on the page of a brand and in its report."""

import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from service import annotating, collecting, jobs
from service.reports import render_html
from service.web.app import create_app
from service.workspace import Workspace
from storage import reports
from storage.tables import ComplaintRow
from tests.service.commands import oyez
from tests.service.workspaces import workspace

TOML = """
[[brands]]
name = "Lila"

[[sources]]
name = "Avis"
kind = "files"
brands = ["Lila"]
options = {{ path = "{folder}/avis.csv" }}

[[reports]]
brand = "Lila"
language = "fr"
"""
ROWS = [
    *[f"a{n};nul, jamais livré {n};1{n}/11/2026" for n in range(4)],
    *[f"b{n};nul : trop tard {n};1{n}/11/2026" for n in range(2)],
    "c;nul <b>& bof</b>;12/11/2026",
    "d;bien;12/11/2026",
]
HEADERS = {"fr": {"accept-language": "fr"}, "en": {"accept-language": "en"}}


def prepare(folder: Path) -> Workspace:
    (folder / "avis.csv").write_text("\n".join(["id;avis;date", *ROWS, ""]), encoding="utf-8")
    return workspace(folder / "home", TOML.format(folder=folder))


def complaints(ws: Workspace) -> list[tuple[int, str]]:
    with ws.database.read() as conn:
        return [(row.id, row.label) for row in conn.execute(select(ComplaintRow).order_by(ComplaintRow.id))]


def page(ws: Workspace, language: str) -> str:
    web = TestClient(create_app(ws), base_url="http://127.0.0.1:8742")
    shown = web.get("/", headers=HEADERS[language])
    assert shown.status_code == 200
    return shown.text


def test_a_run_sorts_each_passage_once_and_says_how_many(tmp_path: Path) -> None:
    with prepare(tmp_path) as ws:
        first = jobs.run_once(ws)
        before = complaints(ws)
        again = jobs.run_once(ws, due_only=False)
        assert first is not None
        assert again is not None
        assert (first.passages, again.passages) == (7, 0)
        assert first.to_json()["passages"] == 7
        assert complaints(ws) == before
        assert "attente, retard" in [label for _, label in before]


def test_sorting_stops_when_it_is_told_to_and_is_done_by_the_next_run(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with prepare(tmp_path) as ws:
        collecting.collect(ws)
        annotating.annotate(ws)
        assert annotating.sort_complaints(ws, stop=stop) == 0
        assert complaints(ws) == []
        assert annotating.sort_complaints(ws) == 7


@pytest.mark.parametrize(
    ("language", "since", "rest"),
    [
        ("en", "2, since 10 November 2026", "of the complaints; others:"),
        ("fr", "2, depuis le 10 novembre 2026", "autres"),
    ],
)
def test_the_page_tells_what_exactly_hurts(tmp_path: Path, language: str, since: str, rest: str) -> None:
    with prepare(tmp_path) as ws:
        jobs.run_once(ws)
        text = page(ws, language)
    assert '<strong lang="fr">attente, retard</strong>' in text
    assert since in text
    assert rest in text


def test_words_of_a_complaint_are_escaped(tmp_path: Path) -> None:
    with prepare(tmp_path) as ws:
        jobs.run_once(ws)
        assert "<b>&" not in page(ws, "fr")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_report_tells_them_and_one_frozen_before_there_were_any_still_renders(
    tmp_path: Path, language: str
) -> None:
    with prepare(tmp_path) as ws:
        jobs.run_once(ws)
        with ws.database.read() as conn:
            [kept] = reports.list_reports(conn)
            document = reports.get(conn, kept.id).document
    assert "attente, retard" in render_html(document, language)
    for point in document["pain_points"]:
        for name in ("complaints", "complaints_coverage", "other_complaints"):
            del point[name]
    assert "attente, retard" not in render_html(document, language)


def test_annotating_by_command_sorts_too(tmp_path: Path) -> None:
    with prepare(tmp_path):
        pass
    shown = oyez("annotate", "--home", tmp_path / "home", "--format", "json")
    assert '"passages"' in shown.stdout
