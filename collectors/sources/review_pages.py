"""Reviews that pages mark up for search engines (schema.org Review), on any shop, directory or blog.

**Covers** JSON-LD and microdata, nested in a product or standing alone, over the listing's pages
(`rel="next"` or an address with `{page}`). Pages that show only an average (AggregateRating) hold no reviews.
A listing of more than `max_pages` is read over several runs: each reads what is new, then at least two pages
from where the last one ended.

**Identity** is the review's own `@id`, `identifier` or `url`, else a hash of product, author, date and the
text's beginning: a review that is edited keeps its identity only where the page names it.

**Deletions** are seen only with `complete_listing = true`: then every page is read every time, and a review
that is no longer there is reported as deleted, unless more than half vanished at once.

```toml
[[sources]]
name = "Shop"
kind = "review_pages"
[sources.options]
url = "https://shop.example.org/lila/reviews?page={page}"
```
"""

from __future__ import annotations

from typing import Any, ClassVar, cast
from urllib.parse import urljoin, urlsplit

from lxml import etree

from collectors.listings import ListingOptions, ListingSource
from collectors.post import Post
from collectors.response import decode, unpack
from collectors.reviews import Listing, json_ld_reviews, microdata_items, reviews_in, without_twins
from collectors.source import Answer, Fault, Page, ParseError, SourceError, SourceOptions

_MOST_UNPACKED = 50_000_000


class Options(ListingOptions):
    """Which listing, and how it goes on."""


class ReviewPages(ListingSource):
    """Pages with schema.org reviews."""

    kind: ClassVar[str] = "review_pages"
    title: ClassVar[str] = "Web pages with reviews (schema.org)"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved page. Raises ParseError where it is no web page."""
        posts, faults, _ = _read(answer, Listing.of(answer.url))
        return Page(posts, {}, faults, answer)

    def read(self, answer: Answer) -> tuple[list[Post], list[Fault], str | None]:
        """All reviews of a page, its faults, and the address of the next page. Raises ParseError."""
        options = cast(ListingOptions, self.options)
        return _read(answer, Listing(answer.url, Listing.of(options.url).url))


def _read(answer: Answer, listing: Listing) -> tuple[list[Post], list[Fault], str | None]:
    """All reviews of a page, its faults, and the address of the next page on the same host."""
    try:
        body = unpack(answer.body, _MOST_UNPACKED)
    except SourceError as error:
        raise ParseError(f"not a web page: {error}") from error
    text = decode(body, answer.content_type).replace("\x00", "").strip("\ufeff \t\r\n")
    if not text:
        raise ParseError("the answer is empty", remedy="check the address in a browser")
    if text[0] in "{[":
        nodes, faults = json_ld_reviews([text], strict=True)
        posts, more = reviews_in(nodes, listing)
        return posts, faults + more, None
    tree = _html(text)
    scripts = ["".join(script.itertext()) for script in tree.iterfind(".//script[@type]") if _is_json_ld(script)]
    nodes, faults = json_ld_reviews(scripts)
    posts, more = reviews_in(nodes, listing)
    others, still_more = reviews_in(microdata_items(tree, answer.url), listing)
    return posts + without_twins(others, posts), faults + more + still_more, _next_link(tree, answer.url)


def _is_json_ld(script: Any) -> bool:
    return str(script.get("type")).partition(";")[0].strip().lower() == "application/ld+json"


def _html(text: str) -> Any:
    """The page as a tree. Raises ParseError where it is something else."""
    start = text[:2000].lower()
    if "<rss" in start or "<feed" in start or "<rdf:rdf" in start:
        raise ParseError("this is a feed, not a web page", remedy="use the kind of source called feeds")
    if "<" not in start:
        raise ParseError("not a web page: there is no markup in it", remedy="check the address in a browser")
    try:
        tree = etree.fromstring(text.encode("utf-8", "replace"), etree.HTMLParser(encoding="utf-8"))
    except (etree.LxmlError, ValueError) as error:
        raise ParseError(f"not a web page ({error})") from error
    if tree is None:
        raise ParseError("not a web page: there is no markup in it", remedy="check the address in a browser")
    return tree


def _next_link(tree: Any, base: str) -> str | None:
    for element in tree.iter("link", "a"):
        if "next" in str(element.get("rel", "")).lower().split() and element.get("href"):
            try:
                address = str(urljoin(base, element.get("href").strip())).partition("#")[0]
                same_host = urlsplit(address).netloc == urlsplit(base).netloc
            except ValueError:
                continue
            if same_host and address != base and address.startswith(("http://", "https://")):
                return address
    return None
