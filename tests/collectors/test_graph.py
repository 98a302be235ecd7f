"""Meta's interface: the token stays in its header, pages are found by their place, too many calls mean a rest."""

import json
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay import Site, StillClock, door

from collectors.errors import AddressRefused, Blocked, RateLimited
from collectors.graph import VERSION, Graph, following, refuse_errors
from collectors.source import Page, ParseError
from collectors.walks import Bounds, walk_back

TOKEN = "EAAG-t0ken"
NEXT = f"https://graph.facebook.com/v23.0/1/feed?access_token={TOKEN}&fields=id%2Cmessage&limit=5&after=QVFI%3D"


def graph(http: object, site: Site) -> Graph:
    return Graph(http, "Facebook", site.url(""), TOKEN, remedy="renew it")  # type: ignore[arg-type]


def test_the_token_goes_in_a_header_and_is_cut_out_of_what_is_kept() -> None:
    with Site() as site, door(site) as http:
        body = {"data": [], "paging": {"next": NEXT, "previous": NEXT}, "echo": TOKEN}
        site.put(f"/{VERSION}/1/feed", json.dumps(body).replace("/", "\\/"))
        answer = graph(http, site).read("1/feed", {"fields": "id"})
        (request,) = site.requests
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(request.query)
        assert TOKEN.encode() not in answer.body
        assert TOKEN not in answer.url
        assert parse_qs(following(json.loads(answer.body)) or "") == {"after": ["QVFI="]}


def test_only_the_place_of_the_next_page_is_taken_never_its_host() -> None:
    with Site() as site, door(site) as http:
        site.put(f"/{VERSION}/1/feed", "{}")
        elsewhere = {"paging": {"next": f"http://evil.example/steal?access_token={TOKEN}&after=A&fields=secret"}}
        graph(http, site).read("1/feed", {"fields": "id", "limit": 5}, following(elsewhere))
        (request,) = site.requests
        assert dict(request.query) == {"fields": "id", "limit": "5", "after": "A"}


@pytest.mark.parametrize(
    "content",
    [{}, [], {"paging": {}}, {"paging": {"cursors": {"after": "x"}}}, {"paging": {"next": 3}},
     {"paging": {"next": "http://[broken"}}, {"paging": {"next": "https://graph.facebook.com/1?limit=5"}}],
)  # fmt: skip
def test_without_a_next_page_the_listing_ends(content: object) -> None:
    assert following(content) is None


@given(address=st.text(max_size=60))
def test_no_address_of_a_next_page_breaks_it(address: str) -> None:
    following({"paging": {"next": address}})
    following({"paging": {"next": f"https://graph.facebook.com/1?{address}"}})


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80_001])
def test_too_many_calls_mean_a_rest_of_an_hour(code: int) -> None:
    with Site() as site, door(site) as http:
        said = {"error": {"code": code, "message": "Application request limit reached", "type": "OAuthException"}}
        site.put(f"/{VERSION}/1/feed", json.dumps(said), status=400)
        with pytest.raises(RateLimited) as caught:
            graph(http, site).read("1/feed", {})
        assert caught.value.retry_at == StillClock().now() + timedelta(hours=1)


def test_a_refused_token_is_told_without_it() -> None:
    with Site() as site, door(site) as http:
        said = {"error": {"code": 190, "message": f"Malformed access token {TOKEN}", "type": "OAuthException"}}
        site.put(f"/{VERSION}/1/feed", json.dumps(said), status=400)
        with pytest.raises(Blocked, match="Malformed access token") as caught:
            graph(http, site).read("1/feed", {})
        assert TOKEN not in str(caught.value)
        assert caught.value.remedy == "renew it"


def test_the_token_goes_to_no_other_site() -> None:
    with Site() as site, Site() as other, door(site) as http:
        site.put(f"/{VERSION}/1/feed", status=302, headers={"Location": other.url("/steal")})
        with pytest.raises(AddressRefused):
            graph(http, site).read("1/feed", {})
        assert other.requests == []


def test_a_saved_error_says_what_it_is() -> None:
    with pytest.raises(ParseError, match="Facebook refuses: no permission"):
        refuse_errors({"error": {"message": "no permission", "code": 10}}, "Facebook", "")
    refuse_errors({"data": []}, "Facebook", "")


def test_too_many_calls_in_the_middle_of_a_walk_keep_its_place() -> None:
    """The rest is no sign of a place that is forgotten: nothing is asked again before it is over."""
    with Site() as site, door(site) as http:
        said = {"error": {"code": 4, "message": "Application request limit reached"}}
        site.put(f"/{VERSION}/1/feed", json.dumps(said), status=400)
        with pytest.raises(RateLimited):
            list(
                walk_back(
                    {"at": "after=A", "newest": "2026-11-20T00:00:00+00:00"},
                    lambda token: (Page([], {}), str(graph(http, site).read("1/feed", {}, str(token)))),
                    Bounds(StillClock().now()),
                )
            )
        assert len(site.asked(f"/{VERSION}/1/feed")) == 1
