"""Brings a file in: the same way as any source, with brands that need not be in the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from collectors.http import Http
from collectors.post import Post
from collectors.source import Page, SourceError, find
from service import progress
from service.collecting import Collected, store_pages
from service.errors import ServiceError
from service.workspace import Workspace
from storage import brands, sources

if TYPE_CHECKING:
    from collectors.sources.files import Files

KIND = "files"


@dataclass(frozen=True, slots=True)
class FileImport:
    """A file to bring in: under which source's name, about which brand (None: its brand column says)."""

    source: Files
    name: str
    brand: str | None = None


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
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ServiceError(f"{where}: {first['msg']}", "see `oyez sources kinds files`") from None
    by_column = options.get("brand_column") or "brand" in options.get("mapping", {})
    about = brand or (None if by_column else one_brand)
    if about is None and not by_column:
        raise ServiceError(
            "it is not said which brand the file is about", "give --brand NAME, or --brand-column COLUMN"
        )
    return FileImport(cast("Files", kind(checked)), name or _name_of(path), about)


def import_file(ws: Workspace, work: FileImport, *, advance: progress.Advance = progress.nothing) -> Collected:
    """Store the rows of a file. An unchanged file is recognised and not read again.

    Raises SourceError when the file cannot be read; what was stored before that stays.
    """
    result = Collected(work.name)
    ids = dict(ws.brand_ids())
    with ws.database.begin() as conn:
        source_id = sources.ensure(conn, work.name, KIND)
        cursor = sources.state(conn, source_id).cursor

    def brand_of(post: Post) -> Sequence[int]:
        name = work.brand or post.segments.get("brand")
        return (ids[name],) if name else ()

    with Http(ws.config.http, clock=ws.clock) as http:
        pages = _with_brands(ws, work, work.source.pages(http, cursor), ids)
        try:
            for page in store_pages(ws, source_id, pages, result, brand_of):
                advance(len(page.posts))
        except SourceError as error:
            with ws.database.begin() as conn:
                sources.record_failure(conn, source_id, str(error), ws.clock.now())
            raise
    return result


def preview(work: FileImport, limit: int) -> Iterator[Post]:
    """The first posts that the file would give."""
    with Http() as http:
        for page in work.source.pages(http, {}):
            yield from page.posts[:limit]
            return


def _with_brands(ws: Workspace, work: FileImport, pages: Iterator[Page], ids: dict[str, int]) -> Iterator[Page]:
    """The pages, each one's brands known in the database before it is stored."""
    for page in pages:
        named = {work.brand} if work.brand else {post.segments.get("brand") for post in page.posts}
        if new := sorted(name for name in named if name and name not in ids):
            with ws.database.begin() as conn:
                ids.update({name: brands.ensure(conn, name) for name in new})
        yield page


def _name_of(path: str) -> str:
    return "stdin" if path == "-" else path.replace("\\", "/").rstrip("/").rpartition("/")[2]
