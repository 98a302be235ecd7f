"""X: answers of version 2, walks back to the last post known, and a key that goes nowhere else."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import AddressRefused, Blocked, RateLimited
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.x import Options, X

SEARCH = "/2/tweets/search/recent"
NOW = StillClock().now()
KEY = "b3arer-k3y"


def parse(document: object) -> Page:
    return X.parse(Answer("", json.dumps(document).encode()))


def id_at(moment: datetime) -> str:
    """The id of a post that was made then."""
    return str((int(moment.timestamp() * 1000) - 1_288_834_974_657) << 22)


def item(own_id: str, **more: object) -> dict[str, Any]:
    return {"id": own_id, "text": f"texte {own_id}", "edit_history_tweet_ids": [own_id], **more}


# --- one answer ---------------------------------------------------------------------------------------------


def test_a_post_in_full() -> None:
    (post,) = parse(
        {
            "data": [
                item(
                    "11", text="Lila &amp; moi &lt;3", author_id="7", lang="fr",
                    created_at="2026-11-20T08:00:00Z",
                    public_metrics={"retweet_count": 3, "reply_count": 2, "like_count": 9, "quote_count": 1,
                                    "impression_count": 500},
                )
            ],
            "includes": {"users": [{"id": "7", "name": "Zoé", "username": "zoe_l",
                                    "public_metrics": {"followers_count": 42}}]},
            "meta": {"result_count": 1},
        }
    ).posts  # fmt: skip
    assert (post.kind, post.external_id, post.parent_id, post.language) == (PostKind.POST, "11", None, "fr")
    assert post.text == "Lila & moi <3"
    assert post.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (post.author.id, post.author.name, post.author.followers) == ("7", "Zoé", 42)
    assert (post.author.url, post.url) == ("https://x.com/zoe_l", "https://x.com/zoe_l/status/11")
    reach = post.reach
    assert (reach.views, reach.likes, reach.shares, reach.comments) == (500, 9, 3, 2)


def test_an_answer_to_a_post_is_a_comment_and_a_quotation_is_a_post() -> None:
    refers = [[{"type": "replied_to", "id": "5"}], [{"type": "quoted", "id": "6"}]]
    posts = parse({"data": [item(str(n), referenced_tweets=how) for n, how in enumerate(refers)]}).posts
    assert [(post.kind, post.parent_id) for post in posts] == [(PostKind.COMMENT, "5"), (PostKind.POST, None)]


def test_an_edited_post_keeps_the_id_of_its_first_wording() -> None:
    (post,) = parse({"data": [item("13", edit_history_tweet_ids=["11", "12", "13"])]}).posts
    assert (post.external_id, post.url) == ("11", "https://x.com/i/status/13")


def test_a_long_post_is_read_to_its_end() -> None:
    (post,) = parse({"data": [item("1", text="Le début…", note_tweet={"text": "Le début et la fin"})]}).posts
    assert post.text == "Le début et la fin"


def test_a_post_without_its_author_beside_it_keeps_the_author_s_id() -> None:
    (post,) = parse({"data": [item("1", author_id="7")], "includes": {"users": [{"id": "8"}, None]}}).posts
    assert (post.author.id, post.author.name) == ("7", None)


@pytest.mark.parametrize("lang", ["und", "qme", "zxx", None, 3])
def test_what_is_no_language_is_none(lang: object) -> None:
    (post,) = parse({"data": [item("1", lang=lang)]}).posts
    assert post.language is None


def test_an_empty_search_has_no_data_at_all() -> None:
    assert parse({"meta": {"result_count": 0}}).posts == []


def test_what_x_could_not_give_is_named_and_the_rest_goes_on() -> None:
    page = parse(
        {
            "data": [item("1"), {"text": "no id"}, None],
            "errors": [{"resource_type": "user", "value": "9", "detail": "User has been suspended: [9]."}, "odd"],
        }
    )
    assert [post.external_id for post in page.posts] == ["1"]
    assert [fault.item for fault in page.faults] == ["item 2", "item 3", "user 9", "item ?"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "not an answer"),
        ({}, "not an answer"),
        ({"data": [{"start": "2026", "tweet_count": 3}]}, "counts posts"),
        ({"data": {"id": "1", "username": "zoe"}}, "accounts"),
        ({"statuses": []}, "version 1.1"),
        ({"version": 1, "interactions": []}, "recording"),
        ({"title": "Unauthorized", "detail": "No such key", "status": 401}, "refuses: No such key"),
        ({"errors": [{"message": "bad query"}], "title": "Invalid"}, "refuses: bad query"),
    ],
)
def test_what_holds_no_posts_says_what_it_is(document: object, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse(document)
    assert "search/recent" in caught.value.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["id", "text", "author_id", "edit_history_tweet_ids", "lang", "note_tweet", "public_metrics",
         "referenced_tweets", "created_at"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(items=st.lists(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON, max_size=4), beside=JSON, errors=JSON)
def test_an_answer_may_hold_anything_in_any_place(items: list[object], beside: object, errors: object) -> None:
    try:
        page = parse({"data": items, "includes": beside, "errors": errors, "meta": {"result_count": 1}})
    except ParseError as error:
        assert str(error)
        return
    for post in page.posts:
        (post.text + (post.author.name or "")).encode()


# --- real answers -------------------------------------------------------------------------------------------

CAPTURES = {
    "search_tweets_for_nyc.json": 10,
    "search_tweets_query.json": 4,
    "timeline_tweets.json": 5,
    "tweet_quote_tweets_resp.json": 15,
    "bodies/tweepy-test_asyncclient_search_recent_tweets.00.json": 10,
    "bodies/tweepy-test_client_get_users_mentions.00.json": 10,
    "bodies/tweepy-test_client_search_recent_tweets.00.json": 10,
}


def captured(shared: Path, name: str) -> tuple[Page, dict[str, Any]]:
    body = (shared / "captures" / "x" / name).read_bytes()
    return X.parse(Answer("", body)), json.loads(body)


@pytest.mark.parametrize("name", CAPTURES)
def test_a_real_answer_gives_every_post_that_is_in_it(shared: Path, name: str) -> None:
    page, said = captured(shared, name)
    assert len(page.posts) == len(said["data"]) == said["meta"]["result_count"] == CAPTURES[name]
    assert page.faults == []
    for post, raw in zip(page.posts, said["data"], strict=True):
        assert (post.external_id, post.author.id) == (raw["id"], raw.get("author_id"))
        assert "&amp;" not in post.text
        assert (post.published_at is None) == ("created_at" not in raw)
        counts = raw.get("public_metrics", {})
        assert (post.reach.likes, post.reach.shares) == (counts.get("like_count"), counts.get("retweet_count"))


def test_a_real_search_names_its_authors(shared: Path) -> None:
    page, said = captured(shared, "search_tweets_query.json")
    names = {user["id"]: user["username"] for user in said["includes"]["users"]}
    for post in page.posts:
        assert post.url == f"https://x.com/{names[post.author.id or '']}/status/{post.external_id}"
    first = page.posts[0]
    assert (first.kind, first.parent_id) == (PostKind.COMMENT, "1275653067283759104")
    assert first.published_at == datetime(2020, 6, 25, 6, 14, 19, tzinfo=UTC)
    assert (first.language, first.author.name) == ("en", said["includes"]["users"][0]["name"])


@pytest.mark.parametrize(
    ("name", "says"),
    [("tweets_counts_recent_resp.json", "counts posts"), ("tweepy-testsearchtweets.json", "recording")],
)
def test_real_answers_without_posts_are_refused(shared: Path, name: str, says: str) -> None:
    with pytest.raises(ParseError, match=says):
        captured(shared, name)


# --- walks --------------------------------------------------------------------------------------------------


def serve(site: Site, ids: list[str], most: int = 2) -> None:
    """A search as the real one: newest first, `most` an answer, bounded by since_id, no data where none."""

    def answer(request: Request) -> Reply:
        found = [one for one in ids if int(one) > int(request.query.get("since_id", 0))]
        start = int(request.query.get("next_token", "t0")[1:])
        meta: dict[str, Any] = {"result_count": len(found[start : start + most])}
        if found[start + most :]:
            meta["next_token"] = f"t{start + most}"
        if shown := found[start : start + most]:
            meta |= {"newest_id": shown[0], "oldest_id": shown[-1]}
            return Reply(json.dumps({"data": [item(one) for one in shown], "meta": meta}).encode())
        return Reply(json.dumps({"meta": meta}).encode())

    site.route(SEARCH, answer)


def source(site: Site, **options: object) -> X:
    return X(Options.model_validate({"query": "lila", "token": SecretStr(KEY), "site": site.url(""), **options}))


def walk(
    site: Site, cursor: Cursor | None = None, since: datetime | None = None, **options: object
) -> list[Page]:
    with door(site) as http:
        return list(source(site, **options).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


RECENT = [id_at(NOW - timedelta(hours=hours)) for hours in range(1, 8)]


def test_a_walk_reads_every_page_and_remembers_the_newest_post() -> None:
    with Site() as site:
        serve(site, RECENT)
        pages = walk(site, language="fr")
        assert ids(pages) == RECENT
        assert pages[-1].cursor == {"searches": {"lila": {"since_id": RECENT[0]}}}
        first = site.requests[0]
        assert first.query["query"] == "lila lang:fr -is:retweet"
        assert (first.headers["authorization"], first.query["max_results"]) == (f"Bearer {KEY}", "100")
        assert site.paths[0] == SEARCH  # robots.txt speaks to crawlers


def test_the_next_walk_asks_only_for_what_came_since() -> None:
    with Site() as site:
        serve(site, RECENT[2:])
        cursor = walk(site)[-1].cursor
        serve(site, RECENT)
        assert ids(walk(site, cursor)) == RECENT[:2]
        assert site.requests[-1].query["since_id"] == RECENT[2]


def test_nothing_new_keeps_what_is_known() -> None:
    with Site() as site:
        serve(site, RECENT)
        cursor = walk(site)[-1].cursor
        pages = walk(site, cursor)
        assert ids(pages) == []
        assert pages[-1].cursor == cursor


def test_a_post_that_is_older_than_a_week_is_not_asked_for_again() -> None:
    with Site() as site:
        serve(site, RECENT)
        old = {"searches": {"lila": {"since_id": id_at(NOW - timedelta(days=8))}}}
        walk(site, old, since=NOW - timedelta(days=30))
        asked = site.requests[0].query
        assert "since_id" not in asked
        assert asked["start_time"] == "2026-11-14T12:05:00Z"


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_walk_cut_off_goes_on_where_it_was_and_loses_nothing(after: int) -> None:
    with Site() as site:
        serve(site, RECENT)
        before = walk(site, max_requests=after)
        assert len(before) == after
        assert source(site).under_way(before[-1].cursor)
        rest = walk(site, before[-1].cursor)
        assert not source(site).under_way(rest[-1].cursor)
        assert set(ids(before)) | set(ids(rest)) == set(RECENT)
        assert rest[-1].cursor == {"searches": {"lila": {"since_id": RECENT[0]}}}


def test_a_saved_place_that_is_no_longer_known_begins_anew() -> None:
    with Site() as site:
        serve(site, RECENT)
        cursor = walk(site, max_requests=1)[-1].cursor
        refusal = Reply(b'{"title": "Invalid Request", "errors": [{"message": "bad next_token"}]}', status=400)
        refusals = [refusal]
        played = site._routes[SEARCH]
        site.route(SEARCH, lambda request: refusals.pop() if refusals else played(request))
        pages = walk(site, cursor)
        assert ids(pages) == RECENT
        assert [request.query.get("next_token") for request in site.requests[1:3]] == ["t2", None]


def test_a_search_that_x_refuses_says_why() -> None:
    with Site() as site:
        said = {"title": "Invalid Request", "errors": [{"message": "There were errors processing your query"}]}
        site.put(SEARCH, json.dumps(said), status=400)
        with pytest.raises(SourceError, match="errors processing your query"):
            walk(site)
        assert len(site.requests) == 1


def test_pages_that_lead_in_circles_end() -> None:
    with Site() as site:
        body = {"data": [item("5")], "meta": {"result_count": 1, "newest_id": "5", "next_token": "again"}}
        site.put(SEARCH, json.dumps(body))
        assert len(walk(site)) == 2


def test_a_query_with_or_is_one_search() -> None:
    with Site() as site:
        serve(site, RECENT)
        walk(site, query='"Lila Énergie" OR LilaEnergie', reposts=True)
        assert site.requests[0].query["query"] == '("Lila Énergie" OR LilaEnergie)'


def test_the_service_s_count_is_obeyed() -> None:
    with Site() as site:
        reset = int((NOW + timedelta(minutes=9)).timestamp())
        site.put(SEARCH, "{}", status=429, headers={"x-rate-limit-reset": str(reset)})
        with pytest.raises(RateLimited) as caught:
            walk(site)
        assert caught.value.retry_at == NOW + timedelta(minutes=9)
        assert len(site.requests) == 1


def test_a_refused_key_is_told_without_the_key() -> None:
    with Site() as site:
        said = {"title": "Unauthorized", "detail": f"Key {KEY} is unknown", "status": 401}
        site.put(SEARCH, json.dumps(said), status=401)
        with pytest.raises(Blocked) as caught:
            walk(site)
        assert KEY not in str(caught.value) + caught.value.remedy
        assert "401" in str(caught.value)
        assert caught.value.permanent


def test_the_key_is_in_no_address_and_goes_to_no_other_site() -> None:
    with Site() as site, Site() as other:
        serve(site, RECENT)
        assert all(page.answer and KEY not in page.answer.url for page in walk(site))
        site.put(SEARCH, status=307, headers={"Location": other.url("/steal")})
        with pytest.raises(AddressRefused):
            walk(site)
        assert other.requests == []


@pytest.mark.parametrize(
    "options",
    [{}, {"query": "lila"}, {"query": "lila", "token": KEY}, {"query": "(lila", "token": "env:K"},
     {"query": "lila", "token": "env:K", "language": "français"}],
)  # fmt: skip
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(options)
    assert KEY not in str(caught.value)
