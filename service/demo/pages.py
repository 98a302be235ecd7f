"""The pages of the sample web: shop, blog, forum, app store, survey. One small function for each kind."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime
from functools import cache
from html import escape
from math import ceil
from pathlib import Path
from re import fullmatch
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from service.demo.content import BRAND, PRODUCTS, RIVALS, Item

REVIEWS_A_PAGE = 20
APP_REVIEWS_A_PAGE = 50
APP_ID = "6480021977"
APP_STORES = {"fr": "fr", "gb": "en"}
"""Country of the app store → language of its reviews."""
CUPERTINO = timezone(timedelta(hours=-7))
SURVEY_COLUMNS = (
    "Id réponse",
    "Date de réponse",
    "Magasin",
    "Recommanderiez-vous Halombre ? (0 à 10)",
    "Pourquoi cette note ?",
    "Langue",
)
SHOPS = {"fr": ("En ligne", "Lyon", "Nantes", "Lille"), "en": ("En ligne", "Bristol", "Bermondsey")}


@dataclass(frozen=True, slots=True)
class Document:
    """What an address answers."""

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page is made from: what has been said so far, and where and when the web is being served."""

    items: list[Item]
    url: str
    today: date
    query: dict[str, str]

    def of(self, *channels: str) -> list[Item]:
        """The items of these channels, newest first."""
        return [item for item in reversed(self.items) if item.channel in channels]

    @property
    def page(self) -> int:
        """The page asked for, from 1."""
        asked = self.query.get("page", "1")
        return int(asked) if asked.isdecimal() else 1


def find(path: str, query: dict[str, str], items: list[Item], url: str, today: date) -> Document | None:
    """The document at `path`, or None where there is none. `url` is the web's own address."""
    visit = Visit(items, url, today, query)
    for pattern, page in ROUTES.items():
        if match := fullmatch(pattern, path):
            return page(visit, *match.groups())
    return None


def configuration(url: str, survey: Path) -> str:
    """The text of an `oyez.toml` that listens to all of the web at `url`, and imports the survey's file."""
    return (
        _templates()
        .get_template("oyez.toml.j2")
        .render(
            url=url,
            host=url.removeprefix("http://"),
            survey=json.dumps(str(survey), ensure_ascii=False),
            shop_brands=(BRAND, *RIVALS),
            app_id=APP_ID,
            stores=APP_STORES,
        )
    )


def robots(visit: Visit) -> Document:
    """Everything but the basket may be read."""
    return Document(b"User-agent: *\nDisallow: /shop/basket\n", "text/plain; charset=utf-8")


def home(visit: Visit) -> Document:
    """Links to the rest."""
    return _html("home.html", visit, shelves=_shelves(), stores=APP_STORES, app_id=APP_ID)


def shop(visit: Visit, slug: str) -> Document | None:
    """The reviews of a product or of a whole brand, newest first, each with schema.org markup."""
    shelf = _shelves().get(slug)
    if shelf is None:
        return None
    reviews = [i for i in visit.of("shop", "rivals") if slug in (i.product, i.brand.lower())]
    last = max(1, ceil(len(reviews) / REVIEWS_A_PAGE))
    if not 1 <= visit.page <= last:
        return None
    shown = reviews[(visit.page - 1) * REVIEWS_A_PAGE : visit.page * REVIEWS_A_PAGE]
    markup = _markup(visit, slug, reviews, shown)
    return _html(
        "shop.html",
        visit,
        shelf=shelf,
        slug=slug,
        reviews=shown,
        total=len(reviews),
        page=visit.page,
        last=last,
        products=PRODUCTS,
        markup=json.dumps(markup, ensure_ascii=False, indent=1).replace("<", "\\u003c"),
        broken=slug == BRAND.lower() and visit.page == 1,
    )


def _shelves() -> dict[str, tuple[str, str, str, str]]:
    """Everything with reviews of its own: slug → name, what it is in French and in English, price or nothing."""
    brands = {name.lower(): (name, "luminaires", "lighting", "") for name in (BRAND, *RIVALS)}
    return PRODUCTS | brands


def _markup(visit: Visit, slug: str, reviews: Sequence[Item], shown: Sequence[Item]) -> dict[str, Any]:
    stars = [item.stars for item in reviews if item.stars]
    return {
        "@context": "https://schema.org",
        "@type": "Product" if slug in PRODUCTS else "Brand",
        "@id": f"urn:au-bon-eclairage:{slug}",
        "name": _shelves()[slug][0],
        "aggregateRating": {
            "@type": "AggregateRating",
            "ratingValue": f"{sum(stars) / max(1, len(stars)):.1f}",
            "reviewCount": len(reviews),
            "bestRating": "5",
        },
        "review": [_review(visit, slug, item) for item in shown],
    }


def _review(visit: Visit, slug: str, item: Item) -> dict[str, Any]:
    review: dict[str, Any] = {
        "@type": "Review",
        "@id": f"urn:halombre:{item.id}",
        "url": f"{visit.url}/shop/{slug}#{item.id}",
        "author": {"@type": "Person", "name": item.author},
        "datePublished": item.at.isoformat(),
        "inLanguage": item.language,
        "reviewBody": item.text,
        "reviewRating": {
            "@type": "Rating",
            "ratingValue": str(item.stars),
            "bestRating": "5",
            "worstRating": "1",
        },
    }
    if item.title:
        review["name"] = item.title
    if item.product:
        review["itemReviewed"] = {"@type": "Product", "name": PRODUCTS[item.product][0]}
    if item.reply:
        review["comment"] = {
            "@type": "Comment",
            "text": item.reply,
            "author": {"@type": "Organization", "name": item.brand},
            "dateCreated": (item.at + timedelta(hours=31)).isoformat(),
        }
    return review


def blog(visit: Visit) -> Document:
    """The blog's articles as Atom, each in its own language."""
    return _feed("blog.atom", visit, [item for item in visit.of("blog") if item.title])


def comments(visit: Visit) -> Document:
    """The comments under the blog's articles as Atom; one entry is broken, as happens."""
    return _feed("comments.atom", visit, [item for item in visit.of("blog") if not item.title])


def article(visit: Visit, slug: str) -> Document | None:
    """One article with its comments, for people."""
    talk = [item for item in reversed(visit.of("blog")) if item.thread == slug]
    return _html("talk.html", visit, talk=talk, place="Sous la lampe") if talk else None


def forum(visit: Visit) -> Document:
    """The forum's latest posts as RSS 2.0; one item has neither a usable date nor an id."""
    return _feed("forum.rss", visit, visit.of("forum"), kind="application/rss+xml; charset=utf-8")


def thread(visit: Visit, slug: str) -> Document | None:
    """One thread of the forum, for people."""
    talk = [item for item in reversed(visit.of("forum")) if item.thread == slug]
    return _html("talk.html", visit, talk=talk, place="Le Coin Bricole") if talk else None


def app_store(visit: Visit, country: str, page: str, app: str) -> Document | None:
    """Reviews of the brand's app in the shape of Apple's public feed, fifty a page."""
    if country not in APP_STORES or app != APP_ID:
        return None
    start = (int(page) - 1) * APP_REVIEWS_A_PAGE
    reviews = [item for item in visit.of("app") if item.language == APP_STORES[country]]
    feed: dict[str, Any] = {
        "author": {"name": {"label": "iTunes Store"}, "uri": {"label": "http://www.apple.com/itunes/"}},
        "title": {"label": "iTunes Store: Customer Reviews"},
        "id": {"label": f"{visit.url}/{country}/rss/customerreviews/page={page}/id={app}/sortby=mostrecent/json"},
    }
    if entries := [_app_review(visit, country, item) for item in reviews[start : start + APP_REVIEWS_A_PAGE]]:
        feed["entry"] = entries
    body = json.dumps({"feed": feed}, ensure_ascii=False).encode()
    return Document(body, "text/javascript; charset=utf-8")


def _app_review(visit: Visit, country: str, item: Item) -> dict[str, Any]:
    number = f"14{item.at:%y%j%H%M%S}"
    link = f"{visit.url}/{country}/review?id={APP_ID}&type=Purple%20Software"
    return {
        "author": {
            "uri": {"label": f"{visit.url}/{country}/reviews/id{number[::-1]}"},
            "name": {"label": item.author},
            "label": "",
        },
        "updated": {"label": item.at.astimezone(CUPERTINO).isoformat()},
        "im:rating": {"label": str(item.stars)},
        "im:version": {"label": "3.2.1" if item.at.day % 3 else "3.2.0"},
        "id": {"label": f"{number}{item.id[-3:]}"},
        "title": {"label": item.title or ""},
        "content": {"label": item.text, "attributes": {"type": "text"}},
        "link": {"attributes": {"rel": "related", "href": link}},
        "im:voteSum": {"label": "0"},
        "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
        "im:voteCount": {"label": "0"},
    }


def survey(visit: Visit) -> Document:
    """The satisfaction survey as a French spreadsheet writes it: semicolons, windows-1252, day before month."""
    table = io.StringIO(newline="")
    rows = csv.writer(table, delimiter=";", lineterminator="\r\n")
    rows.writerow(SURVEY_COLUMNS)
    for item in reversed(visit.of("survey")):
        shops = SHOPS[item.language]
        place = shops[int(item.id[-3:]) % len(shops)]
        rows.writerow((item.id, f"{item.at:%d/%m/%Y}", place, item.score, item.text, item.language))
    return Document(table.getvalue().encode("cp1252"), "text/csv; charset=windows-1252")


ROUTES: dict[str, Callable[..., Document | None]] = {
    r"/": home,
    r"/robots\.txt": robots,
    r"/shop/([a-z-]+)": shop,
    r"/blog/atom\.xml": blog,
    r"/blog/comments\.xml": comments,
    r"/blog/([a-z0-9-]+)": article,
    r"/forum/feed\.xml": forum,
    r"/forum/([a-z0-9-]+)": thread,
    r"/([a-z]{2})/rss/customerreviews/page=([1-9]\d?)/id=(\d+)/sortby=mostrecent/json": app_store,
    r"/survey/reponses\.csv": survey,
}
"""Path as a regular expression → the function that writes its page."""


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html", "atom", "rss"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rfc822"] = lambda moment: format_datetime(moment, usegmt=True)
    environment.filters["iso"] = datetime.isoformat
    environment.filters["paragraphs"] = lambda text: "".join(
        f"<p>{escape(part)}</p>" for part in text.split("\n")
    )
    return environment


def _html(template: str, visit: Visit, **values: Any) -> Document:
    body = _templates().get_template(template).render(url=visit.url, brand=BRAND, **values)
    return Document(body.encode(), "text/html; charset=utf-8")


def _feed(
    template: str, visit: Visit, items: list[Item], kind: str = "application/atom+xml; charset=utf-8"
) -> Document:
    openers = {item.thread: item for item in visit.items if item.title and item.thread}
    body = (
        _templates().get_template(template).render(items=items, openers=openers, today=visit.today, url=visit.url)
    )
    return Document(body.encode(), kind)
