"""Killed at any moment and run again, it ends where an undisturbed run ends."""

import random
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reputation.periods import Period
from reputation.scorecards import scorecard
from service.demo.pages import configuration
from service.demo.web import SampleWeb
from service.home import Home
from service.oyez_toml import load
from service.workspace import Workspace
from storage import alerts, brands, complaints, mentions, rollups
from tests.conftest import ROOT

TODAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
KILLS = 10
pytestmark = pytest.mark.slow


def start(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.service.killed_run", str(home), NOW.isoformat()]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def run_to_its_end(home: Path) -> float:
    began = time.monotonic()
    process = start(home)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said.decode()[-3000:]
    return time.monotonic() - began


def prepare(home: Path, web: SampleWeb) -> None:
    home.mkdir()
    document = web.document("/survey/reponses.csv")
    assert document is not None
    (home / "survey.csv").write_bytes(document.body)
    text = configuration(web.url, home / "survey.csv") + "\n[nlp]\nbatch_size = 16\n"
    (home / "oyez.toml").write_text(text, encoding="utf-8")


def state(home: Path) -> dict[str, Any]:
    """All that people see, by the names that do not depend on the order in which things came."""
    folder = Home(home)
    found: dict[str, Any] = {}
    with Workspace(folder, load(folder.config)) as ws, ws.database.read() as conn:
        for brand in brands.all_brands(conn):
            found[f"complaints {brand.name}"] = sorted(
                (one.touchpoint, one.language, one.label, one.people)
                for one in complaints.count(conn, brand.id, date.min, date.max)
            )
            views = mentions.latest(conn, brand.id, fold=False, limit=100_000)
            found[f"mentions {brand.name}"] = sorted(
                (
                    m.source,
                    m.external_id,
                    m.revision,
                    m.title or "",
                    m.text,
                    m.copies,
                    str(m.annotation and m.annotation.to_json()),
                )
                for m in views
            )
            heads = mentions.latest(conn, brand.id, limit=100_000)
            found[f"stories {brand.name}"] = sorted((m.source, m.external_id) for m in heads)
            period = Period(TODAY - timedelta(120), TODAY)
            found[f"card {brand.name}"] = scorecard(conn, brand, period).to_json()
            found[f"days {brand.name}"] = {
                str(day): round(tally.mentions + 100 * tally.p_negative, 6)
                for day, tally in rollups.by_day(conn, brand.id, period.start, period.end).items()
            }
        found["dirty"] = rollups.dirty(conn)
        found["alerts"] = sorted((alert.key, alert.severity) for alert in alerts.list_alerts(conn, limit=10_000))
    return found


def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    chance = random.Random(20261116)
    with SampleWeb(TODAY) as web:
        prepare(tmp_path / "calm", web)
        whole = run_to_its_end(tmp_path / "calm")
        prepare(tmp_path / "killed", web)
        at_work = 0
        for _ in range(KILLS):
            process = start(tmp_path / "killed")
            time.sleep(chance.uniform(0.15, 0.8) * whole)
            at_work += process.poll() is None
            process.kill()
            process.communicate()
        run_to_its_end(tmp_path / "killed")
        calm, killed = state(tmp_path / "calm"), state(tmp_path / "killed")
    assert at_work >= KILLS / 2
    assert len(calm["mentions Halombre"]) > 100
    assert calm["alerts"]
    for part in calm:
        assert killed[part] == calm[part], part
