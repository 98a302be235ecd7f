"""What every job works on: the home folder, its configuration, the database, the model, the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from collectors.http import Http
from collectors.politeness import Clock
from service.config import Config
from service.home import Home, find_home
from service.secret import is_reference, reveal
from storage import brands, sources
from storage.database import Database, open_database

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nlp.opinion import OpinionModel


@dataclass
class Workspace:
    """One home folder at work. The database is opened, and the model loaded, when they are needed.

    Use it in a `with`, or close it: it holds the connections to the database and to sites.
    """

    home: Home
    config: Config = field(default_factory=Config)
    clock: Clock = field(default_factory=Clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def database_url(self) -> str:
        """The address of the database, secrets included: not for showing."""
        url = self.config.storage.url or f"sqlite:///{self.home.database}"
        return reveal(url, self.home.path) if is_reference(url) else url

    @cached_property
    def database(self) -> Database:
        """The database, its tables up to date and the configured brands in it.

        Raises DatabaseError when it cannot be used, ServiceError when its address is a secret that is missing.
        """
        self.home.create()
        database = open_database(self.database_url)
        database.upgrade()
        return database

    @cached_property
    def http(self) -> Http:
        """The door to the network. One for all visits: it remembers which sites asked to be left alone."""
        return Http(self.config.http, clock=self.clock)

    @cached_property
    def model(self) -> OpinionModel:
        """The opinion model of the configuration; it is loaded once it has something to read.

        Raises ServiceError when it is not there.
        """
        from service.reader import Reader  # noqa: PLC0415 (brings NumPy with it)

        return Reader(self.config.nlp.model, self.home.path)

    @cached_property
    def pseudonym_key(self) -> bytes:
        """The key that turns authors' names into pseudonyms."""
        return self.home.pseudonym_key()

    def brand_ids(self) -> dict[str, int]:
        """The brands and their numbers in the database, which learns here what is configured, sources included.

        Brands that came with an import stay beside those of the file.
        """
        with self.database.begin() as conn:
            return self.apply(conn)

    def apply(self, conn: Connection) -> dict[str, int]:
        """The same within a transaction."""
        imported = [
            brands.BrandSpec(brand.name, brand.settings)
            for brand in brands.all_brands(conn)
            if not brand.settings.get("configured") and self.config.brand(brand.name) is None
        ]
        configured = [
            brands.BrandSpec(brand.name, {"configured": True, **brand.model_dump(exclude={"name"})})
            for brand in self.config.brands
        ]
        sources.sync(conn, [source.name for source in self.config.sources])
        return brands.sync(conn, [*configured, *imported])

    def close(self) -> None:
        """Close the connections."""
        if "http" in vars(self):
            self.http.close()
        if "database" in vars(self):
            self.database.close()


def open_workspace(home: Path | None = None, *, clock: Clock | None = None) -> Workspace:
    """The workspace of a home folder; without an `oyez.toml` everything is at its default.

    Raises ConfigError when the file is wrong.
    """
    from service.oyez_toml import load  # noqa: PLC0415 (only where a file has to be read)

    found = find_home(home)
    config = load(found.config) if found.config.exists() else Config()
    return Workspace(found, config, clock or Clock())
