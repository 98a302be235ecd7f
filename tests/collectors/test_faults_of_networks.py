"""Social networks in trouble: every kind says so, keeps its place, and goes on when all is well again."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from replay import Reply, Request, Site, StillClock, door

from collectors.errors import Blocked, RateLimited, TooLarge, Unavailable
from collectors.http import Http
from collectors.source import Cursor, Page, ParseError, Source, SourceError, find

KEY = SecretStr("k3y")
SIGN_IN = ("/api/v1/access_token", "/xrpc/com.atproto.server.createSession")
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "x": ({"query": "lila", "token": KEY}, "/2/tweets/search/recent"),
    "youtube": ({"videos": ["aaaaaaaaaaa"], "key": KEY}, "/youtube/v3/commentThreads"),
    "bluesky": ({"query": "lila", "handle": "me.test", "app_password": KEY}, "/xrpc/app.bsky.feed.searchPosts"),
    "reddit": ({"query": "lila", "client_id": "client", "client_secret": KEY}, "/search"),
    "facebook": ({"page": "12345", "read": ["tagged"], "token": KEY}, "/v23.0/12345/tagged"),
    "instagram": ({"account": "12345", "read": ["tags"], "token": KEY}, "/v23.0/12345/tags"),
}
"""The options of each kind, and where its service answers."""


def source(kind: str, site: Site) -> Source:
    where = {"site": site.url(""), **({"api": site.url("")} if kind == "reddit" else {})}
    for sign_in in SIGN_IN:
        site.put(sign_in, json.dumps({"access_token": "t1", "accessJwt": "t1", "refreshJwt": "t2"}))
    return find(kind)(find(kind).Options.model_validate({**KINDS[kind][0], **where}))


def read(kind: str, reply: Reply, **settings: object) -> list[Page]:
    with Site() as site, door(site, retries=0, **settings) as http:
        site.route(KINDS[kind][1], lambda request: reply)
        return list(source(kind, site).pages(http, {}))


def item(kind: str, number: int) -> Any:
    """One post as the service gives it, `number` hours old."""
    when = StillClock().now() - timedelta(hours=number)
    iso, own_id = when.isoformat().replace("+00:00", "Z"), str(number + 1)
    graph = {"id": f"9_{own_id}", "message": "Déçu", "caption": "Déçu", "created_time": iso, "timestamp": iso}
    comment = {"id": own_id, "snippet": {"textOriginal": "Déçu", "publishedAt": iso}}
    listed = {"id": own_id, "selftext": "Déçu", "created_utc": when.timestamp()}
    return {
        "x": {"id": own_id, "text": "Déçu", "created_at": iso},
        "youtube": {"id": own_id, "snippet": {"topLevelComment": comment}},
        "bluesky": {
            "uri": f"at://did:plc:a/app.bsky.feed.post/{own_id}",
            "record": {"text": "Déçu"},
            "indexedAt": iso,
        },
        "reddit": {"kind": "t3", "data": listed},
        "facebook": graph,
        "instagram": graph,
    }[kind]


def page_of(kind: str, items: list[Any], following: str | None) -> Any:
    """A page of a listing, with the token of the next."""
    graph = {"data": items, "paging": {"next": f"https://x.example/?after={following}"} if following else {}}
    return {
        "x": {
            "data": items,
            "meta": {"result_count": len(items), **({"next_token": following} if following else {})},
        },
        "youtube": {"kind": "youtube#commentThreadListResponse", "items": items, "nextPageToken": following},
        "bluesky": {"posts": items, "cursor": following},
        "reddit": {"kind": "Listing", "data": {"children": items, "after": following}},
        "facebook": graph,
        "instagram": graph,
    }[kind]


TOKENS = ("next_token", "pageToken", "cursor", "after")


def serve(kind: str, site: Site, pages: int) -> None:
    def play(request: Request) -> Reply:
        at = int(next((request.query[name] for name in TOKENS if name in request.query), "0"))
        following = str(at + 1) if at + 1 < pages else None
        return Reply(json.dumps(page_of(kind, [item(kind, at)], following)).encode())

    site.route(KINDS[kind][1], play)


def walk(kind: str, site: Site, http: Http, cursor: Cursor) -> tuple[set[str], Cursor, SourceError | None]:
    """The ids that a visit gives, where it ends, and why it did where it broke off."""
    found: set[str] = set()
    try:
        for page in source(kind, site).pages(http, cursor):
            found |= {post.external_id for post in page.posts}
            cursor = json.loads(json.dumps(page.cursor))
    except SourceError as error:
        return found, cursor, error
    return found, cursor, None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(b"<html><title>Just a moment...</title></html>", status=403), Blocked),
        (Reply(b"<html>Forbidden</html>", status=403), Blocked),
        (Reply(b"", status=429, headers={"Retry-After": "3600"}), RateLimited),
        (Reply(b"oops", status=503), Unavailable),
        (Reply(b'{"data": [' + b" " * 2000, cut=True), Unavailable),
        (Reply(reset=True), Unavailable),
        (Reply(b"<html><body>Bienvenue</body></html>"), ParseError),
        (Reply(b""), ParseError),
        (Reply(b'{"data": [{"id": "1", '), ParseError),
        (Reply(b'{"welcome": "to version 9"}', content_type="application/json"), ParseError),
        (Reply(b"[" * 100_000), ParseError),
    ],
    ids=[
        "challenge",
        "403",
        "429",
        "503",
        "cut",
        "reset",
        "a page",
        "nothing",
        "broken JSON",
        "another shape",
        "deep",
    ],
)
def test_an_answer_that_is_none_is_an_error_with_its_kind(
    kind: str, reply: Reply, error: type[SourceError]
) -> None:
    with pytest.raises(error) as caught:
        read(kind, reply)
    assert "k3y" not in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_unpacks_to_more_than_allowed_is_refused(kind: str) -> None:
    bomb = Reply(gzip.compress(b"[" * 3_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(TooLarge):
        read(kind, bomb, max_bytes=1_000_000)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_with_a_wrong_charset_keeps_its_letters(kind: str) -> None:
    body = json.dumps(page_of(kind, [item(kind, 0)], None), ensure_ascii=False).encode()
    pages = read(kind, Reply(body, content_type="text/html; charset=iso-8859-1"))
    assert [post.text for page in pages for post in page.posts] == ["Déçu"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("broken", [2, 3])
def test_trouble_in_the_middle_of_a_walk_loses_nothing(kind: str, broken: int) -> None:
    with Site() as site, door(site, retries=0) as http:
        serve(kind, site, 5)
        played, asked = site._routes[KINDS[kind][1]], [0]

        def failing(request: Request) -> Reply:
            asked[0] += 1
            return Reply(status=503) if asked[0] == broken else played(request)

        site.route(KINDS[kind][1], failing)
        before, cursor, problem = walk(kind, site, http, {})
        assert isinstance(problem, Unavailable)
        assert len(before) == broken - 1
        after, _, problem = walk(kind, site, http, cursor)
        assert problem is None
        assert len(before | after) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_that_comes_again_and_again_ends_the_walk(kind: str) -> None:
    with Site() as site, door(site) as http:
        site.put(KINDS[kind][1], json.dumps(page_of(kind, [item(kind, 0)], "7")))
        found, _, problem = walk(kind, site, http, {})
        assert (len(found), problem) == (1, None)
        assert len(site.asked(KINDS[kind][1])) == 2
