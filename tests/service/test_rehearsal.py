"""`oyez collect --dry-run`: it says what would be, and leaves the database as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from service.collecting import collect
from service.rehearsing import rehearse
from storage.database import Database, open_database
from storage.tables import Base
from tests.collectors.replay import Site
from tests.service.commands import oyez
from tests.service.searches import hit, serve, toml
from tests.service.workspaces import workspace


def everything_in(database: Database) -> dict[str, list[Any]]:
    with database.read() as conn:
        return {table.name: conn.execute(select(table)).all() for table in Base.metadata.sorted_tables}


def test_what_would_be_new_changed_and_left_out_is_counted_and_nothing_is_kept(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        serve(site, [hit(1, "Lila, bien"), hit(2, "Lila, nul")])
        collect(ws)
        before = everything_in(ws.database)
        serve(site, [hit(1, "Lila, très bien"), hit(2, "Lila, nul"), hit(3, "Chez Lila"), hit(4, "Le lilas")])
        for would in (*rehearse(ws), *rehearse(ws, since=ws.clock.now().replace(year=2020))):
            stored = would.stored
            assert (stored.new, stored.changed, stored.unchanged, would.off_topic) == (1, 1, 1, 1)
        assert everything_in(ws.database) == before


def test_a_rehearsal_in_an_empty_home_keeps_it_empty(tmp_path: Path) -> None:
    with Site() as site:
        serve(site, [hit(1, "Chez Lila")])
        home = tmp_path / "home"
        home.mkdir()
        (home / "oyez.toml").write_text(toml(site), encoding="utf-8")
        done = oyez("collect", "--dry-run", "--home", home, "--format", "json")
        assert json.loads(done.stdout)[0]["new"] == 1
        assert "Nothing was stored" in done.stderr
    with open_database(f"sqlite:///{home / 'oyez.db'}") as database:
        assert all(rows == [] for rows in everything_in(database).values())


def test_a_failure_is_told_and_not_noted(tmp_path: Path) -> None:
    with Site() as site, workspace(tmp_path, toml(site)) as ws:
        [would] = rehearse(ws)
        assert "404" in would.problem
        assert all(rows == [] for rows in everything_in(ws.database).values())
