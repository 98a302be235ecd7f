"""Apple App Store: what people write of an app, from Apple's public feed of customer reviews.

**Covers** the latest reviews of each country's store, 50 a page and at most 10 pages: 500 for each country.
Needs no key. A changed review comes again under its id.

**Cannot:** older reviews, the developer's replies, deletions; the feed names no language. Feeds saved before
2021 as JSON carry no dates: their posts count from the day they are first seen.

`https://itunes.apple.com/{country}/rss/customerreviews/page={n}/id={app}/sortby=mostrecent/json`: the order of
these parts matters, another order is answered with an empty feed.

```toml
[[sources]]
name = "Our app"
kind = "app_store"
[sources.options]
app_id = ["1404176564"]
countries = ["fr", "be"]
```
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from lxml import etree
from pydantic import BeforeValidator, Field

from collectors.dates import parse_date
from collectors.json_answers import text_of
from collectors.markup import to_text
from collectors.options import SEVERAL
from collectors.post import Author, Post, PostKind, Reach
from collectors.ratings import parse_rating
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions
from collectors.walks import in_turn

if TYPE_CHECKING:
    from collectors.http import Http

_PLACE = re.compile(r"/([a-z]{2})/(?:review\?id=|rss/customerreviews/(?:.*/)?id=)(\d+)")
_NAMESPACES = {"atom": "http://www.w3.org/2005/Atom", "im": "http://itunes.apple.com/rss"}
_SCALARS = ("id", "title", "content", "updated", "im:rating", "im:version", "im:voteSum", "im:name")
_DECLARATION = re.compile(r"^<\?xml[^>]{0,300}\?>")

Entry = dict[str, str | None]


def _number(value: object) -> str:
    found = re.fullmatch(r"(?:.*\bid)?(\d{5,12})(?:\?.*)?", str(value).strip())
    if not found:
        raise ValueError("an app is named by its number, the digits after /id in its App Store address")
    return found[1]


class Options(SourceOptions):
    """Which apps, and in which countries' stores."""

    app_id: Annotated[tuple[Annotated[str, BeforeValidator(_number)], ...], SEVERAL, Field(min_length=1)] = Field(
        description="the app's number or App Store address; several in a list"
    )
    countries: Annotated[
        tuple[Annotated[str, Field(pattern="^[a-z]{2}$")], ...], SEVERAL, Field(min_length=1)
    ] = Field(default=("fr",), description="two-letter codes of the countries' stores, such as fr, be, gb")
    max_pages: int = Field(default=10, ge=1, le=10, description="most pages of 50 to read in each country")
    form: Literal["json", "xml"] = Field(default="json", description="which form of the feed to ask for")
    site: str = Field(default="https://itunes.apple.com", description="where the feed is; another only for tests")


class AppStore(Source):
    """Reviews of apps."""

    kind: ClassVar[str] = "app_store"
    title: ClassVar[str] = "Apple App Store"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved page of the feed, JSON or XML. Raises ParseError where it is none."""
        text = text_of(answer, "the App Store", content_type=answer.content_type)
        entries = _xml_entries(text) if text.startswith("<") else _json_entries(text)
        posts, faults = [], []
        for number, entry in enumerate(entries, 1):
            if entry is None or not entry.get("id"):
                faults.append(Fault(f"entry {number}", "no id: it could not be told from others"))
            elif entry.get("im:name") is None:  # feeds before 2019 begin with the app itself
                posts.append(_post(entry, answer.url))
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each store's feed from the latest review back to one that is known, or to `since`.

        A store that cannot be read does not keep the others from it; its error is raised at the end.
        The cursor holds for each store the ids of the page that was the first, and where a run was cut short.
        """
        options = cast("Options", self.options)
        states: dict[str, Any] = dict(cursor)

        def one(place: str) -> Iterator[Page]:
            for page in self._one_store(http, place, states.get(place, {}), since):
                states[place] = page.cursor
                yield replace(page, cursor=dict(states))

        yield from in_turn(one(f"{country}/{app}") for app in options.app_id for country in options.countries)

    def _one_store(self, http: Http, place: str, state: Cursor, since: datetime | None) -> Iterator[Page]:
        options = cast("Options", self.options)
        country, app = place.split("/")
        known = set(state.get("known", ()))
        first: list[str] = state.get("first", [])
        for number in range(int(state.get("next", 1)), options.max_pages + 1):
            path = f"{country}/rss/customerreviews/page={number}/id={app}/sortby=mostrecent/{options.form}"
            page = self.parse(http.get(f"{options.site.rstrip('/')}/{path}").answer())
            ids = [post.external_id for post in page.posts]
            first = first or ids
            if not ids or ids[-1] in known or _older(page.posts[-1:], since) or number == options.max_pages:
                yield replace(page, cursor={"known": first or sorted(known)})
                return
            yield replace(page, cursor={"known": sorted(known), "first": first, "next": number + 1})


def _older(last: Sequence[Post], since: datetime | None) -> bool:
    return since is not None and any(post.published_at and post.published_at < since for post in last)


def _json_entries(text: str) -> list[Entry | None]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(
            "not an App Store feed: neither JSON nor XML", remedy="check the address in a browser"
        ) from error
    feed = document.get("feed") if isinstance(document, dict) else None
    if not isinstance(feed, dict):
        raise ParseError(
            "JSON, but not an App Store feed: it has no feed", remedy="ask for …/rss/customerreviews/…/json"
        )
    entries = feed.get("entry", [])
    return [_json_entry(entry) for entry in (entries if isinstance(entries, list) else [entries])]


def _json_entry(entry: object) -> Entry | None:
    if not isinstance(entry, dict):
        return None
    author = entry.get("author")
    author = author if isinstance(author, dict) else {}
    link = entry.get("link")
    link = link[0] if isinstance(link, list) and link else link
    attributes = link.get("attributes") if isinstance(link, dict) else None
    return {
        **{name: _label(entry.get(name)) for name in _SCALARS},
        "author": _label(author.get("name")),
        "author_url": _label(author.get("uri")),
        "link": _label(attributes.get("href")) if isinstance(attributes, dict) else None,
    }


def _label(value: object) -> str | None:
    """The scalar in Apple's {"label": …}. Strings lose what neither UTF-8 nor a database can hold."""
    if isinstance(value, dict):
        value = value.get("label")
    if not isinstance(value, str | int | float):
        return None
    return str(value).replace("\0", "").encode("utf-8", "replace").decode().strip()


def _xml_entries(text: str) -> list[Entry | None]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        feed = etree.fromstring(_DECLARATION.sub("", text).encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        raise ParseError(
            f"not an App Store feed: the XML is broken ({error.msg})", remedy="check the address in a browser"
        ) from error
    if feed.tag != f"{{{_NAMESPACES['atom']}}}feed":
        raise ParseError(
            f"not an App Store feed but a document of <{etree.QName(feed).localname}>",
            remedy="ask for …/rss/customerreviews/…/xml",
        )
    return [_xml_entry(entry) for entry in feed.findall("atom:entry", _NAMESPACES)]


def _xml_entry(entry: etree._Element) -> Entry:
    def inside(path: str) -> str | None:
        found = entry.findtext(path, None, _NAMESPACES)
        return found.strip() if found is not None else None

    flat: Entry = {name: inside(name if ":" in name else f"atom:{name}") for name in _SCALARS}
    plain = inside("atom:content[@type='text']")
    flat["content"] = plain if plain is not None else to_text(flat["content"] or "")
    link = entry.find("atom:link", _NAMESPACES)
    return {
        **flat,
        "author": inside("atom:author/atom:name"),
        "author_url": inside("atom:author/atom:uri"),
        "link": link.get("href") if link is not None else None,
    }


def _post(entry: Entry, feed_url: str) -> Post:
    place = _PLACE.search(entry["link"] or "") or _PLACE.search(feed_url)
    segments = {"country": place[1], "app": place[2]} if place else {}
    if entry["im:version"]:
        segments["version"] = entry["im:version"]
    account = re.search(r"/id(\d+)$", entry["author_url"] or "")
    votes = re.fullmatch(r"-?\d{1,9}", entry["im:voteSum"] or "")
    return Post(
        kind=PostKind.REVIEW,
        external_id=str(entry["id"])[:200],
        # the feed of 2020 writes a line break as a backslash and an n
        text=(entry["content"] or "").replace("\\n", "\n").strip(),
        title=entry["title"] or None,
        author=Author(account[1] if account else None, entry["author"] or None, entry["author_url"] or None),
        rating=parse_rating(entry["im:rating"], 1, 5),
        published_at=parse_date(entry["updated"]),
        url=entry["link"] or None,
        reach=Reach(likes=max(int(votes[0]), 0) if votes else None),
        segments=segments,
    )
