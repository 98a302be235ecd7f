"""Posts from any web page, by a recipe of CSS selectors, and help for who writes one.

A selector may name an attribute after it: `time@datetime`, `a.title@href`; `@data-id` is one of the item itself.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import soupsieve
from bs4 import BeautifulSoup, ParserRejectedMarkup, Tag

from collectors.dates import parse_date
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind, Rating
from collectors.ratings import parse_rating
from collectors.response import decode, unpack
from collectors.source import Answer, Fault, ParseError, SourceError

FIELDS = ("text", "title", "author", "date", "rating", "link", "id")
"""What of an item a selector may name, beside the item itself and the next page."""
_MOST_BYTES = 8_000_000
_MOST_ITEMS = 2_000
_SELECTOR = re.compile(r"(?P<css>.*?)(?:@(?P<attribute>[A-Za-z_][\w:.-]{0,60}))?", re.DOTALL)
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,2})?")
_READ_FROM = {
    "date": ("datetime", "content", "data-date", "data-time"),
    "rating": ("content", "data-rating", "data-score", "data-value", "aria-label", "title", "alt"),
    "link": ("href",),
    "id": ("id", "data-id", "href"),
    "next": ("href",),
}
"""Attributes that say it better than the text does, the first one that is there; a selector may name another."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A CSS selector, and the attribute it means, if not the text. An empty `css` is the item itself."""

    css: str
    attribute: str | None = None

    def within(self, item: Tag) -> list[Tag]:
        """The elements within an item, in their order; the item itself for an empty selector."""
        return item.select(self.css) if self.css else [item]


def selector(said: str) -> Selector:
    """Read a selector. Raises ValueError, which says what is wrong with it."""
    found = _SELECTOR.fullmatch(said.strip())
    css, attribute = (found["css"].strip(), found["attribute"]) if found else (said, None)
    if not css and not attribute:
        raise ValueError("the selector is empty")
    try:
        if css:
            soupsieve.compile(css)
    except soupsieve.SelectorSyntaxError as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{said!r} is no CSS selector: {reason}") from error
    return Selector(css, attribute)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Where a page holds what. `fields` are among `FIELDS`; without a text, all the words of an item are it."""

    item: Selector
    fields: Mapping[str, Selector] = field(default_factory=dict)
    following: Selector | None = None
    worst: float | None = None
    best: float | None = None
    day_first: bool = True
    zone: str = "UTC"
    kind: PostKind = PostKind.REVIEW


@dataclass(slots=True)
class Match:
    """What one selector matched: in how many items, and the first thing it gave."""

    selector: str
    items: int = 0
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a recipe found on a page: posts, what could not be used, the next page, and how each selector did."""

    posts: list[Post]
    faults: list[Fault]
    following: str | None
    matches: dict[str, Match]
    page: BeautifulSoup


def open_page(answer: Answer) -> BeautifulSoup:
    """The page of an answer. Raises ParseError where it is none."""
    try:
        body = unpack(answer.body, _MOST_BYTES)
        page = BeautifulSoup(decode(body, answer.content_type).replace("\0", ""), "lxml")
    except (SourceError, ParserRejectedMarkup, RecursionError) as error:
        raise ParseError(f"not a web page: {error}") from error
    if page.find(True) is None:
        raise ParseError("not a web page: there is no markup in it", remedy="check the address in a browser")
    return page


def read(recipe: Recipe, answer: Answer) -> Reading:
    """Read a page by a recipe. Raises ParseError where it is no page; an item without words is a fault."""
    page = open_page(answer)
    posts: list[Post] = []
    faults: list[Fault] = []
    items = page.select(recipe.item.css, limit=_MOST_ITEMS)
    reader = _Reader(recipe, answer, items)
    for number, item in enumerate(items, 1):
        post = reader.post(item)
        if post is None:
            faults.append(Fault(f"item {number}", "the recipe finds neither a text nor a rating in it"))
        else:
            posts.append(post)
    following = _next_page(recipe, page, answer.url, reader.matches)
    return Reading(posts, faults, following, reader.matches, page)


class _Reader:
    """Reads the items of one page, which may lie within each other, as answers do."""

    def __init__(self, recipe: Recipe, answer: Answer, items: Sequence[Tag]) -> None:
        self._recipe, self._url = recipe, answer.url
        self._now = parse_date(answer.headers.get("date", ""))
        self.matches = {"item": Match(recipe.item.css, len(items))}
        self.matches |= {name: Match(_written(chosen)) for name, chosen in recipe.fields.items()}
        self._items = {id(item) for item in items}
        self._names: dict[int, str] = {}
        self._links = {id(item): self._link(item) for item in items}
        self._shared = Counter(filter(None, self._links.values()))
        self._seen: Counter[str] = Counter()

    def post(self, item: Tag) -> Post | None:
        """The post of an item; None where it says nothing."""
        text = self._words(item, "text") if "text" in self._recipe.fields else self._all_words(item)
        title, author = self._words(item, "title") or None, self._words(item, "author") or None
        rating, date = self._rating(item), self._date(item)
        if not text and not title and rating is None:
            return None
        content = "\x1f".join((author or "", str(date or ""), title or "", text[:200]))
        name = self._names[id(item)] = self._id(item, content)
        parent = self._owner(item.parent)
        return Post(
            kind=self._recipe.kind,
            external_id=name,
            text=text,
            title=title,
            parent_id=self._names.get(id(parent)) if parent else None,
            author=Author(name=author),
            rating=rating,
            published_at=date,
            url=self._links[id(item)],
        )

    def _owner(self, element: Tag | None) -> Tag | None:
        """The innermost item that an element lies in."""
        while element is not None and id(element) not in self._items:
            element = element.parent
        return element

    def _all_words(self, item: Tag) -> str:
        if item.select_one(self._recipe.item.css) is None:
            return to_text(str(item))
        alone = copy(item)
        for inner in alone.select(self._recipe.item.css):
            if not inner.decomposed:
                inner.decompose()
        return to_text(str(alone))

    def _elements(self, item: Tag, name: str) -> list[Tag]:
        chosen = self._recipe.fields.get(name)
        return [one for one in chosen.within(item) if self._owner(one) is item] if chosen else []

    def _note(self, name: str, value: str | None) -> None:
        match = self.matches[name]
        if value:
            match.items += 1
            match.sample = match.sample or " ".join(value.split())[:60]

    def _words(self, item: Tag, name: str) -> str:
        chosen = self._recipe.fields.get(name)
        if chosen is None:
            return ""
        parts = [_value(element, chosen, name) for element in self._elements(item, name)]
        words = "\n".join(part for part in parts if part)
        self._note(name, words)
        return words

    def _link(self, item: Tag) -> str | None:
        chosen = self._recipe.fields.get("link")
        if chosen is None:
            return None
        links = (_absolute(self._url, _value(one, chosen, "link")) for one in self._elements(item, "link"))
        link = next(filter(None, links), None)
        self._note("link", link)
        return link

    def _date(self, item: Tag) -> datetime | None:
        chosen, zone = self._recipe.fields.get("date"), ZoneInfo(self._recipe.zone)
        for element in self._elements(item, "date") if chosen else []:
            assert chosen is not None
            said = _value(element, chosen, "date")
            moment = parse_date(said, zone=zone, day_first=self._recipe.day_first, now=self._now)
            if moment is not None:
                self._note("date", said)
                return moment
        return None

    def _rating(self, item: Tag) -> Rating | None:
        """A rating as it is written; else the number of things matched that say nothing, as five stars do."""
        chosen = self._recipe.fields.get("rating")
        elements = self._elements(item, "rating")
        if chosen is None or not elements:
            return None
        said = [_value(element, chosen, "rating") for element in elements]
        rating = next((found for value in said if (found := self._scaled(value))), None)
        if rating is None and not any(said) and chosen.attribute is None:
            rating = self._scaled(str(len(elements)))
        self._note("rating", f"{rating.value:g} of {rating.best:g}" if rating else None)
        return rating

    def _scaled(self, said: str) -> Rating | None:
        worst, best = self._recipe.worst, self._recipe.best
        found = parse_rating(said, worst, best)
        if found is None and len(numbers := _NUMBER.findall(said)) == 1:  # "rating-4", "Note : 4 étoiles"
            found = parse_rating(numbers[0], worst, best)
        return found

    def _id(self, item: Tag, content: str) -> str:
        """What names the item, its own link, or a hash of what it says; of equal ones, each its own."""
        chosen = self._recipe.fields.get("id")
        given = None
        if chosen:
            given = next(filter(None, (_value(one, chosen, "id") for one in self._elements(item, "id"))), None)
            self._note("id", given)
        link = self._links[id(item)]
        if given or (link and self._shared[link] == 1):  # a link that items share tells none of them
            return given or str(link)
        name = hashlib.sha256(content.encode()).hexdigest()
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}-{self._seen[name]}"


def _value(element: Tag, chosen: Selector, name: str) -> str:
    if chosen.attribute:
        return _attribute(element, chosen.attribute)
    better = (_attribute(element, attribute) for attribute in _READ_FROM.get(name, ()))
    said = next(filter(None, better), None)
    return said or ("" if name in ("link", "next") else to_text(element.decode_contents()))


def _attribute(element: Tag, name: str) -> str:
    value = element.get(name)
    return " ".join(value) if isinstance(value, list) else str(value or "").strip()


def _absolute(base: str, href: str) -> str | None:
    try:
        address = urljoin(base, href.strip())
        return address if urlsplit(address).scheme in ("http", "https") and urlsplit(address).netloc else None
    except ValueError:
        return None


def _next_page(recipe: Recipe, page: BeautifulSoup, base: str, matches: dict[str, Match]) -> str | None:
    """The address of the next page, on the same host."""
    if recipe.following is None:
        return None
    match = matches["next"] = Match(_written(recipe.following))
    for element in page.select(recipe.following.css or "a[rel~=next]"):
        address = _absolute(base, _value(element, recipe.following, "next"))
        if address and urlsplit(address).netloc == urlsplit(base).netloc:
            address = address.partition("#")[0]
            match.items, match.sample = 1, address
            return address if address != base else None
    return None


def _written(chosen: Selector) -> str:
    return chosen.css + (f"@{chosen.attribute}" if chosen.attribute else "")


_CANDIDATES: dict[str, tuple[str, ...]] = {
    "text": ("[itemprop=reviewBody]", "[class*=review-text i]", "[class*=comment i]", "[class*=content i]",
             "[class*=body i]", "[class*=text i]", "blockquote", "p"),
    "title": ("[itemprop=headline]", "[class*=title i]", "[class*=titre i]", "h1,h2,h3,h4,h5"),
    "author": ("[itemprop=author]", "[rel~=author]", "[class*=author i]", "[class*=auteur i]", "[class*=user i]",
               "[class*=pseudo i]", "[class*=name i]"),
    "date": ("time@datetime", "[itemprop=datePublished]@content", "[itemprop=datePublished]", "[class*=date i]",
             "time", "[class*=time i]"),
    "rating": ("[itemprop=ratingValue]@content", "[itemprop=ratingValue]", "[data-rating]@data-rating",
               "[class*=rating i]", "[class*=note i]", "[aria-label*='sur 5']@aria-label", "[class*=star i]"),
    "link": ("a[href*='#']@href", "a@href"),
    "id": ("@id", "@data-id", "@data-review-id", "@data-comment-id"),
    "next": ("a[rel~=next]", "link[rel~=next]", "[class*=next i] a", "a[class*=next i]", "a[class*=suivant i]",
             "a[aria-label*=next i]", "a[aria-label*=suivant i]"),
}  # fmt: skip
"""Where pages often hold what, the surest first."""
_SAYS_SO = re.compile(r"review|avis|comment|post|message|testimonial|temoignage|opinion|verbatim|feedback", re.I)
_SUGGESTED = 4


def suggest(recipe: Recipe, reading: Reading) -> dict[str, list[str]]:
    """Selectors to try for what the recipe did not find: the items, or of each item what is still missing."""
    if not reading.matches["item"].items:
        return {"item": _likely_items(reading.page)}
    items = reading.page.select(recipe.item.css, limit=100)
    found: dict[str, list[str]] = {}
    for name in (*FIELDS, "next"):
        match = reading.matches.get(name)
        if match is not None and match.items:
            continue
        chosen = [(said, selector(said)) for said in _CANDIDATES[name]]
        if name == "next":
            hits = [said for said, one in chosen if reading.page.select_one(one.css)]
        else:
            hits = [said for said, one in chosen if 2 * _count(items, one, _TELLS[name]) >= len(items)]
        if hits:
            found[name] = hits[:_SUGGESTED]
    return found


_TELLS: dict[str, Callable[[str], Any]] = dict.fromkeys(FIELDS, bool) | {
    "date": parse_date,
    "rating": lambda said: parse_rating(said) or _NUMBER.search(said),
}


def _count(items: Sequence[Tag], chosen: Selector, tells: Callable[[str], Any]) -> int:
    """In how many items a selector gives something that is what it should be."""
    return sum(any(tells(_value(one, chosen, "")[:80]) for one in chosen.within(item)[:5]) for item in items)


def _likely_items(page: BeautifulSoup) -> list[str]:
    """Selectors of elements that repeat and hold words, those named like reviews first."""
    counts: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for element, named in _classed(page):
        counts[named] += 1
        words[named] += min(len(element.get_text(" ", strip=True)), 1_000)
    likely = [named for named, count in counts.items() if count >= 3 and words[named] / count >= 20]
    ranked = sorted(likely, key=lambda named: (not _SAYS_SO.search(named), -words[named], named))
    return ranked[:_SUGGESTED]


def _classed(page: BeautifulSoup) -> Iterator[tuple[Tag, str]]:
    for element in page.find_all(["article", "li", "div", "section", "tr", "blockquote", "dd"], limit=20_000):
        classes = element.get("class")
        if element.name == "article" and not classes:
            yield element, "article"
        for name in classes if isinstance(classes, list) else ():
            if re.fullmatch(r"-?[A-Za-z_][\w-]{0,60}", name):
                yield element, f"{element.name}.{name}"
