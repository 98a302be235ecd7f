"""The sample web's server: the standard library's, on loopback, on a free port, without root."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from service.demo import pages
from service.demo.content import Item, as_of, schedule


class SampleWeb:
    """A small web that serves as long as the context lasts.

    `today` is the day that all dates are counted from. `visit` is 1 or 2 and may be set at any time: the first
    one comes before the crisis is over, by the second one review was edited and another one deleted. `port` 0
    takes a free one. Raises OSError where the port is taken.
    """

    def __init__(self, today: date, *, seed: int = 1, visit: int = 2, port: int = 0) -> None:
        self.today = today
        self.visit = visit
        self._items = schedule(today, seed)
        web = self

        class Handler(_Handler):
            site = web

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="sample web", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    @property
    def url(self) -> str:
        """The address of its first page, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def items(self) -> list[Item]:
        """What a visitor sees at this visit, oldest first."""
        return as_of(self._items, self.today, self.visit)

    def document(self, path: str, query: dict[str, str] | None = None) -> pages.Document | None:
        """What this web answers at `path`, or None where there is nothing."""
        return pages.find(path, query or {}, self.items, self.url, self.today)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with the page of that path, or 304 to a visitor who has it already."""

    site: SampleWeb
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(asked.query).items()}
        document = self.site.document(unquote(asked.path), query)
        if document is None:
            self._send(HTTPStatus.NOT_FOUND, b"There is no such page.\n", "text/plain; charset=utf-8")
            return
        tag = f'"{hashlib.sha256(document.body).hexdigest()[:20]}"'
        changed = datetime.combine(self.site.today, time(), UTC)
        headers = {"ETag": tag, "Last-Modified": format_datetime(changed, usegmt=True)}
        if self.headers.get("If-None-Match") == tag:
            self._send(HTTPStatus.NOT_MODIFIED, b"", document.content_type, headers)
        else:
            self._send(HTTPStatus.OK, document.body, document.content_type, headers)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, status: HTTPStatus, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet: the visitor's own log tells what was fetched."""
