"""Opening, locking and checking databases."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from material import NOW, Desk, post
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from storage import brands, mentions
from storage.database import Database, DatabaseError, in_chunks, insert_rows, open_database, take_turns
from storage.tables import AuditEntry, Brand, MentionBrand
from storage.types import plain, plain_json


def test_a_file_and_its_folder_come_to_be(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "oyez.db"
    with open_database(f"sqlite:///{path}") as database:
        database.upgrade()
    assert path.exists()


@pytest.mark.parametrize("url", ["", "oyez.db", "mysql://host/name", "nonsense://x"])
def test_another_kind_of_address_is_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        open_database(url)
    assert "sqlite:///" in refused.value.remedy


def test_what_a_block_wrote_is_undone_by_an_exception(database: Database) -> None:
    with pytest.raises(RuntimeError), database.begin() as conn:
        brands.ensure(conn, "Acme")
        raise RuntimeError
    with database.read() as conn:
        assert brands.all_brands(conn) == []


def test_writing_while_reading_is_refused(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as conn:
        brands.ensure(conn, "Acme")
    with database.begin() as conn:
        brands.ensure(conn, "Acme")


def test_a_reader_sees_one_moment_and_does_not_wait_for_a_writer(database: Database) -> None:
    with database.begin() as conn:
        brands.ensure(conn, "Acme")
    with database.read() as reader:
        assert len(brands.all_brands(reader)) == 1
        with database.begin() as writer:
            brands.ensure(writer, "Rival")
        assert len(brands.all_brands(reader)) == 1
    with database.read() as reader:
        assert len(brands.all_brands(reader)) == 2


def test_writers_that_read_first_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    """With deferred transactions SQLite would let all but one of these fail."""

    def add() -> None:
        for _ in range(10):
            with database.begin() as conn:
                take_turns(conn, "counting")
                number = len(conn.execute(select(AuditEntry.id)).all())
                row = {"at": NOW, "actor": "a", "action": str(number), "detail": {}}
                conn.execute(insert(AuditEntry).values(row))

    with ThreadPoolExecutor() as pool:
        for attempt in [pool.submit(add) for _ in range(4)]:
            attempt.result()
    with database.read() as conn:
        numbers = conn.execute(select(AuditEntry.action)).scalars().all()
    assert sorted(map(int, numbers)) == list(range(40))


def test_references_to_nothing_are_refused(database: Database) -> None:
    row = {"mention_id": 1, "brand_id": 1, "day": NOW.date(), "relevant": True}
    with pytest.raises(IntegrityError), database.begin() as conn:
        conn.execute(insert(MentionBrand).values(row))
    with pytest.raises((sqlite3.IntegrityError, psycopg.IntegrityError)), database.begin() as conn:
        insert_rows(conn, MentionBrand, [row])


def test_a_naive_moment_is_refused(database: Database) -> None:
    with pytest.raises((StatementError, ValueError), match="no time zone"), database.begin() as conn:
        row = {"at": datetime(2026, 1, 1), "actor": "a", "action": "b", "detail": {}}
        conn.execute(insert(AuditEntry).values(row))


def test_rows_in_bulk_are_those_of_one_by_one(database: Database) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "a\x00b", "settings": {"é": ["\x00x", 1.5, None]}, "active": True},
        {"name": "c", "settings": {}, "active": False},
    ]
    with database.begin() as conn:
        insert_rows(conn, Brand, rows[:1])
        conn.execute(insert(Brand), [{**rows[0], "name": "z"}])
        insert_rows(conn, Brand, rows[1:])
        insert_rows(conn, Brand, [])
    with database.read() as conn:
        found = conn.execute(select(Brand.name, Brand.settings, Brand.active).order_by(Brand.name)).all()
    clean = {"é": ["x", 1.5, None]}
    assert [tuple(row) for row in found] == [("ab", clean, True), ("c", {}, False), ("z", clean, True)]


def test_the_check_of_a_good_database_finds_nothing_wrong(database: Database) -> None:
    findings = database.check()
    assert all(finding.ok for finding in findings)
    assert {"database", "tables", "size"} <= {finding.name for finding in findings}
    assert ("SQLite" if database.name == "sqlite" else "PostgreSQL 18") in findings[0].detail


def test_the_check_names_missing_tables_and_what_to_do(empty_url: str) -> None:
    with open_database(empty_url) as database:
        [finding] = [finding for finding in database.check() if not finding.ok]
        assert finding.detail == "there are no tables yet"
        assert "oyez init" in finding.remedy


def test_the_check_names_tables_of_another_version(database: Database) -> None:
    with database.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    [finding] = [finding for finding in database.check() if not finding.ok]
    assert "at revision 0000" in finding.detail


def test_the_check_of_what_does_not_answer_says_so(tmp_path: Path) -> None:
    (tmp_path / "oyez.db").write_bytes(b"this is no database" * 100)
    for url in (f"sqlite:///{tmp_path / 'oyez.db'}", "postgresql://nobody:secret@127.0.0.1:1/none"):
        [finding] = open_database(url).check()
        assert not finding.ok
        assert finding.remedy
        assert "secret" not in finding.detail


def test_the_check_finds_references_to_nothing(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'oyez.db'}") as database:
        database.upgrade()
        desk = Desk.open(database)
        desk.store(post())
        with database.engine.connect() as conn:
            raw: Any = conn.connection.dbapi_connection
            raw.execute("PRAGMA foreign_keys = OFF")
            raw.execute("DELETE FROM brands")
        database.engine.dispose()
        [finding] = [finding for finding in database.check() if not finding.ok]
        assert "refer to nothing" in finding.detail


def test_a_full_table_is_read_in_chunks() -> None:
    assert [len(chunk) for chunk in in_chunks(range(2_500))] == [1_000, 1_000, 500]
    assert list(in_chunks([])) == []


@pytest.mark.parametrize(
    ("given", "kept"), [("", ""), ("é", "é"), ("\x00", ""), ("a\ud800b", "a?b"), ("\U0001f600", "\U0001f600")]
)
def test_plain_text_is_what_every_database_keeps(given: str, kept: str) -> None:
    assert plain(given) == kept
    assert plain_json({given: [given, {"n": 1, "x": (given,)}]}) == {kept: [kept, {"n": 1, "x": [kept]}]}


def test_many_threads_may_share_a_database(database: Database) -> None:
    desk = Desk.open(database)

    def work(name: str) -> None:
        source = desk.another_source(name)
        for n in range(5):
            desk.store(*[post(f"{n}-{m}", f"texte {m}") for m in range(20)], source=source)
            with database.read() as conn:
                mentions.latest(conn, desk.brand)

    with ThreadPoolExecutor() as pool:
        list(pool.map(work, ["s1", "s2", "s3", "s4"]))
    with database.read() as conn:
        assert mentions.count(conn, desk.brand) == 400
