"""The sample web: what it says, that it says it twice the same, and what changes between two visits."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from nlp.annotation import TOUCHPOINTS
from nlp.duplicates import StoryIndex
from service.demo.content import BRAND, PRODUCTS, RIVALS, Item, as_of, crisis_week, first_visit, schedule
from service.demo.pages import APP_ID
from service.demo.web import SampleWeb

TODAY = date(2026, 11, 21)
EACH_WEEKDAY = [date(2026, 11, 16) + timedelta(days=n) for n in range(7)]


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return schedule(TODAY)


@pytest.fixture(scope="module")
def web() -> Iterator[SampleWeb]:
    with SampleWeb(TODAY) as served:
        yield served


@pytest.fixture(scope="module")
def client(web: SampleWeb) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=web.url) as client:
        yield client


# --- what is said -------------------------------------------------------------------------------------------


def test_there_is_enough_to_look_at(items: list[Item]) -> None:
    assert len(items) >= 450
    assert len({item.text for item in items}) >= 430
    assert sum(item.brand == BRAND for item in items) >= 400
    assert {item.brand for item in items} == {BRAND, *RIVALS}


def test_two_thirds_are_french_and_one_third_english(items: list[Item]) -> None:
    french = sum(item.language == "fr" for item in items) / len(items)
    assert 0.55 < french < 0.72


def test_every_touchpoint_and_every_rating_is_spoken_of(items: list[Item]) -> None:
    spoken = Counter(touchpoint for item in items for touchpoint in item.on)
    assert set(spoken) == set(TOUCHPOINTS)
    assert min(spoken.values()) >= 15
    stars = Counter(item.stars for item in items if item.stars)
    assert set(stars) == {1, 2, 3, 4, 5}
    assert min(stars.values()) >= 30
    assert {item.score for item in items if item.score is not None} == set(range(11))


def test_no_text_is_told_twice_but_the_three_stories_that_are_copied(items: list[Item]) -> None:
    stories = StoryIndex().add([item.text for item in items])
    copied = Counter(stories)
    folded = {number: count for number, count in copied.items() if count > 1}
    assert sorted(folded.values()) == [3, 3, 3]


def test_every_line_of_the_texts_is_clean(items: list[Item]) -> None:
    for item in items:
        assert item.text == item.text.strip()
        assert "{" not in item.text and "|" not in item.text
        assert item.text or item.channel == "survey"
        assert item.author
        if item.channel == "shop":
            assert item.product in PRODUCTS


def test_most_products_are_reviewed_in_both_languages(items: list[Item]) -> None:
    reviewed = Counter((item.product, item.language) for item in items if item.channel == "shop")
    assert set(reviewed) == {(product, language) for product in PRODUCTS for language in ("fr", "en")}


# --- when ---------------------------------------------------------------------------------------------------


def test_the_same_day_and_seed_give_the_same_web(items: list[Item]) -> None:
    assert schedule(TODAY) == items
    assert schedule(TODAY, seed=2) != items


@pytest.mark.parametrize("today", EACH_WEEKDAY)
def test_everything_lies_in_the_ninety_days_before_today_but_one_thing(today: date) -> None:
    said = schedule(today)
    ahead = [item for item in said if item.at.date() >= today]
    assert [item.when for item in ahead] == ["future"]
    assert ahead[0].at.date() == today + timedelta(days=40)
    assert min(item.at.date() for item in said) >= today - timedelta(days=90)
    assert all(item.at.tzinfo is UTC for item in said)


@pytest.mark.parametrize("today", EACH_WEEKDAY)
def test_the_crisis_is_a_whole_week_about_a_fortnight_ago(today: date) -> None:
    monday, sunday = crisis_week(today)
    assert monday.weekday() == 0 and sunday - monday == timedelta(days=6)
    assert 8 <= (today - sunday).days <= 14


@pytest.mark.parametrize("today", EACH_WEEKDAY)
def test_the_crisis_week_is_the_loudest_and_the_angriest(today: date) -> None:
    said = schedule(today)
    weeks = Counter(item.at.isocalendar()[:2] for item in said)
    (loudest, count), (_, second) = weeks.most_common(2)
    assert loudest == crisis_week(today)[0].isocalendar()[:2]
    assert count > 2 * second
    stars = [item.stars for item in said if item.stars and item.at.isocalendar()[:2] == loudest]
    others = [item.stars for item in said if item.stars and item.at.isocalendar()[:2] != loudest]
    assert sum(stars) / len(stars) < sum(others) / len(others) - 1


def test_answers_come_after_what_they_answer(items: list[Item]) -> None:
    threads: dict[str, list[Item]] = {}
    for item in sorted(items, key=lambda item: item.id):
        if item.thread:
            threads.setdefault(item.thread, []).append(item)
    assert len(threads) >= 30
    for talk in threads.values():
        assert talk[0].title
        assert all(earlier.at <= later.at for earlier, later in pairwise(talk))


# --- two visits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("today", EACH_WEEKDAY)
def test_the_first_visit_sees_what_was_said_by_the_end_of_the_crisis(today: date) -> None:
    said = schedule(today)
    first = as_of(said, today, 1)
    assert len(first) > 0.6 * len(said)
    assert {item.when for item in first if item.at > first_visit(today)} == {"future"}
    assert first_visit(today).date() == crisis_week(today)[1] + timedelta(days=1)


@pytest.mark.parametrize("today", EACH_WEEKDAY)
def test_the_second_visit_finds_one_review_edited_and_one_gone(today: date) -> None:
    said = schedule(today)
    first, second = ({item.id: item for item in as_of(said, today, visit)} for visit in (1, 2))
    assert set(second) | {item.id for item in said if item.mark == "deleted"} == {item.id for item in said}
    [gone] = first.keys() - second.keys()
    [edited] = [item for item in first.values() if item.id != gone and second[item.id] != item]
    assert first[gone].channel == edited.channel == "shop"
    assert (edited.stars, second[edited.id].stars) == (1, 4)
    assert edited.at == second[edited.id].at


def test_the_server_shows_the_visit_it_is_told_to() -> None:
    def pages() -> str:
        return "".join(client.get(f"/shop/celadon?page={page}").text for page in (1, 2))

    with SampleWeb(TODAY, visit=1) as web, httpx.Client(base_url=web.url) as client:
        before = pages()
        web.visit = 2
        after = pages()
    assert "MODIFIÉ" not in before
    assert "MODIFIÉ" in after


# --- the server ---------------------------------------------------------------------------------------------

PATHS = [
    "/",
    "/robots.txt",
    *(f"/shop/{slug}" for slug in (*PRODUCTS, "halombre", "lampivore", "wattlebury")),
    "/blog/atom.xml",
    "/blog/comments.xml",
    "/blog/entrepot-halombre",
    "/forum/feed.xml",
    "/forum/colis-bloque",
    f"/fr/rss/customerreviews/page=1/id={APP_ID}/sortby=mostrecent/json",
    f"/gb/rss/customerreviews/page=1/id={APP_ID}/sortby=mostrecent/json",
    "/survey/reponses.csv",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_served_and_not_sent_again_to_who_has_it(client: httpx.Client, path: str) -> None:
    first = client.get(path)
    assert first.status_code == 200 and first.content
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and not again.content
    head = client.head(path)
    assert head.status_code == 200 and int(head.headers["Content-Length"]) == len(first.content)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/shop/nothing",
        "/shop/becasse?page=99",
        "/blog/nothing",
        "/forum/nothing",
        f"/jp/rss/customerreviews/page=1/id={APP_ID}/sortby=mostrecent/json",
        "/fr/rss/customerreviews/page=1/id=1/sortby=mostrecent/json",
    ],
)
def test_what_does_not_exist_is_not_found(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_two_servers_stand_side_by_side_on_ports_of_their_own(web: SampleWeb) -> None:
    with SampleWeb(TODAY) as other:
        assert other.port != web.port
        assert other.url.startswith("http://127.0.0.1:")


def test_a_stopped_server_frees_its_port() -> None:
    with SampleWeb(TODAY) as first:
        port = first.port
    with SampleWeb(TODAY, port=port) as second:
        assert second.port == port


def test_the_shop_pages_lead_from_one_to_the_next(client: httpx.Client, items: list[Item]) -> None:
    expected = sum(item.product == "becasse" for item in items)
    seen, path = 0, "/shop/becasse"
    while path:
        page = client.get(path).text
        seen += page.count('<article class="review"')
        _, marked, rest = page.partition('<link rel="next" href="')
        path = rest.partition('"')[0] if marked else ""
    assert seen == expected


def test_the_app_store_feed_has_fifty_a_page_and_no_entry_after_the_last(client: httpx.Client) -> None:
    address = f"/fr/rss/customerreviews/page={{}}/id={APP_ID}/sortby=mostrecent/json"
    first = json.loads(client.get(address.format(1)).content)["feed"]
    second = json.loads(client.get(address.format(2)).content)["feed"]
    assert 40 <= len(first["entry"]) <= 50
    assert "entry" not in second
    assert len({entry["id"]["label"] for entry in first["entry"]}) == len(first["entry"])
    assert datetime.fromisoformat(first["entry"][0]["updated"]["label"]).utcoffset() == timedelta(hours=-7)


def test_the_survey_is_a_french_spreadsheet(client: httpx.Client, items: list[Item]) -> None:
    rows = list(
        csv.DictReader(io.StringIO(client.get("/survey/reponses.csv").content.decode("cp1252")), delimiter=";")
    )
    assert len(rows) == sum(item.channel == "survey" for item in items)
    answers = [row["Recommanderiez-vous Halombre ? (0 à 10)"] for row in rows]
    assert {int(answer) for answer in answers if answer} == set(range(11))
    assert "" in answers
    assert all(datetime.strptime(row["Date de réponse"], "%d/%m/%Y").date() < TODAY for row in rows)
