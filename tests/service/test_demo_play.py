"""`oyez demo`: its home folder, and the whole thing played with the real jobs and the real model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.demo.content import BRAND, RIVALS, crisis_week, first_visit, schedule
from service.demo.pages import APP_STORES, configuration
from service.demo.play import Played, Stage, default_home, play
from service.errors import ServiceError
from service.home import Home
from service.oyez_toml import parse
from service.reporting import find_brand
from service.workspace import open_workspace
from storage import alerts, mentions, rollups
from storage.alerts import Alert
from storage.mentions import MentionView
from storage.tally import Tally

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


# --- the home folder ----------------------------------------------------------------------------------------


def test_a_new_home_begins_today(tmp_path: Path) -> None:
    stage = Stage.of(Home(tmp_path), NOW)
    assert (stage.today, stage.visits) == (date(2026, 11, 21), 0)


def test_a_home_remembers_its_day_port_and_visits(tmp_path: Path) -> None:
    Stage(Home(tmp_path), date(2026, 11, 21), port=4711, visits=2).keep()
    again = Stage.of(Home(tmp_path), NOW + timedelta(days=9))
    assert (again.today, again.port, again.visits) == (date(2026, 11, 21), 4711, 2)


def test_a_home_with_a_configuration_of_its_own_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "oyez.toml").write_text("# mine\n")
    with pytest.raises(ServiceError, match="not the demo's") as caught:
        Stage.of(Home(tmp_path), NOW)
    assert "--home" in caught.value.remedy
    assert (tmp_path / "oyez.toml").read_text() == "# mine\n"


def test_the_web_comes_back_at_its_port_or_at_a_free_one_where_that_is_taken(tmp_path: Path) -> None:
    stage = Stage(Home(tmp_path), NOW.date())
    with stage.web() as web:
        port = web.port
        other = Stage(Home(tmp_path), NOW.date(), port=port)
        with other.web() as second:
            assert second.port == other.port != port
    with stage.web() as again:
        assert again.port == port


def test_the_demo_has_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_home() == tmp_path / "oyez-demo"


def test_the_configuration_listens_to_the_whole_web(tmp_path: Path) -> None:
    survey = tmp_path / 'a "quoted" folder' / "réponses.csv"
    config = parse(configuration("http://127.0.0.1:4711", survey))
    assert [brand.name for brand in config.brands] == [BRAND, *RIVALS]
    assert config.brands[0].competitors == list(RIVALS)
    assert {source.kind for source in config.sources} == {"review_pages", "feeds", "app_store", "files"}
    assert {alert.rule for alert in config.alerts} == {"negative_mention", "spike"}
    assert config.http.allowed_hosts == frozenset({"127.0.0.1:4711"})
    options = {source.kind: source.options for source in config.sources}
    assert options["files"]["path"] == str(survey)
    assert options["app_store"]["countries"] == list(APP_STORES)


# --- played -------------------------------------------------------------------------------------------------


@dataclass
class Kept:
    """All that a home folder holds, for comparing."""

    views: list[MentionView]
    alerts: list[Alert]
    tally: Tally
    reports: dict[str, bytes]

    @classmethod
    def of(cls, folder: Path, today: date) -> Kept:
        with open_workspace(folder) as ws, ws.database.read() as conn:
            brand = find_brand(ws, BRAND).id
            return cls(
                list(mentions.walk(conn)),
                alerts.list_alerts(conn, limit=10_000),
                rollups.read(conn, brand, today - timedelta(days=100), today),
                {path.name: path.read_bytes() for path in (folder / "reports").iterdir()},
            )


@dataclass
class Performance:
    """The demo as played once."""

    folder: Path
    today: date
    played: Played
    kept: Kept


@pytest.fixture(scope="module")
def performance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Performance]:
    folder = tmp_path_factory.mktemp("demo")
    stage = Stage.of(Home(folder), datetime.now(UTC))
    with stage.web() as web:
        played = play(stage, web)
    yield Performance(folder, stage.today, played, Kept.of(folder, stage.today))


def external(view: MentionView) -> str:
    """The id of the item that a mention was made from."""
    return view.external_id.split(":")[-1].removeprefix("lecoinbricole-")


@pytest.mark.slow
def test_everything_that_was_said_is_kept_once_and_annotated(performance: Performance) -> None:
    said = schedule(performance.today)
    assert performance.played.mentions == len(said) - 1
    assert len({(view.source, view.external_id) for view in performance.kept.views}) == len(said) - 1
    assert performance.played.annotated == sum(bool(view.text) for view in performance.kept.views)
    assert performance.played.folded == 6


@pytest.mark.slow
def test_the_edited_review_has_two_wordings_and_the_deleted_one_is_gone(performance: Performance) -> None:
    said = schedule(performance.today)
    [edited] = [item.id for item in said if item.edited]
    [deleted] = [item.id for item in said if item.mark == "deleted"]
    views = {external(view): view for view in performance.kept.views}
    assert deleted not in views
    assert views[edited].text.startswith("Première lampe") and views[edited].rating
    with open_workspace(performance.folder) as ws, ws.database.read() as conn:
        assert len(mentions.revisions(conn, views[edited].id)) == 1


@pytest.mark.slow
def test_the_village_of_the_same_name_is_no_mention_of_the_brand(performance: Performance) -> None:
    with open_workspace(performance.folder) as ws, ws.database.read() as conn:
        about = [view.text for view in mentions.walk(conn, find_brand(ws, BRAND).id)]
    assert about
    assert not [text for text in about if "Halombre-sur-Orne" in text]


@pytest.mark.slow
def test_a_date_in_the_future_is_not_believed(performance: Performance) -> None:
    [ahead] = [item.id for item in schedule(performance.today) if item.when == "future"]
    [view] = [view for view in performance.kept.views if external(view) == ahead]
    assert view.moment.date() <= performance.today


@pytest.mark.slow
def test_the_crisis_raised_a_spike_and_its_mentions_were_told_at_the_time(performance: Performance) -> None:
    monday, sunday = crisis_week(performance.today)
    spikes = [
        date.fromisoformat(alert.detail["day"]) for alert in performance.kept.alerts if alert.rule == "spike"
    ]
    assert spikes and all(monday <= day <= sunday for day in spikes)
    then = [
        alert
        for alert in performance.kept.alerts
        if alert.raised_at.date() == first_visit(performance.today).date()
    ]
    assert len(then) > len(performance.kept.alerts) / 2


@pytest.mark.slow
def test_the_report_on_the_crisis_week_is_a_page(performance: Performance) -> None:
    page = performance.played.report.read_text("utf-8")
    assert performance.played.report.parent == performance.folder / "reports"
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
    assert BRAND in page


@pytest.mark.slow
def test_a_second_run_says_the_same_and_changes_nothing(performance: Performance) -> None:
    answer = CliRunner().invoke(
        app, ["demo", "--no-serve", "--home", str(performance.folder), "--format", "json"], catch_exceptions=False
    )
    assert answer.exit_code == 0
    summary: dict[str, Any] = json.loads(answer.stdout)
    assert summary["seconds"].keys() == {"collect", "annotate", "roll_up", "alerts", "report"}
    first = performance.played.to_json()
    assert {**summary, "seconds": None} == {**first, "seconds": None}
    assert Kept.of(performance.folder, performance.today) == performance.kept


@pytest.mark.slow
def test_visits_that_were_cut_short_are_paid_again_and_double_nothing(performance: Performance) -> None:
    Stage(Home(performance.folder), performance.today, visits=0).keep()
    stage = Stage.of(Home(performance.folder), datetime.now(UTC))
    with stage.web() as web:
        again = play(stage, web)
    assert again.mentions == performance.played.mentions
    assert again.folded == performance.played.folded
