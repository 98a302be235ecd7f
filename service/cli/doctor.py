"""`oyez doctor`: is everything in order?"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.options import Format, FormatOption, HomeOption


def doctor(
    network: Annotated[bool, typer.Option("--network", help="Knock at the mail server, too.")] = False,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Check configuration, secrets, database, model, disk, clock and sources, and say what to do.

    Exit code 1 when something is not in order. Nothing is changed.

    \b
    Examples:
      oyez doctor
      oyez doctor --network --format json
    """
    import sys
    from dataclasses import asdict

    from service.cli.output import write_rows
    from service.diagnosis import examine
    from service.home import find_home

    rows = [asdict(finding) for finding in examine(find_home(home), network=network)]
    for row in rows:
        row["remedy"] = None if row["ok"] else row["remedy"]
    if format_ is Format.TABLE:
        for row in rows:
            typer.echo(f"{'ok ' if row['ok'] else '!! '} {row['name']}: {row['detail']}")
            if row["remedy"]:
                typer.echo(f"     To do: {row['remedy']}")
    else:
        write_rows(rows, format_, ("name", "ok", "detail", "remedy"), sys.stdout)
    if not all(row["ok"] for row in rows):
        raise typer.Exit(1)
