"""schema.org reviews in a page's JSON-LD and microdata, made posts (https://schema.org/Review).

Read here rather than by a general extractor: JSON-LD that is nearly JSON is repaired, depth and number of objects
are bounded, and a review keeps its tie to the item that it stands in, in either format.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from lxml import etree

from collectors.dates import parse_date
from collectors.links import canonical
from collectors.markup import printable, to_text, unescape_twice
from collectors.post import Author, OwnerReply, Post, PostKind, Rating, Reach
from collectors.ratings import parse_rating
from collectors.source import Fault, ParseError

Node = dict[str, Any]
_REVIEW_TYPES = frozenset({"Review", "UserReview", "CriticReview", "EmployerReview", "Recommendation"})
_VALUE_ATTRIBUTES = {
    **dict.fromkeys(("a", "area", "link"), ("href",)),
    **dict.fromkeys(("audio", "embed", "iframe", "img", "source", "track", "video"), ("src",)),
    "object": ("data",),
    **dict.fromkeys(("data", "meter"), ("value",)),
    "time": ("datetime",),
}
_DEEPEST = 40
_DEEPEST_REF, _MOST_REFS = 3, 10
_MOST_NODES = 200_000
_JSON_STRING = r'"(?:\\.|[^"\\])*(?:"|\\?\Z)'
"""A string, or all of the rest where it is never closed: to look again from each quote would take for ever."""
_COMMENT = re.compile(_JSON_STRING + r"|(/\*.*?(?:\*/|\Z)|//[^\n]*|<!--|-->)", re.DOTALL)
_TRAILING_COMMA = re.compile(_JSON_STRING + r"|(,)(?=\s*[}\]])", re.DOTALL)
_CDATA = re.compile(r"^(?://|/\*)?\s{0,9}<!\[CDATA\[\s{0,9}(?:\*/)?|(?://|/\*)?\s{0,9}\]\]>\s{0,9}(?:\*/)?$")
_PAGE_IN_QUERY = re.compile(r"^(?:page|p|pg|paged|cpage|start|offset)=", re.IGNORECASE)
_PAGE_IN_PATH = re.compile(r"/(?:page|comment-page|p)[-/]?\d+/?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Listing:
    """Where reviews were found: the page, and the address that all pages of the listing share."""

    page: str
    url: str

    @classmethod
    def of(cls, page: str) -> Listing:
        """Take the page's number out of its address, so that a review that moves to page 2 stays the same."""
        try:
            parts = urlsplit(page)
        except ValueError:
            return cls(page, page)
        query = "&".join(pair for pair in parts.query.split("&") if pair and not _PAGE_IN_QUERY.match(pair))
        path = _PAGE_IN_PATH.sub("/", parts.path)
        return cls(page, f"{parts.scheme}://{parts.netloc}{path}{'?' if query else ''}{query}")


def json_ld_reviews(scripts: list[str], *, strict: bool = False) -> tuple[list[Any], list[Fault]]:
    """The documents of a page's JSON-LD blocks, read as tolerantly as search engines do.

    A block that stays unreadable is a fault where it speaks of reviews; with `strict` it raises ParseError, and
    so does JSON that has nothing of JSON-LD.
    """
    documents, faults = [], []
    for number, script in enumerate(scripts, 1):
        try:
            documents.append(_tolerant_json(script))
        except (ValueError, RecursionError) as error:
            if strict:
                raise ParseError(f"neither a web page nor JSON-LD ({error})") from error
            if "review" in script.lower():
                faults.append(Fault(f"JSON-LD block {number}", f"cannot be read: {error}"))
    if strict and not any("@type" in node or "@context" in node for node, _ in _nodes(documents)):
        raise ParseError("JSON, but no JSON-LD", remedy="give the address of a web page with marked-up reviews")
    return documents, faults


def _tolerant_json(script: str) -> Any:
    """JSON with control characters in strings, comments, a comma or semicolon too many, or escaped as HTML."""
    script = _CDATA.sub("", script.strip().rstrip(";").rstrip()).strip().rstrip(";").rstrip()
    if "&quot;" in script and '"' not in script:
        script = html.unescape(script)
    if not script:
        return None
    try:
        return json.loads(script, strict=False)
    except ValueError:
        repaired = _COMMENT.sub(_drop_group, script)
        repaired = _TRAILING_COMMA.sub(_drop_group, repaired).strip().rstrip(";")
    try:
        return json.loads(repaired, strict=False)
    except ValueError:
        return json.JSONDecoder(strict=False).raw_decode(repaired)[0]


def _drop_group(match: re.Match[str]) -> str:
    return "" if match[1] else match[0]


def microdata_items(tree: Any, base: str) -> list[Node]:
    """A page's microdata in the shape of JSON-LD (https://html.spec.whatwg.org/multipage/microdata.html).

    An item that stands inside another without being its property is kept there too: it is about it.
    """
    tops = [item for item in tree.iterfind(".//*[@itemscope]") if _is_top(item)]
    by_id = {element.get("id"): element for element in tree.iterfind(".//*[@id]")} if tops else {}
    return [_item(top, base, by_id) for top in tops]


def _is_top(element: Any) -> bool:
    return all(above.get("itemscope") is None for above in element.iterancestors())


def _item(element: Any, base: str, by_id: dict[str, Any], depth: int = 0) -> Node:
    """One item with its properties; those that itemref names by their ids included (which may go in circles)."""
    node: Node = {"@type": (element.get("itemtype") or "").split()}
    if element.get("itemid"):
        node["@id"] = element.get("itemid")
    refs = (element.get("itemref") or "").split()[:_MOST_REFS] if depth < _DEEPEST_REF else []
    roots = [*element, *(by_id[name] for name in refs if name in by_id)]
    pending, met = list(reversed(roots)), {element}
    while pending:
        part = pending.pop()
        if part in met or not isinstance(part.tag, str):
            continue
        met.add(part)
        is_item = part.get("itemscope") is not None
        names = (part.get("itemprop") or ("@inside" if is_item else "")).split()
        if names:
            value = _item(part, base, by_id, depth + 1) if is_item else _property(part, base)
            for name in names:
                node.setdefault(name, []).append(value)
        if not is_item:
            pending.extend(reversed(part))
    return node


def _property(element: Any, base: str) -> str:
    """The value of a property: an attribute where the element has one for it, else its text."""
    for attribute in ("content", *_VALUE_ATTRIBUTES.get(element.tag, ())):
        if element.get(attribute) is not None:
            value = str(element.get(attribute)).strip()
            return _absolute(base, value) if attribute in {"href", "src", "data"} else value
    return to_text(etree.tostring(element, encoding="unicode", method="html", with_tail=False))


def _absolute(base: str, link: str) -> str:
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def reviews_in(documents: list[Any], listing: Listing) -> tuple[list[Post], list[Fault]]:
    """The reviews in JSON-LD documents, each once, and those that cannot be used."""
    named = {str(node["@id"]): node for node, _ in _nodes(documents) if "@id" in node and len(node) > 1}
    found = [(node, item) for node, item in _nodes(documents) if _types(node) & _REVIEW_TYPES and len(node) > 2]
    shared = Counter(name for node, _ in found for name in {_own_name(node, listing)} if name)
    posts: dict[str, Post] = {}
    faults = []
    for number, (node, item) in enumerate(found, 1):
        try:
            post, problem = _post(node, _reviewed(node, item, named), listing)
        except ValueError as error:
            faults.append(Fault(f"review {number}", str(error)))
            continue
        own = _own_name(node, listing)
        if own and shared[own] == 1:
            post = replace(post, external_id=own)
        posts.setdefault(post.external_id, post)
        if problem:
            faults.append(Fault(f"review {number}", problem))
    return list(posts.values()), faults


def without_twins(posts: list[Post], others: list[Post]) -> list[Post]:
    """Those that `others` do not hold already: pages often mark one review up twice, in two formats."""
    known = {_beginning(post) for post in others}
    return [post for post in posts if _beginning(post) not in known]


def _beginning(post: Post) -> tuple[str, str]:
    return post.author.name or "", re.sub(r"\W", "", post.text)[:80]


def _nodes(documents: list[Any]) -> Iterator[tuple[Node, Node | None]]:
    """All objects in document order, each with the nearest object around it that has a name of its own."""
    stack: list[tuple[Any, Node | None, int]] = [(documents, None, 0)]
    for _ in range(_MOST_NODES):
        if not stack:
            return
        value, around, depth = stack.pop()
        if depth > _DEEPEST:
            continue
        if isinstance(value, list):
            stack.extend((part, around, depth + 1) for part in reversed(value))
        elif isinstance(value, dict):
            yield value, around
            inner = value if "name" in value and not _types(value) & _REVIEW_TYPES else around
            stack.extend((part, inner, depth + 1) for part in reversed(value.values()))


def _types(node: Node) -> set[str]:
    """The names of a node's types: Review of http://schema.org/Review and schema:Review."""
    declared = node.get("@type")
    names = declared if isinstance(declared, list) else [declared]
    return {re.split(r"[/:#]", name)[-1] for name in names if isinstance(name, str)}


def _first(value: Any) -> Any:
    """One value of a property that may hold several."""
    while isinstance(value, list):
        value = value[0] if value else None
    return value


def _string(value: Any) -> str:
    """A property as text that can be stored; JSON-LD may wrap it as {"@value": …}."""
    value = _first(value)
    if isinstance(value, dict):
        value = _first(value.get("@value"))
    is_text = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return printable(str(value)).strip() if is_text else ""


def _name(value: Any) -> str:
    """The name of a thing that is given as an object or as its name."""
    value = _first(value)
    return _string(value.get("name")) if isinstance(value, dict) and "name" in value else _string(value)


def _reviewed(node: Node, around: Node | None, named: dict[str, Node]) -> str:
    """The name of what is reviewed: said by the review, or the thing that the review stands in."""
    item = _first(node.get("itemReviewed"))
    if isinstance(item, dict):
        item = named.get(str(item.get("@id")), item) if "name" not in item else item
    return to_text(_name(item) or (_name(around) if around else ""), limit=300)


def _own_name(node: Node, listing: Listing) -> str | None:
    """The review's identity as the page gives it; an address that is only the page's own names nothing."""
    pages = {listing.url.rstrip("/"), listing.page.rstrip("/")}
    for field in ("@id", "identifier", "url"):
        value = _string(node.get(field))
        if not value or value.startswith("_:") or len(value) > 500:
            continue
        if field == "identifier":
            return f"{listing.url}#{value}"
        address = _absolute(listing.url, value)
        if field == "url":  # not given as a name: what only tracks visitors is none of it
            address, pages = canonical(address), {canonical(page).rstrip("/") for page in pages}
        if address.rstrip("/") not in pages:
            return address
    return None


def _post(node: Node, reviewed: str, listing: Listing) -> tuple[Post, str]:
    """A review as a post, and what was wrong with its rating. Raises ValueError where there is nothing in it."""
    text = to_text(unescape_twice(_string(node.get("reviewBody")) or _string(node.get("description"))))
    title = to_text(unescape_twice(_string(node.get("headline")) or _string(node.get("name"))), limit=1000)
    rating, problem = _rating(node)
    if not (text or title or rating):
        raise ValueError(problem or "a review with no text and no rating")
    author = _author(node)
    date = _string(node.get("datePublished")) or _string(node.get("dateCreated"))
    published = parse_date(date)
    key = "\n".join([reviewed or listing.url, author.name or "", date, (text or title)[:200]])
    post = Post(
        kind=PostKind.REVIEW,
        external_id=hashlib.sha256(key.encode("utf-8", "replace")).hexdigest(),
        text=text,
        title=title if title and title not in {reviewed, author.name} else None,
        author=author,
        language=_language(node.get("inLanguage")),
        rating=rating,
        published_at=published,
        updated_at=parse_date(_string(node.get("dateModified"))),
        url=_address(node, listing),
        owner_reply=_owner_reply(node),
        reach=Reach(likes=_count(node.get("upvoteCount"))),
        segments={"product": reviewed} if reviewed else {},
    )
    return post, problem


def _rating(node: Node) -> tuple[Rating | None, str]:
    """The rating, or what is wrong with it. A missing one is not wrong."""
    given = _first(node.get("reviewRating", node.get("rating")))
    scale = given if isinstance(given, dict) else {}
    value = _string(scale.get("ratingValue")) if scale else _string(given)
    if not value:
        return None, ""
    best, worst = _string(scale.get("bestRating")), _string(scale.get("worstRating"))
    rating = parse_rating(value, worst or None, best or None)
    shown = f"{value} of {best or 5}"
    return rating, "" if rating else f"a rating that is none: {shown[:80]!r}"


def _author(node: Node) -> Author:
    given = _first(node.get("author") or node.get("creator"))
    name = to_text(_name(given), limit=200) or None
    if not isinstance(given, dict):
        return Author(name=name)
    url = _string(given.get("url"))
    own_id = _string(given.get("@id"))
    return Author(
        id=own_id if own_id and not own_id.startswith("_:") else None,
        name=name,
        url=url if url.startswith(("http://", "https://")) else None,
    )


def _owner_reply(node: Node) -> OwnerReply | None:
    """A comment by an organisation: how some shops mark up their answers."""
    comment = _first(node.get("comment"))
    if not isinstance(comment, dict):
        return None
    author = _first(comment.get("author"))
    if not isinstance(author, dict) or not _types(author) & {
        "Organization",
        "LocalBusiness",
        "Store",
        "Corporation",
    }:
        return None
    text = to_text(_string(comment.get("text")))
    at = parse_date(_string(comment.get("dateCreated")) or _string(comment.get("datePublished")))
    return OwnerReply(text, at) if text else None


def _language(value: Any) -> str | None:
    value = _first(value)
    if isinstance(value, dict):
        value = value.get("alternateName") or value.get("name")
    match = re.match(r"([A-Za-z]{2,3})(?:$|[-_])", _string(value))
    return match[1].lower() if match else None


def _address(node: Node, listing: Listing) -> str | None:
    address = _absolute(listing.page, _string(node.get("url")))
    return address if address.startswith(("http://", "https://")) else None


def _count(value: Any) -> int | None:
    text = _string(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
