"""Opening, upgrading and checking the database: SQLite on one machine, PostgreSQL beyond that.

    database = open_database("sqlite:////home/me/oyez.db")
    database.upgrade()
    with database.begin() as conn:      # one transaction: all of it is kept, or nothing
        ...
    with database.read() as conn:       # a consistent snapshot that cannot write and never waits for writers
        ...

Every function of this floor takes such a connection first, and none commits: the caller's `begin` decides
what belongs together.

On SQLite a writing transaction begins with BEGIN IMMEDIATE: it waits for its turn (up to `BUSY_SECONDS`) at
its start, where nothing is lost by waiting, and two processes that read and then write cannot dead-lock.
The journal is write-ahead with synchronous=NORMAL: killing the process loses nothing, a power cut may lose
the last transactions and never half of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from storage.tables import Base

BUSY_SECONDS = 60
"""How long a writer waits for another one."""
MIGRATIONS = Path(__file__).parent / "migrations"

T = TypeVar("T")


class DatabaseError(Exception):
    """The database cannot be used. The message says why; `remedy` says what to do."""

    def __init__(self, problem: str, *, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `check` looked at: `ok`, what it saw, and what to do where it is not ok."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


class Database:
    """One database, safe to share between threads. Close it with `close`, or use it in a `with`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(oyez_reading=True, postgresql_readonly=True)
        if engine.dialect.name == "postgresql":
            self._reader = self._reader.execution_options(isolation_level="REPEATABLE READ")

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """One writing transaction: committed at the end of the block, undone by an exception."""
        with self.engine.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One reading transaction: a snapshot that waits for nobody. Writing in it is an error."""
        with self._reader.begin() as conn:
            yield conn

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables to `revision`, keeping what they hold; nothing happens where they are there already.

        One transaction: a kill in the middle leaves the tables as they were. Two processes may call it at once.
        Raises DatabaseError when the database does not answer, or is that of a newer program.
        """
        if revision == "head" and self._is_current():
            return
        # It takes 0.2 s to import, and most commands need no upgrade.
        from alembic import command  # noqa: PLC0415
        from alembic.util import CommandError  # noqa: PLC0415

        try:
            with self.begin() as conn:
                take_turns(conn, "upgrade")
                command.upgrade(_alembic(conn), revision)
        except CommandError as problem:
            raise DatabaseError(
                f"the tables cannot be brought up to date: {problem}", remedy=_NEWER_REMEDY
            ) from problem
        except OperationalError as problem:
            raise DatabaseError(_silence(self.engine, problem), remedy=_SILENT_REMEDY) from problem

    def _is_current(self) -> bool:
        newest = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
        try:
            with self.read() as conn:
                return _revision(conn) == newest
        except SQLAlchemyError:
            return False  # whatever is wrong is told by the upgrade itself

    def check(self) -> list[Finding]:
        """Whether it answers, is intact and up to date, for `oyez doctor`. Raises nothing."""
        try:
            with self.read() as conn:
                return [_version(conn), _schema(conn), *_integrity(conn)]
        except SQLAlchemyError as problem:
            detail = _silence(self.engine, problem)
            return [Finding("database", ok=False, detail=detail, remedy=_SILENT_REMEDY)]


def open_database(url: str | URL) -> Database:
    """Open `sqlite:///PATH` or `postgresql://…`; an SQLite file and its folder come to be when they are missing.

    Connects at the first use only. Raises DatabaseError for an address of another kind.
    """
    try:
        address = make_url(url)
    except ArgumentError as problem:
        raise DatabaseError(f"not a database address: {problem}", remedy=_ADDRESS_REMEDY) from problem
    if address.get_backend_name() == "sqlite":
        return Database(_open_sqlite(address))
    if address.get_backend_name() in ("postgresql", "postgres"):
        return Database(_open_postgresql(address))
    raise DatabaseError(f"no support for {address.get_backend_name()} databases", remedy=_ADDRESS_REMEDY)


_ADDRESS_REMEDY = "use sqlite:///path/to/oyez.db or postgresql://user:password@host/name"
_SILENT_REMEDY = "check [storage] url in oyez.toml, and that the server runs or the folder is writable"
_NEWER_REMEDY = "a newer oyez made these tables: install that one, or restore a backup from before"


def _silence(engine: Engine, problem: SQLAlchemyError) -> str:
    said = " ".join(str(getattr(problem, "orig", None) or problem).split())
    return f"{engine.url.render_as_string()} does not answer: {said}"


def _open_sqlite(address: URL) -> Engine:
    if address.database and address.database != ":memory:":
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        address.set(drivername="sqlite"), connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # or the driver begins transactions of its own, late and deferred
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "cache_size = -65536",
            "temp_store = MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(conn: Connection) -> None:
        reading = bool(conn.get_execution_options().get("oyez_reading"))
        conn.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
        conn.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _open_postgresql(address: URL) -> Engine:
    try:
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            hide_parameters=True,  # or an error would print people's texts
            connect_args={"options": f"-c timezone=UTC -c lock_timeout={BUSY_SECONDS}s"},
        )
    except NoSuchModuleError as problem:  # pragma: no cover  psycopg is a dependency
        raise DatabaseError(str(problem), remedy="pip install 'psycopg[binary]'") from problem


def insert_into(conn: Connection, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the database's own dialect."""
    return insert_for(conn.dialect.name, table)


def insert_for(dialect: str, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """The same, where the statement is kept for many connections."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def insert_rows(conn: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows that name the same columns, several times as fast as `conn.execute(insert(…), rows)`.

    The columns' types are SQLAlchemy's; what is left out is its work on each row of parameters, and on
    PostgreSQL the rows go by COPY. A broken constraint raises the driver's own IntegrityError.
    """
    if not rows:
        return
    columns = list(rows[0])
    types = [table.__table__.c[name].type.dialect_impl(conn.dialect) for name in columns]
    ways = [type_.bind_processor(conn.dialect) or _as_it_is for type_ in types]
    cells = [[way(row[name]) for way, name in zip(ways, columns, strict=True)] for row in rows]
    names = ", ".join(conn.dialect.identifier_preparer.quote(name) for name in columns)
    cursor: Any = conn.connection.cursor()
    try:
        if conn.dialect.name == "sqlite":
            places = ", ".join("?" * len(columns))
            cursor.executemany(f"INSERT INTO {table.__tablename__} ({names}) VALUES ({places})", cells)  # noqa: S608
        else:
            with cursor.copy(f"COPY {table.__tablename__} ({names}) FROM STDIN") as copy:
                for row in cells:
                    copy.write_row(row)
    finally:
        cursor.close()


def _as_it_is(value: Any) -> Any:
    return value


def take_turns(conn: Connection, work: str) -> None:
    """Let only one transaction at a time do this kind of work; the lock goes with the transaction.

    On SQLite a writing transaction is alone anyway.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext(:work))"), {"work": f"oyez {work}"})


def in_chunks(items: Iterable[T], size: int = 1_000) -> Iterator[list[T]]:
    """Lists of at most `size` items, for IN (…) lists that both databases take."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def _alembic(conn: Connection) -> Any:
    from alembic.config import Config  # noqa: PLC0415  see `Database.upgrade`

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    return config


def _version(conn: Connection) -> Finding:
    name = "SQLite" if conn.dialect.name == "sqlite" else "PostgreSQL"
    version = ".".join(str(part) for part in conn.dialect.server_version_info or ())
    detail = f"{name} {version} at {conn.engine.url.render_as_string()}"
    return Finding("database", ok=True, detail=detail)


def _revision(conn: Connection) -> str | None:
    """The migration that the tables are at; migration files are named after their revision."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _schema(conn: Connection) -> Finding:
    from alembic.script import ScriptDirectory  # noqa: PLC0415  see `Database.upgrade`

    known = [script.revision for script in ScriptDirectory.from_config(_alembic(conn)).walk_revisions()]
    newest = known[0]
    found = _revision(conn)
    if found == newest:
        return Finding("tables", ok=True, detail=f"at revision {newest}")
    detail = f"at revision {found}, this program needs {newest}" if found else "there are no tables yet"
    behind = found is None or found in known
    remedy = "run `oyez init`, or any command that writes" if behind else _NEWER_REMEDY
    return Finding("tables", ok=False, detail=detail, remedy=remedy)


def _integrity(conn: Connection) -> Sequence[Finding]:
    if conn.dialect.name != "sqlite":
        size = conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        return [Finding("size", ok=True, detail=f"{size / 2**20:.1f} MiB")]
    verdict = str(conn.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    orphans = conn.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(1)
    if orphans and verdict == "ok":
        verdict = f"rows of {orphans[0][0]} refer to nothing"
    pages, page = (conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
    return [
        Finding("integrity", ok=verdict == "ok", detail=verdict, remedy="restore the last backup"),
        Finding("size", ok=True, detail=f"{pages * page / 2**20:.1f} MiB"),
    ]
