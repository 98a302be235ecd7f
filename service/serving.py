"""The long-running process: pages by uvicorn, jobs by the scheduler, both stopped gently."""

from __future__ import annotations

import socket
from collections.abc import Callable

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

    Raises ServiceError when the address is taken.
    """
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
        server.run(sockets=[listener])
    finally:
        if scheduler:
            scheduler.stop()
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ServiceError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            "stop what listens there, or choose another port with --port",
        ) from error
