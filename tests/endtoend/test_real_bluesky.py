"""Bluesky's own servers, read through `oyez collect`: heavy, so a run of its own (docs/bluesky-servers.md)."""

import os
import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from desk import Desk, counts

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("bluesky")]
PASSWORD = "hunter2"


class Account:
    """A new account of the server, to which nobody has said anything yet."""

    def __init__(self, server: str) -> None:
        self.http = httpx.Client(base_url=f"{server}/xrpc/", timeout=30, trust_env=False)
        self.handle = f"a{secrets.token_hex(4)}.test"
        made = {"handle": self.handle, "email": f"{self.handle}@example.org", "password": PASSWORD}
        answer = self.http.post("com.atproto.server.createAccount", json=made)
        assert answer.is_success, answer.text
        self.did: str = answer.json()["did"]
        self.http.headers["Authorization"] = f"Bearer {answer.json()['accessJwt']}"

    def post(self, text: str, **record: object) -> dict[str, Any]:
        """Publish a post; its address and version."""
        content = {"text": text, "createdAt": datetime.now(UTC).isoformat(), "langs": ["fr"], **record}
        body = {"repo": self.did, "collection": "app.bsky.feed.post", "record": content}
        answer = self.http.post("com.atproto.repo.createRecord", json=body)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return {name: made[name] for name in ("uri", "cid")}

    def sees(self, word: str, posts: int) -> None:
        """Wait until the search knows so many posts with this word."""
        for _ in range(100):
            found = self.http.get("app.bsky.feed.searchPosts", params={"q": word}).json().get("posts", [])
            if len(found) >= posts:
                return
            time.sleep(0.2)
        raise AssertionError(f"the search does not find {posts} posts with {word}")


@pytest.fixture
def server() -> Iterator[str]:
    """Where the personal data server answers."""
    address = os.environ.get("OYEZ_BLUESKY")
    if not address:
        pytest.skip("OYEZ_BLUESKY names no server: start one with tests/endtoend/bluesky.sh")
    yield address.rstrip("/")


def test_posts_of_a_search_and_answers_to_the_account_come_in_once(
    server: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLUESKY_APP_PASSWORD", PASSWORD)
    brand = f"lila{secrets.token_hex(4)}"
    owner, customer = Account(server), Account(server)
    account = {"handle": owner.handle, "app_password": "env:BLUESKY_APP_PASSWORD", "site": server}
    desk.watch(brand, bluesky=("bluesky", {**account, "query": brand, "mentions": True}))

    first = customer.post(f"{brand} : livraison rapide 😀, merci !")
    own = owner.post(f"{brand} vous remercie.")
    answer = customer.post("Et la facture ?", reply={"root": own, "parent": own})
    owner.sees(brand, 2)
    time.sleep(2)  # notifications come in behind the search

    assert counts(desk.collect()["bluesky"])[:2] == [2, 0]
    found = desk.export()
    assert set(found) == {f"{brand} : livraison rapide 😀, merci !", "Et la facture ?"}  # not the account's own
    praise = found[f"{brand} : livraison rapide 😀, merci !"]
    assert (praise["kind"], praise["language"]) == ("post", "fr")
    assert praise["url"] == f"https://bsky.app/profile/{customer.handle}/post/{first['uri'].rpartition('/')[2]}"
    assert answer["uri"].rpartition("/")[2] in found["Et la facture ?"]["url"]

    assert counts(desk.collect()["bluesky"])[:2] == [0, 0]
    customer.post(f"Hier, {brand} a doublé ses prix.")
    owner.sees(brand, 3)
    assert counts(desk.collect()["bluesky"])[0] == 1
