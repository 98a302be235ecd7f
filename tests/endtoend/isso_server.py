"""Isso itself, from its package, with its database in a folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from servers import answers, free_port, need_modules, running

_CONFIG = """[general]
dbpath = {folder}/comments.db
host = http://127.0.0.1:{port}
latest-enabled = true
[server]
listen = http://127.0.0.1:{port}
trusted-proxies = 127.0.0.1
[guard]
enabled = false
[rss]
base = https://blog.example
"""


@dataclass(frozen=True)
class IssoServer:
    """The running server, and what visitors and their browsers do to it."""

    url: str
    browsers: dict[int, httpx.Client]

    def comment(self, page: str, text: str, *, name: str, parent: int | None = None) -> int:
        """Comment on a page; the comment's number. The visitor's browser keeps the cookie that lets them edit."""
        browser = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        said = {"text": text, "author": name, "parent": parent, "title": "Une page"}
        answer = browser.post("/new", params={"uri": page}, json=said)
        assert answer.is_success, answer.text
        number: int = answer.json()["id"]
        self.browsers[number] = browser
        return number

    def edit(self, comment: int, text: str) -> None:
        """Its author changes a comment."""
        self.browsers[comment].put(f"/id/{comment}", json={"text": text}).raise_for_status()

    def delete(self, comment: int) -> None:
        """Its author takes a comment away."""
        self.browsers[comment].delete(f"/id/{comment}").raise_for_status()

    def like(self, comment: int) -> None:
        """Somebody at another address likes a comment: one's own cannot be liked."""
        elsewhere = {"X-Forwarded-For": "192.0.2.7"}
        answer = httpx.post(f"{self.url}/id/{comment}/like", json={}, headers=elsewhere, trust_env=False)
        answer.raise_for_status()


@contextmanager
def isso_server(folder: Path) -> Iterator[IssoServer]:
    """A new server without comments."""
    need_modules(["isso"])
    port = free_port()
    config = folder / "isso.cfg"
    config.write_text(_CONFIG.format(folder=folder, port=port), encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", "from isso import main; main()", "-c", config, "run"]
    with running(command, folder / "isso.log", lambda: answers(f"{url}/?uri=/")):
        server = IssoServer(url, {})
        yield server
        for browser in server.browsers.values():
            browser.close()
