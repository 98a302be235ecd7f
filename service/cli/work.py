"""`oyez run`, `collect` and `annotate`: the jobs, once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.options import Format, FormatOption, HomeOption

if TYPE_CHECKING:
    from service.workspace import Workspace

OnlyOption = Annotated[
    list[str] | None, typer.Option("--source", metavar="NAME", help="Only this source; may be repeated.")
]


def run(home: HomeOption = None, format_: FormatOption = Format.TABLE) -> None:
    """One whole pass: collect the sources that are due, annotate, count, alert, report, deliver.

    Fit for cron. A pass that finds another one at work leaves it alone and ends well.

    \b
    Examples:
      oyez run
      */15 * * * *  oyez run --home /srv/oyez        (a line of crontab)
      oyez run --format json | jq .new
    """
    from service import progress
    from service.jobs import run_once, told

    with _workspace(home) as ws, progress.bar("Running") as advance:
        summary = run_once(ws, advance=advance)
    if summary is None:
        typer.echo("Another run is at work in this home folder: nothing to do.", err=True)
        return
    counts = summary.to_json()
    if format_ is Format.TABLE:
        del counts["seconds"], counts["problems"]  # the log tells the first, what follows the others
    _print(counts, format_)
    for failed in summary.failed_sources:
        typer.echo(f"Source {failed.source} failed: {failed.problem}", err=True)
        typer.echo(f"To do: {failed.remedy or 'see `oyez sources list`'}", err=True)
    for stage, error in summary.problems.items():
        typer.echo(f"Error: the stage {stage} failed: {told(error)}", err=True)
        typer.echo(f"To do: {getattr(error, 'remedy', '') or 'please report it, with the log'}", err=True)
    if summary.failed_sources or summary.problems:
        raise typer.Exit(1)


def collect(
    source: OnlyOption = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            formats=["%Y-%m-%d"],
            help="Read the past back to this day (UTC); the same day again goes on where it was cut off.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Store nothing: say what would be new or changed.")
    ] = False,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Read the sources now, whether they are due or not, and keep what is new.

    A site that asked to be left alone for a while is left alone, and so is a service whose quota is used up.

    \b
    Examples:
      oyez collect
      oyez collect --source Press --since 2026-01-01
      oyez collect --dry-run
      oyez collect --format jsonl
    """
    import sys
    from datetime import UTC

    from service import progress
    from service.backfilling import backfill
    from service.cli.output import write_rows
    from service.collecting import collect as read_sources
    from service.errors import ServiceError
    from service.rehearsing import rehearse

    with _workspace(home) as ws:
        if not ws.config.sources:
            raise ServiceError(f"{ws.home.config} names no source", "add a [[sources]]: see `oyez sources kinds`")
        start = since.replace(tzinfo=UTC) if since else None
        if dry_run:
            with progress.bar("Reading") as advance:
                results = rehearse(ws, only=source or (), since=start, advance=advance)
            typer.echo("Nothing was stored: this is what would be.", err=True)
        elif start is not None:
            with progress.percents(f"Back to {start:%Y-%m-%d}") as told:
                results = backfill(ws, start, only=source or (), told=told)
        else:
            with progress.bar("Collecting") as advance:
                results = read_sources(ws, only=source or (), advance=advance)
    columns = (
        "source",
        "new",
        "changed",
        "unchanged",
        "deleted",
        "off_topic",
        "faults",
        "waits",
        "problem",
        "remedy",
    )
    write_rows([result.to_json() for result in results], format_, columns, sys.stdout)
    for result in results:
        for fault in result.faults:
            typer.echo(f"{result.source}: {fault.item}: {fault.problem}", err=True)
    if any(result.problem for result in results):
        raise typer.Exit(1)


def annotate(home: HomeOption = None, format_: FormatOption = Format.TABLE) -> None:
    """Understand the mentions that are waiting, fold near-duplicates, sort complaints and count the days.

    \b
    Examples:
      oyez annotate
      oyez annotate --format json
    """
    import sys

    from service import annotating, progress
    from service.jobs import roll_up

    with _workspace(home) as ws:
        total = annotating.waiting(ws) if sys.stderr.isatty() else None
        with progress.bar("Annotating", total) as advance:
            annotated = annotating.annotate(ws, advance=advance)
        compared = annotating.fold(ws)
        passages = annotating.sort_complaints(ws)
        days = roll_up(ws)
    _print({"annotated": annotated, "compared": compared, "passages": passages, "days": days}, format_)


def _workspace(home: HomeOption) -> Workspace:
    from service import logs
    from service.workspace import open_workspace

    logs.configure()
    return open_workspace(home)


def _print(counts: dict[str, object], format_: Format) -> None:
    import sys

    from service.cli.output import write_object, write_rows

    if format_ is Format.JSON:
        write_object(counts, sys.stdout)
    else:
        write_rows([counts], format_, list(counts), sys.stdout)
