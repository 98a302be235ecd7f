"""A first look at anything: a file, a feed, a page with reviews, an app. Nothing is stored.

What it is, is found out by trying: an address is fetched once, and every kind of source says what it reads in the
answer. Where a page holds no reviews, the feeds that it names are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup

from collectors.http import Http
from collectors.post import Post
from collectors.source import Answer, ParseError, SourceError, find, kinds
from nlp.language import detect
from nlp.masking import mask
from nlp.opinion import OpinionModel
from service.annotating import text_of
from service.errors import ServiceError

SHOWN = 10
_TABLES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls", ".ods", ".jsonl", ".ndjson", ".parquet"})
_APP = re.compile(r"https?://(?:apps|itunes)\.apple\.com/(?:([a-z]{2})/)?app/(?:[^/]+/)?id(\d+)")
_DOMAIN = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?", re.IGNORECASE)
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml")
_FEEDS_TRIED = 3
_TEXT_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Found:
    """What was read, as which kind of source, from which address or file."""

    kind: str
    where: str
    posts: list[Post]


def look(what: str, http: Http) -> Found:
    """Read a file or an address, whatever kind of thing it is.

    Raises SourceError when it cannot be read, ServiceError when there is nothing that people said in it.
    """
    if Path(what).is_file():
        found = _read_file(Path(what))
    elif urlsplit(what).scheme in ("http", "https"):
        found = _read_address(what, http)
    elif _DOMAIN.fullmatch(what):
        found = _read_address(f"https://{what}", http)
    else:
        raise ServiceError(
            f"{what!r} is neither a file nor a web address", "check the path, or begin with https://"
        )
    if not any(post.text.strip() or post.title for post in found.posts):
        raise ServiceError(f"nothing that people said was found in {found.where}", _REMEDY)
    return found


_REMEDY = (
    "try the address of a feed (RSS, Atom), of a page that shows reviews, of an app in the App Store, or a file"
)


def annotated(
    found: Found, model: OpinionModel, *, languages: Sequence[str] = ("fr", "en")
) -> list[dict[str, Any]]:
    """The first ten mentions that have a text, each with its annotation; texts are masked and shortened."""
    posts = list(islice((post for post in found.posts if text_of(post.title, post.text)), SHOWN))
    texts = [text_of(post.title, post.text) for post in posts]
    opinions = model.annotate(texts, [detect(text, languages) for text in texts])
    rows = []
    for post, text, opinion in zip(posts, texts, opinions, strict=True):
        said = opinion.to_json()
        for touchpoint in said["touchpoints"]:
            touchpoint["quote"] = mask(touchpoint["quote"])
        rating = f"{post.rating.value:g}/{max(post.rating.best, post.rating.worst):g}" if post.rating else None
        rows.append({"text": shortened(mask(text)), "rating": rating, "url": post.url, **said})
    return rows


def shortened(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_SHOWN else line[:_TEXT_SHOWN].rsplit(" ", 1)[0] + "…"


def _read_file(path: Path) -> Found:
    if path.suffix.lower() in _TABLES:
        files = find("files")
        pages = files(files.Options.model_validate({"path": str(path)})).pages(None, {})  # type: ignore[arg-type]
        first = next(pages, None)
        return Found("files", str(path), first.posts if first else [])
    try:
        body = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"cannot open {str(path)!r}: {error.strerror}", remedy="check its permissions"
        ) from error
    return _best_reading(Answer(str(path), body)) or _nothing(str(path))


def _read_address(url: str, http: Http) -> Found:
    if app := _APP.match(url):
        return _read_app(app[2], app[1] or "us", http)
    answer = http.get(url).answer()
    if found := _best_reading(answer):
        return found
    for feed in islice(_feeds_named(answer), _FEEDS_TRIED):
        try:
            page = find("feeds").parse(http.get(feed).answer())
        except SourceError:
            continue
        if page.posts:
            return Found("feeds", feed, page.posts)
    return _nothing(url)


def _read_app(number: str, country: str, http: Http) -> Found:
    store = find("app_store")
    source = store(store.Options.model_validate({"app_id": number, "countries": [country]}))
    first = next(source.pages(http, {}), None)
    return Found("app_store", f"app {number} ({country})", first.posts if first else [])


def _best_reading(answer: Answer) -> Found | None:
    """The kind of source that reads the most posts in it; a plain table only where no other kind reads any."""
    readings = []
    for kind in kinds():
        try:
            page = find(kind).parse(answer)
        except ParseError:
            continue
        readings.append((kind != "files", len(page.posts), kind, page.posts))
    best = max(readings, key=lambda reading: reading[:2], default=None)
    return Found(best[2], answer.url, best[3]) if best and best[1] else None


def _feeds_named(answer: Answer) -> Iterator[str]:
    """The feeds that a page names in its head (https://blog.whatwg.org/feed-autodiscovery)."""
    page = BeautifulSoup(answer.body, "lxml")
    for link in page.find_all("link", rel="alternate", href=True):
        if str(link.get("type", "")).lower() in _FEED_TYPES:
            yield urljoin(answer.url, str(link["href"]))


def _nothing(where: str) -> Found:
    return Found("", where, [])
