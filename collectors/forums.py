"""What forum software puts around the words of an author, and how its feeds speak of posts and topics."""

from __future__ import annotations

import re
from hashlib import sha256
from html import unescape
from urllib.parse import urljoin, urlsplit

from lxml import etree

from collectors.dates import parse_date
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind
from collectors.source import Fault, ParseError

_REDDIT = re.compile(
    r"""(?:<!--\ SC_ON\ -->  # "submitted by … [link] [comments]"
    | submitted\ by(?:&\#32;|\s){0,9}<a\ href="https://www\.reddit\.com/user/).*\s*$""",
    re.DOTALL | re.VERBOSE,
)
_PHPBB = re.compile(r"<p>((?:[^<]|<a\b[^>]{0,300}>|</a>){1,600})</p>\s{0,99}<hr\s?/?>\s*$")
"""phpBB's "Statistics: Posted by … — date", in any language."""
_MACHINA = re.compile(r"<br\s?/?>\s{0,99}<br\s?/?>\s{0,99}<i>([^<]{1,200})</i>\s*$")
"""Machina's "Posted by … - date": the name of who began the topic, below the words of who wrote last."""
_QUOTE = re.compile(
    r"""<blockquote\b[^>]{0,300}>(?:\s|<div>){0,99}<cite\b(?:(?!<blockquote\b).)*?</blockquote>
    | <aside\ class="(?:quote|onebox)\b(?:(?!<aside\b).)*?</aside>  # Discourse, which shows linked pages, too
    """,
    re.DOTALL | re.VERBOSE,
)
"""Another person's words, quoted in a forum."""
_MOST_QUOTES = 20
_OF_A_FORUM = re.compile(
    r"/(?:viewtopic|showthread)\.php\b|[?;&]topic=\d|/threads/[^/]{1,300}\.\d+(?:/|$)|/topic/[^/]{1,300}-\d+/(?:\?|$)"
)
"""Addresses of topics and posts: phpBB, vBulletin and MyBB; SMF; XenForo; Machina."""
_REPLY = re.compile(r"(?:[^•]{1,200} • )?(?:re|rép|aw|sv)\s?:", re.IGNORECASE)
"""The title of a reply, behind the board's name in feeds of phpBB."""
_ALTERNATE = re.compile(r"<link\b[^>]{1,1000}>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""\b(rel|type|href)\s*=\s*["']([^"'<>]{1,1000})["']""", re.IGNORECASE)
_FEED_TYPES = ("application/atom+xml", "application/rss+xml")
"""The better first: Atom names the authors."""
_USUAL_FEEDS = (
    (re.compile(r"\bSMF\b|SimpleMachines", re.IGNORECASE), "index.php?action=.xml;type=atom;limit=100"),
    (re.compile(r"phpBB", re.IGNORECASE), "app.php/feed"),
    (re.compile(r"phpBB", re.IGNORECASE), "feed.php"),
    (re.compile(r"XenForo", re.IGNORECASE), "forums/-/index.rss"),
    (re.compile(r"vBulletin", re.IGNORECASE), "external.php?type=RSS2"),
    (re.compile(r"MyBB", re.IGNORECASE), "syndication.php?type=atom1.0&limit=50"),
    (re.compile(r"machina", re.IGNORECASE), "feeds/topics/"),
)
"""Where software that does not say so in its pages keeps its feed, told by its name in the page."""
_LOOKED_AT = 500_000
SMF_ROOT = "smf:xml-feed"
_SMF_ITEMS = ("recent-post", "article")
"""Of the recent posts, and of the news, which are first posts of topics."""


def own_words(markup: str) -> str:
    """Leave out what the forum added and what others said: opinions in it are not the author's."""
    if "<cite" in markup or "<aside" in markup:
        for _ in range(_MOST_QUOTES):
            markup, found = _QUOTE.subn("", markup)
            if not found:
                break
    markup = _REDDIT.sub("", markup)
    return markup[: _end_of_words(markup)]


def _end_of_words(markup: str) -> int:
    """Where the forum's own line begins below the author's words."""
    for pattern, sign in ((_PHPBB, " —"), (_MACHINA, " -")):
        line = pattern.search(markup)
        if line and sign in line[1] and any(map(str.isdigit, line[1])):
            return line.start()
    return len(markup)


def kind_of(link: str | None, title: str | None) -> PostKind | None:
    """Whether an item with this address begins a topic of a forum or answers in one; None: it is of no forum."""
    if not _OF_A_FORUM.search(link or ""):
        return None
    return PostKind.COMMENT if _REPLY.match(title or "") else PostKind.POST


def name_of_item(own_id: str, markup: str) -> str:
    """The id of an item; of a topic that shows its last post (Machina) it is that post's, told by its words.

    All else in such an item, its date too, is of the topic and never changes.
    """
    if not own_id or not _MACHINA.search(markup):
        return own_id
    return f"{own_id}#{sha256(own_words(markup).encode('utf-8', 'replace')).hexdigest()[:16]}"


def feeds_named_in(page: str, url: str) -> list[str]:
    """Addresses at which a forum's page may have its feed: those it names, then the usual ones."""
    found: dict[str, list[str]] = {kind: [] for kind in _FEED_TYPES}
    for tag in _ALTERNATE.findall(page[:_LOOKED_AT]):
        attributes = {name.lower(): unescape(value).strip() for name, value in _ATTRIBUTE.findall(tag)}
        if attributes.get("rel", "").lower() == "alternate" and attributes.get("type") in found:
            found[attributes["type"]].append(attributes.get("href", ""))
    named = [_longer(link) for kind in _FEED_TYPES for link in found[kind] if link]
    usual = [path for software, path in _USUAL_FEEDS if software.search(page[:_LOOKED_AT])]
    folder = url.partition("?")[0].rpartition("/")[0] + "/"
    try:
        return list(
            dict.fromkeys([urljoin(url, link) for link in named] + [urljoin(folder, path) for path in usual])
        )
    except ValueError:
        return []


def _longer(link: str) -> str:
    """SMF's feeds hold 10 posts unless asked for more."""
    return f"{link};limit=100" if "action=.xml" in link and "limit=" not in link else link


def read_smf(text: str) -> tuple[list[Post], list[Fault]]:
    """The posts of SMF's own XML (`?action=.xml;type=smf`). Raises ParseError where it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError) as error:
        raise ParseError(f"not SMF's XML: {error}") from error
    if root is None or etree.QName(root).localname != "xml-feed":
        raise ParseError("not SMF's XML: another document")
    host, posts, faults = urlsplit(str(root.get("forum-url") or "")).hostname or "", [], []
    for number, item in enumerate(root.iter(*_SMF_ITEMS), 1):
        try:
            posts.append(_smf_post(item, host))
        except ValueError as error:
            faults.append(Fault(f"item {number}", str(error)))
    return posts, faults


def _smf_post(item: etree._Element, host: str) -> Post:
    """A post under the id that it has in SMF's Atom and RSS feeds. Raises ValueError where it has none."""
    number, moment = _text(item, "id"), item.find("time")
    if number is None:
        raise ValueError("no id: it could not be told from others")
    written = parse_date(moment.get("UTC") if moment is not None else None)
    what = "topic" if item.tag == "article" else "msg"
    title, link = to_text(_text(item, "subject") or "", limit=1000), _text(item, "link")
    body = _text(item, "body") or _text(item, "message") or ""
    board = to_text(_text(item, "board/name") or "", limit=300)
    return Post(
        kind=PostKind.COMMENT if _REPLY.match(title) else PostKind.POST,
        external_id=f"tag:{host},{written.date() if written else 'undated'}:{what}={number}"[:500],
        title=title or None,
        text=to_text(own_words(body)),
        author=Author(name=_text(item, "poster/name"), url=_text(item, "poster/link")),
        published_at=written,
        url=link,
        segments={"board": board} if board else {},
    )


def _text(item: etree._Element, path: str) -> str | None:
    return (item.findtext(path) or "").strip()[:200_000] or None
