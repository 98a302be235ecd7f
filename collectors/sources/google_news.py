"""Google News: headlines that a search finds in the press, through the feed of its results.

**Off by default.** Google's own words in that feed allow it "solely for the purpose of rendering Google News
results within a personal feed reader for personal, non-commercial use". A company that listens to its brand is
something else: `gdelt` and the newspapers' own `feeds` are free of that. If your use is allowed all the same,
write `accept_terms = true`; robots.txt is obeyed even then, and may forbid the search.

**Covers** at most the 100 latest results of each search: headline, newspaper, time. There are no further pages: a
search that fills one says so, and is then to be read more often, or to be narrowed.

**Cannot:** the article's text or address (the link leads to it through Google, which does not say where to);
whether the article, of which only the headline comes along, really names the brand; deletions.

```toml
[[sources]]
name = "Google News"
kind = "google_news"
accept_terms = true
[sources.options]
query = '"Lila Énergie"'
language = "fr"
country = "FR"
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import urlsplit

from lxml import etree
from pydantic import Field

from collectors import dialects
from collectors.dates import parse_date
from collectors.json_answers import identity, language, read_items, text_of, web_address, words
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind
from collectors.query import QueryText
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions
from collectors.walks import in_turn

if TYPE_CHECKING:
    from collectors.http import Http

_MOST_RESULTS = 100
_DECLARATION = re.compile(r"^<\?xml[^>]{0,300}\?>")
_REMEDY = "save the answer of https://news.google.com/rss/search?q=…"


class Options(SourceOptions):
    """What to search for, in whose press."""

    query: QueryText = Field(min_length=2, description="What to find; see the documentation of queries.")
    language: str = Field(default="fr", pattern="^[a-z]{2}$", description="Language of the press, such as fr.")
    country: str = Field(default="FR", pattern="^[A-Z]{2}$", description="Country of the press, such as FR.")
    days: int = Field(default=7, ge=1, le=365, description="How many days back results are asked for.")
    site: str = Field(default="https://news.google.com", description="Where the feed is; another only for tests.")


class GoogleNews(Source):
    """Headlines that match a search."""

    kind: ClassVar[str] = "google_news"
    title: ClassVar[str] = "Google News (headlines)"
    off_because: ClassVar[str] = "Google allows this feed for personal, non-commercial use alone"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved feed of results. Raises ParseError for any other document, other feeds included."""
        channel = _channel(answer)
        spoken = language(channel.findtext("language"))
        items = ({**_flat(item), "language": spoken} for item in channel.iterfind("item"))
        posts, faults = read_items(items, _post)
        return Page(posts, {}, faults, answer)

    def wants(self, post: Post) -> bool:
        """Always: what was searched is the article, and only its headline is here."""
        return True

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read the latest results of each search; those known already come again under the same id.

        The failure of one search is raised after the others were read.
        """
        options = cast("Options", self.options)
        assert self.query is not None
        span = f"after:{since:%Y-%m-%d}" if since else f"when:{options.days}d"
        edition = {
            "hl": options.language,
            "gl": options.country,
            "ceid": f"{options.country}:{options.language}",
        }

        def read(search: str) -> Iterator[Page]:
            response = http.get(
                f"{options.site.rstrip('/')}/rss/search",
                params={"q": f"{search} {span}", **edition},
                accept="application/rss+xml, application/xml;q=0.9",
            )
            page = self.parse(response.answer())
            if len(page.posts) >= _MOST_RESULTS:
                page.faults.append(
                    Fault(f"search {search[:100]!r}", "it fills its one page: older results are not shown")
                )
            yield page

        yield from in_turn(map(read, dialects.render(self.query, dialects.GOOGLE_NEWS).searches))


def _channel(answer: Answer) -> etree._Element:
    """The feed's channel. Raises ParseError where it is none of Google News."""
    text = text_of(answer, "Google News", _REMEDY, content_type=answer.content_type)
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.fromstring(_DECLARATION.sub("", text).encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ParseError(f"not a feed of Google News: its XML is broken ({error})", remedy=_REMEDY) from error
    channel = root.find("channel") if root.tag == "rss" else None
    if channel is None:
        raise ParseError("not a feed of Google News, but another document", remedy=_REMEDY)
    link = channel.findtext("link") or ""
    if not link.startswith("https://news.google."):
        raise ParseError("a feed, but not of Google News", remedy=f"{_REMEDY}; others: the kind feeds")
    return channel


def _flat(item: etree._Element) -> dict[str, str | None]:
    source = item.find("source")
    return {
        **{name: item.findtext(name) for name in ("title", "link", "guid", "pubDate", "source")},
        "source_url": source.get("url") if source is not None else None,
    }


def _post(item: dict[str, str | None]) -> Post:
    """A result: the token in its opaque link names it, as its guid does where there is one."""
    link, outlet = web_address(item["link"]), words(item["source"], 200)
    name = words(item["guid"], 500) or (urlsplit(link).path.rpartition("/")[2] if link else None)
    site = web_address(item["source_url"])
    title = to_text(item["title"] or "", limit=1000)
    if not title:
        raise ValueError("a result without a headline")
    return Post(
        kind=PostKind.ARTICLE,
        external_id=identity(name),
        title=title.removesuffix(f" - {outlet}").strip() or title,
        text="",
        author=Author(id=urlsplit(site).hostname if site else None, name=outlet, url=site),
        language=item["language"],
        published_at=parse_date(item["pubDate"]),
        url=link,
        segments={"outlet": outlet} if outlet else {},
    )
