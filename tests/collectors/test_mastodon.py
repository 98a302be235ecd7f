"""Mastodon: statuses, whose wishes are respected, and timelines read page by page."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import Blocked, RateLimited, Unavailable
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError
from collectors.sources.mastodon import Mastodon, Options

TAG = "/api/v1/timelines/tag/lila"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def status(number: int, hours_ago: float = 1.0, **more: object) -> dict[str, Any]:
    moment = NOON - timedelta(hours=hours_ago)
    return {
        "id": str(number),
        "uri": f"https://fedi.example/users/zoe/statuses/{number}",
        "url": f"https://fedi.example/@zoe/{number}",
        "created_at": moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "content": f"<p>Texte {number}</p>",
        "visibility": "public",
        "language": "fr",
        "account": {
            "acct": "zoe",
            "uri": "https://fedi.example/users/zoe",
            "url": "https://fedi.example/@zoe",
            "display_name": "Zoé",
            "followers_count": 12,
        },
        **more,
    }


def by(**account: object) -> dict[str, Any]:
    return {"account": {**status(1)["account"], **account}}


def parse(content: object, url: str = "") -> Page:
    return Mastodon.parse(Answer(url, json.dumps(content).encode()))


def test_a_status_in_full() -> None:
    (post,) = parse(
        [
            status(
                7,
                content='<p>Bravo <a href="https://x.example/t">#<span>lila</span></a></p><p>&amp; merci</p>',
                edited_at="2026-11-21T11:30:00.000Z",
                spoiler_text="Énergie",
                favourites_count=3,
                reblogs_count=2,
                replies_count=1,
            )
        ]
    ).posts
    assert (post.kind, post.external_id) == (PostKind.POST, "https://fedi.example/users/zoe/statuses/7")
    assert (post.title, post.text, post.language) == ("Énergie", "Bravo #lila\n\n& merci", "fr")
    assert post.published_at == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert post.updated_at == datetime(2026, 11, 21, 11, 30, tzinfo=UTC)
    assert (post.author.id, post.author.name) == ("https://fedi.example/users/zoe", "Zoé")
    assert (post.author.url, post.author.followers) == ("https://fedi.example/@zoe", 12)
    assert (post.reach.likes, post.reach.shares, post.reach.comments, post.reach.views) == (3, 2, 1, None)
    assert post.url == "https://fedi.example/@zoe/7"


def test_a_reply_names_what_it_answers_as_the_whole_fediverse_does_where_that_is_known() -> None:
    known, unknown = parse([status(8, in_reply_to_id="7"), status(7), status(9, in_reply_to_id="3")]).posts[::2]
    assert known.kind is PostKind.COMMENT
    assert (known.parent_id, unknown.parent_id) == ("https://fedi.example/users/zoe/statuses/7", "3")


def test_a_boost_is_the_post_that_it_boosts_once() -> None:
    boosted = status(3)
    boosts = [status(9, content="", reblog=boosted), status(8, content="", reblog=boosted)]
    assert [post.text for post in parse(boosts).posts] == ["Texte 3"]


def test_two_copies_of_a_status_are_one_post() -> None:
    copies = [status(number, uri="https://a.example/1", content="<p>x</p>") for number in (1, 2)]
    assert len(parse(copies).posts) == 1


@pytest.mark.parametrize("hidden", [by(noindex=True), {"visibility": "private"}, {"visibility": "direct"}])
def test_who_does_not_want_to_be_indexed_or_read_by_all_is_not_kept(hidden: dict[str, Any]) -> None:
    page = parse([status(1, **hidden), status(2)])
    assert [post.text for post in page.posts] == ["Texte 2"]
    assert page.faults == []


def test_a_boost_of_someone_who_does_not_want_to_be_indexed_is_not_kept() -> None:
    assert parse([status(1, reblog=status(2, **by(noindex=True)))]).posts == []


@pytest.mark.parametrize("hidden", [by(discoverable=False), by(indexable=False)])
def test_the_public_timeline_is_read_only_of_those_who_want_to_be_found(hidden: dict[str, Any]) -> None:
    statuses = [status(1, **hidden), status(2, **by(discoverable=None))]
    assert len(parse(statuses, "https://a.example/api/v1/timelines/public?local=true").posts) == 1
    assert len(parse(statuses, f"https://a.example{TAG}").posts) == 2


def test_a_status_without_an_id_is_named_and_the_rest_goes_on() -> None:
    page = parse([status(1), {"content": "x"}, None, status(2)])
    assert len(page.posts) == 2
    assert [fault.item for fault in page.faults] == ["item 2", "item 3"]


def test_a_broken_status_in_front_does_not_cost_the_others() -> None:
    page = parse([{"error": "x"}, status(2)])
    assert [post.text for post in page.posts] == ["Texte 2"]
    assert [fault.item for fault in page.faults] == ["item 1"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"error": "This method requires an authenticated user"}, "requires an authenticated"),
        ([{"acct": "zoe", "followers_count": 3, "id": "1"}], "accounts"),
        ([{"content": "<p>x</p>", "created_at": "2026-01-01"}], "history of one post"),
        ({"domain": "a.example", "version": "4.4"}, "instance"),
        ({"id": "1", "text": "x", "spoiler_text": ""}, "source text"),
        ({"id": "https://a.example/1", "type": "Note", "content": "x", "attributedTo": "y"}, "ActivityPub"),
        ("x", "not an answer"),
    ],
)
def test_answers_that_hold_no_posts_say_what_they_are(content: object, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        parse(content)


def captured(shared: Path, name: str) -> Page:
    return Mastodon.parse(Answer("", (shared / "captures" / "mastodon" / name).read_bytes()))


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("live-local-mock-search-v2.json", 3), ("live-local-mock-tag.json", 2),
        ("bodies/test_entity_searchv2.02.json", 2), ("bodies/test_entity_status.00.json", 1),
        ("bodies/test_hashtag_tl.02.json", 1), ("bodies/test_public_tl.02.json", 8),
        ("bodies/test_public_tl.03.json", 8), ("bodies/test_public_tl_anonymous.02.json", 8),
        ("bodies/test_search.00.json", 0), ("bodies/test_search.02.json", 0),
        ("bodies/test_status_card.01.json", 1), ("bodies/test_status_context.01.json", 0),
        ("bodies/test_status_edit.03.json", 1),
    ],
)  # fmt: skip
def test_captured_answers_give_all_their_statuses(shared: Path, name: str, count: int) -> None:
    page = captured(shared, name)
    assert (len(page.posts), page.faults) == (count, [])
    assert all(post.published_at and post.url and post.author.name for post in page.posts)


def test_the_captured_edit_has_both_its_dates(shared: Path) -> None:
    (post,) = captured(shared, "bodies/test_entity_status.00.json").posts
    assert post.published_at == datetime(2023, 5, 28, 12, 6, 50, tzinfo=UTC)
    assert post.updated_at == datetime(2023, 5, 28, 12, 9, 44, tzinfo=UTC)
    assert (post.language, post.author.followers, post.reach.likes) == ("de", 3553, 1)
    assert post.external_id == "https://icosahedron.website/users/halcy/statuses/110446222386355655"


def test_the_captured_search_gives_two_replies_of_other_instances(shared: Path) -> None:
    posts = captured(shared, "bodies/test_entity_searchv2.02.json").posts
    assert {post.kind for post in posts} == {PostKind.COMMENT}
    assert [post.parent_id for post in posts] == ["116387888508422624", "116387872475672523"]
    assert [post.author.followers for post in posts] == [455, 893]
    assert [(p.reach.likes, p.reach.shares, p.reach.comments) for p in posts] == [(0, 0, 1), (4, 1, 0)]


def test_the_captured_status_of_someone_who_asks_not_to_be_indexed_is_not_kept(shared: Path) -> None:
    assert captured(shared, "bodies/test_entity_status.01.json").posts == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("bodies/test_account_search.00.json", "accounts"),
        ("bodies/test_entity_statusedit.00.json", "history"),
        ("bodies/test_entity_searchv2.01.json", "instance"),
        ("bodies/test_status_edit.05.json", "source text"),
    ],
)
def test_captured_answers_without_posts_are_refused_with_a_reason(shared: Path, name: str, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        captured(shared, name)


def serve(site: Site, statuses: list[dict[str, Any]], size: int = 2, path: str = TAG) -> None:
    """A timeline that, as the real one does, gives the newest below max_id and says where it goes on."""

    def answer(request: Request) -> Reply:
        most = int(request.query.get("max_id", 10**20))
        found = sorted((one for one in statuses if int(one["id"]) < most), key=lambda one: -int(one["id"]))
        links = f'<{site.url(path)}?max_id=1>; rel="next"' if len(found) > size else ""
        return Reply(
            json.dumps(found[:size]).encode(), headers={"Link": links, "Content-Type": "application/json"}
        )

    site.route(path, answer)


def walk(site: Site, cursor: Cursor | None = None, **options: object) -> list[Page]:
    since = options.pop("since", None)
    chosen = Options.model_validate({"url": site.url(""), "query": "lila", "hashtags": ["#Lila"], **options})
    with door(site) as http:
        return list(Mastodon(chosen).pages(http, cursor or {}, since=since))  # type: ignore[arg-type]


def numbers(pages: list[Page]) -> list[int]:
    return [int(post.external_id.rpartition("/")[2]) for page in pages for post in page.posts]


@pytest.fixture
def site() -> Any:
    with Site() as running:
        yield running


def test_a_timeline_is_read_page_by_page_by_ids_as_numbers(site: Site) -> None:
    serve(
        site, [status(number, 120 - number) for number in (8, 9, 10, 99, 100)], path=TAG.replace("lila", "Lila")
    )
    assert numbers(walk(site)) == [100, 99, 10, 9, 8]
    assert [request.query.get("max_id") for request in site.requests[1:]] == [None, "99", "9"]


def test_only_what_is_new_and_the_overlap_is_read_again(site: Site) -> None:
    path = TAG.replace("lila", "Lila")
    statuses = [status(number, 200 - number * 10) for number in range(1, 15)]
    serve(site, statuses, path=path)
    cursor = walk(site)[-1].cursor
    serve(site, [*statuses, status(20, 0.5)], path=path)
    assert 20 in numbers(again := walk(site, cursor, overlap_hours=1))
    assert len(again) == 2


def test_the_first_visit_reads_back_as_far_as_it_is_told(site: Site) -> None:
    serve(site, [status(number, 24 * (20 - number)) for number in range(1, 20)], path=TAG.replace("lila", "Lila"))
    assert min(numbers(walk(site, first_days=3))) == 14
    assert min(numbers(walk(site, since=NOON - timedelta(days=1)))) == 16


def test_a_run_goes_on_where_the_last_one_had_to_stop(site: Site) -> None:
    serve(site, [status(number, 20 - number) for number in range(1, 10)], path=TAG.replace("lila", "Lila"))
    first = walk(site, max_requests=2)
    assert sorted(numbers([*first, *walk(site, first[-1].cursor)])) == list(range(1, 10))


def test_a_server_that_ignores_max_id_is_left_after_two_pages(site: Site) -> None:
    page = json.dumps([status(number) for number in range(1, 41)])
    site.put("/api/v1/timelines/tag/Lila", page)
    pages = walk(site)
    assert len(pages) == 2
    assert [fault.problem for fault in pages[-1].faults] == ["its pages lead in circles"]


def test_the_search_goes_by_offset_and_sends_the_token(site: Site) -> None:
    def answer(request: Request) -> Reply:
        start = int(request.query.get("offset", 0))
        found = [status(number) for number in range(100, 40, -1)][start : start + 40]
        return Reply(json.dumps({"accounts": [], "statuses": found, "hashtags": []}).encode())

    site.route("/api/v2/search", answer)
    pages = walk(site, hashtags=(), search=True, token=SecretStr("s3cret"))
    assert len(numbers(pages)) == 60
    asked = site.asked("/api/v2/search")
    assert [request.query.get("offset") for request in asked] == [None, "40"]
    assert {request.headers["authorization"] for request in asked} == {"Bearer s3cret"}
    assert {request.query["type"] for request in asked} == {"statuses"}


def test_the_query_sifts_the_public_timeline_and_not_what_has_a_hashtag_of_ours() -> None:
    source = Mastodon(Options(url="https://a.example", hashtags=("LilaÉnergie",), public="all", query="lila"))
    texts = ["<p>Vive Lila</p>", "<p>Merci #lilaenergie</p>", "<p>Rien à voir</p>"]
    posts = parse([status(number, content=text) for number, text in enumerate(texts, 1)]).posts
    assert [source.wants(post) for post in posts] == [True, True, False]


def test_a_timeline_of_people_who_do_not_want_to_be_found_is_not_walked_through_at_each_visit(site: Site) -> None:
    statuses = [status(number, 100 - number, **by(indexable=False)) for number in range(1, 90)]
    serve(site, statuses, 30, path="/api/v1/timelines/public")
    pages = walk(site, hashtags=(), public="all", overlap_hours=1)
    assert numbers(pages) == []
    assert len(walk(site, pages[-1].cursor, hashtags=(), public="all", overlap_hours=1)) == 2


@pytest.mark.parametrize("code", [401, 403, 422])
def test_a_closed_instance_says_that_a_token_is_needed(site: Site, code: int) -> None:
    site.put("/api/v1/timelines/public", b'{"error":"This method requires an authenticated user"}', status=code)
    with pytest.raises(Blocked, match="signed in") as caught:
        walk(site, hashtags=(), public="local")
    assert "token" in caught.value.remedy
    assert site.asked("/api/v1/timelines/public")[0].query["local"] == "true"


def test_one_hashtag_that_fails_does_not_stop_the_next(site: Site) -> None:
    site.put("/api/v1/timelines/tag/a", b"<html>forbidden</html>", status=403)
    serve(site, [status(1)], path="/api/v1/timelines/tag/b")
    chosen = Options.model_validate({"url": site.url(""), "query": "lila", "hashtags": ["a", "b"]})
    found = []
    with door(site) as http, pytest.raises(Blocked):
        for page in Mastodon(chosen).pages(http, {}):
            found += page.posts
    assert len(found) == 1


def test_too_many_requests_keep_what_was_read_and_say_when_to_come_back(site: Site) -> None:
    path = "/api/v1/timelines/tag/Lila"
    first = Reply(json.dumps([status(number) for number in range(1, 41)]).encode())
    site.once(path, first, Reply(status=429, headers={"X-RateLimit-Reset": "2026-11-21T12:04:00.000000Z"}))
    found: list[Page] = []
    with door(site) as http, pytest.raises(RateLimited) as caught:
        found += Mastodon(Options(url=site.url(""), query="lila", hashtags=("Lila",))).pages(http, {})
    assert caught.value.retry_at == StillClock().start + timedelta(minutes=4)


@pytest.mark.parametrize("reply", [Reply(b"[1, 2", cut=True), Reply(b"{}", status=503)])
def test_a_broken_answer_is_unavailable(site: Site, reply: Reply) -> None:
    site.route("/api/v1/timelines/tag/Lila", lambda request: reply)
    with pytest.raises(Unavailable):
        walk(site)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hashtags": ["two words"]},
        {"search": True},
        {"hashtags": ["a"], "token": "in clear"},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate({"url": "https://a.example", "query": "lila", **options})
    assert "in clear'" not in str(caught.value)
