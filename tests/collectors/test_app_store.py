"""The App Store's feed: its shapes, its captures, and walking it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from replay import Reply, Request, Site, door

from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.app_store import AppStore, Options

APP = "1592550875"


def entry(number: int, *, day: int = 1, rating: object = "4", **more: object) -> dict[str, Any]:
    return {
        "id": {"label": str(number)},
        "title": {"label": f"titre {number}"},
        "content": {"label": f"texte {number}", "attributes": {"type": "text"}},
        "im:rating": {"label": rating},
        "im:version": {"label": "2.1"},
        "im:voteSum": {"label": "3"},
        "updated": {"label": f"2026-03-{day:02}T20:30:00-07:00"},
        "author": {"name": {"label": "Zoé"}, "uri": {"label": "https://itunes.apple.com/fr/reviews/id77"}},
        "link": {"attributes": {"rel": "related", "href": f"https://itunes.apple.com/fr/review?id={APP}&type=x"}},
        **more,
    }


def feed(*entries: object) -> bytes:
    found: dict[str, object] = {"updated": {"label": "2026-03-02T00:00:00-07:00"}}
    if len(entries) == 1:
        found["entry"] = entries[0]
    elif entries:
        found["entry"] = list(entries)
    return json.dumps({"feed": found}).encode()


XML = f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns:im="http://itunes.apple.com/rss" xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">
 <entry><id im:id="{APP}">https://apps.apple.com/fr/app/x</id><im:name>L'app</im:name></entry>
 <entry><updated>2026-03-01T20:30:00-07:00</updated><id>1</id><title>titre 1</title>
  <content type="text">texte 1</content><im:voteSum>3</im:voteSum><im:rating>4</im:rating>
  <im:version>2.1</im:version>
  <author><name>Zoé</name><uri>https://itunes.apple.com/fr/reviews/id77</uri></author>
  <link rel="related" href="https://itunes.apple.com/fr/review?id={APP}&amp;type=x"/>
  <content type="html">&lt;b&gt;titre 1&lt;/b&gt;</content></entry>
</feed>"""


def parse(body: bytes) -> Page:
    return AppStore.parse(Answer("", body))


def test_a_review_in_full() -> None:
    (post,) = parse(feed(entry(1), {"im:name": {"label": "L'app"}, "id": {"label": "x"}})).posts
    assert (post.kind, post.external_id, post.title, post.text) == (PostKind.REVIEW, "1", "titre 1", "texte 1")
    assert post.published_at == datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
    assert post.rating is not None
    assert (post.rating.value, post.rating.worst, post.rating.best) == (4, 1, 5)
    assert (post.author.id, post.author.name, post.reach.likes) == ("77", "Zoé", 3)
    assert post.segments == {"country": "fr", "app": APP, "version": "2.1"}
    assert post.language is None


def test_xml_gives_the_same_post_as_json() -> None:
    assert parse(XML.encode()).posts == parse(feed(entry(1))).posts


@pytest.mark.parametrize(("entries", "ids"), [((), []), ((entry(1),), ["1"]), ((entry(1), entry(2)), ["1", "2"])])
def test_no_entry_one_entry_and_several(entries: tuple[object, ...], ids: list[str]) -> None:
    assert [post.external_id for post in parse(feed(*entries)).posts] == ids


def test_an_entry_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse(feed(entry(1), {"title": {"label": "x"}}, "junk", entry(2)))
    assert [post.external_id for post in page.posts] == ["1", "2"]
    assert [fault.item for fault in page.faults] == ["entry 2", "entry 3"]


@pytest.mark.parametrize("rating", ["0", "6", "", None, "bon"])
def test_a_rating_off_the_scale_is_none(rating: object) -> None:
    assert parse(feed(entry(1, rating=rating))).posts[0].rating is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html><body>503</body></html>", "document of <html>"),
        (b"<feed", "XML is broken"),
        (b"", "neither JSON nor XML"),
        (b"Not found", "neither JSON nor XML"),
        (b'{"error": 1}', "no feed"),
        (b"[]", "no feed"),
        (b"\x1f\x8b\x08 cut", "not an answer of the App Store"),
    ],
)
def test_what_is_no_feed_is_named(body: bytes, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(body)


def test_the_capture_of_2026_gives_its_two_reviews(shared: Path) -> None:
    page = parse((shared / "captures" / "appstore" / "in-1592550875-2026-09-20.json").read_bytes())
    assert not page.faults
    assert [(p.external_id, p.rating and p.rating.value, p.published_at, p.reach.likes) for p in page.posts] == [
        ("14548543799", 5, datetime(2026, 9, 14, 11, 24, 23, tzinfo=UTC), 3),
        ("14545746087", 1, datetime(2026, 9, 10, 18, 2, tzinfo=UTC), 0),
    ]
    assert {post.segments["country"] for post in page.posts} == {"in"}


def test_the_capture_of_2020_gives_its_fifty_reviews_without_dates(shared: Path) -> None:
    page = parse((shared / "captures" / "appstore" / "jp-1404176564-p1.json").read_bytes())
    assert len({post.external_id for post in page.posts}) == 50
    assert (page.posts[0].external_id, page.posts[-1].external_id) == ("6290024630", "6123449936")
    ratings = [post.rating.value for post in page.posts if post.rating]
    assert [ratings.count(stars) for stars in (1, 2, 3, 4, 5)] == [13, 7, 15, 6, 9]
    assert {post.published_at for post in page.posts} == {None}
    assert not any("\\n" in post.text for post in page.posts)


def path(page: int, country: str = "fr") -> str:
    return f"/{country}/rss/customerreviews/page={page}/id={APP}/sortby=mostrecent/json"


def source(site: Site, **options: object) -> AppStore:
    return AppStore(Options.model_validate({"app_id": APP, "site": site.url(""), **options}))


def walk(
    site: Site, cursor: Cursor | None = None, since: datetime | None = None, **options: object
) -> list[Page]:
    with door(site) as http:
        return list(source(site, **options).pages(http, cursor or {}, since=since))


def serve(site: Site, numbers: list[int], country: str = "fr") -> None:
    """Reviews, the latest first, two a page."""

    def player(page: int) -> Any:
        return lambda request: Reply(feed(*(entry(n) for n in numbers[2 * page - 2 : 2 * page])))

    for page in range(1, 11):
        site.route(path(page, country), player(page))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_it_walks_until_an_empty_page() -> None:
    with Site() as site:
        serve(site, [5, 4, 3, 2, 1])
        assert ids(walk(site)) == ["5", "4", "3", "2", "1"]
        assert [p for p in site.paths if "rss" in p] == [path(1), path(2), path(3), path(4)]


def test_ten_pages_are_the_most() -> None:
    with Site() as site:
        serve(site, list(range(40, 0, -1)))
        assert len(ids(walk(site))) == 20
        assert len(ids(walk(site, max_pages=3))) == 6


def test_the_next_run_stops_at_what_is_known() -> None:
    with Site() as site:
        serve(site, [5, 4, 3, 2, 1])
        cursor = walk(site)[-1].cursor
        serve(site, [8, 7, 6, 5, 4, 3, 2, 1])
        assert ids(walk(site, cursor)) == ["8", "7", "6", "5"]


def test_a_run_cut_short_loses_nothing() -> None:
    with Site() as site:
        serve(site, [5, 4, 3, 2, 1])
        first = walk(site)[0]
        serve(site, [7, 6, 5, 4, 3, 2, 1])
        rest = walk(site, first.cursor)
        then = walk(site, rest[-1].cursor)
        assert {*ids([first]), *ids(rest), *ids(then)} == {"1", "2", "3", "4", "5", "6", "7"}
        assert rest[-1].cursor[f"fr/{APP}"]["known"] == ["5", "4"]


def test_it_stops_at_reviews_before_the_day_asked_for() -> None:
    with Site() as site:
        site.put(path(1), feed(entry(2, day=20), entry(1, day=2)))
        found = walk(site, since=datetime(2026, 3, 10, tzinfo=UTC))
        assert ids(found) == ["2", "1"]
        assert path(2) not in site.paths


def test_each_country_has_its_place_in_the_cursor() -> None:
    with Site() as site:
        serve(site, [2, 1])
        serve(site, [12, 11], "be")
        found = walk(site, countries=["fr", "be"])
        assert ids(found) == ["2", "1", "12", "11"]
        assert set(found[-1].cursor) == {f"fr/{APP}", f"be/{APP}"}


def test_a_country_that_fails_does_not_keep_the_others_from_being_read() -> None:
    with Site() as site, door(site) as http:
        site.put(path(1), "<html>down</html>")
        serve(site, [12, 11], "be")
        found = []
        with pytest.raises(SourceError, match="not an App Store feed"):
            for page in source(site, countries=["fr", "be"]).pages(http, {}):
                found.append(page)
        assert ids(found) == ["12", "11"]


def test_xml_can_be_asked_for() -> None:
    with Site() as site:
        asked: list[Request] = []
        site.route(path(1).replace("json", "xml"), lambda request: asked.append(request) or Reply(XML.encode()))  # type: ignore[func-returns-value]
        assert ids(walk(site, form="xml", max_pages=1)) == ["1"]
        assert len(asked) == 1


@pytest.mark.parametrize(
    "app", [1592550875, "1592550875", "id1592550875", "https://apps.apple.com/fr/app/x/id1592550875?l=fr"]
)
def test_an_app_is_named_by_its_number_or_its_address(app: object) -> None:
    assert Options.model_validate({"app_id": app}).app_id == (APP,)


@pytest.mark.parametrize(
    "options", [{"app_id": "facebook"}, {"app_id": []}, {"app_id": APP, "countries": ["France"]}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(options)
