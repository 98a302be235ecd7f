"""What `oyez doctor` finds, and that an export reads everything out once."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.post import Post, PostKind, Rating
from service import annotating, exporting
from service.diagnosis import examine
from service.home import Home
from service.reporting import find_brand
from service.workspace import Workspace
from storage import audit, brands, mentions, outbox, sources
from storage.database import Finding
from tests.service.commands import oyez
from tests.service.workspaces import NOW, WordModel, workspace

REAL_MODEL = Workspace.model


@pytest.fixture(autouse=True)
def word_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "model", WordModel())


@pytest.fixture
def real_model(word_model: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of the configuration."""
    monkeypatch.setattr(Workspace, "model", REAL_MODEL)


def findings(home: Path) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in examine(Home(home)):
        found.setdefault(finding.name, []).append(finding)
    return found


def bad(home: Path) -> dict[str, str]:
    """What is not in order, with its remedy."""
    return {one.name: one.remedy for group in findings(home).values() for one in group if not one.ok}


def fill(ws: Workspace, posts: list[Post], name: str = "Forum") -> int:
    with ws.database.begin() as conn:
        brand = brands.ensure(conn, "Lila")
        source = sources.ensure(conn, name, "feeds")
        mentions.store_page(
            conn,
            source,
            posts,
            brand_ids_of=lambda _: (brand,),
            pseudonym=lambda name: name[::-1],
            now=ws.clock.now(),
        )
        sources.record_success(conn, source, {}, ws.clock.now(), len(posts))
    return source


def post(number: int, days_ago: int, text: str = "Très bien") -> Post:
    moment = NOW - timedelta(days=days_ago)
    return Post(PostKind.REVIEW, str(number), f"{text} {number}", published_at=moment, rating=Rating(4))


def test_a_home_in_order_has_nothing_bad(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        ws.brand_ids()
        ws.home.pseudonym_key()
    assert bad(tmp_path) == {}
    assert {"home", "key", "config", "database", "tables", "model", "disk", "clock"} <= set(findings(tmp_path))


def test_a_key_that_others_may_read_is_told(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        ws.brand_ids()
        ws.home.pseudonym_key()
    (tmp_path / "pseudonym.key").chmod(0o644)
    assert "chmod 600" in bad(tmp_path)["key"]


def test_a_wrong_configuration_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "oyez.toml").write_text("[nlp]\nmodl = 'x'\n")
    [finding] = findings(tmp_path)["config"]
    assert not finding.ok
    assert "line 2" in finding.detail


def test_a_source_that_fails_or_went_quiet_is_told(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        fill(ws, [post(n, 200 + n % 30) for n in range(90)], "Silent")
        failing = fill(ws, [post(1, 0)], "Failing")
        with ws.database.begin() as conn:
            sources.record_failure(conn, failing, "the site answered 500. To do: wait", NOW)
    told = [one for one in findings(tmp_path)["source"] if not one.ok]
    assert {one.detail.split(":")[0] for one in told} == {"Silent", "Failing"}
    assert all(one.remedy for one in told)


def test_dead_letters_are_told(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws, ws.database.begin() as conn:
        outbox.enqueue(conn, "mailto:a@b.example", {"type": "alert"}, NOW)
        [claimed] = outbox.due(conn, NOW, 1)
        outbox.failed(conn, claimed.id, "no such mailbox", None)
    assert "oyez alerts --retry-failed" in bad(tmp_path)["outbox"]


def test_a_database_of_another_kind_and_a_full_disk_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "oyez.toml").write_text('[storage]\nurl = "mysql://x/y"\n')
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    assert {"database", "disk"} <= set(bad(tmp_path))


def test_an_address_with_a_secret_in_it_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "oyez.toml").write_text('[[alerts]]\nname="x"\nrule="spike"\nto=["slack://sekret/token"]\n')
    [finding] = findings(tmp_path)["secret"]
    assert "sekret" not in finding.detail
    assert "env:NAME" in finding.detail


def test_an_export_reads_every_mention_out_once_newest_first_and_is_noted(tmp_path: Path) -> None:
    days = [0, 0, 3, 29, 30, 31, 62, 400, 3000, 9000]
    with workspace(tmp_path) as ws:
        fill(ws, [post(n, day) for n, day in enumerate(days)] + [Post(PostKind.POST, "undated", "Sans date")])
        annotating.annotate(ws)
        annotating.fold(ws)
        rows = list(exporting.export(ws, find_brand(ws, "Lila")))
        assert len(rows) == len({row["id"] for row in rows}) == len(days) + 1
        dates = [row["published_at"] for row in rows if row["published_at"]]
        assert dates == sorted(dates, reverse=True)
        assert {row["sentiment"] for row in rows} == {"positive", "neutral"}
        assert set(rows[0]) == set(exporting.COLUMNS)
        some = list(exporting.export(ws, start=(NOW - timedelta(31)).date(), end=(NOW - timedelta(3)).date()))
        assert len(some) == 4
        with ws.database.read() as conn:
            assert [entry.action for entry in audit.entries(conn)] == ["export", "export"]


def test_an_export_goes_back_to_the_first_day_of_the_calendar(tmp_path: Path) -> None:
    old = [*(datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1850, 1969)), NOW]
    with workspace(tmp_path) as ws:
        fill(ws, [Post(PostKind.POST, str(at.year), "Bien", published_at=at) for at in old])
        assert [row["id"] for row in exporting.export(ws)] == [f"Forum/{at.year}" for at in reversed(old)]
        assert len(list(exporting.export(ws, end=old[0].date()))) == 1
        assert list(exporting.export(ws, start=NOW.date(), end=old[0].date())) == []


def test_names_and_numbers_are_masked_unless_that_is_turned_off(tmp_path: Path) -> None:
    said = Post(PostKind.POST, "1", "Appelez le 06 12 34 56 78 ou jean@exemple.fr", published_at=NOW)
    for number, toml in enumerate(("", "[privacy]\nmask = false\n")):
        with workspace(tmp_path / str(number), toml) as ws:
            fill(ws, [said])
            [row] = exporting.export(ws)
        assert ("jean@exemple.fr" in row["text"]) == bool(toml)
        assert ("06 12 34 56 78" in row["text"]) == bool(toml)


def mark_as_newer(home: Path) -> None:
    """As a later program would leave the database."""
    with Workspace(Home(home)) as ws, ws.database.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")


def test_a_healthy_home_ends_with_0_and_shows_no_remedy(tmp_path: Path) -> None:
    oyez("init", "--home", tmp_path)
    table = oyez("doctor", "--home", tmp_path).stdout
    assert "!!" not in table
    assert "To do" not in table
    rows = json.loads(oyez("doctor", "--home", tmp_path, "--format", "json").stdout)
    assert {row["ok"] for row in rows} == {True}
    assert {row["remedy"] for row in rows} == {None}


def test_a_missing_model_is_told_by_the_doctor_and_by_the_run_that_needs_it(
    tmp_path: Path, real_model: None
) -> None:
    oyez("init", "--home", tmp_path)
    (tmp_path / "oyez.toml").write_text('[nlp]\nmodel = "/no/such/folder"\n', encoding="utf-8")
    rows = json.loads(oyez("doctor", "--home", tmp_path, "--format", "json", code=1).stdout)
    [finding] = [row for row in rows if not row["ok"]]
    assert finding["name"] == "model"
    assert "/no/such/folder" in finding["detail"]
    assert "[nlp] model" in finding["remedy"]
    for command in ("run", "annotate"):
        result = oyez(command, "--home", tmp_path, code=1)
        assert "Error: " in result.stderr
        assert "/no/such/folder" in result.stderr
        assert "To do: correct [nlp] model" in result.stderr


def test_a_model_that_does_not_load_is_told(tmp_path: Path, real_model: None) -> None:
    model = tmp_path / "model"
    model.mkdir()
    parts = ("temperature", "thresholds", "recommendation", "systematic_error", "unknown")
    card = {"name": "broken-1", "version": "1"} | {part: {} for part in parts}
    (model / "config.json").write_text(json.dumps({"opinion": card}))
    (model / "model.onnx").write_bytes(b"half of a download")
    (tmp_path / "oyez.toml").write_text(f'[nlp]\nmodel = "{model}"\n', encoding="utf-8")
    assert "install oyez again" in bad(tmp_path)["model"]


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    oyez("init", "--home", tmp_path)
    mark_as_newer(tmp_path)
    failing = oyez("doctor", "--home", tmp_path, code=1).stdout
    assert "!!  tables: at revision 9999" in failing
    assert "a newer oyez made these tables" in failing
    for command in (("run",), ("export",), ("report", "weekly", "--brand", "Lila")):
        result = oyez(*command, "--home", tmp_path, code=1)
        assert result.stdout == ""
        assert "9999" in result.stderr
        assert "To do: a newer oyez made these tables" in result.stderr


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://me:s3cret@127.0.0.1:9/oyez", "no address"])
def test_a_database_that_cannot_be_used_is_told_with_a_remedy_and_no_secret(tmp_path: Path, url: str) -> None:
    (tmp_path / "oyez.toml").write_text(f'[storage]\nurl = "{url}"\n', encoding="utf-8")
    for result in (oyez("run", "--home", tmp_path, code=1), oyez("doctor", "--home", tmp_path, code=1)):
        assert "To do: " in result.output
        assert "s3cret" not in result.output


def test_a_wrong_option_of_the_doctor_is_exit_code_2(tmp_path: Path) -> None:
    assert oyez("doctor", "--netwrk", "--home", tmp_path, code=2).stdout == ""
