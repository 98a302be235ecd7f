"""Processes that work at the same time, and processes that are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from material import NOW, Desk, contents, edited, post

from collectors.post import Post
from storage import dirty, mentions, sources
from storage.database import Database, open_database
from storage.tables import Base

ROOT = Path(__file__).resolve().parents[2]
PAGES = 12


def pages() -> list[list[Post]]:
    """Pages with copies, edits and deletions among them."""
    story = "Un client attend son colis depuis {} semaines, le service ne répond ni au téléphone ni au courrier"
    return [
        [
            *[post(f"{page}-{n}", f"avis {n} de la page {page}") for n in range(40)],
            post(f"s{page}", story.format("trois")),
            post("edited", f"version {page}"),
            edited(post(f"{page - 1}-0", ""), deleted=True),
        ]
        for page in range(PAGES)
    ]


def collect(desk: Desk) -> None:
    """Store what comes after the cursor, page by page; then annotate, fold and count."""
    with desk.database.read() as conn:
        start = sources.state(conn, desk.source).cursor.get("page", 0)
    for number, page in list(enumerate(pages(), start=1))[start:]:
        with desk.database.begin() as conn:
            stored = desk.store(*page, conn=conn)
            sources.record_success(conn, desk.source, {"page": number}, NOW, stored.new)
        if number % 3 == 0:
            desk.work()
    desk.work()


def start_process(url: str) -> subprocess.Popen[bytes]:
    code = f"import test_processes as t; t.collect(t.Desk.open(t.open_database({url!r})))"
    path = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    return subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, cwd=ROOT)


@pytest.mark.slow
def test_two_processes_that_collect_the_same_double_nothing(url: str, tmp_path: Path) -> None:
    with open_database(url) as database:
        Desk.open(database)
        processes = [start_process(url) for _ in range(2)]
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
        again = _alone(tmp_path)
        found = contents(database)
        assert len(found["mentions"]) == len(again["mentions"])
        assert found["rollups"] == again["rollups"]


@pytest.mark.slow
def test_a_process_killed_at_any_moment_loses_and_doubles_nothing(url: str, tmp_path: Path) -> None:
    with open_database(url) as database:
        Desk.open(database)
        whole = _seconds_undisturbed(tmp_path)
        chance = random.Random(7)
        killed = 0
        for _ in range(10):
            process = start_process(url)
            time.sleep(whole * chance.uniform(0.3, 0.9))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() != 0
        assert killed > 0
        process = start_process(url)
        assert process.wait(timeout=120) == 0
        assert all(finding.ok for finding in database.check())
        _compare(database, _alone(tmp_path))


def _seconds_undisturbed(folder: Path) -> float:
    """How long the process takes on this machine, so that the kills fall into its work."""
    url = f"sqlite:///{folder / 'undisturbed.db'}"
    with open_database(url) as database:
        database.upgrade()
        Desk.open(database)
    start = time.monotonic()
    assert start_process(url).wait(timeout=120) == 0
    return time.monotonic() - start


def _alone(folder: Path) -> dict[str, list[Any]]:
    """What one undisturbed process leaves."""
    with open_database(f"sqlite:///{folder / 'alone.db'}") as database:
        database.upgrade()
        collect(Desk.open(database))
        return contents(database)


def _compare(database: Database, alone: dict[str, list[Any]]) -> None:
    with database.read() as conn:
        assert sources.state(conn, 1).cursor == {"page": PAGES}
        assert sources.state(conn, 1).posts == len(alone["mentions"])
        assert mentions.count(conn) == sum(row[15] == "None" for row in alone["mentions"])
    found = contents(database)
    for table in ("rollups", "revisions", "mention_brands", "dirty_days"):
        assert len(found[table]) == len(alone[table]), table
    # Whether a mention was read before it was deleted depends on the kill; all that live are.
    for table in ("annotations", "touchpoint_opinions"):
        assert _of_the_living(found, table) == _of_the_living(alone, table), table
    assert found["rollups"] == alone["rollups"]


def _of_the_living(found: dict[str, list[Any]], table: str) -> int:
    """How many rows belong to mentions that are not deleted."""
    columns = {name: list(Base.metadata.tables[name].columns.keys()) for name in ("mentions", table)}
    deleted, owner = columns["mentions"].index("deleted_at"), columns[table].index("mention_id")
    living = {row[0] for row in found["mentions"] if row[deleted] == "None"}
    return sum(row[owner] in living for row in found[table])


def test_storing_folding_and_counting_at_once_neither_locks_nor_loses(database: Database) -> None:
    """Copies of one text in several sources, edited while others fold and count: all need the same rows."""
    desk = Desk.open(database)
    chosen = [desk.another_source(f"s{n}") for n in range(3)]
    text = (
        "Le même communiqué repris par tous les journaux de la région pendant toute la semaine sans un mot changé"
    )

    def write(source: int) -> None:
        for turn in range(4):
            page = [post(f"{n}", f"{text} {turn if n % 4 == 0 else ''}") for n in range(12)]
            desk.store(*page, source=source)
            desk.fold()
            desk.annotate()
            desk.count_up()

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, chosen))
    desk.work()
    before = contents(database)["rollups"]
    with database.begin() as conn:
        dirty.mark_everything(conn)
    desk.count_up()
    assert contents(database)["rollups"] == before
    assert desk.tally().copies == 36
