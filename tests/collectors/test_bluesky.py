"""Bluesky: what the network shows, places counted in bytes, sessions that expire, walks through searches."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import AddressRefused, Blocked, HttpError
from collectors.post import PostKind
from collectors.source import Answer, Cursor, Page, ParseError
from collectors.sources.bluesky import Bluesky, Options

SEARCH, MENTIONS = "/xrpc/app.bsky.feed.searchPosts", "/xrpc/app.bsky.notification.listNotifications"
POSTS = "/xrpc/app.bsky.feed.getPosts"
SIGN_IN, RENEW = "/xrpc/com.atproto.server.createSession", "/xrpc/com.atproto.server.refreshSession"
NOW = StillClock().now()
PASSWORD = "abcd-efgh"
ME = "did:plc:me"


def view(
    name: str, text: str = "texte", hours: float = 1.0, did: str = "did:plc:zoe", **more: object
) -> dict[str, Any]:
    when = (NOW - timedelta(hours=hours)).isoformat().replace("+00:00", "Z")
    return {
        "uri": f"at://{did}/app.bsky.feed.post/{name}",
        "author": {"did": did, "handle": "zoe.test", "displayName": "Zoé"},
        "record": {"$type": "app.bsky.feed.post", "text": text, "langs": ["fr"], "createdAt": when},
        "indexedAt": when,
        **more,
    }


def parse(document: object) -> Page:
    return Bluesky.parse(Answer("", json.dumps(document).encode()))


def text_with_link(text: str, shown: str, address: str) -> str:
    """What is read of a text in which `shown` is a link, its place counted in bytes."""
    start = text.encode().index(shown.encode())
    facet = {
        "index": {"byteStart": start, "byteEnd": start + len(shown.encode())},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": address}],
    }
    item = view("1", text)
    item["record"]["facets"] = [facet]
    return parse({"posts": [item]}).posts[0].text


# --- one answer ---------------------------------------------------------------------------------------------


def test_a_post_in_full() -> None:
    (post,) = parse(
        {"posts": [view("abc", "Bien 👍", likeCount=4, repostCount=2, replyCount=1, quoteCount=9)]}
    ).posts
    assert (post.kind, post.parent_id, post.text, post.language) == (PostKind.POST, None, "Bien 👍", "fr")
    assert post.external_id == "at://did:plc:zoe/app.bsky.feed.post/abc"
    assert (post.author.id, post.author.name, post.author.url) == (
        "did:plc:zoe", "Zoé", "https://bsky.app/profile/zoe.test",
    )  # fmt: skip
    assert post.url == "https://bsky.app/profile/zoe.test/post/abc"
    assert (post.reach.likes, post.reach.shares, post.reach.comments) == (4, 2, 1)


def test_the_time_the_network_saw_it_counts_not_the_one_it_claims() -> None:
    item = view("1", indexedAt="2026-11-20T08:00:00.000Z")
    item["record"]["createdAt"] = "2009-01-01T00:00:00Z"
    assert parse({"posts": [item]}).posts[0].published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_an_answer_names_the_post_it_answers() -> None:
    item = view("2")
    item["record"]["reply"] = {"root": {"uri": "at://r"}, "parent": {"uri": "at://p"}}
    (post,) = parse({"posts": [item]}).posts
    assert (post.kind, post.parent_id) == (PostKind.COMMENT, "at://p")


def test_an_account_whose_handle_is_no_longer_valid_is_named_by_its_did() -> None:
    author = {"did": "did:plc:zoe", "handle": "handle.invalid"}
    assert parse({"posts": [view("1", author=author)]}).posts[0].url == (
        "https://bsky.app/profile/did:plc:zoe/post/1"
    )


def test_a_shortened_link_is_written_out_where_its_bytes_stand() -> None:
    long = "https://example.org/avis/2026"
    assert (
        text_with_link("Déçue 😡 : example.org/av… voilà", "example.org/av…", long) == f"Déçue 😡 : {long} voilà"
    )
    assert text_with_link("👩‍👩‍👦‍👦 example.org/av...", "example.org/av...", long) == f"👩‍👩‍👦‍👦 {long}"


def test_a_link_that_says_what_it_is_stays_as_it_was_written() -> None:
    assert text_with_link("très bien ici", "ici", "https://example.org") == "très bien ici"


@settings(deadline=None)
@given(text=st.text(max_size=30), start=st.integers(-5, 80), end=st.integers(-5, 80))
def test_places_that_cannot_be_do_no_harm(text: str, start: int, end: int) -> None:
    item = view("1", text)
    features = [{"uri": "https://example.org"}]
    item["record"]["facets"] = [{"index": {"byteStart": start, "byteEnd": end}, "features": features}]
    (post,) = parse({"posts": [item]}).posts
    post.text.encode()


def test_of_notifications_only_those_that_speak_are_posts() -> None:
    found = [
        view(str(n), reason=why)
        for n, why in enumerate(["like", "mention", "follow", "reply", "quote", "repost"])
    ]
    posts = parse({"notifications": found}).posts
    assert [post.external_id[-1] for post in posts] == ["1", "3", "4"]


def test_a_thread_is_read_from_its_beginning_to_its_last_answer() -> None:
    def node(name: str, *replies: object, **more: object) -> dict[str, Any]:
        return {"post": view(name), "replies": list(replies), **more}

    blocked = {"$type": "app.bsky.feed.defs#blockedPost", "uri": "at://x", "blocked": True}
    thread = node("c", node("d", node("e")), blocked, node("f"), parent=node("b", parent=node("a")))
    assert [post.external_id[-1] for post in parse({"thread": thread}).posts] == list("abcdef")


def test_a_thread_deeper_than_python_can_recurse_is_read() -> None:
    thread: dict[str, Any] = {"post": view("0")}
    for number in range(1, 200):
        thread = {"post": view(str(number)), "replies": [thread]}
    assert len(parse({"thread": thread}).posts) == 200


def test_a_feed_shows_the_post_that_was_repeated() -> None:
    page = parse({"feed": [{"post": view("1"), "reason": {"$type": "app.bsky.feed.defs#reasonRepost"}}]})
    assert [post.external_id[-1] for post in page.posts] == ["1"]


def test_what_is_no_post_is_named_and_the_rest_goes_on() -> None:
    page = parse({"posts": [view("1"), {"uri": "at://x/app.bsky.feed.like/1"}, None, {}, view("2")]})
    assert [post.external_id[-1] for post in page.posts] == ["1", "2"]
    assert [fault.item for fault in page.faults] == ["item 2", "item 3", "item 4"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "not an answer"),
        ({}, "not an answer"),
        ({"error": "InvalidRequest", "message": "no q"}, "refuses: no q"),
        ({"lexicon": 1, "id": "app.bsky.feed.post"}, "describes the interface"),
        ({"did": "did:plc:x", "followersCount": 3}, "describes an account"),
        ({"$type": "app.bsky.feed.post", "text": "x"}, "without its address"),
        ({"uri": "at://x", "value": {"$type": "app.bsky.feed.generator"}}, "generator, which is no post"),
    ],
)
def test_what_holds_no_posts_says_what_it_is(document: object, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse(document)
    assert "searchPosts" in caught.value.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
ITEM = st.fixed_dictionaries(
    {"uri": st.just("at://did:plc:a/app.bsky.feed.post/1") | JSON},
    optional={
        "record": JSON,
        "author": JSON,
        "indexedAt": JSON,
        "likeCount": JSON,
        "replies": JSON,
        "reason": JSON,
    },
)


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(["posts", "feed", "notifications", "thread", "post", "record"]),
    found=st.lists(ITEM | JSON, max_size=4) | ITEM | JSON,
)
def test_an_answer_may_hold_anything_in_any_place(name: str, found: object) -> None:
    try:
        page = parse({name: found, "uri": "at://x"})
    except ParseError as error:
        assert str(error)
        return
    for post in page.posts:
        (post.text + (post.author.name or "") + (post.url or "")).encode()


# --- real answers -------------------------------------------------------------------------------------------

CAPTURES = {
    "live-local-searchPosts-p1.json": 2,
    "live-local-searchPosts-p2.json": 1,
    "live-local-pds-searchPosts.json": 3,
    "live-local-getPosts.json": 1,
    "live-local-getPostThread.json": 2,
    "live-local-listNotifications-via-pds.json": 1,
    "thread_view_post_with_embed_media.json": 1,
    "granary-comment_inreplyto_id.bsky.json": 1,
    "granary-note.bsky.json": 1,
    "granary-repost.bsky.json": 1,
    "granary-note_with_custom_feed.bsky.json": 1,
    "post_record.json": 1,
    "extended_post_record.json": 1,
}
NO_POSTS = {
    "live-local-error-missing-q.json": 'Missing required key "q"',
    "live-local-getProfile.json": "an account",
    "feed_record.json": "generator, which is no post",
    "granary-like.bsky.json": "like, which is no post",
    "granary-note_with_article_tag_indices.bsky.json": "without its address",
    "granary-note_with_mention_linked_text.bsky.json": "without its address",
    "app.bsky.feed.defs.json": "the interface",
    "app.bsky.feed.post.json": "the interface",
    "app.bsky.feed.searchPosts.json": "the interface",
    "live-local-pds-searchPosts.headers": "no JSON",
}


def captured(shared: Path, name: str) -> Page:
    return Bluesky.parse(Answer("", (shared / "captures" / "bluesky" / name).read_bytes()))


@pytest.mark.parametrize("name", CAPTURES)
def test_a_real_answer_gives_every_post_that_is_in_it(shared: Path, name: str) -> None:
    page = captured(shared, name)
    assert (len(page.posts), page.faults) == (CAPTURES[name], [])
    assert all(post.published_at and post.author.id and post.url for post in page.posts)


@pytest.mark.parametrize("name", NO_POSTS)
def test_a_real_answer_without_posts_is_refused(shared: Path, name: str) -> None:
    with pytest.raises(ParseError, match=NO_POSTS[name]):
        captured(shared, name)


def test_a_real_thread_gives_its_answer_with_text_author_and_time(shared: Path) -> None:
    first, answer = captured(shared, "live-local-getPostThread.json").posts
    assert first.text.endswith("merci 👍")
    assert (first.author.name, first.language) == ("elodie.test", "fr")
    assert first.published_at == datetime(2026, 11, 21, 19, 1, 55, 924_000, tzinfo=UTC)
    assert (first.reach.likes, first.reach.shares, first.reach.comments) == (1, 0, 1)
    assert (answer.kind, answer.parent_id) == (PostKind.COMMENT, first.external_id)
    assert answer.text == "@elodie.test merci ! https://example.test/avis"
    assert answer.published_at == datetime(2026, 11, 21, 19, 2, 30, tzinfo=UTC)


def test_a_real_post_that_claims_another_time_has_the_network_s(shared: Path) -> None:
    (post,) = captured(shared, "granary-note.bsky.json").posts
    assert post.published_at == datetime(2022, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (post.author.name, post.author.id) == ("Ryan Barrett", "did:plc:asdf")


# --- sessions and walks -------------------------------------------------------------------------------------


class Network:
    """A server with sessions: tokens are numbered, and each is good for so many requests."""

    def __init__(self, site: Site, pages: list[list[Any]], *, good_for: int = 1_000, status: int = 401) -> None:
        self.site, self.pages, self.good_for, self.status = site, pages, good_for, status
        self.tokens, self.used, self.mentions, self.mentioned = 0, 0, list[Any](), list[Any]()
        self.renews = True
        site.route(SIGN_IN, self._sign_in)
        site.route(RENEW, self._renew)
        site.route(SEARCH, self._search)
        site.route(MENTIONS, self._mentions)
        site.route(POSTS, lambda request: self._checked(request, {"posts": self.mentioned}))

    def _session(self) -> Reply:
        self.tokens, self.used = self.tokens + 1, 0
        tokens = {"accessJwt": f"access{self.tokens}", "refreshJwt": f"refresh{self.tokens}"}
        return Reply(json.dumps({"did": ME, "handle": "me.test", **tokens}).encode())

    def _sign_in(self, request: Request) -> Reply:
        if json.loads(request.body) != {"identifier": "me.test", "password": PASSWORD}:
            said = {"error": "AuthenticationRequired", "message": f"Invalid password {PASSWORD}x"}
            return Reply(json.dumps(said).encode(), status=401)
        return self._session()

    def _renew(self, request: Request) -> Reply:
        right = request.headers["authorization"] == f"Bearer refresh{self.tokens}"
        return self._session() if right and self.renews else Reply(b'{"error": "ExpiredToken"}', status=400)

    def _mentions(self, request: Request) -> Reply:
        at = int(request.query.get("cursor", 0))
        more = {"cursor": str(at + 1)} if at + 1 < len(self.mentions) else {}
        return self._checked(request, {"notifications": self.mentions[at : at + 1], **more})

    def _search(self, request: Request) -> Reply:
        at = int(request.query.get("cursor", 0))
        more = {"cursor": str(at + 1)} if at + 1 < len(self.pages) else {}
        return self._checked(request, {"posts": self.pages[at], **more})

    def _checked(self, request: Request, document: object) -> Reply:
        self.used += 1
        if request.headers.get("authorization") != f"Bearer access{self.tokens}" or self.used > self.good_for:
            return Reply(b'{"error": "ExpiredToken", "message": "Token has expired"}', status=self.status)
        return Reply(json.dumps(document).encode())


def source(site: Site, **options: object) -> Bluesky:
    given_ = {"handle": "@me.test", "app_password": SecretStr(PASSWORD), "query": "lila", "site": site.url("")}
    return Bluesky(Options.model_validate({**given_, **options}))


def walk(
    site: Site, cursor: Cursor | None = None, since: datetime | None = None, **options: object
) -> list[Page]:
    with door(site) as http:
        return list(source(site, **options).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id.rpartition("/")[2] for page in pages for post in page.posts]


def test_signing_in_once_all_pages_are_read_and_then_only_what_is_new() -> None:
    with Site() as site:
        Network(site, [[view(str(n), hours=30 * n)] for n in range(1, 5)])
        pages = walk(site, language="fr")
        assert ids(pages) == ["1", "2", "3", "4"]
        assert site.paths == [SIGN_IN, *[SEARCH] * 4]  # robots.txt speaks to crawlers
        asked = site.requests[1].query
        assert (asked["q"], asked["sort"], asked["lang"], asked["limit"]) == ("lila", "latest", "fr", "100")
        site.requests.clear()
        walk(site, pages[-1].cursor)
        assert len(site.asked(SEARCH)) == 2


@pytest.mark.parametrize("status", [400, 401])
def test_an_expired_session_is_renewed_with_its_refresh_token(status: int) -> None:
    with Site() as site:
        Network(site, [[view(str(n), hours=n)] for n in range(4)], good_for=2, status=status)
        assert ids(walk(site)) == ["0", "1", "2", "3"]
        assert (len(site.asked(SIGN_IN)), len(site.asked(RENEW))) == (1, 1)


def test_where_the_refresh_token_has_expired_too_the_account_signs_in_again() -> None:
    with Site() as site:
        network = Network(site, [[view(str(n), hours=n)] for n in range(4)], good_for=2)
        network.renews = False
        assert ids(walk(site)) == ["0", "1", "2", "3"]
        assert len(site.asked(SIGN_IN)) == 2


def test_a_session_that_is_refused_at_once_is_not_opened_over_and_over() -> None:
    with Site() as site:
        Network(site, [[]], good_for=0)
        with pytest.raises(HttpError, match="expired"):
            walk(site)
        assert len(site.asked(SIGN_IN)) + len(site.asked(RENEW)) == 1


def test_a_wrong_password_is_told_without_the_password() -> None:
    with Site() as site:
        Network(site, [[]])
        with pytest.raises(Blocked, match="Invalid password") as caught:
            walk(site, handle="other.test")
        assert PASSWORD not in str(caught.value) + caught.value.remedy
        assert "app password" in caught.value.remedy


def test_a_page_of_html_instead_of_an_answer_is_told() -> None:
    with Site() as site:
        Network(site, [[]])
        site.put(SEARCH, "<html><body>403 Forbidden</body></html>", status=403)
        with pytest.raises(Blocked, match="403") as caught:
            walk(site)
        assert "app password" in caught.value.remedy


def test_what_is_said_to_the_account_is_wanted_whatever_its_words() -> None:
    with Site() as site:
        network = Network(site, [[view("1", "rien")]])
        network.mentions = [view("3", reason="like"), view("2", "@me.test merci", hours=2, reason="mention")]
        network.mentioned = [view("2", "@me.test merci", hours=2, likeCount=6)]
        bluesky = source(site, mentions=True)
        with door(site) as http:
            pages = list(bluesky.pages(http, {}))
        assert ids(pages) == ["1", "2"]
        assert [bluesky.wants(post) for page in pages for post in page.posts] == [False, True]
        assert pages[-1].posts[0].reach.likes == 6
        assert pages[-1].cursor["listings"]["mentions"] == {"newest": (NOW - timedelta(hours=1)).isoformat()}
        kept = pages[-1].answer
        assert kept is not None
        anew = source(site, mentions=True)
        assert [anew.wants(post) for post in anew.reread(kept).posts] == [True]


def test_the_account_s_own_posts_are_no_mentions_of_the_brand() -> None:
    with Site() as site:
        Network(site, [[view("1"), view("2", did=ME)]])
        assert ids(walk(site)) == ["1"]


def test_alternatives_are_searched_for_one_by_one() -> None:
    with Site() as site:
        Network(site, [[view("1")]])
        pages = walk(site, query='"Lila Énergie" OR lilas')
        assert [request.query["q"] for request in site.asked(SEARCH)] == ['"Lila Énergie"', "lilas"]
        assert set(pages[-1].cursor["listings"]) == {'search "Lila Énergie"', "search lilas"}


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_walk_cut_off_goes_on_where_it_was(after: int) -> None:
    with Site() as site:
        Network(site, [[view(str(n), hours=n)] for n in range(5)])
        before = walk(site)[:after]
        assert set(ids(before)) | set(ids(walk(site, before[-1].cursor))) == set("01234")


def test_pages_that_lead_in_circles_end() -> None:
    with Site() as site:
        Network(site, [[view("1")]])
        site.put(SEARCH, json.dumps({"posts": [view("1")], "cursor": "again"}))
        pages = walk(site)
        assert len(pages) == 2
        assert "circles" in pages[-1].faults[0].problem


@pytest.mark.parametrize("path", [SIGN_IN, SEARCH])
def test_neither_password_nor_token_goes_to_another_site(path: str) -> None:
    with Site() as site, Site() as other:
        Network(site, [[view("1")]])
        site.put(path, status=307, headers={"Location": other.url("/steal")})
        with pytest.raises(AddressRefused) as caught:
            walk(site)
        assert other.requests == []
        assert PASSWORD not in str(caught.value)


def test_neither_password_nor_token_is_kept() -> None:
    with Site() as site:
        Network(site, [[view("1")]])
        for page in walk(site):
            assert page.answer is not None
            assert "access" not in page.answer.url + str(page.answer.headers) + str(page.cursor)
            assert PASSWORD not in page.answer.url + str(page.cursor)


@pytest.mark.parametrize(
    "options",
    [{}, {"handle": "me.test", "app_password": "env:P"}, {"handle": "me.test", "query": "x"},
     {"handle": "me.test", "app_password": PASSWORD, "query": "lila"}],
)  # fmt: skip
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(options)
    assert PASSWORD not in str(caught.value)
