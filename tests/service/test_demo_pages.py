"""The sample web's pages, one by one, without a server."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from lxml import etree

from service.demo.content import PRODUCTS, Item, schedule
from service.demo.pages import APP_ID, REVIEWS_A_PAGE, Document, find

TODAY = date(2026, 11, 21)
URL = "http://127.0.0.1:4711"
ATOM = "{http://www.w3.org/2005/Atom}"
NASTY = Item(
    text="Prix < 100 € & « super » </script><b>\nDeuxième paragraphe",
    channel="shop",
    language="fr",
    id="shop-fr-999",
    title='Un "titre" </title>',
    stars=4,
    product="becasse",
    author="Zoé <i>",
    at=datetime(2026, 11, 20, 18, 30, tzinfo=UTC),
)


def page(path: str, items: list[Item], **query: str) -> Document:
    found = find(path, query, items, URL, TODAY)
    assert found is not None
    return found


def markup(document: Document) -> dict[str, Any]:
    blocks = re.findall(r'<script type="application/ld\+json">(.*?)</script>', document.body.decode(), re.DOTALL)
    found: dict[str, Any] = json.loads(blocks[-1])
    return found


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return schedule(TODAY)


def test_a_text_cannot_break_out_of_its_page() -> None:
    document = page("/shop/becasse", [NASTY])
    [review] = markup(document)["review"]
    assert (review["reviewBody"], review["name"], review["author"]["name"]) == (
        NASTY.text,
        NASTY.title,
        NASTY.author,
    )
    tree = etree.fromstring(document.body, etree.HTMLParser())
    assert not tree.findall(".//b") and not tree.findall(".//i")
    assert "Prix < 100 €" in "".join(tree.find(".//article").itertext())


def test_a_text_cannot_break_a_feed() -> None:
    post = replace(NASTY, channel="forum", thread="fil")
    tree = etree.fromstring(page("/forum/feed.xml", [post]).body)
    told = tree.findall(".//item")[-1]
    assert told.findtext("title") == NASTY.title
    assert told.findtext("{http://purl.org/rss/1.0/modules/content/}encoded") == (
        "<p>Prix &lt; 100 € &amp; « super » &lt;/script&gt;&lt;b&gt;</p><p>Deuxième paragraphe</p>"
    )


def test_an_empty_web_still_has_its_feeds_and_its_survey() -> None:
    assert not etree.fromstring(page("/blog/atom.xml", []).body).findall(f"{ATOM}entry")
    assert page("/survey/reponses.csv", []).body.count(b"\r\n") == 1
    feed = json.loads(page(f"/fr/rss/customerreviews/page=1/id={APP_ID}/sortby=mostrecent/json", []).body)
    assert "entry" not in feed["feed"]
    assert markup(page("/shop/becasse", []))["review"] == []


@pytest.mark.parametrize("slug", PRODUCTS)
def test_the_average_is_that_of_all_reviews_and_not_of_the_page(items: list[Item], slug: str) -> None:
    stars = [item.stars for item in items if item.product == slug and item.stars]
    average = markup(page(f"/shop/{slug}", items))["aggregateRating"]
    assert average["reviewCount"] == len(stars)
    assert float(average["ratingValue"]) == pytest.approx(sum(stars) / len(stars), abs=0.051)


def test_a_brand_page_says_which_product_each_review_is_about(items: list[Item]) -> None:
    reviews = markup(page("/shop/halombre", items))["review"]
    assert len(reviews) == REVIEWS_A_PAGE
    assert {review["itemReviewed"]["name"] for review in reviews} <= {product[0] for product in PRODUCTS.values()}


def test_reviews_stand_newest_first(items: list[Item]) -> None:
    dates = [review["datePublished"] for review in markup(page("/shop/halombre", items, page="2"))["review"]]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("number", ["0", "-1", "abc", "99"])
def test_a_page_that_is_none_is_not_found_or_is_the_first(items: list[Item], number: str) -> None:
    found = find("/shop/becasse", {"page": number}, items, URL, TODAY)
    first = page("/shop/becasse", items)
    assert found is None or found == first


def test_only_the_brands_own_first_page_has_a_broken_block(items: list[Item]) -> None:
    def blocks(path: str, **query: str) -> int:
        return page(path, items, **query).body.count(b"application/ld+json")

    assert blocks("/shop/halombre") == 2
    assert blocks("/shop/halombre", page="2") == blocks("/shop/celadon") == blocks("/shop/lampivore") == 1


def test_comments_name_the_article_they_answer(items: list[Item]) -> None:
    articles = {entry.findtext(f"{ATOM}id") for entry in etree.fromstring(page("/blog/atom.xml", items).body)}
    tree = etree.fromstring(page("/blog/comments.xml", items).body)
    answered = {
        element.get("ref") for element in tree.iter("{http://purl.org/syndication/thread/1.0}in-reply-to")
    }
    assert answered and answered <= articles


def test_feeds_name_the_language_of_each_entry(items: list[Item]) -> None:
    entries = etree.fromstring(page("/blog/atom.xml", items).body).findall(f"{ATOM}entry")
    languages = [entry.get("{http://www.w3.org/XML/1998/namespace}lang") for entry in entries]
    assert set(languages) == {"fr", "en"}


def test_a_thread_page_reads_from_the_first_post_to_the_last(items: list[Item]) -> None:
    told = page("/forum/colis-bloque", items).body.decode()
    talk = [item for item in items if item.thread == "colis-bloque"]
    places = [told.index(f'id="{item.id}"') for item in talk]
    assert places == sorted(places)


def test_the_first_page_leads_everywhere(items: list[Item]) -> None:
    links = re.findall(rf'href="{URL}([^"]+)"', page("/", items).body.decode())
    assert len(links) >= 14
    for link in links:
        page(link, items)


def test_robots_may_read_all_that_is_collected(items: list[Item]) -> None:
    rules = page("/robots.txt", items).body.decode()
    assert rules.count("Disallow") == 1
    assert "/shop/basket" in rules
