"""The command line as a user meets it: data on stdout, the rest on stderr, exit codes, remedies."""

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import Author, Post, PostKind, Rating
from service.cli.options import Format
from service.cli.output import destination, post_json, safe_cell, write_posts, write_rows
from service.errors import ServiceError
from service.workspace import Workspace
from tests.service.commands import oyez
from tests.service.workspaces import WordModel

ROOT = Path(__file__).resolve().parents[2]
CSV = """avis;note;date
Livraison nul, colis perdu;1;14/11/2026
=SUM(A1) très bien;5;15/11/2026
Écrire à jean@exemple.fr;3;15/11/2026
"""


@pytest.fixture(autouse=True)
def word_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "model", WordModel())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with three mentions of Lila, annotated."""
    (tmp_path / "avis.csv").write_text(CSV, encoding="utf-8")
    folder = tmp_path / "home"
    oyez("import", tmp_path / "avis.csv", "--brand", "Lila", "--home", folder)
    oyez("annotate", "--home", folder)
    return folder


def test_help_answers_at_once_and_imports_nothing_heavy() -> None:
    heavy = "sqlalchemy", "numpy", "httpx", "onnxruntime", "transformers", "altair", "fastapi", "structlog"
    code = (
        "import sys; from typer.testing import CliRunner; from service.cli import app;"
        f"r = CliRunner().invoke(app, ['--help']); print([m for m in {heavy!r} if m in sys.modules], r.exit_code)"
    )
    started = time.monotonic()
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout == "[] 0\n"
    assert time.monotonic() - started < 2  # half a second on a machine that does nothing else


def test_an_unknown_command_is_wrong_use_and_says_which_was_meant() -> None:
    assert "Did you mean 'collect'?" in oyez("colect", code=2).stderr
    oyez("run", "--hme", "x", code=2)


def test_init_writes_a_file_that_is_in_order_and_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "new"
    result = oyez("init", "--home", home, "--brand", "Lila", "--language", "fr")
    assert result.stdout == ""
    assert 'name = "Lila"' in (home / "oyez.toml").read_text(encoding="utf-8")
    assert oyez("doctor", "--home", home).exit_code == 0
    assert "is there already" in oyez("init", "--home", home, code=1).stderr


def test_a_failure_is_one_line_on_what_and_one_on_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "oyez.toml").write_text("[web]\nprt = 1\n")
    result = oyez("run", "--home", tmp_path, code=1)
    assert result.stdout == ""
    assert result.stderr.splitlines()[0].startswith(
        "Error: oyez.toml, line 2: web.prt: unknown key; did you mean 'port'?"
    )
    assert result.stderr.splitlines()[1].startswith("To do: ")


def test_import_shows_the_mapping_and_counts_as_data(tmp_path: Path) -> None:
    (tmp_path / "avis.csv").write_text(CSV, encoding="utf-8")
    arguments = ("import", tmp_path / "avis.csv", "--brand", "Lila", "--home", tmp_path / "h", "--format", "json")
    dry = oyez(*arguments, "--dry-run")
    assert len(json.loads(dry.stdout)) == 3
    assert "rating" in dry.stderr
    assert json.loads(oyez(*arguments).stdout)["new"] == 3
    again = oyez(*arguments)
    assert json.loads(again.stdout)["new"] == 0
    assert "same as at its last import" in again.stderr


def test_import_takes_a_mapping_and_refuses_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a;b\nTout va bien ici;Lila\n", encoding="utf-8")
    base = ("import", tmp_path / "x.csv", "--home", tmp_path / "h", "--format", "json")
    oyez(*base, "--mapping", "text", code=2)
    oyez(*base, code=1)
    done = oyez(*base, "--mapping", "text=a", "--brand-column", "b")
    assert json.loads(done.stdout)["new"] == 1
    assert (
        "no file"
        in oyez("import", tmp_path / "absent.csv", "--brand", "L", "--home", tmp_path / "h", code=1).stderr
    )


def test_a_scorecard_is_printed_as_table_and_json(home: Path) -> None:
    period = ("--from", "2026-11-01", "--to", "2026-11-30")
    card = json.loads(
        oyez("report", "scorecard", "--brand", "lila", *period, "--home", home, "--format", "json").stdout
    )
    assert card["mentions"] == 3
    assert card["indicators"]["rating"]["value"] == 3.0
    table = oyez("report", "scorecard", "--brand", "Lila", *period, "--home", home).stdout
    assert table.splitlines()[0].split()[:4] == ["indicator", "value", "low", "high"]
    assert "there is no brand" in oyez("report", "scorecard", "--brand", "Lyla", "--home", home, code=1).stderr
    oyez(
        "report",
        "scorecard",
        "--brand",
        "Lila",
        "--from",
        "2026-12-01",
        "--to",
        "2026-11-01",
        "--home",
        home,
        code=2,
    )


def test_the_weekly_report_is_written_as_json_and_page(home: Path, tmp_path: Path) -> None:
    week = ("report", "weekly", "--brand", "Lila", "--week", "2026-W46", "--home", home)
    document = json.loads(oyez(*week, "--format", "json").stdout)
    assert (document["brand"], document["week"], document["scorecard"]["mentions"]) == ("Lila", "2026-W46", 3)
    oyez(*week, "--language", "fr", "-o", tmp_path / "week.html")
    assert "Lila" in (tmp_path / "week.html").read_text(encoding="utf-8")
    assert (
        "not a week" in oyez("report", "weekly", "--brand", "Lila", "--week", "46", "--home", home, code=1).stderr
    )
    oyez(*week, "-o", tmp_path / "no" / "such" / "folder", code=1)


def test_an_export_is_masked_and_harmless_and_noted(home: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(oyez("export", "--home", home).stdout)))
    assert len(rows) == 3
    texts = {row["text"] for row in rows}
    assert "'=SUM(A1) très bien" in texts
    assert not any("jean@exemple.fr" in text for text in texts)
    lines = oyez(
        "export", "--home", home, "--brand", "Lila", "--from", "2026-11-15", "--format", "jsonl"
    ).stdout.splitlines()
    assert len(lines) == 2
    assert {json.loads(line)["rating"] for line in lines} == {5.0, 3.0}
    assert "sentiment" in json.loads(lines[0])


def test_sources_tell_their_health_kinds_and_options(home: Path) -> None:
    [source] = json.loads(oyez("sources", "list", "--home", home, "--format", "json").stdout)
    assert (source["source"], source["kind"], source["mentions"]) == ("avis.csv (Lila)", "files", 3)
    assert source["state"] == "not configured"  # an import that is done is neither quiet nor failing
    kinds = {row["kind"] for row in json.loads(oyez("sources", "kinds", "--format", "json").stdout)}
    assert {"feeds", "files"} <= kinds
    options = {row["option"] for row in json.loads(oyez("sources", "kinds", "files", "--format", "json").stdout)}
    assert "path" in options
    assert "use one of" in oyez("sources", "kinds", "feedz", code=1).stderr


def test_a_saved_answer_is_parsed_offline(tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(
        '<rss version="2.0"><channel><title>x</title><item><guid>1</guid><title>Bien</title>'
        "<link>/a</link><description>Très bien</description></item></channel></rss>"
    )
    result = oyez("sources", "parse", "feeds", feed, "--url", "https://blog.example/feed")
    [post] = [json.loads(line) for line in result.stdout.splitlines()]
    assert post["url"] == "https://blog.example/a"
    (tmp_path / "bad.xml").write_text("nothing of the kind")
    mixed = oyez("sources", "parse", "feeds", tmp_path / "bad.xml", feed, code=1)
    assert len(mixed.stdout.splitlines()) == 1
    assert "bad.xml" in mixed.stderr
    oyez("sources", "parse", "feeds", tmp_path / "absent", code=1)


def test_run_and_alerts_and_collect_speak_json(home: Path) -> None:
    done = json.loads(oyez("run", "--home", home, "--format", "json").stdout)
    assert done["failed"] == 0
    assert json.loads(oyez("alerts", "--home", home, "--format", "json").stdout) == []
    assert "names no source" in oyez("collect", "--home", home, code=1).stderr


def test_a_source_that_fails_makes_the_run_fail_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "oyez.toml").write_text(
        '[[brands]]\nname="L"\n[[sources]]\nname="S"\nkind="files"\noptions={path="absent.csv"}\n'
    )
    result = oyez("run", "--home", tmp_path, code=1)
    assert "Source S failed" in result.stderr
    assert "To do: check the path" in result.stderr
    failing = oyez("doctor", "--home", tmp_path, code=1)
    assert "absent.csv" in failing.stdout


def test_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OYEZ_ABSENT", raising=False)
    assert "oyez init" in oyez("doctor", "--home", tmp_path / "nowhere", code=1).stdout
    (tmp_path / "oyez.toml").write_text('[mail]\nport=9\nhost="127.0.0.1"\n[webhook]\nsecret="env:OYEZ_ABSENT"\n')
    findings = json.loads(oyez("doctor", "--network", "--home", tmp_path, "--format", "json", code=1).stdout)
    bad = {row["name"]: row for row in findings if not row["ok"]}
    assert set(bad) == {"secret", "tables", "mail"}
    assert all(row["remedy"] for row in bad.values())


@given(st.text(min_size=1), st.sampled_from(["=", "+", "-", "@", "\t", "\r"]))
def test_no_cell_is_a_formula(text: str, mark: str) -> None:
    assert not str(safe_cell(mark + text)).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert safe_cell(-3.5) == -3.5


def test_rows_are_printed_in_every_format() -> None:
    rows = [{"a": 1.5, "b": "x\x1b[31m\ny", "c": {"d": 1}}, {"a": None, "b": "é"}]
    shown = {}
    for format_ in Format:
        out = io.StringIO()
        assert write_rows(iter(rows), format_, ("a", "b"), out) == 2
        shown[format_] = out.getvalue()
    assert json.loads(shown[Format.JSON])[0]["c"] == {"d": 1}
    assert len(shown[Format.JSONL].splitlines()) == 2
    assert "\x1b" not in shown[Format.TABLE]
    assert shown[Format.TABLE].splitlines()[0] == "a    b"
    assert next(csv.reader(io.StringIO(shown[Format.CSV]))) == ["a", "b"]
    empty = io.StringIO()
    write_rows([], Format.JSON, ("a",), empty)
    assert json.loads(empty.getvalue()) == []


def test_a_post_is_printed_with_its_fields() -> None:
    post = Post(PostKind.REVIEW, "7", "Bien", rating=Rating(4), author=Author(name="Jo"), raw={"x": object()})
    whole = json.loads(json.dumps(post_json(post)))
    assert whole["rating"]["value"] == 4
    assert whole["author"]["name"] == "Jo"
    assert "raw" not in whole
    out = io.StringIO()
    write_posts([post], Format.TABLE, out)
    assert "4/5" in out.getvalue()


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), destination(path) as out:
        out.write("half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.csv"]
    with pytest.raises(ServiceError), destination(tmp_path / "no" / "folder"):
        pass
