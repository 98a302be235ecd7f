"""GDELT: lists of articles, its errors in plain text, walks through slices of time, and the articles' texts."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import RateLimited
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.gdelt import Gdelt, Options

DOC = "/api/v2/doc/doc"
NOON = StillClock().start


def article(number: int, steps_ago: int = 4, **more: object) -> dict[str, Any]:
    seen = NOON - timedelta(minutes=15 * steps_ago)
    return {
        "url": f"https://journal.example/{number}?utm_source=x",
        "url_mobile": "",
        "title": f"Lila : la panne , suite {number}",
        "seendate": seen.strftime("%Y%m%dT%H%M%SZ"),
        "domain": "journal.example",
        "language": "French",
        "sourcecountry": "France",
        **more,
    }


def parse(content: object) -> Page:
    return Gdelt.parse(Answer("", json.dumps(content).encode()))


def test_an_article_in_full() -> None:
    (post,) = parse({"articles": [article(7)]}).posts
    assert (post.kind, post.external_id) == (PostKind.ARTICLE, "https://journal.example/7")
    assert post.url == "https://journal.example/7?utm_source=x"
    assert (post.title, post.text, post.language) == ("Lila : la panne, suite 7", "", "fr")
    assert post.published_at == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert post.segments == {"outlet": "journal.example", "country": "France"}


def test_blanks_around_signs_are_taken_out_as_the_language_wants() -> None:
    title = "Rise ( again ) : prices , they say  ; more !"
    assert parse({"articles": [article(1, title=title, language="English")]}).posts[0].title == (
        "Rise (again): prices, they say; more!"
    )


def test_nothing_found_is_an_empty_object() -> None:
    assert parse({}).posts == []


@pytest.mark.parametrize("raw", [rb"Prix \'fous\' \_ \u12", b"Ligne\tune\n", b"\\x41", rb"A\\x \" \u00e9"])
def test_json_that_breaks_its_own_rules_is_read(raw: bytes) -> None:
    body = b'{"articles": [{"url": "https://a.example/1", "title": "' + raw + b'"}]}'
    assert len(Gdelt.parse(Answer("", body)).posts) == 1


def test_an_apostrophe_needs_no_backslash() -> None:
    body = rb'{"articles": [{"url": "https://a.example/1", "title": "L\'eau de \Lila"}]}'
    assert Gdelt.parse(Answer("", body)).posts[0].title == r"L'eau de \Lila"


@pytest.mark.parametrize("frame", ["{}", "<html><body>{}</body></html>"])
@pytest.mark.parametrize(
    "said", ["Your query was too short or too long.", "Please limit requests to one every 5 seconds"]
)
def test_what_it_says_in_plain_text_is_the_error(said: str, frame: str) -> None:
    with pytest.raises(ParseError, match="GDELT says: " + said[:20]):
        Gdelt.parse(Answer("", frame.format(said).encode(), "text/html"))


@pytest.mark.parametrize(
    "body", [b"", b"<html><title>502</title></html>", b"[]", b'{"articles": 3}', b'{"articles": [']
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError):
        Gdelt.parse(Answer("", body))


def test_an_article_without_an_address_is_named_and_the_rest_goes_on() -> None:
    page = parse({"articles": [article(1), {"url": "javascript:x"}, None]})
    assert len(page.posts) == 1
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


def test_the_captured_list_gives_its_five_articles(shared: Path) -> None:
    page = Gdelt.parse(Answer("", (shared / "captures" / "gdelt" / "artlist-pythia.json").read_bytes()))
    assert [post.segments["outlet"] for post in page.posts] == [
        "bankingnews.gr", "mondaq.com", "hindustantimes.com", "moneycontrol.com", "globaltimes.cn",
    ]  # fmt: skip
    assert [post.published_at for post in page.posts] == [
        datetime(2026, 8, 28, hour, minute, tzinfo=UTC)
        for hour, minute in ((12, 15), (9, 15), (18, 30), (16, 30), (10, 45))
    ]
    assert {post.language for post in page.posts} == {"en"}
    assert page.posts[2].title == "US announces new Iran sanctions; Tehran hits back, calls them state terrorism"
    assert page.posts[3].segments["country"] == "India"
    assert page.faults == []


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def serve(site: Site, articles: list[dict[str, Any]]) -> None:
    """A search that, as the real one does, gives the newest 250 between two moments."""

    def answer(request: Request) -> Reply:
        low, high = request.query["startdatetime"], request.query["enddatetime"]
        when = {item["url"]: item["seendate"].replace("T", "").replace("Z", "") for item in articles}
        found = [item for item in articles if low <= when[item["url"]] <= high]
        found.sort(key=lambda item: when[item["url"]], reverse=True)
        return Reply(json.dumps({"articles": found[:250]} if found else {}).encode())

    site.route(DOC, answer)


def walk(
    site: Site, cursor: Cursor | None = None, clock: StillClock | None = None, **options: object
) -> list[Page]:
    chosen = {"url": site.url(""), "query": "lila", "full_text": False, "overlap_hours": 0, **options}
    with door(site, clock=clock or StillClock()) as http:
        return list(Gdelt(Options.model_validate(chosen)).pages(http, cursor or {}))


def ids(pages: list[Page]) -> list[int]:
    return [int(post.external_id.rpartition("/")[2]) for page in pages for post in page.posts]


def test_more_articles_than_an_answer_holds_are_read_in_slices_each_once(site: Site) -> None:
    serve(site, [article(number, number // 20) for number in range(700)])
    found = ids(walk(site))
    assert sorted(found) == list(range(700))


def test_requests_keep_five_seconds_apart(site: Site) -> None:
    serve(site, [article(number, number // 20) for number in range(700)])
    clock = StillClock()
    walk(site, clock=clock)
    assert clock.passed >= 5 * (len(site.asked(DOC)) - 1)


def test_what_was_read_is_not_given_again(site: Site) -> None:
    serve(site, [article(1, 3), article(2, 2)])
    cursor = walk(site)[-1].cursor
    serve(site, [article(1, 3), article(2, 2), article(3, 1)])
    assert ids(walk(site, cursor, overlap_hours=5)) == [3]


def test_a_run_cut_off_between_batches_goes_on_and_loses_nothing(site: Site) -> None:
    serve(site, [article(number, number // 20) for number in range(300)])
    before = walk(site)[:3]
    rest = walk(site, before[-1].cursor)
    assert sorted([*ids(before), *ids(rest)]) == list(range(300))


def test_a_quarter_of_an_hour_that_fills_an_answer_does_not_stop_the_walk(site: Site) -> None:
    serve(site, [*[article(number, 2) for number in range(400)], article(900, 9)])
    assert 900 in ids(walk(site))


def test_languages_and_countries_are_asked_for(site: Site) -> None:
    serve(site, [])
    walk(site, query='"Lila Énergie" NOT fleur', languages=["fr", "en"], countries=["FR"])
    (request,) = site.asked(DOC)
    assert request.query["query"] == (
        '"Lila Énergie" -fleur (sourcelang:french OR sourcelang:english) sourcecountry:fr'
    )
    assert (request.query["mode"], request.query["format"], request.query["maxrecords"]) == (
        "artlist",
        "json",
        "250",
    )


def test_a_language_that_is_none_is_named(site: Site) -> None:
    with pytest.raises(SourceError, match="'zz' is no language"):
        walk(site, languages=["zz"])


PAGE = "<html><body><article><h1>Lila</h1>{}</article></body></html>".format(
    "".join(
        f"<p>Le client numéro {number} attend toujours que Lila réponde à sa lettre.</p>" for number in range(9)
    )
)


def test_the_texts_are_fetched_where_the_newspaper_allows_it(site: Site) -> None:
    urls = [site.url(path) for path in ("/free", "/private/1", "/gone")]
    serve(site, [article(number, url=url) for number, url in enumerate(urls)])
    site.put("/robots.txt", "User-agent: *\nDisallow: /private/", content_type="text/plain")
    site.put("/free", PAGE)
    site.put("/private/1", PAGE)
    texts = {post.url: post.text for page in walk(site, full_text=True) for post in page.posts}
    assert "Le client numéro 8 attend toujours" in texts[urls[0]]
    assert [texts[url] for url in urls[1:]] == ["", ""]
    assert site.asked("/private/1") == []


def test_a_headline_alone_is_believed_and_a_text_is_checked() -> None:
    source = Gdelt(Options(query="lila"))
    (post,) = parse({"articles": [article(1, title="Rien")]}).posts
    assert source.wants(post)
    with Site() as site:
        site.put("/x", PAGE.replace("Lila", "Autre"))
        serve(site, [article(1, url=site.url("/x"), title="Rien")])
        (found,) = [post for page in walk(site, full_text=True) for post in page.posts]
    assert not source.wants(found)


def test_too_many_requests_end_the_run(site: Site) -> None:
    site.put(DOC, b"Please limit requests to one every 5 seconds", status=429, content_type="text/plain")
    with pytest.raises(RateLimited):
        walk(site)


def test_a_complaint_with_the_status_200_is_said(site: Site) -> None:
    site.put(DOC, b"Your query was too short or too long.", content_type="text/html")
    with pytest.raises(SourceError, match="too short") as caught:
        walk(site)
    assert "query" in caught.value.remedy


@pytest.mark.parametrize("options", [{}, {"query": "("}, {"query": "a", "first_days": 400}])
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
