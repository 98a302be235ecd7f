"""`oyez demo` on the command line: what it prints, where, and how it fails."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from service.cli import app
from service.demo import play as playing
from service.demo.play import Played, Stage
from service.demo.web import SampleWeb
from service.errors import ServiceError
from service.home import Home

TODAY = date(2026, 11, 21)
PLAYED = Played(
    mentions=497,
    annotated=478,
    folded=6,
    alerts={"negative_mention": 46, "spike": 1},
    report=Path("/home/lampe/reports/halombre-2026-W45-en.html"),
    seconds={"collect": 1.234, "annotate": 20.0, "roll_up": 0.1, "alerts": 0.2, "report": 0.9},
)


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs the command with the play itself left out."""

    def played(stage: Stage, web: SampleWeb, **_: Any) -> Played:
        stage.home.create()
        stage.keep()
        return PLAYED

    monkeypatch.setattr(playing, "play", played)
    return lambda *options: CliRunner().invoke(
        app, ["demo", "--no-serve", "--home", str(tmp_path / "home"), *options]
    )


def test_json_is_one_object_and_all_there_is_on_stdout(demo: Callable[..., Result]) -> None:
    answer = demo("--format", "json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout) == {
        "mentions": 497,
        "annotated": 478,
        "folded": 6,
        "alerts": 47,
        "alerts_by_rule": {"negative_mention": 46, "spike": 1},
        "report": "/home/lampe/reports/halombre-2026-W45-en.html",
        "seconds": {"collect": 1.23, "annotate": 20.0, "roll_up": 0.1, "alerts": 0.2, "report": 0.9},
    }
    assert "127.0.0.1" in answer.stderr


def test_people_get_one_line_a_figure_and_the_whole_path_of_the_report(demo: Callable[..., Result]) -> None:
    lines = demo().stdout.splitlines()
    assert "mentions                497" in lines
    assert "alerts                  47 (46 negative_mention, 1 spike)" in lines
    assert "seconds, roll up        0.1" in lines
    assert lines[-1].endswith("/home/lampe/reports/halombre-2026-W45-en.html")


def test_csv_is_one_row(demo: Callable[..., Result]) -> None:
    [row] = csv.DictReader(io.StringIO(demo("--format", "csv").stdout))
    assert (row["mentions"], row["folded"]) == ("497", "6")


def test_the_home_is_made_and_remembers_its_day(demo: Callable[..., Result], tmp_path: Path) -> None:
    demo()
    kept = json.loads((tmp_path / "home" / "demo.json").read_text())
    assert date.fromisoformat(kept["today"])
    assert kept["port"] > 0


def test_somebody_elses_home_is_refused_with_a_remedy(demo: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "oyez.toml").write_text('[[brands]]\nname = "Mine"\n')
    answer = demo()
    assert answer.exit_code == 1
    assert not answer.stdout
    assert "not the demo's" in answer.stderr and "To do: choose another folder with --home" in answer.stderr


def test_a_wrong_option_is_wrong_use(demo: Callable[..., Result]) -> None:
    assert demo("--fromat", "json").exit_code == 2
    assert demo("--port", "99999").exit_code == 2


def test_help_shows_examples() -> None:
    text = CliRunner().invoke(app, ["demo", "--help"]).stdout
    assert "oyez demo --no-serve" in text
    assert "--home" in text


def test_a_run_at_work_in_the_home_is_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    stage = Stage(home, TODAY)
    with home.lock("run") as ours, stage.web() as web:
        assert ours
        with pytest.raises(ServiceError, match="another run is at work"):
            playing.play(stage, web)
    assert stage.visits == 0


@pytest.mark.slow
def test_a_web_that_does_not_answer_is_named_and_nothing_counts_as_visited(tmp_path: Path) -> None:
    stage = Stage(Home(tmp_path), TODAY)
    with stage.web() as web:
        pass
    with pytest.raises(ServiceError, match="failed") as caught:
        playing.play(stage, web)
    assert caught.value.remedy
    assert Stage.of(Home(tmp_path), playing.first_visit(TODAY)).visits == 0
