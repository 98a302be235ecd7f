"""The weekly report as a mail and as a file: the same page, its pictures where each of them can show them."""

import re
from email.message import EmailMessage
from pathlib import Path

import pytest

from service import jobs, reporting
from service.delivery import deliver
from service.reports import render_html
from service.workspace import Workspace
from storage import outbox, reports
from tests.service.commands import oyez
from tests.service.receivers import mail_server
from tests.service.workspaces import NOW, WordModel, workspace

TOML = """
[[brands]]
name = "Lila"

[[sources]]
name = "Avis"
kind = "files"
options = {{ path = "{folder}/avis.csv" }}

[[reports]]
brand = "Lila"
language = "fr"
to = ["mailto:direction@lila.example"]

[mail]
host = "127.0.0.1"
port = {port}
sender = "Oyez <oyez@lila.example>"
"""
ROWS = [f"1{n};Lila, livraison nul {n};1{n}/11/2026" for n in range(6)]
PNG = b"\x89PNG\r\n\x1a\n"
WEEK = "2026-W46"


def prepare(folder: Path, *, rows: list[str] = ROWS, port: int = 1) -> Workspace:
    (folder / "avis.csv").write_text("\n".join(["id;avis;date", *rows, ""]), encoding="utf-8")
    return workspace(folder / "home", TOML.format(folder=folder, port=port))


@pytest.fixture
def mail(tmp_path: Path) -> EmailMessage:
    """The mail that a whole pass sent on Monday."""
    with mail_server() as smtp, prepare(tmp_path, port=smtp.port) as ws:
        summary = jobs.run_once(ws)
        assert summary is not None
        assert (summary.reports, summary.delivered.sent) == (1, 1)
        [received] = smtp.mails
    return received


def test_every_picture_of_the_mail_is_a_part_that_its_page_names(mail: EmailMessage) -> None:
    page = mail.get_body(("html",))
    assert page is not None
    named = re.findall(r'<img src="cid:([^"]+)"', page.get_content())
    parts = {part["Content-ID"].strip("<>"): part for part in mail.walk() if part["Content-ID"]}
    assert len(named) == 2
    assert set(named) == set(parts)
    assert all(part.get_content().startswith(PNG) for part in parts.values())
    assert {part.get_content_disposition() for part in parts.values()} == {"inline"}
    assert "data:image" not in page.get_content()
    assert page.get_content().count("<img ") == len(named)


def test_the_mail_is_text_or_a_page_with_its_pictures(mail: EmailMessage) -> None:
    assert mail.get_content_type() == "multipart/alternative"
    text, page = mail.iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "multipart/related")
    assert mail["Subject"] == f"Lila : rapport de la semaine {WEEK}"
    assert mail["To"] == "direction@lila.example"


def test_the_page_on_disk_keeps_its_pictures_inside(tmp_path: Path) -> None:
    with prepare(tmp_path) as ws:
        jobs.run_once(ws)
        document = reporting.weekly(ws, reporting.find_brand(ws, "Lila"), WEEK).document
    page = render_html(document, "fr")
    assert page.count('<img src="data:image/png;base64,') == 2
    assert "cid:" not in page


def test_a_quiet_week_is_sent_without_pictures_and_says_so(tmp_path: Path) -> None:
    with mail_server() as smtp, prepare(tmp_path, rows=["1;Lila, bien;02/10/2026"], port=smtp.port) as ws:
        jobs.run_once(ws)
        [received] = smtp.mails
        with ws.database.read() as conn:
            assert reports.find(conn, reporting.find_brand(ws, "Lila").id, "weekly", WEEK)
    page = received.get_body(("html",))
    assert page is not None
    assert "Rien n’a été dit de la marque cette semaine" in page.get_content()


def test_a_report_is_mailed_once(tmp_path: Path) -> None:
    with mail_server() as smtp, prepare(tmp_path, port=smtp.port) as ws:
        for _ in range(3):
            jobs.run_once(ws, due_only=False)
            deliver(ws)
        assert len(smtp.mails) == 1
        with ws.database.read() as conn:
            assert outbox.counts(conn)[outbox.State.SENT] == 1


def test_a_week_without_mentions_is_told_and_stays_open_until_they_are_brought_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workspace, "model", WordModel())
    home, avis = tmp_path / "home", tmp_path / "avis.csv"
    avis.write_text("avis;date\nLila, bien;02/10/2026\n", encoding="utf-8")
    oyez("import", avis, "--brand", "Lila", "--home", home)
    weekly = ("report", "weekly", "--brand", "Lila", "--week", WEEK, "--home", home)
    empty = oyez(*weekly, "--language", "en")
    assert "Nothing was said of Lila in 2026-W46" in empty.stderr
    assert "Nothing was said of the brand this week" in empty.stdout
    assert "<img" not in empty.stdout
    assert "is frozen" not in empty.stdout
    avis.write_text("avis;date\nLila, bien;02/10/2026\nLila, nul;11/11/2026\n", encoding="utf-8")
    oyez("import", avis, "--brand", "Lila", "--home", home)
    oyez("annotate", "--home", home)
    full = oyez(*weekly, "--language", "en")
    assert full.stderr == ""
    assert "is frozen" in full.stdout


def test_a_brand_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with prepare(tmp_path) as ws:
        ws.brand_ids()
    told = oyez("report", "weekly", "--brand", "Lyla", "--home", tmp_path / "home", code=1)
    assert told.stdout == ""
    assert told.stderr.splitlines() == ["Error: there is no brand 'Lyla' here", "To do: brands: Lila"]


def test_a_week_that_has_not_begun_or_is_none_is_told_with_an_example(tmp_path: Path) -> None:
    with prepare(tmp_path) as ws:
        ws.brand_ids()
        year = NOW.year + 100
    for week in (f"{year}-W01", "2026-W60", "last week"):
        told = oyez("report", "weekly", "--brand", "Lila", "--week", week, "--home", tmp_path / "home", code=1)
        assert "such as 2026-W46" in told.stderr
