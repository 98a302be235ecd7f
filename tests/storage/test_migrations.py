"""The steps from version to version keep what is there."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from material import Desk, contents, post
from sqlalchemy import MetaData, inspect, select, text

from storage.database import MIGRATIONS, Database, open_database
from storage.tables import Base


def _steps() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return [step.revision for step in reversed(list(ScriptDirectory.from_config(config).walk_revisions()))]


def _differences(database: Database) -> list[Any]:
    with database.begin() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))


def test_the_steps_are_numbered_one_after_the_other() -> None:
    assert _steps() == [f"{n:04}" for n in range(1, len(_steps()) + 1)]


def test_the_migrated_tables_are_those_of_the_program(database: Database) -> None:
    assert _differences(database) == []


def test_the_migrated_tables_are_made_like_those_of_the_program(database: Database) -> None:
    """What `compare_metadata` does not compare: conditions of indexes, keys, clustering."""
    migrated = _shape(database)
    with database.begin() as conn:
        Base.metadata.drop_all(conn)
        Base.metadata.create_all(conn)
    assert _shape(database) == migrated


def _shape(database: Database) -> Any:
    with database.read() as conn:
        if database.name == "sqlite":
            query = "SELECT name, sql FROM sqlite_master WHERE tbl_name != 'alembic_version' ORDER BY 1, 2"
            return {name: sorted(re.findall(r"[^,()\s]+", sql or "")) for name, sql in conn.execute(text(query))}
        query = (
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexname !~ 'alembic'"
        )
        keys = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname NOT LIKE 'alembic%'"
        return dict(conn.execute(text(query)).all()) | {  # type: ignore[arg-type]
            name: rule for name, rule in conn.execute(text(keys)) if not rule.startswith("NOT NULL")
        }


def test_upgrading_twice_changes_nothing_and_keeps_the_rows(empty_url: str) -> None:
    with open_database(empty_url) as database:
        database.upgrade()
        desk = Desk.open(database)
        desk.store(*[post(str(n), f"texte {n}") for n in range(10)])
        desk.work()
        before = contents(database)
        database.upgrade()
        assert contents(database) == before


def test_each_step_keeps_the_rows_that_the_step_before_could_hold(empty_url: str) -> None:
    """Every table gets a row as soon as there is one, and must still have it at the end."""
    with open_database(empty_url) as database:
        filled: set[str] = set()
        for step in _steps():
            database.upgrade(step)
            filled |= _fill(database, filled)
        assert filled == set(Base.metadata.tables)
        with database.read() as conn:
            for name in filled:
                table = Base.metadata.tables[name]
                assert len(conn.execute(select(table)).all()) == 1, name
        database.upgrade()
        assert _differences(database) == []


def _fill(database: Database, filled: set[str]) -> set[str]:
    """One row, of the simplest values, in each table that has none; the tables as they are at this step."""
    found = MetaData()
    samples = {
        "INTEGER": "1",
        "BIGINT": "1",
        "BOOLEAN": "true",
        "FLOAT": "1",
        "DATE": "'2026-01-01'",
        "JSON": "'{}'",
    }
    done = set()
    with database.begin() as conn:
        found.reflect(conn)
        for table in found.sorted_tables:
            if table.name in filled or table.name == "alembic_version":
                continue
            cells = {}
            for column in table.columns:
                kind = str(column.type).split("(", maxsplit=1)[0]
                if kind in ("BLOB", "BYTEA"):
                    cells[column.name] = "'00'"
                elif kind in ("DATETIME", "TIMESTAMP"):
                    cells[column.name] = "'2026-01-01 00:00:00.000000'"
                else:
                    cells[column.name] = samples.get(kind.replace("DOUBLE PRECISION", "FLOAT"), "'x'")
            names = ", ".join(f'"{name}"' for name in cells)
            conn.execute(text(f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join(cells.values())})'))
            done.add(table.name)
    return done


def test_a_break_in_the_middle_of_an_upgrade_leaves_nothing(empty_url: str) -> None:
    from sqlalchemy import event

    with open_database(empty_url) as database:

        def stop(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if "CREATE TABLE reports" in statement:
                raise KeyboardInterrupt

        event.listen(database.engine, "before_cursor_execute", stop)
        with pytest.raises(KeyboardInterrupt):
            database.upgrade()
        event.remove(database.engine, "before_cursor_execute", stop)
        with database.read() as conn:
            assert inspect(conn).get_table_names() == []
        database.upgrade()
        assert all(finding.ok for finding in database.check())


def test_two_may_upgrade_at_once(empty_url: str) -> None:
    def upgrade() -> None:
        with open_database(empty_url) as database:
            database.upgrade()

    with ThreadPoolExecutor() as pool:
        for attempt in [pool.submit(upgrade) for _ in range(3)]:
            attempt.result()


def test_the_steps_can_be_taken_back(empty_url: str) -> None:
    from alembic import command

    from storage import database as module

    with open_database(empty_url) as database:
        database.upgrade()
        with database.begin() as conn:
            command.downgrade(module._alembic(conn), "base")
        with database.read() as conn:
            assert set(inspect(conn).get_table_names()) <= {"alembic_version"}
