"""The long-running process: pages by uvicorn, jobs by the scheduler, both stopped gently."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn

from service.errors import ServiceError
from service.scheduler import Scheduler
from service.web.app import create_app
from service.workspace import Workspace


def serve(
    ws: Workspace,
    *,
    host: str,
    port: int,
    schedule: bool = True,
    announce: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until SIGINT or SIGTERM; `announce` is told the address once it accepts connections.

    Raises ServiceError when the address is taken, or when it is open to the network and that is not allowed.
    """
    if not (ws.config.web.allow_network or _is_loopback(host)):
        raise ServiceError(
            f"{host} can be reached from the network, and the pages ask nobody who they are",
            "keep 127.0.0.1, or put a proxy with sign-in before it and set [web] allow_network = true",
        )
    listener = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    scheduler = Scheduler(ws) if schedule else None
    server = uvicorn.Server(
        uvicorn.Config(create_app(ws), log_config=None, access_log=False, timeout_graceful_shutdown=5)
    )
    try:
        if scheduler:
            scheduler.start()
        announce(f"http://{shown}:{listener.getsockname()[1]}/")
        with _stopped_gently():
            server.run(sockets=[listener])
    finally:
        if scheduler:
            scheduler.stop()
        listener.close()


@contextmanager
def _stopped_gently() -> Iterator[None]:
    """Outlive the signal that stopped uvicorn, which it sends on when it is done: our jobs have to end, too."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread only: whoever runs us elsewhere stops us in another way
        return
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServiceError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            "stop what listens there, or choose another port with --port",
        ) from error
