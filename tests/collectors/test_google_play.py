"""Google Play: its captured answer, its shapes, and that every page is followed to the last."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError
from replay import Reply, Request, Site, door

from collectors.errors import Blocked, RateLimited
from collectors.post import Post, PostKind, Rating
from collectors.source import Answer, Cursor, Page, ParseError, SourceError
from collectors.sources.google_play import GooglePlay, Options

CALL = "/_/PlayStoreUi/data/batchexecute"
FIRST = 1_780_000_000


def review(number: int = 1, **more: Any) -> list[Any]:
    parts: dict[str, Any] = {
        "id": f"0000-{number}", "author": "Zoé", "stars": 4, "title": None, "text": "Très bien",
        "at": [FIRST + number * 3600, 250_000_000], "likes": 3, "reply": None, "account": "117", "version": "2.1",
    } | more  # fmt: skip
    return [
        parts["id"], [parts["author"], [None, 2, None, ["photo"]]], parts["stars"], parts["title"], parts["text"],
        parts["at"], parts["likes"], parts["reply"], None, [parts["account"], parts["author"]], parts["version"],
        None, None, None, None, None, 1,
    ]  # fmt: skip


def answered(payload: object, call: str = "UsvDTd") -> bytes:
    """A whole answer as the store sends it; a payload that is no text is written as JSON first."""
    inner = payload if isinstance(payload, str) or payload is None else json.dumps(payload)
    rows = [["wrb.fr", call, inner, None, None, None, "generic"], ["di", 228], ["af.httprm", 228, "-1", 12]]
    return b")]}'\n\n" + json.dumps(rows).encode()


def listed(*reviews: object, token: object = None) -> bytes:
    return answered([list(reviews), [None, token]])


def parse(body: bytes, url: str = "") -> Page:
    return GooglePlay.parse(Answer(url, body))


def one(**parts: Any) -> Post:
    page = parse(listed(review(**parts)))
    assert page.faults == []
    (post,) = page.posts
    return post


def test_a_review_has_all_its_parts() -> None:
    post = one(reply=["Lila SAS", "Merci Zoé", [FIRST + 7200, 5_000_000]])
    assert (post.kind, post.external_id, post.text, post.title) == (PostKind.REVIEW, "0000-1", "Très bien", None)
    assert (post.rating, post.reach.likes) == (Rating(4, 1, 5), 3)
    assert (post.author.id, post.author.name) == ("117", "Zoé")
    assert post.published_at == datetime.fromtimestamp(FIRST + 3600, UTC) + timedelta(milliseconds=250)
    assert post.owner_reply is not None
    assert post.owner_reply.text == "Merci Zoé"
    assert post.owner_reply.at == datetime.fromtimestamp(FIRST + 7200, UTC) + timedelta(milliseconds=5)
    assert (post.segments, post.language) == ({"version": "2.1"}, None)


def test_what_may_be_missing_is_missed_without_a_fault() -> None:
    short = review()[:9]
    short[4], short[6] = None, None
    (post,) = parse(listed(short)).posts
    assert (post.text, post.reach.likes, post.author.id, post.segments) == ("", None, None, {})
    assert one(at=[FIRST]).published_at == datetime.fromtimestamp(FIRST, UTC)
    assert one(title="Ancien titre").title == "Ancien titre"


def test_the_answer_s_address_says_which_app_it_is_about() -> None:
    (post,) = parse(listed(review()), "https://play.google.com/_/x?hl=fr#app=com.example.app").posts
    assert post.url == "https://play.google.com/store/apps/details?id=com.example.app&reviewId=0000-1"
    assert post.segments["app"] == "com.example.app"
    assert parse(listed(review()), "http://[broken#app=x").posts[0].url is None


def test_an_answer_in_pieces_as_a_browser_saves_it_is_read() -> None:
    whole = json.loads(listed(review(1), review(2)).partition(b"\n\n")[2])
    pieces = [json.dumps([row]) for row in whole]
    body = ")]}'\n\n" + "".join(f"{len(piece)}\n{piece}\n" for piece in pieces)
    assert [post.external_id for post in parse(body.encode()).posts] == ["0000-1", "0000-2"]
    with pytest.raises(ParseError, match="no answer of Google Play"):
        parse(b")]}'\n\n12")


def test_an_answer_to_the_older_call_is_read() -> None:
    assert len(parse(answered([[review()], [None, None]], call="oCPfdb")).posts) == 1


def test_a_damaged_review_stops_no_other() -> None:
    damaged: list[Any] = [
        None,
        [],
        "x",
        {},
        review(2)[:3],
        review(3, id=None),
        review(4, stars=9),
        review(5, reply=[1]),
    ]
    page = parse(listed(review(1), *damaged, review(6, at=["?"])))
    assert [post.external_id for post in page.posts] == ["0000-1", "0000-6"]
    assert len(page.faults) == len(damaged)
    assert page.posts[1].published_at is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON"),
        (b"<html>consent</html>", "no JSON"),
        (b")]}'\n\n[]", "no answer of Google Play"),
        (b'{"a": 1}', "no answer of Google Play"),
        (b')]}\'\n\n[["wrb.fr", "Other", "[]"]]', "no answer of Google Play"),
        (answered(None), "an error instead"),
        (answered("not json"), "cannot be read"),
        (answered("[" * 100_000), "cannot be read"),
        (answered([]), "no such app"),
        (answered({}), "another shape"),
        (answered([{"a": 1}]), "another shape"),
        (answered([None, None]), "another shape"),
        (listed("no", "review"), "not of reviews"),
    ],
)
def test_any_other_answer_is_named_with_what_to_do(body: bytes, says: str) -> None:
    with pytest.raises(ParseError, match=says) as caught:
        parse(body)
    assert caught.value.remedy


@pytest.mark.parametrize(
    "rest",
    [[None, 7], ["token"], "token", {"token": "t"}, [None, ["t"]], 0],
    ids=["a number", "alone", "bare", "named", "deeper", "zero"],
)
def test_an_unknown_way_to_say_that_there_is_more_is_never_taken_for_the_end(rest: object) -> None:
    with pytest.raises(ParseError, match="whether there are more"):
        parse(answered([[review()], rest]))


def test_a_token_in_another_place_is_not_overlooked() -> None:
    with pytest.raises(ParseError, match="whether there are more"):
        parse(answered([[review()], None, [None, "t0ken"]]))


@pytest.mark.parametrize(
    "rest", [[], [None], [[]], [[None]], [[None, None]], [[None, ""]], [None, None]], ids=json.dumps
)
def test_the_end_is_known_in_all_its_forms(rest: list[object]) -> None:
    assert len(parse(answered([[review()], *rest])).posts) == 1


# --- the capture --------------------------------------------------------------------------------------------


def test_the_captured_answer_gives_150_reviews_with_42_replies(shared: Path) -> None:
    body = (shared / "captures" / "googleplay" / "translate-initial.txt").read_bytes()
    page = parse(body)
    raw = json.loads(json.loads(body.partition(b"\n\n")[2])[0][2])[0]
    assert page.faults == []
    assert len(page.posts) == len(raw) == 150
    assert [post.external_id for post in page.posts] == [one[0] for one in raw]
    assert [post.rating.value for post in page.posts if post.rating] == [one[2] for one in raw]
    assert [post.text for post in page.posts] == [one[4].strip() for one in raw]
    assert [post.author.name for post in page.posts] == [one[1][0].strip() for one in raw]
    assert [post.published_at for post in page.posts] == [
        datetime.fromtimestamp(one[5][0], UTC) + timedelta(microseconds=one[5][1] // 1000) for one in raw
    ]
    assert [post.reach.likes for post in page.posts] == [one[6] for one in raw]
    replied = [post.owner_reply for post in page.posts if post.owner_reply]
    assert len(replied) == 42
    assert all(reply.text and reply.at for reply in replied)
    assert sum(post.title is None for post in page.posts) == 149


def test_the_captured_answer_leads_to_a_further_page(shared: Path) -> None:
    body = (shared / "captures" / "googleplay" / "translate-initial.txt").read_bytes()
    token = json.loads(json.loads(body.partition(b"\n\n")[2])[0][2])[1][1]
    with Site() as site:
        site.once(CALL, Reply(body), Reply(listed(review(1))))
        pages = walk(site)
        asked = [asked_for(request)["token"] for request in site.asked(CALL)]
    assert [len(page.posts) for page in pages] == [150, 1]
    assert asked == [None, token]
    assert len(token) > 200


# --- walking ------------------------------------------------------------------------------------------------


def asked_for(request: Request) -> dict[str, Any]:
    """What a request wants, out of its form."""
    [[[call, inner, _, kind]]] = json.loads(parse_qs(request.body.decode())["f.req"][0])
    assert (call, kind) == ("UsvDTd", "generic")
    _, _, [two, sort, [size, _, token], _, _], [app, seven] = json.loads(inner)
    assert (two, sort, seven) == (2, 2, 7)
    return {"token": token, "app": app, "size": size}


def serve(site: Site, reviews: list[list[Any]], size: int = 3) -> None:
    """The store: the newest first, by pages with tokens."""

    def answer(request: Request) -> Reply:
        assert request.method == "POST"
        ordered = sorted(reviews, key=lambda one: -one[5][0])
        token = asked_for(request)["token"]
        start = int(token[1:]) if token else 0
        more = f"t{start + size}" if start + size < len(ordered) else None
        return Reply(listed(*ordered[start : start + size], token=more))

    site.route(CALL, answer)


def walk(site: Site, cursor: Cursor | None = None, since: datetime | None = None, **more: object) -> list[Page]:
    chosen = Options.model_validate({"app_id": "com.example.app", "site": site.url(""), **more})
    with door(site) as http:
        return list(GooglePlay(chosen).pages(http, cursor or {}, since=since))


def ids(pages: list[Page]) -> list[str]:
    return [post.external_id for page in pages for post in page.posts]


def test_every_page_is_followed() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(20)])
        pages = walk(site)
        assert ids(pages) == [f"0000-{number}" for number in reversed(range(20))]
        assert len(site.asked(CALL)) == 7
    assert all(page.posts[0].segments["app"] == "com.example.app" for page in pages)
    assert all(page.answer and GooglePlay.parse(page.answer).posts == page.posts for page in pages)


def test_the_next_visit_reads_back_to_what_is_known() -> None:
    old = [review(number) for number in range(0, 24 * 30, 24)]
    with Site() as site:
        serve(site, old)
        cursor = walk(site)[-1].cursor
        before = len(site.asked(CALL))
        answered_since = review(24 * 28, reply=["Lila", "Merci", [FIRST + 10**6, 0]])
        serve(site, [*old[:28], answered_since, *old[29:], review(24 * 31)])
        pages = walk(site, cursor, overlap_days=3)
        assert ids(pages)[0] == f"0000-{24 * 31}"
        assert [post.owner_reply.text for page in pages for post in page.posts if post.owner_reply] == ["Merci"]
        assert len(site.asked(CALL)) - before < 4


@pytest.mark.parametrize("stopped_after", [1, 3])
def test_a_walk_cut_short_goes_on_where_it_was(stopped_after: int) -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(20)])
        before = walk(site, max_requests=stopped_after)
        after = walk(site, before[-1].cursor)
    assert ids(before) + ids(after) == [f"0000-{number}" for number in reversed(range(20))]


def test_each_app_is_read_in_each_language() -> None:
    with Site() as site:
        serve(site, [review()])
        walk(site, app_id=["com.example.one", "com.example.two"], languages=["fr", "pt-BR"], country="br")
        asked = [(asked_for(one)["app"], one.query["hl"], one.query["gl"]) for one in site.asked(CALL)]
    assert asked == [
        ("com.example.one", "fr", "br"), ("com.example.one", "pt-BR", "br"),
        ("com.example.two", "fr", "br"), ("com.example.two", "pt-BR", "br"),
    ]  # fmt: skip


def test_nothing_older_than_asked_for_is_walked_to() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(0, 2400, 24)])
        walk(site, since=datetime.fromtimestamp(FIRST, UTC) + timedelta(days=90))
        assert len(site.asked(CALL)) < 6


def test_pages_that_lead_in_circles_end() -> None:
    with Site() as site:
        site.put(CALL, listed(review(), token="again"))
        pages = walk(site)
    assert len(pages) == 2
    assert "circles" in pages[-1].faults[0].problem


def test_an_unknown_app_is_an_error_and_stops_no_other() -> None:
    with Site() as site:
        site.once(CALL, Reply(answered([])), Reply(listed(review())))
        chosen = Options.model_validate({"app_id": ["com.example.no", "com.example.app"], "site": site.url("")})
        with door(site) as http:
            pages = GooglePlay(chosen).pages(http, {})
            assert ids([next(pages)]) == ["0000-1"]
            with pytest.raises(ParseError, match="no such app"):
                next(pages)


def test_the_store_s_robots_txt_is_obeyed() -> None:
    with Site() as site:
        site.put("/robots.txt", "User-agent: *\nDisallow: /_/")
        with pytest.raises(Blocked, match=r"robots\.txt"):
            walk(site)
        assert site.asked(CALL) == []


def test_too_many_requests_are_a_pause() -> None:
    with Site() as site:
        site.put(CALL, b"", status=429)
        with pytest.raises(RateLimited):
            walk(site)
        assert len(site.asked(CALL)) == 1


def test_a_page_cut_short_is_an_error_and_the_walk_goes_on_from_there() -> None:
    with Site() as site:
        serve(site, [review(number) for number in range(6)])
        first = walk(site, max_requests=1)
        site.put(CALL, listed(review(1)), cut=True)
        with pytest.raises(SourceError):
            walk(site, first[-1].cursor)
        serve(site, [review(number) for number in range(6)])
        assert ids(walk(site, first[-1].cursor)) == ["0000-2", "0000-1", "0000-0"]


@pytest.mark.parametrize(
    "wrong",
    [{"app_id": "app"}, {"app_id": []}, {"app_id": "a.b/c"}, {"languages": ["French"]}, {"country": "FR"}],
)
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"app_id": "com.example.app", **wrong})


def test_it_is_off_and_says_why() -> None:
    assert "terms" in GooglePlay.off_because
