"""The last hits of a source, and why each is one, before anything of it is stored."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from pydantic import ValidationError

from collectors.http import Http
from collectors.post import Post
from collectors.source import Fault, Page, Source, find, kinds
from service.collecting import build
from service.config import Config, SourceConfig
from service.errors import ServiceError
from service.matching import brand_ids, options_of, query_of
from service.oyez_toml import first_mistake
from service.workspace import Workspace

_PAGES = 3
_LATELY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Hit:
    """A post that a source gives. `why` are its passages that match, `brands` those it would be about.

    `kept` is False where the service found it and the query does not match: it would not be stored.
    """

    post: Post
    why: list[str]
    brands: list[str]
    kept: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest hits first, and the items that were left out."""

    hits: list[Hit] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def described(config: Config, what: str, options: Mapping[str, Any]) -> SourceConfig:
    """The source of that name, or one of that kind that nobody configured; `options` are added to its own.

    Raises ServiceError where there is neither, or where the options are wrong.
    """
    known = next((source for source in config.sources if source.name == what), None)
    if known is None and what not in kinds():
        named = ", ".join(source.name for source in config.sources) or "none"
        raise ServiceError(
            f"there is no source and no kind of source called {what!r}",
            f"sources: {named}; kinds: {', '.join(kinds())}",
        )
    found = known or SourceConfig(name=what, kind=what)
    found = found.model_copy(update={"options": {**found.options, **options}})
    try:
        find(found.kind).Options.model_validate(options_of(found, config.brands))
    except ValidationError as error:
        where, expected = first_mistake(error, find(found.kind).Options)
        remedy = f"see `oyez sources kinds {found.kind}`; give options as in --option NAME=VALUE"
        raise ServiceError(f"{where}: {expected}", remedy) from None
    return found


def option(text: str) -> tuple[str, Any]:
    """An option as it is given on the command line: NAME=VALUE, the value as in TOML or else a string.

    Raises ServiceError where it is neither.
    """
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise ServiceError(f"{text!r} is no option", "write NAME=VALUE, as in url=https://example.org/feed")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value


def sample(ws: Workspace, config: SourceConfig, limit: int) -> Sample:
    """Read the first pages of a source, of the last 30 days where there are any; nothing is kept.

    Raises SourceError and ServiceError where it cannot be read.
    """
    source = build(ws, config)
    with Http(ws.config.http, clock=ws.clock) as http:
        pages = _read(source, http, ws.clock.now() - _LATELY) or _read(source, http, None)
    hits = [_hit(ws.config, config, source, post) for page in pages for post in page.posts if not post.deleted]
    hits.sort(key=lambda hit: hit.post.published_at or datetime.min.replace(tzinfo=UTC), reverse=True)
    return Sample(hits[:limit], [fault for page in pages for fault in page.faults])


def _read(source: Source, http: Http, since: datetime | None) -> list[Page]:
    """The first pages, or none where they hold nothing at all."""
    pages: Iterator[Page] = islice(source.pages(http, {}, since=since), _PAGES)
    read = list(pages)
    return read if any(page.posts or page.faults for page in read) else []


def _hit(everything: Config, config: SourceConfig, source: Source, post: Post) -> Hit:
    text = f"{post.title or ''}\n{post.text}"
    numbers = {brand.name: number for number, brand in enumerate(everything.brands)}
    about = brand_ids(everything.brands, numbers, chosen=config.brands)(post)
    brands = [everything.brands[number] for number in about]
    queries = [source.query] if source.query else [query_of(brand) for brand in brands]
    why = dict.fromkeys(passage for query in queries if query for passage in query.evidence(text))
    return Hit(post, list(why), [brand.name for brand in brands], source.wants(post))
