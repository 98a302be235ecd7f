"""`oyez serve`: the pages and the schedules, until it is stopped."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import HomeOption


def serve(
    host: Annotated[str | None, typer.Option("--host", help="[default: [web] host]")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="[default: [web] port]")] = None,
    schedule: Annotated[
        bool, typer.Option("--schedule/--no-schedule", help="Collect, alert and report as oyez.toml says.")
    ] = True,
    home: HomeOption = None,
) -> None:
    """Serve the pages, read the sources when they are due, alert and report. Ctrl-C or SIGTERM stops it gently.

    \b
    Examples:
      oyez serve
      oyez serve --port 9000 --no-schedule
    """
    from service import logs
    from service.serving import serve as run
    from service.workspace import open_workspace

    logs.configure()
    with open_workspace(home) as ws:
        web = ws.config.web
        run(
            ws,
            host=web.host if host is None else host,
            port=web.port if port is None else port,
            schedule=schedule,
            announce=lambda address: typer.echo(f"Oyez listens on {address} (Ctrl-C stops it)", err=True),
        )
