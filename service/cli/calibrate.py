"""`oyez calibrate`: learn a brand's own correction of the figures from its survey answers."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from service.cli.options import Format, FormatOption, HomeOption, OutputOption

_COLUMNS = ("figure", "answers", "observed", "low", "high", "before", "after", "shift", "doubt_before", "doubt")


def calibrate(
    brand: Annotated[str, typer.Option("--brand", metavar="NAME", help="The brand.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be learned, and keep nothing.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Show what was learned last.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Drop it: the figures are again as for any brand.")
    ] = False,
    output: OutputOption = None,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Learn from a brand's own answers how far the model is off for it, and put its inferred figures right.

    Every text with an answer beside it is compared with what the model reads in it: answers to "would you
    recommend" (0-10), satisfaction (1-5 or any scale), effort, and texts drawn by `oyez corrections draw`.
    `observed` is what the answers say, with 95 % limits, `before` and `after` what is inferred from the same
    texts. Few answers change little; at least 20 are needed. Answers themselves are always used as they are.

    \b
    Examples:
      oyez calibrate --brand Lila --dry-run
      oyez calibrate --brand Lila
      oyez calibrate --brand Lila --show --format json
      oyez calibrate --brand Lila --reset
    """
    from service import calibrating
    from service.cli.output import destination, write_rows
    from service.reporting import find_brand
    from service.workspace import open_workspace

    if dry_run + show + reset > 1:
        raise typer.BadParameter("only one of --dry-run, --show and --reset", param_hint="--reset")
    with open_workspace(home) as ws:
        about = find_brand(ws, brand)
        if reset:
            dropped = calibrating.reset(ws, about, actor=getpass.getuser())
            typer.echo(f"Dropped: {', '.join(dropped) or 'nothing was learned'}", err=True)
            return
        rows = (
            calibrating.known(ws, about)
            if show
            else calibrating.calibrate(ws, about, actor=getpass.getuser(), dry_run=dry_run)
        )
    columns = (*_COLUMNS, "learned_at") if show else _COLUMNS
    with destination(output) as out:
        write_rows(rows, format_, columns, out)
    few = [row["figure"] for row in rows if row["shift"] is None]
    if few:
        typer.echo(f"Note: fewer than 20 answers, so nothing is learned of: {', '.join(few)}", err=True)
    if dry_run:
        typer.echo("Note: nothing was kept", err=True)
