"""Services in trouble: every kind that asks an interface with a key, or a search, says so and keeps its place."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr
from replay import Reply, Site, door

from collectors.errors import Blocked, RateLimited, TooLarge, Unavailable
from collectors.source import Page, ParseError, SourceError, find

UNIT = "0" * 24
SHOP = "abc00000-1111"
KEYS = {"client_id": "me", "client_secret": SecretStr("s3cr3t")}
KINDS: dict[str, tuple[dict[str, Any], str]] = {
    "google_business": (
        {"account": "11", "locations": "22", "refresh_token": SecretStr("r3fresh"), "login": "/token", **KEYS},
        "/v4/accounts/11/locations/22/reviews",
    ),
    "google_places": ({"key": SecretStr("k3y"), "places": "ChIJ-abc"}, "/v1/places/ChIJ-abc"),
    "google_play": ({"app_id": "com.example.app"}, "/_/PlayStoreUi/data/batchexecute"),
    "google_news": ({"query": "Lila"}, "/rss/search"),
    "trustpilot": ({"business": UNIT, "key": SecretStr("k3y")}, f"/v1/business-units/{UNIT}/reviews"),
    "trusted_shops": ({"login": "/token", **KEYS}, "/reviews"),
    "skeepers": ({"website_id": SHOP}, f"/fr/cache/a/b/c/{SHOP}/AWS/WEBSITE_API/reviews.json"),
}
"""The options of each kind, and where its service answers."""


def read(kind: str, play: Callable[[Site, str], None], **settings: object) -> list[Page]:
    """A visit of a service that plays something at its address; signing in works."""
    given, path = KINDS[kind]
    with Site() as site:
        site.put("/token", '{"access_token": "t1"}')
        play(site, path)
        login = {"login": site.url(given["login"])} if "login" in given else {}
        options = find(kind).Options.model_validate({**given, **login, "site": site.url("")})
        with door(site, retries=0, **settings) as http:
            return list(find(kind)(options).pages(http, {}))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(b"<html><title>Just a moment...</title></html>", status=403), Blocked),
        (Reply(b"<html>Forbidden</html>", status=403), Blocked),
        (Reply(b"", status=429, headers={"Retry-After": "3600"}), RateLimited),
        (Reply(b"oops", status=503), Unavailable),
        (Reply(b'{"reviews": [' + b" " * 2000, cut=True), Unavailable),
        (Reply(reset=True), Unavailable),
        (Reply(b"<html><body>Bienvenue</body></html>"), ParseError),
        (Reply(b""), ParseError),
        (Reply(b'{"reviews": [{"id": "1", '), ParseError),
        (Reply(b'{"welcome": "to version 9"}', content_type="application/json"), ParseError),
    ],
    ids=["challenge", "403", "429", "503", "cut", "reset", "a page", "nothing", "broken JSON", "another shape"],
)
def test_an_answer_that_is_none_is_an_error_with_its_kind(
    kind: str, reply: Reply, error: type[SourceError]
) -> None:
    with pytest.raises(error) as caught:
        read(kind, lambda site, path: site.route(path, lambda request: reply))
    assert str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_what_unpacks_to_more_than_allowed_is_refused(kind: str) -> None:
    bomb = Reply(gzip.compress(b"[" * 3_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(TooLarge):
        read(kind, lambda site, path: site.route(path, lambda request: bomb), max_bytes=1_000_000)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "login" in KINDS[kind][0]])
@pytest.mark.parametrize("reply", [Reply(b"", status=429), Reply(b"", status=500), Reply(b"<p>"), Reply(b"{}")])
def test_a_sign_in_that_fails_asks_for_nothing_else(kind: str, reply: Reply) -> None:
    asked: list[str] = []

    def play(site: Site, path: str) -> None:
        site.route("/token", lambda request: reply)
        site.route(path, lambda request: (asked.append(path), Reply(b"{}"))[1])

    with pytest.raises(SourceError):
        read(kind, play)
    assert asked == []


@pytest.mark.parametrize("kind", ["google_business", "trustpilot", "trusted_shops", "google_places"])
def test_a_redirect_to_another_site_is_not_given_the_key(kind: str) -> None:
    with Site() as other:
        away = Reply(status=302, headers={"Location": other.url("/")})
        with pytest.raises(SourceError, match="not given the key"):
            read(kind, lambda site, path: site.route(path, lambda request: away))
        assert other.requests == []


@pytest.mark.parametrize("kind", ["google_business", "trustpilot", "trusted_shops", "google_places", "skeepers"])
def test_an_answer_with_a_wrong_charset_keeps_its_letters(kind: str) -> None:
    said = {
        "google_business": {"reviews": [{"reviewId": "1", "starRating": "ONE", "comment": "Déçu"}]},
        "trustpilot": {"reviews": [{"id": "1", "stars": 1, "text": "Déçu"}]},
        "trusted_shops": {"items": [{"id": "rev-1", "rating": 1, "comment": "Déçu", "submittedAt": None}]},
        "google_places": {
            "reviews": [
                {"name": "1", "rating": 1, "text": {"text": "Déçu"}, "publishTime": "2026-01-01T00:00:00Z"}
            ]
        },
        "skeepers": [{"id_review": "1", "rate": "1", "review": "Déçu"}],
    }
    body = json.dumps(said[kind], ensure_ascii=False).encode()
    (page,) = read(kind, lambda site, path: site.put(path, body, content_type="text/html; charset=iso-8859-1"))
    assert [post.text for post in page.posts] == ["Déçu"]
