"""`oyez import`: reviews and survey answers from a file."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from service.cli.options import Format, FormatOption, HomeOption, pairs


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV, XLSX, JSON Lines or Parquet; - is stdin.")],
    brand: Annotated[str | None, typer.Option("--brand", metavar="NAME", help="The brand it is about.")] = None,
    brand_column: Annotated[
        str | None, typer.Option("--brand-column", metavar="COLUMN", help="The column that names the brand.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--mapping", metavar="FIELD=COLUMN", help="Which column holds a field; may be repeated."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Name of the source. [default: the file's and the brand]"),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="Any option of `oyez sources kinds files`."),
    ] = None,
    counts: Annotated[
        bool, typer.Option("--counts", help="It holds counts of customers, not what they say.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be read; keep nothing.")] = False,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Bring in reviews or survey answers from a file. Importing it again doubles nothing.

    Columns are guessed from their names and contents, in French and English, and shown on stderr: look at them
    first with --dry-run. A table of counts of customers (period, customers at start and end, new, lost, orders)
    is known by its columns; `oyez export --customers` shows what follows from it.

    \b
    Examples:
      oyez import reviews.csv --brand "Lila Énergie"
      oyez import survey.xlsx --brand-column marque --dry-run
      oyez import avis.csv --brand Lila --mapping text=Commentaire --mapping rating=Note
      oyez import export.csv --brand Lila --option zone=Europe/Paris
      oyez import clients.csv --brand Lila                               (counts of customers)
      oyez import avis.csv --source "avis.csv (Lyla)" --brand Lila        (corrects a wrong brand)
    """
    from service import logs
    from service.customers import holds_counts
    from service.importing import import_file, plan, stranger
    from service.workspace import open_workspace

    logs.configure()
    options: dict[str, Any] = pairs(option or [], "--option")
    if mapping:
        options["mapping"] = pairs(mapping, "--mapping")
    if brand_column:
        options["brand_column"] = brand_column
    with open_workspace(home) as ws:
        only = ws.config.brands[0].name if len(ws.config.brands) == 1 else None
        if counts or holds_counts(file):
            _import_counts(ws, file, brand or only, options.get("mapping", {}), format_)
            return
        work = plan(file, name=source, brand=brand, options=options, one_brand=only)
        if new := stranger(ws, work):
            typer.echo(f"{new!r} is no brand of oyez.toml: it is counted as a brand of its own.", err=True)
        if dry_run:
            _explain(work)
            _show_first(work, format_)
            return
        from service import progress

        with progress.bar("Importing") as advance:
            result = import_file(ws, work, advance=advance)
        if result.pages:  # a file that is not read again needs no words on how
            _explain(work)
    _report(result, format_)


def _import_counts(ws: Any, file: str, brand: str | None, mapping: dict[str, str], format_: Format) -> None:
    from service.cli.output import write_object, write_rows
    from service.customers import import_counts

    result = import_counts(ws, file, brand, mapping)
    said = {"brand": result.brand, "periods": result.periods, "faults": len(result.faults)}
    if format_ is Format.JSON:
        write_object(said, sys.stdout)
    else:
        write_rows([said], format_, list(said), sys.stdout)
    for fault in result.faults:
        typer.echo(f"{fault.item}: {fault.problem}", err=True)


def _explain(work: Any) -> None:
    """Show how the file is read, unless it is stdin, which can be read only once."""
    if work.path != "-":
        for line in work.source.explain():
            typer.echo(line, err=True)


def _show_first(work: Any, format_: Format) -> None:
    from service.cli.output import write_posts
    from service.importing import preview

    write_posts(preview(work, 5), format_, sys.stdout)
    typer.echo("These are the first posts; nothing was kept.", err=True)


def _report(result: Any, format_: Format) -> None:
    from service.cli.output import write_object, write_rows

    counts = {key: value for key, value in result.to_json().items() if key not in ("problem", "remedy")}
    if format_ is Format.JSON:
        write_object(counts, sys.stdout)
    else:
        write_rows([counts], format_, list(counts), sys.stdout)
    for fault in result.faults:
        typer.echo(f"{fault.item}: {fault.problem}", err=True)
    if result.fault_count > len(result.faults):
        typer.echo(f"and {result.fault_count - len(result.faults)} more of this kind", err=True)
    if result.pages == 0:
        typer.echo("The file is the same as at its last import: nothing was read.", err=True)
