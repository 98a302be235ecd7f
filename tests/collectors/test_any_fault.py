"""Every kind of source before servers at their worst: it ends, it raises SourceError alone, and says what to do.

The sources are those of the examples in their own pages. Whatever host they ask, a server on loopback answers.
"""

import gzip
import json
import ssl
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from examples import example
from replay import Reply, Request, Site, StillClock

from collectors.addresses import AddressGuard, GuardedTransport
from collectors.errors import Blocked, RateLimited, TooLarge, Unavailable
from collectors.http import Http, HttpSettings
from collectors.source import Answer, Cursor, Page, ParseError, SourceError, find, kinds

BY_HTTP = [kind for kind in kinds() if kind not in ("files", "imap")]
MOST_REQUESTS = 400
"""No source makes more in one visit, unless a service gives it more to read."""
WAIT = 3600
PAGE = (
    b"<html><head><title>Lila</title></head><body><p>Votre navigateur n'est pas pris en charge.</p></body></html>"
)
BOMB = gzip.compress(b"[" * 60_000_000)
AGAIN = {
    "next": "again", "after": "again", "cursor": "again", "nextPageToken": "again", "next_page": "again",
    "next_token": "again", "has_more": True, "more": True, "error": None, "access_token": "key",
    "accessJwt": "key", "expires_in": 3600, "quota_remaining": 100, "totalPages": 99, "nbPages": 99, "next_url": "https://a.example/again",
}  # fmt: skip
LISTS = ("items", "data", "posts", "reviews", "hits", "articles", "statuses", "replies", "comments", "children")
LOOP = {
    **AGAIN, "paging": {"cursors": {"after": "again"}, "next": "https://graph.facebook.com/again"}, "meta": AGAIN,
    "links": [{"rel": "next", "href": "https://a.example/again"}], "topic_list": {"more_topics_url": "/again"},
    "grouped_search_result": {"more_full_page_results": True}, **{name: [] for name in LISTS},
}  # fmt: skip
FEED_LOOP = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><link rel="next" href="?again=1"/>
<entry><id>1</id><title>Lila</title><content>Toujours la meme page.</content></entry></feed>"""
PAGE_LOOP = (
    b'<html><head><link rel="next" href="?again=1"></head><body><a rel="next" href="?again=1">2</a></body></html>'
)


class EverywhereHere(httpx.BaseTransport):
    """A network in which every host is the one server."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._network = GuardedTransport(AddressGuard(["127.0.0.1"]), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self.hosts: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.hosts.append(request.url.host)
        assert len(self.hosts) <= MOST_REQUESTS, "it goes on and on"
        address = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._site.port)
        moved = httpx.Request(
            request.method, address, headers=request.headers, stream=request.stream, extensions=request.extensions
        )
        return self._network.handle_request(moved)

    def close(self) -> None:
        self._network.close()


class Visit:
    """One visit of a source to a server that answers everything alike."""

    def __init__(self, kind: str, reply: Reply, **settings: object) -> None:
        self.kind, self.reply, self.settings = kind, reply, {"min_delay": 0.0, "retries": 1, **settings}
        self.clock = StillClock()
        self.requests: list[Request] = []

    def pages(self, cursor: Cursor | None = None) -> list[Page]:
        """The pages that the source gives. Raises what it raises."""
        with Site() as site:
            site.route_all(self._answer)
            transport = EverywhereHere(site)
            with Http(HttpSettings.model_validate(self.settings), transport, clock=self.clock) as http:
                found = list(example(self.kind).pages(http, cursor or {}))
        for page in found:
            json.dumps(page.cursor)
        return found

    def error(self) -> SourceError | None:
        """What the source raises, None where it ends well: without a post, then."""
        try:
            pages = self.pages()
        except SourceError as error:
            assert str(error)
            return error
        assert [post.text for page in pages for post in page.posts] == []
        return None

    def _answer(self, request: Request) -> Reply:
        if request.path == "/robots.txt":
            return Reply(status=404)
        self.requests.append(request)
        return self.reply


@pytest.mark.parametrize("kind", BY_HTTP)
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(status=304), id="304-never-asked-for"),
        pytest.param(Reply(), id="empty"),
        pytest.param(Reply(PAGE), id="html"),
        pytest.param(Reply(PAGE, content_type="application/json"), id="html-called-json"),
        pytest.param(Reply(b"{}", content_type="application/json"), id="nothing-in-it"),
        pytest.param(
            Reply(b'{"error": {"message": "broken", "code": 1}}', content_type="application/json"), id="error"
        ),
        pytest.param(Reply(b"[" * 100_000, content_type="application/json"), id="nested"),
        pytest.param(
            Reply('{"text": "é'.encode(), content_type="application/json; charset=utf-16"), id="charset"
        ),
        pytest.param(Reply(b"\xff\xfe\x00\xd8" * 50, content_type="text/html; charset=latin-9000"), id="noise"),
        pytest.param(
            Reply(b"<rss><channel><item><title>half", content_type="application/rss+xml"), id="truncated"
        ),
    ],
)
def test_what_is_no_answer_gives_no_posts_and_nothing_but_source_errors(kind: str, reply: Reply) -> None:
    Visit(kind, reply).error()


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_page_that_refuses_is_told_with_a_remedy(kind: str) -> None:
    error = Visit(kind, Reply(PAGE, status=403)).error()
    assert error is not None
    assert error.remedy
    assert isinstance(error, Blocked) or error.__class__ is SourceError, error


@pytest.mark.parametrize("kind", BY_HTTP)
def test_too_many_requests_end_the_visit_until_the_time_that_was_said(kind: str) -> None:
    visit = Visit(kind, Reply(status=429, headers={"Retry-After": str(WAIT)}))
    error = visit.error()
    assert isinstance(error, RateLimited)
    assert error.retry_at >= visit.clock.start + timedelta(seconds=WAIT)
    hosts = [request.headers["host"] for request in visit.requests]
    assert len(hosts) == len(set(hosts))  # none was asked a second time


@pytest.mark.parametrize("kind", BY_HTTP)
def test_an_answer_that_breaks_off_is_tried_again_and_then_told(kind: str) -> None:
    visit = Visit(kind, Reply(PAGE, cut=True))
    assert isinstance(visit.error(), Unavailable)


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_bomb_is_not_unpacked(kind: str) -> None:
    bomb = Reply(BOMB, headers={"Content-Encoding": "gzip"}, content_type="application/json")
    assert isinstance(Visit(kind, bomb).error(), TooLarge)


@pytest.mark.parametrize("kind", BY_HTTP)
def test_a_server_that_drips_is_left(kind: str) -> None:
    assert isinstance(Visit(kind, Reply(PAGE, drip=0.02), total_timeout=0.1, retries=0).error(), Unavailable)


@pytest.mark.parametrize("kind", BY_HTTP)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(json.dumps(LOOP).encode(), id="json"),
        pytest.param(json.dumps([LOOP]).encode(), id="json-list"),
        pytest.param(FEED_LOOP, id="feed"),
        pytest.param(PAGE_LOOP, id="page"),
    ],
)
def test_a_cursor_that_repeats_does_not_lead_round_for_ever(kind: str, body: bytes) -> None:
    headers = {"Link": '<https://a.example/again>; rel="next"', "X-WP-TotalPages": "99999"}
    visit = Visit(kind, Reply(body, headers=headers, content_type="application/json"), max_redirects=1)
    cursor: Cursor = {}
    for _ in range(3):  # nor over several visits
        try:
            pages = visit.pages(cursor)
        except SourceError:
            return
        cursor = pages[-1].cursor if pages else cursor


@pytest.mark.slow
@pytest.mark.parametrize("kind", kinds())
def test_real_answers_of_all_services_whole_and_cut_off_give_posts_or_a_parse_error(
    kind: str, shared: Path
) -> None:
    files = sorted(path for path in (shared / "captures").rglob("*") if path.is_file())
    assert files
    for path in files:
        body = path.read_bytes()[:200_000]
        for cut in (len(body), len(body) // 2, len(body) // 7):
            try:
                page = find(kind).parse(Answer(f"https://a.example/{path.name}", body[:cut]))
            except ParseError as error:
                assert str(error)
            else:
                json.dumps([post.segments for post in page.posts])
