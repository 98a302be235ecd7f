"""A small real HTTP server on loopback that plays routes, faults included, and remembers what it was asked.

with Site() as site:
    site.put("/feed", body=b"...", content_type="application/rss+xml")
    site.route("/page", lambda request: Reply(body=...))
    site.once("/flaky", Reply(status=503), Reply(body=b"ok"))
    http.get(site.url("/feed"))
    assert site.paths == ["/robots.txt", "/feed"]
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from collectors.http import Clock, Http, HttpSettings


@dataclass(frozen=True)
class Request:
    """What a client asked. Header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float
    """time.monotonic() when it came in."""


@dataclass(frozen=True)
class Reply:
    """What to answer, and how badly."""

    body: bytes = b""
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    """Seconds before the answer begins."""
    drip: float = 0.0
    """Seconds between single bytes of the body."""
    drip_headers: float = 0.0
    """Seconds between single bytes of the head."""
    cut: bool = False
    """Announce the whole length, send half of it and hang up."""
    reset: bool = False
    """Break the connection without a word."""
    endless: bool = False
    """Go on sending the body for ever, without a length."""


Player = Callable[[Request], Reply]


class Site:
    """The server. Unknown paths are 404; /robots.txt is 404 too unless put."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.most_at_once = 0
        self._now_active = 0
        self._routes: dict[str, Player] = {}
        self._else: Player = lambda request: Reply(status=404, body=b"nothing here")
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": self}))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "https" if tls else "http"
        self.port = self._server.server_port

    def __enter__(self) -> Site:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def route(self, path: str, player: Player) -> None:
        self._routes[path] = player

    def route_all(self, player: Player) -> None:
        """Let one player answer for every path that has none of its own."""
        self._else = player

    def put(self, path: str, body: bytes | str = b"", **reply: object) -> None:
        """The same answer every time."""
        raw = body.encode() if isinstance(body, str) else body
        answer = Reply(body=raw, **reply)  # type: ignore[arg-type]
        self._routes[path] = lambda request: answer

    def once(self, path: str, *replies: Reply) -> None:
        """These answers in turn; the last one is repeated."""
        left = list(replies)
        self._routes[path] = lambda request: left.pop(0) if len(left) > 1 else left[0]

    def put_versioned(self, path: str, body: bytes | str, *, etag: str, **reply: object) -> None:
        """An answer with an ETag that is 304 to those who have it."""
        raw = body.encode() if isinstance(body, str) else body

        def player(request: Request) -> Reply:
            if request.headers.get("if-none-match") == etag:
                return Reply(status=304, headers={"ETag": etag})
            return Reply(body=raw, headers={"ETag": etag}, **reply)  # type: ignore[arg-type]

        self._routes[path] = player

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def _play(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            player = self._routes.get(request.path, self._else)
        return player(request)


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        with self.site._lock:
            self.site._now_active += 1
            self.site.most_at_once = max(self.site.most_at_once, self.site._now_active)
        try:
            self._reply(self.site._play(self._request()))
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True
        finally:
            with self.site._lock:
                self.site._now_active -= 1

    do_GET = do_POST = do_HEAD = _answer  # noqa: N815 - names of the standard library

    def _request(self) -> Request:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, parts.path, query, headers, body, time.monotonic())

    def _reply(self, reply: Reply) -> None:
        self.site._stopping.wait(reply.wait)
        if reply.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
            self.close_connection = True
            return
        headers = {"Content-Type": reply.content_type, **reply.headers}
        if reply.endless:
            headers["Connection"] = "close"
        elif reply.status != 304:
            headers.setdefault("Content-Length", str(len(reply.body)))
        head = f"HTTP/1.1 {reply.status} Played\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
        self._send(head.encode("latin-1"), reply.drip_headers)
        if self.command == "HEAD" or reply.status == 304:
            return
        self._send(reply.body[: len(reply.body) // 2] if reply.cut else reply.body, reply.drip)
        while reply.endless and not self.site._stopping.is_set():
            self._send(reply.body, reply.drip)
        self.close_connection = self.close_connection or reply.cut or reply.endless

    def _send(self, content: bytes, pause: float) -> None:
        if not pause:
            self.wfile.write(content)
            return
        for index in range(len(content)):
            if self.site._stopping.wait(pause):
                return
            self.wfile.write(content[index : index + 1])
            self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Silence."""


class StillClock(Clock):
    """Time that passes only when somebody sleeps; remembers for how long."""

    def __init__(self) -> None:
        self.start = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
        self.passed = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.passed += seconds


def door(site: Site, *, clock: Clock | None = None, **settings: object) -> Http:
    """An Http that may read the site, does not dawdle, and (with StillClock, the default) never really waits."""
    chosen = {"min_delay": 0.0, "allowed_hosts": frozenset({f"127.0.0.1:{site.port}"}), **settings}
    return Http(HttpSettings.model_validate(chosen), clock=clock or StillClock())
