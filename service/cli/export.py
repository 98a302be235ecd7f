"""`oyez export`: mentions out, for a spreadsheet or another program."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from service.cli.options import Format, FormatOption, HomeOption, OutputOption

_DAY = ["%Y-%m-%d"]


def export(
    brand: Annotated[str | None, typer.Option("--brand", metavar="NAME", help="Only this brand's.")] = None,
    start: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First day (UTC).")] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Last day (UTC).")] = None,
    customers: Annotated[
        bool, typer.Option("--customers", help="Counts of customers instead, with what follows from them.")
    ] = False,
    output: OutputOption = None,
    home: HomeOption = None,
    format_: FormatOption = Format.CSV,
) -> None:
    """Write mentions out with what was understood of them, the newest first.

    E-mail addresses, phone and contract numbers are masked; cells that a spreadsheet would take for a formula
    are made harmless. The export is noted in the audit log. With --customers: retention, churn and lifetime value
    of each period of which counts were brought in.

    \b
    Examples:
      oyez export --brand "Lila Énergie" -o mentions.csv
      oyez export --from 2026-11-01 --format jsonl | jq .text
      oyez export --customers --format json
    """
    from service.cli.output import destination, write_rows
    from service.exporting import COLUMNS
    from service.exporting import export as read_out
    from service.reporting import find_brand
    from service.workspace import open_workspace

    with open_workspace(home) as ws:
        found = find_brand(ws, brand) if brand else None
        first, last = start.date() if start else None, end.date() if end else None
        if customers:
            from service.customers import COLUMNS as COUNTED
            from service.customers import rows

            with destination(output) as out:
                write_rows(rows(ws, found, start=first, end=last), format_, COUNTED, out)
            return
        with destination(output) as out:
            count = write_rows(read_out(ws, found, start=first, end=last), format_, COLUMNS, out)
    typer.echo(f"{count} mentions", err=True)
