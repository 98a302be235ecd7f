"""`oyez corrections`: what people say against the model."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.options import Format, FormatOption, HomeOption, OutputOption

if TYPE_CHECKING:
    from service.workspace import Workspace
    from storage.brands import Brand

app = typer.Typer(
    help="""What you say against the model: it wins over every model until you take it back.

    A mention is given by its number, as its page and `oyez corrections draw` have it, or by the id that `oyez
    export` writes. FIELD=VALUE is one of: sentiment=negative|neutral|positive, stars=1..5,
    recommendation=detractor|passive|promoter, effort=none|1..5, churn_intent=yes|no, relevance=yes|no,
    touchpoint.NAME=none|negative|neutral|positive|mixed. A rating that the author gave counts before any
    correction.

    \b
    Examples:
      oyez corrections add 1204 sentiment=negative touchpoint.delivery=none
      oyez corrections list --brand Lila
      oyez corrections remove 1204 sentiment
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)

_LISTED = ("mention", "field", "value", "brand", "older_text", "drawn", "author", "made_at")
MentionArgument = Annotated[str, typer.Argument(metavar="MENTION", help="Its number, or source/id of an export.")]
BrandOption = Annotated[
    str | None, typer.Option("--brand", metavar="NAME", help="Of a relevance: the brand it is about.")
]
OnlyBrandOption = Annotated[
    str | None, typer.Option("--brand", metavar="NAME", help="Only this brand's mentions.")
]


@app.command()
def add(
    mention: MentionArgument,
    values: Annotated[list[str], typer.Argument(metavar="FIELD=VALUE...", help="What is true of it.")],
    brand: BrandOption = None,
    home: HomeOption = None,
) -> None:
    """Correct what the model says of a mention. It replaces earlier corrections of the same fields.

    \b
    Examples:
      oyez corrections add 1204 sentiment=negative stars=1
      oyez corrections add press/abc-17 relevance=no --brand Lila
    """
    from service import correcting
    from service.cli.options import pairs

    given = pairs(values, "FIELD=VALUE")
    with _workspace(home) as ws:
        number = correcting.locate(ws, mention)
        correcting.put(ws, number, given, correcting.Hand(getpass.getuser(), _brand(ws, brand)))
    typer.echo(f"mention {number}: {len(given)} corrected", err=True)


@app.command("list")
def list_(brand: OnlyBrandOption = None, home: HomeOption = None, format_: FormatOption = Format.TABLE) -> None:
    """List the corrections, the newest first. `older_text`: the author edited the text since.

    \b
    Examples:
      oyez corrections list
      oyez corrections list --brand Lila --format csv
    """
    from service import correcting
    from service.cli.output import write_rows

    with _workspace(home) as ws:
        rows = correcting.listed(ws, _brand(ws, brand))
    write_rows(rows, format_, _LISTED, sys.stdout)


@app.command()
def remove(
    mention: MentionArgument,
    fields: Annotated[
        list[str] | None, typer.Argument(metavar="[FIELD...]", help="Which; without one, all of the mention.")
    ] = None,
    brand: BrandOption = None,
    home: HomeOption = None,
) -> None:
    """Take corrections of a mention back: what the model says counts again.

    \b
    Examples:
      oyez corrections remove 1204 sentiment
      oyez corrections remove 1204
    """
    from service import correcting
    from service.errors import ServiceError

    with _workspace(home) as ws:
        number = correcting.locate(ws, mention)
        author, about = getpass.getuser(), _brand(ws, brand)
        done = correcting.remove(ws, number, fields or (), author=author, brand=about)
    if not done:
        raise ServiceError(f"mention {number} has no such correction", "see `oyez corrections list`")
    typer.echo(f"mention {number}: {done} taken back", err=True)


@app.command()
def draw(
    count: Annotated[int, typer.Option("-n", "--count", min=1, max=10_000, help="How many mentions.")] = 100,
    brand: OnlyBrandOption = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same mentions.")] = 1,
    output: OutputOption = None,
    home: HomeOption = None,
    format_: FormatOption = Format.CSV,
) -> None:
    """Draw mentions by lot, as a sheet to fill in and import: a fair sample to measure the model by.

    Say what you read, not whether the model was right: the sheet does not tell what it said. Leave a cell empty
    where you do not want to say; in touchpoints name all that the text speaks of, or write none.

    \b
    Examples:
      oyez corrections draw -n 200 --brand Lila -o sample.csv
      oyez corrections import sample.csv && oyez evaluate
    """
    from service import correcting
    from service.cli.output import destination, write_rows

    with _workspace(home) as ws, destination(output) as out:
        drawn = write_rows(correcting.draw(ws, _brand(ws, brand), count, seed), format_, correcting.SHEET, out)
    typer.echo(f"{drawn} mentions drawn", err=True)


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV, XLSX, JSON Lines or Parquet; - is stdin.")],
    brand: BrandOption = None,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Bring in corrections from a file: a column mention, and one for each field, such as stars or touchpoints.

    An empty cell says nothing. A row that cannot be used is told and left out as a whole.

    \b
    Examples:
      oyez corrections import sample.csv
      oyez corrections import judged.xlsx --brand Lila --format json
    """
    from collectors.tables import open_table
    from service import correcting
    from service.cli.output import write_rows

    with _workspace(home) as ws:
        hand = correcting.Hand(getpass.getuser(), _brand(ws, brand))
        result = correcting.import_table(ws, open_table(file), hand)
    counts = {
        "mentions": result.mentions,
        "corrections": result.corrections,
        "left_out": len(result.faults),
    }
    write_rows([counts], format_, list(counts), sys.stdout)
    for fault in result.faults[:20]:
        typer.echo(f"{fault.item}: {fault.problem}", err=True)
    if result.faults and not result.mentions:
        raise typer.Exit(1)


def _workspace(home: Any) -> Workspace:
    from service.workspace import open_workspace

    return open_workspace(home)


def _brand(ws: Workspace, name: str | None) -> Brand | None:
    from service.reporting import find_brand

    return find_brand(ws, name) if name else None
