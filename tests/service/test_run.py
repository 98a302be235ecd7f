"""The whole pass, over sources that are files."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from service import jobs, reporting, watching
from service.collecting import collect
from service.errors import ServiceError
from service.importing import import_file, plan
from service.messages import alert_text
from service.visits import is_due
from storage import alerts, mentions, outbox, rollups, runs, sources
from tests.service.receivers import webhook
from tests.service.workspaces import NOW, FrozenClock, workspace

TOML = """
[[brands]]
name = "Lila"

[[brands]]
name = "Volta"

[[sources]]
name = "Reviews"
kind = "files"
brands = ["Lila"]
options = {{ path = "{folder}/reviews.jsonl" }}

[[sources]]
name = "Forum"
kind = "files"
options = {{ path = "{folder}/forum.jsonl" }}

[[alerts]]
name = "Bad"
rule = "negative_mention"
to = ["http://127.0.0.1:{port}/hook"]

[[reports]]
brand = "Lila"
to = ["http://127.0.0.1:{port}/hook"]

[web]
language = "fr"
timezone = "UTC"

[http]
allowed_hosts = ["127.0.0.1"]
"""


def write(path: Path, rows: list[tuple[str, str, str]]) -> None:
    lines = [
        json.dumps({"id": i, "text": text, "published_at": f"2026-11-{day}T10:00:00Z"}) for i, day, text in rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def prepare(folder: Path, port: int = 1) -> str:
    folder.mkdir(exist_ok=True)
    write(
        folder / "reviews.jsonl",
        [
            ("1", "14", "Livraison nul, colis perdu par la poste"),
            ("2", "15", "Très bien, merci à toute l'équipe"),
        ],
    )
    write(
        folder / "forum.jsonl",
        [
            ("a", "15", "Volta great service, really quick"),
            ("b", "15", "Lila or Volta, which one?"),
            ("c", "15", "Hi all"),
        ],
    )
    return TOML.format(folder=folder, port=port)


def test_one_pass_collects_annotates_counts_and_alerts(tmp_path: Path) -> None:
    with webhook() as hook, workspace(tmp_path / "home", prepare(tmp_path, hook.port)) as ws:
        summary = jobs.run_once(ws)
        assert summary is not None
        done = summary.to_json()
        assert (done["sources"], done["failed"], done["new"], done["annotated"]) == (2, 0, 5, 5)
        assert done["alerts"] == 1
        with ws.database.read() as conn:
            ids = {name: reporting.find_brand(ws, name).id for name in ("Lila", "Volta")}
            tally = rollups.read(conn, ids["Lila"], NOW.date() - timedelta(30), NOW.date())
            assert (tally.mentions, mentions.count(conn, ids["Volta"]), mentions.count(conn)) == (3, 2, 5)
            [alert] = alerts.list_alerts(conn)
            [run] = runs.recent(conn, "run")
        assert "colis perdu" in alert.title
        assert run.counts["new"] == 5
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
        told = [json.loads(body) for _, body in hook.received if b'"type":"alert"' in body]
        assert len(told) == 1
        assert "Que faire" in told[0]["text"]


def test_a_second_pass_changes_nothing(tmp_path: Path) -> None:
    with webhook() as hook, workspace(tmp_path / "home", prepare(tmp_path, hook.port)) as ws:
        jobs.run_once(ws, due_only=False)
        told = len(hook.received)
        summary = jobs.run_once(ws, due_only=False)
        assert summary is not None
        done = summary.to_json()
        assert [done[key] for key in ("new", "changed", "annotated", "compared", "days", "alerts", "sent")] == [
            0
        ] * 7
        assert len(hook.received) == told


def test_a_pass_leaves_another_one_alone(tmp_path: Path) -> None:
    with workspace(tmp_path / "home", prepare(tmp_path)) as ws, ws.home.lock("run") as ours:
        assert ours
        assert jobs.run_once(ws) is None


def test_a_broken_source_stops_no_other_and_tells_its_remedy(tmp_path: Path) -> None:
    toml = prepare(tmp_path)
    (tmp_path / "reviews.jsonl").unlink()
    with workspace(tmp_path / "home", toml) as ws:
        results = {result.source: result for result in collect(ws)}
        assert results["Forum"].stored.new == 3
        assert "reviews.jsonl" in results["Reviews"].problem
        with ws.database.read() as conn:
            states = {state.name: state for state in sources.states(conn)}
        assert states["Reviews"].failures == 1
        assert "To do" in (states["Reviews"].problem or "")


def test_a_parser_that_breaks_is_noted_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collectors.sources import files

    ordinary = files.Files.pages

    def breaking(self: files.Files, *args: object, **options: object) -> object:
        if "reviews" in self.options.path:
            raise ZeroDivisionError("a mistake")
        return ordinary(self, *args, **options)

    monkeypatch.setattr(files.Files, "pages", breaking)
    with workspace(tmp_path / "home", prepare(tmp_path)) as ws:
        results = {result.source: result for result in collect(ws)}
    assert results["Reviews"].problem == "ZeroDivisionError: a mistake"
    assert results["Forum"].stored.new == 3


def test_a_source_is_due_by_its_schedule_and_not_at_once_after_a_failure(tmp_path: Path) -> None:
    clock = FrozenClock()
    with workspace(tmp_path / "home", prepare(tmp_path), clock=clock) as ws:
        [reviews, forum] = ws.config.sources
        assert is_due(ws, reviews)
        (tmp_path / "forum.jsonl").rename(tmp_path / "gone")
        collect(ws)
        assert not is_due(ws, reviews)
        clock.moment += timedelta(minutes=10)
        assert not is_due(ws, forum)
        clock.moment += timedelta(minutes=10)
        assert is_due(ws, forum)
        assert not is_due(ws, reviews)
        clock.moment += timedelta(minutes=12)
        assert is_due(ws, reviews)


def test_an_unknown_source_is_named(tmp_path: Path) -> None:
    with workspace(tmp_path / "home", prepare(tmp_path)) as ws, pytest.raises(ServiceError, match="Pres"):
        collect(ws, only=["Pres"])


def test_an_edited_mention_is_understood_again(tmp_path: Path) -> None:
    with workspace(tmp_path / "home", prepare(tmp_path)) as ws:
        jobs.run_once(ws)
        write(
            tmp_path / "reviews.jsonl",
            [("1", "14", "Finalement bien, tout est arrivé"), ("2", "15", "Très bien, merci à toute l'équipe")],
        )
        summary = jobs.run_once(ws, due_only=False)
        assert summary is not None
        assert (summary.to_json()["changed"], summary.annotated) == (1, 1)
        with ws.database.read() as conn:
            moods = [
                m.annotation.sentiment.label
                for m in mentions.latest(conn, reporting.find_brand(ws, "lila").id)
                if m.annotation and m.annotation.sentiment
            ]
        assert "negative" not in moods


def test_an_import_brings_its_own_brands_and_doubles_nothing(tmp_path: Path) -> None:
    table = tmp_path / "avis.csv"
    table.write_text(
        "marque;avis;note\nGMF;Très bien;5\nMAAF;Nul, à fuir absolument;1\nGMF;;4\n", encoding="utf-8"
    )
    with workspace(tmp_path / "home") as ws:
        work = plan(str(table), name=None, brand=None, options={"brand_column": "marque"})
        first = import_file(ws, work)
        again = import_file(ws, work)
        assert (first.stored.new, again.pages) == (3, 0)
        assert set(ws.brand_ids()) == {"GMF", "MAAF"}
        with ws.database.read() as conn:
            assert mentions.count(conn, ws.brand_ids()["GMF"]) == 2


@pytest.mark.parametrize(
    ("date", "told"),
    [("2026-11-15", 30), ("2026-11-08", 0), ("2024-01-01", 0), ("", 0)],
    ids=["news", "last week", "years ago", "without a date"],
)
def test_an_import_calls_for_attention_only_with_news(tmp_path: Path, date: str, told: int) -> None:
    table = tmp_path / "avis.csv"
    table.write_text("avis;date\n" + "".join(f"Lila, nul {n};{date}\n" for n in range(30)), encoding="utf-8")
    toml = '[[brands]]\nname = "Lila"\n[[alerts]]\nname = "Bad"\nrule = "negative_mention"\n'
    with workspace(tmp_path / "home", toml) as ws:
        import_file(ws, plan(str(table), name=None, brand="Lila", options={}))
        summary = jobs.run_once(ws)
        assert summary is not None
        assert (summary.annotated, summary.alerts) == (30, told)
        again = jobs.run_once(ws)
        assert again is not None
        assert again.alerts == 0


def test_a_flood_of_bad_news_is_a_few_messages_and_told_once(tmp_path: Path) -> None:
    table = tmp_path / "avis.csv"
    table.write_text("avis;date\n" + "".join(f"Lila, nul {n};2026-11-15\n" for n in range(300)), encoding="utf-8")
    toml = '[[brands]]\nname = "Lila"\n[[alerts]]\nname = "Bad"\nrule = "negative_mention"\nto = ["env:HOOK"]\n'
    with workspace(tmp_path / "home", toml) as ws:
        import_file(ws, plan(str(table), name=None, brand="Lila", options={}))
        jobs.run_once(ws)
        with ws.database.read() as conn:
            assert sum(outbox.counts(conn).values()) == 26
            raised = alerts.list_alerts(conn, limit=1000)
        assert len(raised) == 301
        [summary] = [alert for alert in raised if alert.rule == "many"]
        subject, lines = alert_text({"rule": summary.rule, "detail": summary.detail}, "fr")
        assert subject == "Lila : 275 autres alertes"
        assert "les 25 alertes les plus graves" in lines[0]
        assert "275 more" in alert_text({"rule": summary.rule, "detail": summary.detail}, "en")[1][0]
        again = jobs.run_once(ws)
        assert again is not None
        assert again.alerts == 0
        with ws.database.read() as conn:
            assert sum(outbox.counts(conn).values()) == 26


def test_a_pass_that_finds_nothing_new_writes_no_alert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with workspace(tmp_path / "home", prepare(tmp_path)) as ws:
        jobs.run_once(ws)
        monkeypatch.setattr(ws.database, "begin", None)
        assert watching.alert(ws) == 0


def test_an_import_without_a_brand_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="which brand"):
        plan("avis.csv", name=None, brand=None, options={})


@pytest.mark.parametrize(
    ("moment", "week"),
    [
        ("2026-11-16T07:59:00+00:00", "2026-W45"),
        ("2026-11-16T08:00:00+00:00", "2026-W46"),
        ("2026-11-18T12:00:00+00:00", "2026-W46"),
        ("2026-11-23T08:00:00+00:00", "2026-W47"),
    ],
)
def test_a_report_is_due_from_its_day_and_time_on(tmp_path: Path, moment: str, week: str) -> None:
    from datetime import datetime

    with workspace(tmp_path / "home", prepare(tmp_path)) as ws:
        due, since = reporting.due(ws.config.reports[0], datetime.fromisoformat(moment), ws)
    assert due == week
    assert since <= datetime.fromisoformat(moment) < since + timedelta(7)


def test_the_report_of_a_week_is_frozen_and_queued_once(tmp_path: Path) -> None:
    with workspace(tmp_path / "home", prepare(tmp_path)) as ws:
        jobs.run_once(ws)
        with ws.database.read() as conn:
            before = outbox.counts(conn)
        assert reporting.send_due(ws) == 0
        brand = reporting.find_brand(ws, "LILA")
        frozen = reporting.weekly(ws, brand, "2026-W46")
        write(tmp_path / "reviews.jsonl", [("9", "13", "nul " * 9)])
        jobs.run_once(ws, due_only=False)
        assert reporting.weekly(ws, brand, "2026-W46").document == frozen.document
        with ws.database.read() as conn:
            assert sum(outbox.counts(conn).values()) == sum(before.values()) + 1  # the alert on the new mention
