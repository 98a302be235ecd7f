"""Brings a file in: the same way as any source, with brands that need not be in the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from sqlalchemy import Connection

from collectors.http import Http
from collectors.post import Post
from collectors.query import fold
from collectors.source import Cursor, Page, SourceError, find
from collectors.tables import digest, open_file
from service import progress
from service.collecting import names_brands
from service.errors import ServiceError
from service.intake import Collected, store_pages
from service.matching import BrandIds, BrandMatcher
from service.oyez_toml import first_mistake
from service.workspace import Workspace
from storage import brands, sources

if TYPE_CHECKING:
    from collectors.sources.files import Files

KIND = "files"


@dataclass(frozen=True, slots=True)
class FileImport:
    """A file to bring in: under which source's name, about which brand (None: its brand column says).

    Without a `name` it is that of the file, and of the brand: two files of one name must not mix.
    """

    source: Files
    path: str
    name: str | None = None
    brand: str | None = None

    def source_name(self, brand: str | None) -> str:
        """The name of its source when it is about this brand."""
        file = "stdin" if self.path == "-" else self.path.replace("\\", "/").rstrip("/").rpartition("/")[2]
        return self.name or (f"{file} ({brand})" if brand else file)


def plan(
    path: str, *, name: str | None, brand: str | None, options: dict[str, Any], one_brand: str | None = None
) -> FileImport:
    """What an import will do; nothing is read yet. `one_brand` is the brand when nothing else says one.

    Raises ServiceError when an option is wrong, or when it is not said which brand the file is about.
    """
    kind = find(KIND)
    try:
        checked = kind.Options.model_validate({"path": path, **options})
    except ValidationError as error:
        where, expected = first_mistake(error, kind.Options)
        raise ServiceError(f"{where}: {expected}", "see `oyez sources kinds files`") from None
    by_column = names_brands(options)
    about = (brand or "").strip() or (None if by_column else one_brand)
    if about is None and not by_column:
        raise ServiceError(
            "it is not said which brand the file is about", "give --brand NAME, or --brand-column COLUMN"
        )
    return FileImport(cast("Files", kind(checked)), path, name, about)


def import_file(ws: Workspace, work: FileImport, *, advance: progress.Advance = progress.nothing) -> Collected:
    """Store the rows of a file. An unchanged file about the same brand is recognised and not read again.

    Under another brand it is, and its mentions are about that one from then on: so a wrong brand is corrected.
    Raises SourceError when the file cannot be read, where what was stored before stays; ServiceError when its
    source's name is taken by another kind of source, or the file is another source's already.
    """
    known = _Brands(ws)
    brand = known.name_of(work.brand) if work.brand else None
    result = Collected(work.source_name(brand))
    source_id, cursor = _source(ws, work, result.source, brand)
    pages = known.learnt(_about(brand, work.source.pages(ws.http, cursor)), brand)
    try:
        for page in store_pages(ws, source_id, pages, result, known.ids_of(brand), relink=True):
            advance(len(page.posts))
    except SourceError as error:
        with ws.database.begin() as conn:
            sources.record_failure(conn, source_id, str(error), ws.clock.now())
        raise
    return result


def stranger(ws: Workspace, work: FileImport) -> str | None:
    """The brand that an import is about, where the configuration knows it neither by its name nor by an alias."""
    return None if work.brand is None or BrandMatcher(ws.config.brands).called(work.brand) else work.brand


def preview(work: FileImport, limit: int) -> Iterator[Post]:
    """The first posts that the file would give."""
    with Http() as http:
        for page in work.source.pages(http, {}):
            yield from page.posts[:limit]
            return


def _source(ws: Workspace, work: FileImport, name: str, brand: str | None) -> tuple[int, Cursor]:
    """The number of the file's source, and where it stopped: nowhere, if that was about another brand."""
    configured = {source.name: source.kind for source in ws.config.sources}
    with ws.database.begin() as conn:
        found = sources.find(conn, name)
        kind = configured.get(name) or (found.kind if found else KIND)
        if kind != KIND:
            raise ServiceError(f"{name!r} is a source of the kind {kind}", "choose another name with --source")
        if found is None and work.name is None and (twin := _twin(conn, work.path)):
            raise ServiceError(
                f"this very file was brought in before, as the source {twin!r}",
                f'to correct its brand, or read it again: --source "{twin}"; to have it twice: another --source',
            )
        source_id = sources.ensure(conn, name, KIND, configured=name in configured)
        cursor = sources.state(conn, source_id).cursor
    return source_id, cursor if cursor.get("brand") == brand else {}


def _twin(conn: Connection, path: str) -> str | None:
    """The import that brought in a file of exactly this content."""
    if not Path(path).is_file():  # what is piped in can be read only once
        return None
    with closing(open_file(path)) as stream:
        content = digest(stream)
    imported = (state for state in sources.states(conn) if state.kind == KIND and not state.configured)
    return next((state.name for state in imported if state.cursor.get("sha256") == content), None)


def _about(brand: str | None, pages: Iterator[Page]) -> Iterator[Page]:
    """The pages, with the brand in their cursor."""
    for page in pages:
        yield replace(page, cursor={**page.cursor, "brand": brand})


class _Brands:
    """The brands of the configuration and of earlier imports, and those that a file brings along."""

    def __init__(self, ws: Workspace) -> None:
        self._database = ws.database
        self._ids = dict(ws.brand_ids())
        self._configured = BrandMatcher(ws.config.brands)
        self._names = {fold(name): name for name in self._ids}

    def name_of(self, said: str) -> str:
        """The brand that goes by this name, whatever its case, or by this alias; else the name itself."""
        said = " ".join(said.split())
        return self._configured.called(said) or self._names.setdefault(fold(said), said)

    def ids_of(self, brand: str | None) -> BrandIds:
        """The rule of a file: the one brand it is about, or the one that the row names."""

        def named(post: Post) -> Sequence[int]:
            said = brand or post.segments.get("brand")
            return (self._ids[self.name_of(said)],) if said else ()

        return named

    def learnt(self, pages: Iterator[Page], brand: str | None) -> Iterator[Page]:
        """The pages, each one's brands known in the database before it is stored."""
        for page in pages:
            said = [brand] if brand else [post.segments.get("brand") for post in page.posts]
            named = dict.fromkeys(self.name_of(name) for name in said if name)
            if new := [name for name in named if name not in self._ids]:
                with self._database.begin() as conn:
                    self._ids.update({name: brands.ensure(conn, name) for name in new})
            yield page
