"""`oyez demo`: the whole product on a small sample web, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli.options import Format, FormatOption


def demo(
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the overview page afterwards, until Ctrl-C.")
    ] = True,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port of the page. [default: 8742, or a free one]"),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home",
            metavar="DIR",
            help="Folder for the demo's data. Default: ~/.local/share/oyez-demo.",
            show_default=False,
        ),
    ] = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """See it all work: a small sample web of an invented brand is collected, understood, scored and reported.

    Everything runs on this machine, offline. A second run is quick and changes nothing.

    \b
    Examples:
      oyez demo
      oyez demo --no-serve --home /tmp/demo --format json
    """
    import logging
    import sys

    from collectors.politeness import Clock
    from service import logs, progress
    from service.cli.output import write_object, write_rows
    from service.demo.play import Stage, default_home, play
    from service.home import Home

    logs.configure(level=logging.WARNING)
    folder = Home((home or default_home()).expanduser().absolute())
    stage = Stage.of(folder, Clock().now())
    with stage.web() as web:
        typer.echo(f"A small sample web is up at {web.url}; the demo's data go to {folder.path}", err=True)
        with progress.bar("Playing the demo") as advance:
            played = play(stage, web, advance=advance)
        summary = played.to_json()
        if format_ is Format.TABLE:
            sys.stdout.writelines(_lines(summary))
        elif format_ is Format.CSV:
            write_rows([summary], format_, list(summary), sys.stdout)
        else:
            write_object(summary, sys.stdout)
        sys.stdout.flush()
        if serve:
            _serve(folder.path, port)


def _lines(summary: dict[str, Any]) -> Iterator[str]:
    """The summary for people: one line a figure, nothing cut."""
    rules = ", ".join(f"{count} {rule}" for rule, count in summary["alerts_by_rule"].items())
    shown = {
        "mentions": summary["mentions"],
        "annotated": summary["annotated"],
        "near-duplicates folded": summary["folded"],
        "alerts": f"{summary['alerts']} ({rules})",
        **{f"seconds, {stage.replace('_', ' ')}": took for stage, took in summary["seconds"].items()},
        "report": summary["report"],
    }
    return (f"{what:<24}{value}\n" for what, value in shown.items())


def _serve(home: Path, port: int | None) -> None:
    """Serve the pages at the port asked for; by default at the usual one, or a free one where that is taken."""
    from service.errors import ServiceError
    from service.serving import serve
    from service.workspace import open_workspace

    def announce(address: str) -> None:
        typer.echo(f"Look at {address} (Ctrl-C stops it)", err=True)

    with open_workspace(home) as ws:
        host = ws.config.web.host
        if port is not None:
            serve(ws, host=host, port=port, announce=announce)
            return
        try:
            serve(ws, host=host, port=ws.config.web.port, announce=announce)
        except ServiceError:
            serve(ws, host=host, port=0, announce=announce)
