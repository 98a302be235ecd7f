"""`oyez alerts`: what called for attention."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from service.cli.options import Format, FormatOption, HomeOption

_COLUMNS = ("raised_at", "severity", "rule", "brand", "text")


def alerts(
    brand: Annotated[str | None, typer.Option("--brand", metavar="NAME", help="Only this brand's.")] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="Raised on this day or later (UTC).")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 50,
    retry_failed: Annotated[
        bool,
        typer.Option(
            "--retry-failed", help="List nothing: make the messages that were given up, reports too, due again."
        ),
    ] = False,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """List the alerts raised, the newest first.

    \b
    Examples:
      oyez alerts
      oyez alerts --brand "Lila Énergie" --since 2026-11-01 --format json
      oyez alerts --retry-failed && oyez run      (once the address is corrected)
    """
    import sys
    from dataclasses import asdict
    from datetime import UTC

    from service.cli.output import write_rows
    from service.delivery import retry_dead
    from service.messages import alert_text
    from service.reporting import find_brand
    from service.workspace import open_workspace
    from storage.alerts import list_alerts

    with open_workspace(home) as ws:
        if retry_failed:
            typer.echo(f"{retry_dead(ws)} messages are due again; `oyez run` sends them.", err=True)
            return
        brand_id = find_brand(ws, brand).id if brand else None
        start = since.replace(tzinfo=UTC) if since else None
        with ws.database.read() as conn:
            found = list_alerts(conn, brand_id, start, limit)
        rows = [asdict(alert) | {"raised_at": alert.raised_at.isoformat(timespec="seconds")} for alert in found]
        for row in rows:
            row["text"] = " ".join(alert_text(row, ws.config.web.language)[1])
    write_rows(rows, format_, _COLUMNS, sys.stdout)
