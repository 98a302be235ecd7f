"""Official interfaces: the key goes where it belongs, tokens are renewed, refusals say what to do, no secret."""

import json
from collections.abc import Iterator

import pytest
from replay import Reply, Request, Site, door

from collectors.errors import Blocked, HttpError, NotFound, Unavailable
from collectors.signed import Signed, SignedIn
from collectors.source import ParseError

FORM = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s3cr3t-of-mine"}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def serve_tokens(site: Site, *names: str) -> None:
    """A service that gives these tokens in turn, and answers only to the last one it gave."""
    left = list(names)
    valid: list[str] = []

    def give(request: Request) -> Reply:
        valid[:] = [left.pop(0) if len(left) > 1 else left[0]]
        return Reply(json.dumps({"access_token": valid[0], "expires_in": 3599}).encode())

    def answer(request: Request) -> Reply:
        said = request.headers.get("authorization")
        return Reply(b"{}") if valid and said == f"Bearer {valid[0]}" else Reply(b"{}", status=401)

    def expire(request: Request) -> Reply:
        valid.clear()
        return Reply(b"{}")

    site.route("/token", give)
    site.route("/api", answer)
    site.route("/expire", expire)


def test_the_key_is_sent_in_its_header_and_kept_nowhere(site: Site) -> None:
    site.put("/api", "{}")
    with door(site) as http:
        answer = Signed(http, "Shop", {"apikey": "k3y"}, remedy="").get(site.url("/api"), {"page": 2})
    (request,) = site.requests
    assert (request.headers["apikey"], request.query["page"]) == ("k3y", "2")
    assert "k3y" not in repr(answer)


def test_a_key_that_belongs_in_the_address_is_taken_out_of_it_again(site: Site) -> None:
    site.put("/api", "{}")
    with door(site) as http:
        shop = Signed(http, "Shop", {}, remedy="", in_address={"key": "k3y", "userid": "m3"})
        answer = shop.get(site.url("/api"), {"page": 2})
        assert answer.url == site.url("/api?page=2")
        assert site.requests[0].query == {"page": "2", "key": "k3y", "userid": "m3"}
        site.put("/api", '{"error": {"message": "k3y of m3 is not valid"}}', status=400)
        with pytest.raises(Blocked, match="… of … is not valid"):
            shop.get(site.url("/api"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            '{"error": {"code": 403, "message": "API not enabled", "status": "PERMISSION_DENIED"}}',
            "API not enabled",
        ),
        ('{"error": "invalid_grant", "error_description": "Token has been expired"}', "Token has been expired"),
        ('{"error": "invalid_grant"}', "invalid_grant"),
        ('{"fault": {"faultstring": "Invalid ApiKey"}}', "Invalid ApiKey"),
        ('{"message": "no such client"}', "no such client"),
        ("<html>no</html>", r"refuses \(403\)$"),
        ("[]", r"refuses \(403\)$"),
    ],
)
def test_a_refusal_is_told_in_the_service_s_words_with_what_to_do(site: Site, body: str, says: str) -> None:
    site.put("/api", body, status=403)
    with door(site) as http, pytest.raises(Blocked, match=says) as caught:
        Signed(http, "Shop", {"apikey": "k3y"}, remedy="look at your key").get(site.url("/api"))
    assert (caught.value.remedy, caught.value.permanent) == ("look at your key", True)


def test_a_service_that_repeats_the_key_does_not_make_us_show_it(site: Site) -> None:
    site.put("/api", '{"message": "the key k3y-of-mine is not valid"}', status=401)
    site.put("/token", '{"error": "client s3cr3t-of-mine is unknown"}', status=400)
    with door(site) as http:
        with pytest.raises(Blocked) as caught:
            Signed(http, "Shop", {"Authorization": "Bearer k3y-of-mine"}, remedy="").get(site.url("/api"))
        assert "k3y-of-mine" not in str(caught.value)
        with pytest.raises(Blocked) as caught:
            SignedIn(http, "Shop", site.url("/token"), FORM, remedy="").get(site.url("/api"))
        assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (500, Unavailable), (422, HttpError)])
def test_what_is_no_refusal_of_the_key_stays_what_it_is(site: Site, status: int, error: type[HttpError]) -> None:
    site.put("/api", "{}", status=status)
    with door(site, retries=0) as http, pytest.raises(error) as caught:
        Signed(http, "Shop", {"apikey": "k3y"}, remedy="look at your key").get(site.url("/api"))
    assert caught.value.remedy != "look at your key"


def test_a_wall_before_the_service_is_not_taken_for_a_refusal_of_the_key(site: Site) -> None:
    site.put("/api", "<html><title>Just a moment...</title></html>", status=403)
    with door(site) as http, pytest.raises(Blocked, match="Cloudflare") as caught:
        Signed(http, "Shop", {"apikey": "k3y"}, remedy="look at your key").get(site.url("/api"))
    assert "look at your key" not in caught.value.remedy


def test_one_token_serves_many_requests(site: Site) -> None:
    serve_tokens(site, "t1")
    with door(site) as http:
        shop = SignedIn(http, "Shop", site.url("/token"), FORM, remedy="")
        for _ in range(3):
            shop.get(site.url("/api"))
    (asked,) = site.asked("/token")
    assert asked.method == "POST"
    assert b"client_secret=s3cr3t-of-mine" in asked.body
    assert "s3cr3t" not in "".join(site.paths)


def test_a_token_that_ends_is_renewed_once(site: Site) -> None:
    serve_tokens(site, "t1", "t2")
    with door(site) as http:
        shop = SignedIn(http, "Shop", site.url("/token"), FORM, remedy="")
        shop.get(site.url("/api"))
        http.get(site.url("/expire"), credentials={})
        shop.get(site.url("/api"))
    assert len(site.asked("/token")) == 2
    assert len(site.asked("/api")) == 3


def test_a_fresh_token_that_is_refused_is_not_asked_for_again(site: Site) -> None:
    site.put("/token", '{"access_token": "t1"}')
    site.put("/api", '{"error": {"message": "no such scope"}}', status=401)
    with door(site) as http, pytest.raises(Blocked, match="no such scope"):
        SignedIn(http, "Shop", site.url("/token"), FORM, remedy="").get(site.url("/api"))
    assert len(site.asked("/token")) == 1


def test_a_sign_in_that_failed_is_not_tried_for_every_listing(site: Site) -> None:
    site.put("/token", '{"error": "invalid_client"}', status=401)
    with door(site) as http:
        shop = SignedIn(http, "Shop", site.url("/token"), FORM, remedy="check the client")
        for _ in range(3):
            with pytest.raises(Blocked, match="invalid_client"):
                shop.get(site.url("/api"))
    assert site.paths == ["/token"]


@pytest.mark.parametrize(
    "body",
    ["", "{}", "[]", '{"access_token": ""}', '{"access_token": 7.5}', '{"access_token": "a\\nb: c"}', "<p>"],
)
def test_an_answer_without_a_usable_token_is_named(site: Site, body: str) -> None:
    site.put("/token", body)
    with door(site) as http, pytest.raises(ParseError, match="Shop"):
        SignedIn(http, "Shop", site.url("/token"), FORM, remedy="").get(site.url("/api"))
