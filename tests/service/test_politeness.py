"""What a site asked for is remembered from pass to pass."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from collectors.http import Http
from service.collecting import collect
from service.intake import Collected
from service.visits import is_due
from service.workspace import Workspace
from storage import sources
from storage.health import health
from storage.sources import SourceState
from tests.service.workspaces import NOW, FrozenClock, workspace

FEED = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><id>1</id><title>Bien</title></entry></feed>'


@dataclass
class Site:
    """A site that answers in the same way for each path, and counts who asks for what."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    robots: bytes = b""
    asked: Counter[str] = field(default_factory=Counter)


@contextmanager
def site() -> Iterator[Site]:
    here = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked[self.path] += 1
            rules = self.path == "/robots.txt"
            body = here.robots if rules else FEED
            self.send_response(200 if rules else here.status)
            for name, value in {} if rules else here.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/plain" if rules else "application/atom+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here.port = server.server_port
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()


def toml(here: Site, *names: str, schedule: str = "every 30 minutes") -> str:
    feeds = "".join(
        f'[[sources]]\nname = "{name}"\nkind = "feeds"\nschedule = "{schedule}"\n'
        f'options = {{ url = "http://127.0.0.1:{here.port}/{name}" }}\n'
        for name in names
    )
    return (
        f'[http]\nallowed_hosts = ["127.0.0.1"]\nmin_delay = 0\nretries = 0\n[[brands]]\nname = "Lila"\n{feeds}'
    )


def state(ws: Workspace, name: str = "a") -> SourceState:
    with ws.database.read() as conn:
        found = sources.find(conn, name)
    assert found is not None
    return found


def due(ws: Workspace) -> list[str]:
    return [source.name for source in ws.config.sources if is_due(ws, source)]


def visit(ws: Workspace) -> Collected:
    [result] = collect(ws)
    return result


def test_robots_txt_is_asked_for_once_in_many_passes(tmp_path: Path) -> None:
    with site() as here, workspace(tmp_path, toml(here, "a")) as ws:
        for _ in range(3):
            assert visit(ws).problem == ""
        assert here.asked == {"/robots.txt": 1, "/a": 3}


def test_a_site_that_asks_to_be_left_alone_is_in_the_next_pass_and_by_every_source(tmp_path: Path) -> None:
    clock = FrozenClock()
    with site() as here, workspace(tmp_path, toml(here, "a"), clock=clock) as ws:
        here.status, here.headers = 429, {"Retry-After": "7200"}
        assert "429" in visit(ws).problem
        here.status = 200
        assert "left alone until" in visit(ws).problem
        assert here.asked["/a"] == 1
        clock.moment += timedelta(hours=3)
        assert visit(ws).problem == ""


def test_a_rate_limited_source_is_due_when_the_site_said_even_in_another_process(tmp_path: Path) -> None:
    clock = FrozenClock()
    with site() as here:
        with workspace(tmp_path, toml(here, "a"), clock=clock) as ws:
            here.status, here.headers = 429, {"Retry-After": "7200"}
            visit(ws)
            assert state(ws).retry_at == NOW + timedelta(hours=2)
        with workspace(tmp_path, toml(here, "a"), clock=clock) as ws:
            clock.moment = NOW + timedelta(minutes=119)
            assert due(ws) == []
            clock.moment = NOW + timedelta(minutes=121)
            assert due(ws) == ["a"]
            here.status = 200
            visit(ws)
            assert (state(ws).retry_at, state(ws).failures) == (None, 0)


@pytest.mark.parametrize(("status", "robots"), [(410, b""), (200, b"User-agent: *\nDisallow: /\n")])
def test_a_site_that_refuses_for_good_is_asked_after_a_day_then_ever_more_rarely(
    tmp_path: Path, status: int, robots: bytes
) -> None:
    clock = FrozenClock()
    with site() as here, workspace(tmp_path, toml(here, "a"), clock=clock) as ws:
        here.status, here.robots = status, robots
        assert visit(ws).problem
        assert [(moment - NOW).days for moment in tried(ws, clock, NOW + timedelta(days=25))] == [1, 3, 7, 14, 21]
        with ws.database.read() as conn:
            [told] = health(conn, clock.now())
        assert told.standing == "resting"


def test_a_site_in_trouble_is_asked_again_after_a_quarter_of_an_hour(tmp_path: Path) -> None:
    clock = FrozenClock()
    with site() as here, workspace(tmp_path, toml(here, "a"), clock=clock) as ws:
        here.status = 500
        visit(ws)
        clock.moment = NOW + timedelta(minutes=14)
        assert due(ws) == []
        clock.moment = NOW + timedelta(minutes=16)
        assert due(ws) == ["a"]


def tried(ws: Workspace, clock: FrozenClock, end: datetime) -> list[datetime]:
    """When it is tried by a scheduler that looks every hour, until `end`."""
    moments = []
    hour = clock.moment
    while (hour := hour + timedelta(hours=1)) < end:
        clock.moment = hour
        if due(ws):
            moments.append(hour)
            visit(ws)
    return moments


def test_the_door_is_closed_with_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Http] = []

    def close(self: Http) -> None:
        closed.append(self)

    monkeypatch.setattr(Http, "close", close)
    with workspace(tmp_path) as ws:
        door = ws.http
        assert ws.http is door
    assert closed == [door]
    with workspace(tmp_path):
        pass
    assert len(closed) == 1
