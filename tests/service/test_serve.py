"""`oyez serve`: answers, works in the background, and stops gently."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from service.scheduler import Scheduler
from storage import mentions, runs, sources
from tests.service.workspaces import FrozenClock, workspace

ROOT = Path(__file__).resolve().parents[2]


def item(number: int) -> str:
    return f"<entry><id>e{number}</id><title>Avis {number}</title><content>Très bien {number}</content></entry>"


@contextmanager
def slow_feed(pause: float) -> Iterator[str]:
    """A feed in ten pages, each of which takes its time."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            number = int(self.path.strip("/") or 0) if self.path != "/robots.txt" else -1
            time.sleep(pause if number >= 0 else 0)
            following = f'<link rel="next" href="/{number + 1}"/>' if number < 9 else ""
            body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{following}{item(number)}</feed>'.encode()
            self.send_response(200 if number >= 0 else 404)
            self.send_header("Content-Type", "application/atom+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def configuration(url: str) -> str:
    return f"""
[[brands]]
name = "Lila"
[[sources]]
name = "Feed"
kind = "feeds"
options = {{ url = "{url}/0" }}
[http]
allowed_hosts = ["127.0.0.1"]
min_delay = 0
"""


def wait_for(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_the_scheduler_stops_after_the_page_it_is_at_and_goes_on_later(tmp_path: Path) -> None:
    with slow_feed(0.15) as url, workspace(tmp_path, configuration(url), clock=FrozenClock()) as ws:

        def stored() -> int:
            with ws.database.read() as conn:
                return mentions.count(conn)

        scheduler = Scheduler(ws)
        scheduler.start()
        wait_for(lambda: stored() >= 2)
        scheduler.stop()
        cut = stored()
        assert 2 <= cut < 10
        with ws.database.read() as conn:
            [visit] = runs.recent(conn, "visit Feed")
            [state] = sources.states(conn)
        assert visit.finished_at is None
        assert state.failures == 0
        time.sleep(0.3)
        assert stored() == cut

        again = Scheduler(ws)
        again.start()
        wait_for(lambda: stored() == 10)
        again.stop()


def test_a_failing_pass_does_not_end_the_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def fail(*_: object, **__: object) -> None:
        tried.set()
        raise OSError("disk full")

    with workspace(tmp_path) as ws:
        monkeypatch.setattr("service.jobs.run_once", fail)
        scheduler = Scheduler(ws)
        scheduler.start()
        assert tried.wait(10)
        assert scheduler.running
        scheduler.stop()
        assert not scheduler.running


def serve(home: Path, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-c",
        "from service.cli import main; main()",
        "serve",
        "--home",
        str(home),
        *options,
    ]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_stops_gently(tmp_path: Path, number: signal.Signals) -> None:
    with slow_feed(0.2) as url:
        (tmp_path / "oyez.toml").write_text(configuration(url), encoding="utf-8")
        process = serve(tmp_path, "--port", "0")
        assert process.stderr is not None
        line = ""
        while "listens on" not in line:
            line = process.stderr.readline()
            assert line or process.poll() is None
        found = re.search(r"http://\S+", line)
        assert found
        wait_for(lambda: _answers(found[0] + "healthz"))
        assert httpx.get(found[0] + "readyz").status_code == 200
        process.send_signal(number)
        out, said = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, ""), said
    assert "Traceback" not in said


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == 200
    except httpx.TransportError:
        return False


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = serve(tmp_path, "--no-schedule", "--port", str(taken.getsockname()[1]))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cannot listen" in said
    assert "--port" in said
