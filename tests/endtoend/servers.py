"""Real server software on loopback for the end-to-end tests: where it is, how it starts, that it ends.

What is not installed makes the test skip, and says how to install it. `.ci/run` installs all of it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

_START_SECONDS = 60.0


def need_programs(names: Sequence[str], remedy: str) -> None:
    """Skip the test where one of these programs is not installed."""
    missing = [name for name in names if shutil.which(name, path=_PATH) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed: {remedy}")


def need_modules(names: Sequence[str]) -> None:
    """Skip the test where one of these Python modules is not installed."""
    missing = [name for name in names if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed: pip install -e '.[endtoend]'")


_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
"""Servers lie where only root looks for programs."""


def free_port() -> int:
    """A port on loopback that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody answers at this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(
    command: Sequence[str | Path],
    log: Path,
    ready: Callable[[], bool],
    *,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Iterator[None]:
    """Run a server until the end of the block. It writes to `log`, and `ready` says when it can be asked."""
    with log.open("ab") as out:
        server = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder,
            env={**os.environ, "PATH": _PATH, **(env or {})},
        )  # fmt: skip
    try:
        end = time.monotonic() + _START_SECONDS
        while not ready():
            assert server.poll() is None, f"{command[0]} ended at once:\n{log.read_text('utf-8', 'replace')}"
            assert time.monotonic() < end, f"{command[0]} does not answer:\n{log.read_text('utf-8', 'replace')}"
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def run(
    *command: str | Path,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a program to its end; what it wrote to stdout. A failure shows what it said."""
    done = subprocess.run(
        [str(part) for part in command],
        input=stdin, capture_output=True, text=True, timeout=120, check=False, cwd=folder,
        env={**os.environ, "PATH": _PATH, **(env or {})},
    )  # fmt: skip
    assert done.returncode == 0, f"{command[0]}: {done.stdout}\n{done.stderr}"
    return done.stdout


def answers(url: str) -> bool:
    """Whether a web server answers at this address, with whatever."""
    try:
        httpx.get(url, timeout=10, trust_env=False)
    except httpx.TransportError:
        return False
    return True
