"""Recipes of CSS selectors: what they read on a page, how they go on, and what is suggested."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from replay import Site as Replay

from collectors.errors import Blocked
from collectors.http import Http, HttpSettings
from collectors.post import PostKind
from collectors.recipe import read, selector, suggest
from collectors.source import Answer, ParseError
from collectors.sources.site import Options, Site

URL = "https://shop.example/avis"
BASE: dict[str, Any] = {"url": URL, "item": ".avis"}
FULL = BASE | {
    "text": ".texte", "title": "h3", "author": ".qui", "date": "time@datetime", "rating": ".note",
    "link": "a.lien", "id": "@data-id", "next": "a.suite",
}  # fmt: skip


def item(number: int = 1, text: str = "Livré en retard, dommage", **parts: str) -> str:
    shown = {"note": "4/5", "qui": "Zoé", "date": "2026-03-04T10:00:00+01:00"} | parts
    return f"""<div class="avis" data-id="n{number}"><h3>Titre {number}</h3><p class="texte">{text}</p>
      <span class="qui">{shown["qui"]}</span><time datetime="{shown["date"]}">hier</time>
      <b class="note">{shown["note"]}</b><a class="lien" href="/avis/{number}#top">voir</a></div>"""


def answer(*parts: str) -> Answer:
    return Answer(URL, f"<html><body>{''.join(parts)}</body></html>".encode(), "text/html; charset=utf-8")


def posts(options: dict[str, Any], *parts: str) -> list[Any]:
    found, _, _ = Site(Options.model_validate(options)).read(answer(*parts))
    return found


def test_a_recipe_reads_all_that_it_names() -> None:
    [post] = posts(FULL, item())
    assert (post.kind, post.external_id, post.title) == (PostKind.REVIEW, "n1", "Titre 1")
    assert (post.text, post.author.name) == ("Livré en retard, dommage", "Zoé")
    assert post.published_at == datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
    assert (post.rating.value, post.rating.worst, post.rating.best) == (4, 1, 5)
    assert post.url == "https://shop.example/avis/1#top"


def test_without_a_text_all_words_of_an_item_are_it() -> None:
    [post] = posts(BASE, '<div class="avis">Très <b>bien</b><p>vraiment</p></div>')
    assert (post.kind, post.text) == (PostKind.COMMENT, "Très bien\n\nvraiment")


@pytest.mark.parametrize(
    ("markup", "how", "value", "best"),
    [
        ('<i class="note">8/10</i>', {}, 8, 10),
        ('<i class="note">4,5</i>', {}, 4.5, 5),
        ('<i class="note">14</i>', {"worst": 0, "best": 20}, 14, 20),
        ('<i class="note">Note : 4 étoiles</i>', {}, 4, 5),
        ('<i class="note" data-rating="3">★</i>', {}, 3, 5),
        ('<i class="note" aria-label="2 sur 5"></i>', {}, 2, 5),
        ('<i class="note rating-4"></i>', {"rating": ".note@class"}, 4, 5),
        ('<i class="note"></i>' * 3, {}, 3, 5),
        ('<i class="note">★★★★☆</i>', {}, 4, 5),
    ],
)
def test_ratings_are_read_however_a_page_shows_them(
    markup: str, how: dict[str, Any], value: float, best: float
) -> None:
    [post] = posts(BASE | {"rating": ".note"} | how, f'<div class="avis">Bien {markup}</div>')
    assert post.rating is not None
    assert (post.rating.value, post.rating.best) == (value, best)


def test_dates_keep_to_the_zone_and_order_that_are_set() -> None:
    options = BASE | {"date": ".d", "zone": "Europe/Paris", "day_first": False}
    [post] = posts(options, '<div class="avis">Bien <i class="d">03/04/2026 01:00</i></div>')
    assert post.published_at == datetime(2026, 3, 4, 0, 0, tzinfo=UTC)


def test_a_relative_date_counts_from_when_the_page_was_sent() -> None:
    site = Site(Options.model_validate(BASE | {"date": ".d"}))
    body = b'<div class="avis">Bien <i class="d">il y a 3 jours</i></div>'
    page = Answer(URL, body, "text/html; charset=utf-8", {"date": "Sat, 07 Mar 2026 10:00:00 GMT"})
    [post] = site.read(page)[0]
    assert post.published_at == datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


def test_answers_within_an_item_are_posts_of_their_own_below_it() -> None:
    inner = '<div class="avis" data-id="2"><p class="texte">Merci</p></div>'
    outer = f'<div class="avis" data-id="1"><p class="texte">Bonjour</p>{inner}</div>'
    first, second = posts(BASE | {"text": ".texte", "id": "@data-id"}, outer)
    assert (first.text, second.text, second.parent_id) == ("Bonjour", "Merci", "1")
    bare, _ = posts(BASE | {"id": "@data-id"}, outer)
    assert bare.text == "Bonjour"


def test_an_item_is_known_by_its_link_unless_others_share_it() -> None:
    own = posts(BASE | {"link": "a"}, *(f'<div class="avis">Bien <a href="/a{n}">x</a></div>' for n in (1, 2)))
    assert [post.external_id for post in own] == ["https://shop.example/a1", "https://shop.example/a2"]
    shared = posts(
        BASE | {"link": "a"}, *(f'<div class="avis">Bien {n} <a href="/a">x</a></div>' for n in (1, 2))
    )
    again = posts(BASE | {"link": "a"}, *(f'<div class="avis">Bien {n} <a href="/a">x</a></div>' for n in (2, 1)))
    assert {post.external_id for post in shared} == {post.external_id for post in again}
    assert len({post.external_id for post in shared}) == 2


def test_equal_items_keep_an_identity_each() -> None:
    found = posts(BASE, '<div class="avis">Bien</div>' * 3)
    assert len({post.external_id for post in found}) == 3


@pytest.mark.parametrize("href", ["javascript:alert(1)", "mailto:a@b.fr", "http://[", "", "ftp://x/y"])
def test_only_web_addresses_are_links(href: str) -> None:
    [post] = posts(BASE | {"link": "a"}, f'<div class="avis">Bien <a href="{href}">x</a></div>')
    assert post.url in (None, URL)


def test_an_item_that_says_nothing_is_a_fault_and_a_page_without_items_as_well() -> None:
    _, faults, _ = Site(Options.model_validate(FULL)).read(answer('<div class="avis"></div>', item()))
    assert [fault.item for fault in faults] == ["item 1"]
    _, faults, _ = Site(Options.model_validate(FULL)).read(answer("<p>rien</p>"))
    assert "matches nothing" in faults[0].problem


@pytest.mark.parametrize(
    "wrong",
    [
        {"item": "div["},
        {"item": ""},
        {"item": "@data-id"},
        {"item": ".a@href"},
        {"text": ">>"},
        {"date": "@"},
        {"zone": "Mars"},
        {"colour": "red"},
    ],
)
def test_a_recipe_that_cannot_be_followed_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(BASE | wrong)


@pytest.mark.parametrize("body", [b"", b"   ", b"\x1f\x8b\x08broken"])
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        Site(Options.model_validate(BASE)).read(Answer(URL, body))


def test_a_saved_page_alone_is_no_answer_of_this_kind() -> None:
    with pytest.raises(ParseError, match="recipe") as caught:
        Site.parse(answer(item()))
    assert "sources try" in caught.value.remedy


# Over the network


@pytest.fixture
def site() -> Iterator[Replay]:
    with Replay() as running:
        yield running


def door(site: Replay) -> Http:
    host = site.url("").split("//")[1].split("/")[0]
    return Http(HttpSettings(allowed_hosts=frozenset({host}), min_delay=0))


def listing(site: Replay, pages: dict[str, list[int]], links: dict[str, str]) -> None:
    for path, numbers in pages.items():
        following = f'<a class="suite" href="{links[path]}">suite</a>' if path in links else ""
        body = "<html>" + "".join(item(number, f"Avis numéro {number}") for number in numbers) + following
        site.put(path, body)


def ids(site: Replay, cursor: dict[str, Any] | None = None, **how: Any) -> tuple[list[str], dict[str, Any]]:
    options = FULL | {"url": site.url("/p1")} | how
    with door(site) as http:
        found = list(Site(Options.model_validate(options)).pages(http, json.loads(json.dumps(cursor or {}))))
    return [post.external_id for page in found for post in page.posts], found[-1].cursor


def test_further_pages_are_followed_and_read_once(site: Replay) -> None:
    listing(site, {"/p1": [1, 2], "/p2": [3, 4], "/p3": [5]}, {"/p1": "/p2", "/p2": "/p3"})
    found, cursor = ids(site)
    assert found == ["n1", "n2", "n3", "n4", "n5"]
    again, _ = ids(site, cursor)
    assert again == ["n1", "n2"]
    assert len(site.asked("/p2")) == 1


def test_pages_that_lead_in_circles_end(site: Replay) -> None:
    listing(site, {"/p1": [1], "/p2": [2]}, {"/p1": "/p2", "/p2": "/p1"})
    found, _ = ids(site)
    assert found == ["n1", "n2"]


def test_a_next_page_on_another_host_is_not_followed(site: Replay) -> None:
    listing(site, {"/p1": [1]}, {"/p1": "https://elsewhere.example/p2"})
    assert ids(site)[0] == ["n1"]


def test_pages_by_number_are_read_until_one_is_empty(site: Replay) -> None:
    listing(site, {"/p1": [1], "/p2": [2], "/p3": []}, {})
    assert ids(site, page_url=site.url("/p{page}"), next=None)[0] == ["n1", "n2"]


def test_robots_txt_is_obeyed(site: Replay) -> None:
    site.put("/robots.txt", "User-agent: *\nDisallow: /")
    listing(site, {"/p1": [1]}, {})
    with pytest.raises(Blocked):
        ids(site)


# Suggestions


def test_what_repeats_and_is_named_like_reviews_is_suggested_first() -> None:
    rows = '<li class="menu">Une entrée assez longue du menu du site</li>' * 9
    options = Options.model_validate(BASE | {"item": ".nothing"})
    reading = read(options.recipe(), answer(rows, *(item(n) for n in range(4))))
    assert suggest(options.recipe(), reading)["item"][0] == "div.avis"


def test_what_a_recipe_does_not_find_is_suggested() -> None:
    body = "".join(
        f'<div class="avis" data-id="{n}"><h2>T</h2><p class="review-text">Bien</p>'
        '<span class="author">Zoé</span>'
        f'<time datetime="2026-03-0{n}">x</time><i class="rating">4/5</i></div>'
        for n in (1, 2, 3)
    )
    options = Options.model_validate(BASE | {"text": ".gone", "title": "h2"})
    reading = read(options.recipe(), answer(body, '<a rel="next" href="/2">2</a>'))
    found = suggest(options.recipe(), reading)
    assert found["text"][0] == "[class*=review-text i]"
    assert found["date"][0] == "time@datetime"
    assert "[class*=author i]" in found["author"]
    assert "[class*=rating i]" in found["rating"]
    assert found["id"] == ["@data-id"]
    assert found["next"] == ["a[rel~=next]"]
    assert "title" not in found


@settings(max_examples=60, deadline=None)
@given(
    body=st.text(alphabet=st.characters(codec="utf-8"), max_size=120) | st.sampled_from([item(), item() * 3]),
    wrap=st.sampled_from(
        ["{}", '<div class="avis">{}</div>', '<div class="avis"><div class="avis">{}', "<p>{}<p>"]
    ),
)
def test_any_page_gives_posts_that_can_be_stored_or_a_parse_error(body: str, wrap: str) -> None:
    options = Options.model_validate(FULL)
    try:
        reading = read(options.recipe(), Answer(URL, wrap.replace("{}", body).encode()))
    except ParseError:
        return
    suggest(options.recipe(), reading)
    for post in reading.posts:
        assert "\0" not in post.text
        post.text.encode()


@given(st.text(max_size=40))
def test_any_text_is_a_selector_or_a_value_error(said: str) -> None:
    try:
        chosen = selector(said)
    except ValueError as error:
        assert str(error)
    else:
        assert chosen.css or chosen.attribute
