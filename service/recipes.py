"""Tries a recipe of CSS selectors on a page, or on a saved copy of one. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from collectors.http import Http
from collectors.post import Post
from collectors.recipe import Match
from collectors.source import Answer, Fault, SourceError
from collectors.sources.site import Options, Site
from service.errors import ServiceError
from service.oyez_toml import first_mistake

_ANY_ITEM = "[data-oyez-no-such-thing]"
"""Matches nothing, so that what may be an item is suggested."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What a recipe found: posts, what each selector matched, and selectors to try where one matched nothing."""

    posts: list[Post]
    faults: list[Fault]
    matches: dict[str, Match]
    suggestions: dict[str, list[str]]
    following: str | None


def try_recipe(what: str, given: Mapping[str, Any], http: Http, *, url: str = "") -> Trial:
    """Read an address or a file by the options of a `site`; `url` is where a saved file came from.

    Raises ServiceError where an option is wrong or there is no such file, SourceError where it cannot be read.
    """
    is_address = urlsplit(what).scheme in ("http", "https")
    address = what if is_address else url or "https://saved.invalid/"
    try:
        options = Options.model_validate({"item": _ANY_ITEM, "url": address, **given})
    except ValidationError as error:
        where, expected = first_mistake(error, Options)
        raise ServiceError(f"{where}: {expected}", "see `oyez sources kinds site`") from None
    answer = http.get(what).answer() if is_address else _saved(what, address)
    reading, suggestions = Site(options).look(answer)
    return Trial(reading.posts, reading.faults, reading.matches, suggestions, reading.following)


def _saved(path: str, url: str) -> Answer:
    try:
        return Answer(url, Path(path).read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the name is not a path"
        raise SourceError(
            f"{path!r} is neither an address nor a file that can be read: {reason}",
            remedy="begin with https://, or check the path",
            permanent=True,
        ) from error
