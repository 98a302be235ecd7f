"""Feeds of every dialect as posts: RSS, Atom and RDF by feedparser, JSON Feed by itself."""

from __future__ import annotations

import hashlib
import io
import json
import re
import time
from calendar import timegm
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import urljoin, urlsplit
from xml.sax import SAXException

import feedparser

from collectors.dates import parse_date
from collectors.forums import kind_of, name_of_item, own_words
from collectors.links import canonical
from collectors.markup import to_text, unescape_twice
from collectors.post import Author, Post, PostKind, Reach
from collectors.response import decode, unpack
from collectors.source import Answer, Fault, ParseError, SourceError

_MOST_UNPACKED = 50_000_000
_PROLOG = 4096
REMEMBERED = 200
"""Ids that a feed's state keeps at least."""
_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,300}\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE(?:[^>\[]|\[[^\]]*\])*>", re.IGNORECASE)
_ENTITY = re.compile(r"<!ENTITY\s+(?!%)", re.IGNORECASE)
_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)")
_FEED_LINK = re.compile(
    r"""<link\b(?=[^>]{0,500}\btype=["']?application/(?:rss|atom|feed)\+)[^>]{0,500}\bhref=["']?([^"'\s>]+)""",
    re.IGNORECASE,
)
_REPLY_LINE = re.compile(r"""^\s*<p>[^<]{0,40}<a href="([^"]{1,500}#comment-\d+)"[^>]*>[^<]*</a>\.?</p>""")
_COMMENT_LINK = re.compile(r"#(?:comment|isso-)")
_STUMBLES = (
    AttributeError, AssertionError, IndexError, KeyError, RecursionError, TypeError, ValueError, SAXException,
)  # fmt: skip
"""What feedparser is known to raise on input that is not a feed."""


@dataclass(frozen=True, slots=True)
class _Item:
    """An item and the two names that it may go by; `post` has its own id."""

    post: Post
    link_id: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer holds."""

    items: list[_Item]
    faults: list[Fault]
    next_url: str | None

    def identities(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Which ids to believe, to be kept in the feed's state: decided on its first items, and never taken back.

        `shared` are ids that turned out later to name several items with links of their own.
        """
        links: dict[str, str] = {}
        shared = [
            short(item.post.external_id)
            for item in self.items
            if links.setdefault(item.post.external_id, item.link_id) != item.link_id
        ]
        if not self.items:
            return {}
        if "trust_ids" not in state:
            return {"trust_ids": not shared}
        return {"shared": list(dict.fromkeys([*shared, *state.get("shared", ())]))[:REMEMBERED]}

    def posts(self, *, trust_ids: bool = True, shared: Sequence[str] = ()) -> list[Post]:
        """The posts, each identity once: the fullest of them."""
        best: dict[str, Post] = {}
        for item in self.items:
            trusted = trust_ids and (not shared or short(item.post.external_id) not in shared)
            post = item.post if trusted else replace(item.post, external_id=item.link_id)
            known = best.get(post.external_id)
            if known is None or len(post.text) > len(known.text):
                best[post.external_id] = post
        return list(best.values())


def short(text: str) -> str:
    """An id, short enough to be remembered by the hundred."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def read(answer: Answer) -> Reading:
    """What a feed holds. Raises ParseError where the answer is none, and says what it is instead."""
    try:
        body = unpack(answer.body, _MOST_UNPACKED)
    except SourceError as error:
        raise ParseError(f"not a feed: {error}") from error
    text = decode(body, answer.content_type).replace("\x00", "").lstrip("\ufeff \t\r\n")
    if not text:
        raise ParseError("the answer is empty", remedy="check the address in a browser")
    if text[0] in "{[":
        return _read_json(text, answer.url)
    return _read_xml(text, answer.url)


def _read_xml(text: str, url: str) -> Reading:
    _refuse_other_documents(text, url)
    # Decoded already: feedparser gets UTF-8 and a header that says so, whatever the document declares.
    body = (_without_prolog(text[:_PROLOG]) + text[_PROLOG:]).encode("utf-8", "replace")
    headers = {"content-type": "application/xml; charset=utf-8"}  # no base address: it would be put before ids
    try:
        feed = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except _STUMBLES as error:
        raise ParseError(f"not a feed that can be read ({error})") from error
    if not feed.get("version") and not feed.entries:
        root = _ROOT.search(_DECLARATION.sub("", text[:_PROLOG]))
        raise ParseError(
            f"not a feed: a document of <{root[1]}>" if root else "not a feed: neither XML nor JSON",
            remedy="give the address of an RSS, Atom, RDF or JSON feed",
        )
    problem = feed.get("bozo_exception")
    faults = []
    if isinstance(problem, SAXException):
        faults.append(Fault("the feed", f"not well-formed XML ({problem}): read as far as possible"))
    items = []
    is_atom = str(feed.get("version")).startswith("atom")  # RSS names an editor, who is not the author
    for number, entry in enumerate(feed.entries, 1):
        try:
            # As a plain dict: feedparser's looks every name up under its older names too, and takes its time.
            items.append(_item(dict(entry), feed.feed if is_atom else {}, feed.feed.get("language"), url))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            faults.append(Fault(f"item {number}", str(error)))
    return Reading(items, faults, _next_link(feed.feed, url))


def _without_prolog(start: str) -> str:
    return _DOCTYPE.sub("", _DECLARATION.sub("", start, count=1), count=1)


def _refuse_other_documents(text: str, url: str) -> None:
    """Say what it is instead of a feed, and refuse documents that define entities (XML bombs, XXE)."""
    start = text[:_PROLOG]
    if _ENTITY.search(start):
        raise ParseError(
            "the feed defines XML entities of its own, which is refused: they can be used to attack readers",
            remedy="ask the site for a feed without a DOCTYPE",
            permanent=True,
        )
    root = _ROOT.search(re.sub(r"<!--.*?-->", "", start, flags=re.DOTALL))
    if root and root[1].lower() in {"html", "head", "body", "div", "meta", "script"}:
        found = _FEED_LINK.search(text[:200_000])
        raise ParseError(
            "this is an HTML page, not a feed",
            remedy=f"the page names a feed: {_absolute(url, found[1])}"
            if found
            else "give the feed's own address",
        )


def _item(
    entry: Mapping[str, Any], author_of_all: Mapping[str, Any], language_of_all: object, base: str
) -> _Item:
    markup, language = _content(entry)
    title = to_text(unescape_twice(str(entry.get("title") or "")), limit=1000) or None
    text = to_text(own_words(unescape_twice(markup)))
    link = _web_address(entry.get("link"), base)
    dates = [_moment(entry, name) for name in ("published", "updated", "created")]
    published = next((date for date in dates if date), None)
    own_id = str(entry.get("id") or "").strip()
    reply_to = _reply_to(entry, markup)
    outlet = _text_of(entry.get("source"), "title")
    if title and outlet and text.startswith(title.removesuffix(f" - {outlet}")):
        # Google News and the like: the "text" is the headline once more, with the outlet's name behind it.
        text, title = title.removesuffix(f" - {outlet}"), None
    return _make_item(
        name_of_item(own_id, markup),
        link,
        Post(
            kind=kind_of(link, title) or _kind(own_id, link, reply_to),
            external_id="-",
            text=text,
            title=title,
            parent_id=reply_to,
            author=_author(entry, author_of_all),
            language=_language(language or language_of_all),
            published_at=published,
            updated_at=dates[1] if dates[1] != published else None,
            url=link,
            reach=_reach(entry),
            segments={"outlet": outlet} if outlet else {},
        ),
    )


def _make_item(own_id: str, link: str | None, post: Post) -> _Item:
    """Give a post its two identities. Raises ValueError where nothing could be one."""
    if not (own_id or link or post.title or post.text):
        raise ValueError("an item with no id, no link, no title and no text")
    name = canonical(link) if link else _fingerprint(post)
    return _Item(replace(post, external_id=(own_id or name)[:500]), name[:500])


def _fingerprint(post: Post) -> str:
    content = "\n".join(["", post.title or "", str(post.published_at or ""), post.text])
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def _content(entry: Mapping[str, Any]) -> tuple[str, str | None]:
    """The fullest text of an item (content:encoded and atom:content before a summary) and its language."""
    contents = [part for part in entry.get("content") or () if isinstance(part, Mapping)]
    texts = [
        part for part in contents if str(part.get("type", "text/html")).startswith(("text/", "application/xh"))
    ]
    best: Mapping[str, Any] = max(
        texts or contents, key=lambda part: len(str(part.get("value") or "")), default={}
    )
    value = str(best.get("value") or "") or str(entry.get("summary") or "")
    detail = entry.get("summary_detail")
    declared = best.get("language") or (detail.get("language") if isinstance(detail, Mapping) else None)
    return value, declared


def _moment(entry: Mapping[str, Any], name: str) -> datetime | None:
    """A date of an item: ours first, feedparser's reading of odd formats where ours finds none."""
    plain = cast(dict[str, Any], entry)  # dict.get: feedparser's own `get` answers "updated" with "published"
    moment = parse_date(dict.get(plain, name))
    parsed = dict.get(plain, f"{name}_parsed")
    if moment is None and isinstance(parsed, time.struct_time):
        try:
            return datetime.fromtimestamp(timegm(parsed), UTC)
        except (ValueError, OverflowError, OSError):
            return None
    return moment


def _author(entry: Mapping[str, Any], feed: Mapping[str, Any]) -> Author:
    for holder in (entry, feed):
        name = _text_of(holder.get("author_detail"), "name") or str(holder.get("author") or "").strip()
        if name and "@" not in name:
            url = _web_address(_text_of(holder.get("author_detail"), "href"), "")
            return Author(name=name[:200], url=url)
    return Author()


def _text_of(holder: object, name: str) -> str:
    return str(holder.get(name) or "").strip() if isinstance(holder, Mapping) else ""


def _reply_to(entry: Mapping[str, Any], markup: str) -> str | None:
    """What an item answers: thr:in-reply-to (RFC 4685), or the line WordPress puts before a reply."""
    declared = entry.get("thr_in-reply-to") or entry.get("in-reply-to")
    ref = _text_of(declared, "ref") or _text_of(declared, "href")
    if ref:
        return ref[:500]
    line = _REPLY_LINE.match(markup)
    return line[1] if line else None


def _kind(own_id: str, link: str | None, reply_to: str | None) -> PostKind:
    if reply_to or own_id.startswith("t1_") or _COMMENT_LINK.search(f"{own_id} {link or ''}"):
        return PostKind.COMMENT
    return PostKind.POST if own_id.startswith("t3_") else PostKind.ARTICLE


def _reach(entry: Mapping[str, Any]) -> Reach:
    views = _text_of(entry.get("media_statistics"), "views")
    comments = str(entry.get("slash_comments") or entry.get("thr_total") or "")
    return Reach(views=_count(views), comments=_count(comments))


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _language(declared: object) -> str | None:
    """The primary part of a language tag: fr of fr-FR."""
    match = re.match(r"\s*([A-Za-z]{2,3})(?:$|[-_])", str(declared or ""))
    return match[1].lower() if match else None


def _absolute(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return ""


def _web_address(link: object, base: str) -> str | None:
    """A link made absolute; None for what is not of the web (javascript:, mailto:)."""
    if not isinstance(link, str) or not link.strip():
        return None
    address = link.strip() if link.startswith(("http://", "https://")) else _absolute(base, link)
    try:
        return address[:2000] if urlsplit(address).scheme in {"http", "https"} else None
    except ValueError:
        return None


def _next_link(feed: Mapping[str, Any], base: str) -> str | None:
    """The next page of a feed in pages (RFC 5005, section 3), on the same host."""
    links: Iterable[Any] = feed.get("links") or ()
    for link in links:
        if _text_of(link, "rel") == "next":
            return _same_host(_web_address(_text_of(link, "href"), base), base)
    return None


def _same_host(address: str | None, base: str) -> str | None:
    return address if address and urlsplit(address).netloc == urlsplit(base).netloc else None


def _read_json(text: str, url: str) -> Reading:
    """JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    try:
        feed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"not a feed: broken JSON ({error})") from error
    is_feed = isinstance(feed, dict) and bool({"version", "title"} & feed.keys())
    if not is_feed or not isinstance(feed.get("items"), list):
        raise ParseError(
            "not a feed: JSON, but no JSON Feed (which has a version, a title and a list of items)",
            remedy="give the address of an RSS, Atom, RDF or JSON feed",
        )
    items, faults = [], []
    for number, entry in enumerate(feed["items"], 1):
        try:
            items.append(_json_item(entry, feed, url))
        except (ValueError, TypeError) as error:
            faults.append(Fault(f"item {number}", str(error)))
    return Reading(items, faults, _same_host(_web_address(feed.get("next_url"), url), url))


def _json_item(entry: object, feed: Mapping[str, Any], base: str) -> _Item:
    if not isinstance(entry, dict):
        raise TypeError("not an object")
    markup = entry.get("content_html")
    text = (
        to_text(markup)
        if isinstance(markup, str)
        else str(entry.get("content_text") or entry.get("summary") or "")
    )
    own_id, link = entry.get("id"), _web_address(entry.get("url") or entry.get("external_url"), base)
    own_id = str(own_id).strip() if isinstance(own_id, (str, int, float)) else ""
    published, updated = parse_date(entry.get("date_published")), parse_date(entry.get("date_modified"))
    post = Post(
        kind=_kind(own_id, link, None),
        external_id="-",
        text=text.strip(),
        title=to_text(str(entry.get("title") or ""), limit=1000) or None,
        author=_json_author(entry) or _json_author(feed) or Author(),
        language=_language(entry.get("language") or feed.get("language")),
        published_at=published or updated,
        updated_at=updated if published and updated != published else None,
        url=link,
    )
    return _make_item(own_id, link, post)


def _json_author(holder: Mapping[str, Any]) -> Author | None:
    authors = holder.get("authors")
    first = authors[0] if isinstance(authors, list) and authors else holder.get("author")
    name, url = _text_of(first, "name"), _text_of(first, "url")
    return Author(name=name[:200] or None, url=_web_address(url, "")) if name or url else None
