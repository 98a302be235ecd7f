"""`oyez report`: the weekly report and the scorecard of a brand."""

from __future__ import annotations

import sys
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from service.cli.options import Format, FormatOption, HomeOption, OutputOption

app = typer.Typer(
    help="""Weekly reports and scorecards of a brand.

    \b
    Examples:
      oyez report weekly --brand Lila --language fr -o week.html
      oyez report scorecard --brand Lila --days 90
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)

BrandOption = Annotated[str, typer.Option("--brand", metavar="NAME", help="The brand.")]
DayFormat = ["%Y-%m-%d"]


class Document(StrEnum):
    """How a report is written."""

    HTML = "html"
    JSON = "json"


class Language(StrEnum):
    """The language of a report."""

    FR = "fr"
    EN = "en"


@app.command()
def weekly(
    brand: BrandOption,
    week: Annotated[
        str | None, typer.Option("--week", metavar="2026-W46", help="ISO week. [default: the last complete one]")
    ] = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="[default: [web] language of oyez.toml]")
    ] = None,
    format_: Annotated[Document, typer.Option("--format", help="How it is written.")] = Document.HTML,
    output: OutputOption = None,
    home: HomeOption = None,
) -> None:
    """Write the report of one week. That of a week that is over is frozen: it never changes again.

    \b
    Examples:
      oyez report weekly --brand "Lila Énergie" -o week.html
      oyez report weekly --brand Lila --week 2026-W46 --language fr --format json
    """
    from reputation.periods import last_complete_week
    from service.cli.output import destination, write_object
    from service.errors import ServiceError
    from service.reporting import find_brand
    from service.reporting import weekly as weekly_report
    from service.workspace import open_workspace

    with open_workspace(home) as ws:
        chosen = week or last_complete_week(ws.clock.now())
        try:
            report = weekly_report(ws, find_brand(ws, brand), chosen)
        except ValueError as error:
            raise ServiceError(str(error), "give --week as a year and week, such as 2026-W46") from error
        with destination(output) as out:
            if format_ is Document.JSON:
                write_object(report.document, out)
            else:
                from service.reports import render_html

                out.write(render_html(report.document, language or ws.config.web.language))
    if report.document["complete"] and report.document.get("provisional"):
        typer.echo("Provisional: not all was read; run `oyez run`, and see `oyez sources list`.", err=True)
    if not report.document["scorecard"]["mentions"]:
        typer.echo(f"Nothing was said of {report.brand} in {chosen}; see `oyez sources list`.", err=True)


@app.command()
def scorecard(
    brand: BrandOption,
    start: Annotated[datetime | None, typer.Option("--from", formats=DayFormat, help="First day (UTC).")] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", formats=DayFormat, help="Last day. [default: today]")
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="Days up to the last one, without --from.")] = 30,
    source: Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only this source.")] = None,
    spoken: Annotated[str | None, typer.Option("--language", metavar="fr|en", help="Only this language.")] = None,
    touchpoint: Annotated[str, typer.Option("--touchpoint", metavar="NAME", help="Only this touchpoint.")] = "",
    segment: Annotated[
        str | None, typer.Option("--segment", metavar="NAME=VALUE", help="Only this segment: product=Lampe, …")
    ] = None,
    format_: FormatOption = Format.TABLE,
    home: HomeOption = None,
) -> None:
    """Print the indicators of a brand with their intervals, and their change against the period before.

    \b
    Examples:
      oyez report scorecard --brand "Lila Énergie"
      oyez report scorecard --brand Lila --from 2026-01-01 --to 2026-03-31 --format json
      oyez report scorecard --brand Lila --source Forum --touchpoint delivery
      oyez report scorecard --brand Lila --segment "location=Lyon"
    """
    from reputation.scorecards import Slice
    from reputation.scorecards import scorecard as work_out
    from service.cli.output import write_object, write_rows
    from service.reporting import find_brand
    from service.workspace import open_workspace

    with open_workspace(home) as ws:
        found = find_brand(ws, brand)
        period = _period(ws, start, end, days)
        with ws.database.read() as conn:
            part = Slice(_source_id(conn, source), spoken, touchpoint, _segment(segment))
            card = work_out(conn, found, period, part=part).to_json()
    if format_ is Format.JSON:
        write_object(card, sys.stdout)
        return
    columns = ("indicator", "value", "low", "high", "observed", "inferred", "change", "direction")
    write_rows(_rows(card), format_, columns, sys.stdout)
    typer.echo(f"{card['mentions']} mentions from {card['period']['start']} to {card['period']['end']}", err=True)


def _segment(given: str | None) -> tuple[str, str] | None:
    if given is None:
        return None
    name, sign, value = given.partition("=")
    if not (name and sign and value):
        raise typer.BadParameter(f"{given!r} is not NAME=VALUE", param_hint="--segment")
    return name, value


def _period(ws: Any, start: datetime | None, end: datetime | None, days: int) -> Any:
    from datetime import timedelta

    from reputation.periods import Period

    last = end.date() if end else ws.clock.now().date()
    first = start.date() if start else last - timedelta(days - 1)
    if first > last:
        raise typer.BadParameter("the first day is after the last one", param_hint="--from")
    return Period(first, last)


def _source_id(conn: Any, name: str | None) -> int | None:
    from service.errors import ServiceError
    from storage import sources

    if name is None:
        return None
    known = {state.name: state.id for state in sources.states(conn)}
    if name not in known:
        raise ServiceError(f"there is no source {name!r} here", f"sources: {', '.join(known) or 'none'}")
    return known[name]


def _rows(card: dict[str, Any]) -> list[dict[str, Any]]:
    """The score and the indicators, one row each; the figures that are not known are left empty."""
    figures = {"score": card["score"], **card["indicators"]}
    rows = []
    for name, figure in figures.items():
        known = figure or {}
        change = known.get("change") or {}
        rows.append(
            {"indicator": name, **known, "change": change.get("delta"), "direction": change.get("direction")}
        )
    return rows
