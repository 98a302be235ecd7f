"""Reviews that pages mark up for search engines (schema.org Review), on any shop, directory or blog.

**Covers** JSON-LD and microdata, nested in a product or standing alone, over the listing's pages
(`rel="next"` or an address with `{page}`). Pages that show only an average (AggregateRating) hold no reviews.

**Identity** is the review's own `@id`, `identifier` or `url`, else a hash of product, author, date and the
text's beginning: a review that is edited keeps its identity only where the page names it.

**Deletions** are seen only with `complete_listing = true`: then every page is read every time, and a review
that is no longer there is reported as deleted, unless more than half vanished at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urljoin, urlsplit

from lxml import etree
from pydantic import Field

from collectors.post import Post, PostKind
from collectors.response import decode, unpack
from collectors.reviews import Listing, json_ld_reviews, microdata_items, reviews_in, without_twins
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceError, SourceOptions

if TYPE_CHECKING:
    from collectors.http import Http

_MOST_UNPACKED = 50_000_000
_REMEMBERED = 2000


class Options(SourceOptions):
    """Which listing, and how it goes on."""

    url: str = Field(description="The page that shows the reviews.")
    page_url: str | None = Field(
        default=None,
        pattern=r"\{page\}",
        description="Address of further pages, {page} for their number, where no page links to the next.",
    )
    first_page: int = Field(default=1, ge=0, description="The number of the first page, for page_url.")
    max_pages: int = Field(default=20, ge=1, le=10_000, description="Most pages read in one run.")
    complete_listing: bool = Field(
        default=False,
        description="The pages show every review: read all each time, and take those that vanished for deleted.",
    )


class ReviewPages(Source):
    """Pages with schema.org reviews."""

    kind: ClassVar[str] = "review_pages"
    title: ClassVar[str] = "Web pages with reviews (schema.org)"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved page. Raises ParseError where it is no web page."""
        posts, faults, _ = _read(answer, Listing.of(answer.url))
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read the listing from its first page until it tells nothing new.

        A run that was cut short goes on at the page where it was.
        """
        options = cast(Options, self.options)
        known: list[str] = list(cursor.get("known", ()))
        pending: dict[str, Any] | None = cursor.get("pending")
        resumed = pending is not None
        found: list[str] = list(pending["found"]) if pending else []
        url: str | None = pending["next"] if pending else options.url
        number = int(pending["number"]) if pending else options.first_page
        visited: set[str] = set()
        for left in range(options.max_pages - 1, -1, -1):
            assert url is not None
            visited.add(url)
            answer = http.get(url, accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.5").answer()
            posts, faults, link = _read(answer, Listing(answer.url, Listing.of(options.url).url))
            ids = [post.external_id for post in posts]
            before = set(found)
            new = [name for name in ids if name not in before]
            found += new
            number += 1
            url = self._next(link, number, visited) if new and self._goes_on(posts, known, since) else None
            if url and left:
                state = {"known": known, "pending": {"next": url, "number": number, "found": found}}
                yield Page(posts, state, faults, answer)
                continue
            vanished, doubt = self._vanished(known, found, whole=not resumed and url is None)
            remembered = found if options.complete_listing and url is None and not doubt else _merge(found, known)
            yield Page(posts + vanished, {"known": remembered}, faults + doubt, answer)
            return

    def _goes_on(self, posts: list[Post], known: list[str], since: datetime | None) -> bool:
        """Whether a further page can hold anything of interest."""
        if cast(Options, self.options).complete_listing:
            return True
        old = since is not None and all((post.published_at or since) < since for post in posts)
        return not old and not {post.external_id for post in posts} <= set(known)

    def _next(self, link: str | None, number: int, visited: set[str]) -> str | None:
        pattern = cast(Options, self.options).page_url
        url = pattern.replace("{page}", str(number)) if pattern else link
        return url if url and url not in visited else None

    def _vanished(self, known: list[str], found: list[str], *, whole: bool) -> tuple[list[Post], list[Fault]]:
        """Tombstones for what a whole fresh reading no longer shows; none where that looks like a fault."""
        if not cast(Options, self.options).complete_listing or not whole:
            return [], []
        present = set(found)
        gone = [name for name in known if name not in present]
        if len(gone) * 2 > len(known):
            problem = f"{len(gone)} of {len(known)} reviews vanished at once: not taken for deleted"
            return [], [Fault("the listing", problem)]
        return [Post(PostKind.REVIEW, name, "", deleted=True) for name in gone], []


def _merge(found: list[str], known: list[str]) -> list[str]:
    """Latest first, each once, so many that a listing's first pages are always among them."""
    return list(dict.fromkeys([*found, *known]))[: max(_REMEMBERED, len(found))]


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
