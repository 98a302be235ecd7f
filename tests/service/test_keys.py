"""The user's keys on their way: to the service they are for, and into no log, database or message."""

import base64
import json
from pathlib import Path

import pytest

from service.collecting import collect
from service.workspace import Workspace
from tests.collectors.replay import Reply, Request, Site
from tests.service.commands import oyez
from tests.service.workspaces import workspace

SECRETS = {
    "OYEZ_TEST_KEY": "k3y-0f-m1ne",
    "OYEZ_TEST_SECRET": "s3cr3t-0f-m1ne",
    "OYEZ_TEST_REFRESH": "r3fresh-0f-m1ne",
}
TOKEN = "t0ken-0f-an-h0ur"
PLACE = "ChIJ-abc_123"

GOOGLE = {"name": "places/x/reviews/1", "reviewId": "1", "starRating": "FIVE", "comment": "Bien"}
LEGACY = {"author_name": "Zoé", "rating": 5, "text": "Bien", "time": 1_780_000_000}
SHOPS = {"id": "rev-1", "rating": 5, "comment": "Bien", "submittedAt": "2026-11-01T00:00:00Z"}
PILOT = {"id": "0" * 24, "stars": 5, "text": "Bien", "createdAt": "2026-11-01T00:00:00Z"}

TWEET = {"data": [{"id": "1", "text": "Lila"}], "meta": {"result_count": 1}}
COMMENT = {"kind": "youtube#commentListResponse", "items": [{"id": "1", "snippet": {"textOriginal": "Bien"}}]}
THREADS = {**COMMENT, "kind": "youtube#commentThreadListResponse"}
TAGGED = {"id": "9_1", "message": "Bien", "created_time": "2026-11-01T00:00:00+0000"}
TAG = {"id": "1", "caption": "Bien", "timestamp": "2026-11-01T00:00:00+0000"}
SUBMISSION = {"kind": "t3", "data": {"id": "1", "title": "Lila", "created_utc": 1_780_000_000}}
SKY = {"uri": "at://did:plc:zoe/app.bsky.feed.post/1", "record": {"text": "Lila"}}
SIGN_IN = ("/token", "/api/v1/access_token", "/xrpc/com.atproto.server.createSession")

SOURCES = {
    "x": ('query = "Lila"\ntoken = "env:OYEZ_TEST_KEY"', "/2/tweets/search/recent", TWEET),
    "youtube": ('videos = ["aaaaaaaaaaa"]\nkey = "env:OYEZ_TEST_KEY"', "/youtube/v3/commentThreads", THREADS),
    "facebook": (
        'page = "12345"\nread = ["tagged"]\ntoken = "env:OYEZ_TEST_KEY"',
        "/v23.0/12345/tagged",
        {"data": [TAGGED]},
    ),
    "instagram": (
        'account = "12345"\nread = ["tags"]\ntoken = "env:OYEZ_TEST_KEY"',
        "/v23.0/12345/tags",
        {"data": [TAG]},
    ),
    "reddit": (
        'query = "Lila"\nclient_id = "me-myself"\nclient_secret = "env:OYEZ_TEST_SECRET"\napi = "{site}"',
        "/search",
        {"kind": "Listing", "data": {"children": [SUBMISSION]}},
    ),
    "bluesky": (
        'query = "Lila"\nhandle = "me.test"\napp_password = "env:OYEZ_TEST_SECRET"',
        "/xrpc/app.bsky.feed.searchPosts",
        {"posts": [SKY]},
    ),
    "google_business": (
        'account = "11"\nlocations = "22"\nclient_id = "me"\nclient_secret = "env:OYEZ_TEST_SECRET"\n'
        'refresh_token = "env:OYEZ_TEST_REFRESH"\nlogin = "{site}/token"',
        "/v4/accounts/11/locations/22/reviews",
        {"reviews": [GOOGLE]},
    ),
    "trusted_shops": (
        'client_id = "me"\nclient_secret = "env:OYEZ_TEST_SECRET"\nlogin = "{site}/token"',
        "/reviews",
        {"items": [SHOPS]},
    ),
    "trustpilot": (
        f'business = "{"a" * 24}"\nkey = "env:OYEZ_TEST_KEY"',
        f"/v1/business-units/{'a' * 24}/reviews",
        {"reviews": [PILOT]},
    ),
    "google_places": (
        f'key = "env:OYEZ_TEST_KEY"\nplaces = "{PLACE}"\ninterface = "legacy"',
        "/maps/api/place/details/json",
        {"status": "OK", "result": {"reviews": [LEGACY]}},
    ),
}
"""The options of a source, where its service answers, and what."""


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)


def prepare(site: Site, home: Path, kind: str, reply: Reply | None = None) -> Workspace:
    options, path, content = SOURCES[kind]
    for sign_in in SIGN_IN:
        site.put(sign_in, json.dumps({"access_token": TOKEN, "accessJwt": TOKEN, "refreshJwt": TOKEN}))
    site.route(path, lambda request: reply or Reply(json.dumps(content).encode()))
    host = f'allowed_hosts = ["127.0.0.1:{site.port}"]\nmin_delay = 0\nretries = 0'
    where = f'site = "{site.url("")}"\n{options.replace("{site}", site.url(""))}'
    source = f'[[sources]]\nname = "S"\nkind = "{kind}"\n[sources.options]\n{where}'
    return workspace(home, f'[http]\n{host}\n[[brands]]\nname = "Lila"\n{source}\n')


def shown(site: Site, home: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """All that was written and kept, and the addresses that were asked (servers log them)."""
    files = b"".join(path.read_bytes() for path in sorted(home.glob("oyez.db*")))
    printed = capsys.readouterr()
    return f"{files!r}{printed.out}{printed.err}{site.paths}"


@pytest.mark.parametrize("kind", SOURCES)
def test_a_key_reaches_its_service_and_nothing_else(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Site() as site, prepare(site, tmp_path, kind) as ws:
        (result,) = collect(ws)
        assert (result.stored.new, result.problem) == (1, "")
        sent = repr([(request.headers, request.query, request.body) for request in site.requests])
        encoded = base64.b64encode(f"me-myself:{SECRETS['OYEZ_TEST_SECRET']}".encode()).decode()
        assert any(secret in sent for secret in (*SECRETS.values(), encoded))
        seen = shown(site, tmp_path, capsys)
    assert not any(secret in seen for secret in (*SECRETS.values(), TOKEN, encoded))


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("status", [400, 500])
def test_a_service_that_repeats_the_key_does_not_spread_it(
    kind: str, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    echo = json.dumps({"error": {"message": f"not valid: {' '.join([*SECRETS.values(), TOKEN])}"}}).encode()
    used = SECRETS["OYEZ_TEST_KEY"] if "KEY" in SOURCES[kind][0] else TOKEN
    with Site() as site, prepare(site, tmp_path, kind, Reply(echo, status=status)) as ws:
        (result,) = collect(ws)
        seen = (
            shown(site, tmp_path, capsys) + oyez("sources", "list", "--home", tmp_path, "--format", "json").stdout
        )
    assert result.problem
    assert used not in f"{result.problem}{result.remedy}{seen}"


def test_a_key_that_is_not_there_is_named_by_its_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OYEZ_TEST_KEY")
    with Site() as site, prepare(site, tmp_path, "trustpilot") as ws:
        (result,) = collect(ws)
        assert site.requests == []
    assert "OYEZ_TEST_KEY" in result.problem


def test_no_request_with_a_key_asks_robots_txt(tmp_path: Path) -> None:
    def refuse(request: Request) -> Reply:
        return Reply(b"User-agent: *\nDisallow: /")

    for kind in SOURCES:
        with Site() as site, prepare(site, tmp_path / kind, kind) as ws:
            site.route("/robots.txt", refuse)
            assert [result.problem for result in collect(ws)] == [""]
