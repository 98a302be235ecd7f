"""`oyez evaluate`: how often the model is right, on your own labelled texts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.options import Format, FormatOption, HomeOption, OutputOption

if TYPE_CHECKING:
    from service.evaluating import Labelled

_COLUMNS = ("group", "measure", "value", "low", "high", "n")


def evaluate(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="A labelled CSV, XLSX, JSON Lines or Parquet file; - is stdin."),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", metavar="FIELD=COLUMN", help="Which column holds a field; may be repeated."),
    ] = None,
    brand: Annotated[
        str | None, typer.Option("--brand", metavar="NAME", help="Without FILE: only this brand's mentions.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="MODEL", help="With FILE: another model than that of [nlp] model."),
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep the result for the page of the accuracy.")] = False,
    output: OutputOption = None,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Measure the opinion model on texts whose truth you know, each figure with its 95 % interval.

    FILE has a column `text` and at least one of `stars` (1 to 5), `sentiment` (negative, neutral, positive) and
    `touchpoints` (as delivery: negative | price: positive); `language` and `source` are measured each by itself.
    Without FILE, the corrections made by hand are the truth. Confusion and reliability tables: --format json.

    \b
    Examples:
      oyez evaluate labelled.csv
      oyez evaluate answers.xlsx --column text=Verbatim --column stars=Note --format json
      oyez evaluate labelled.csv --model ./my-checkpoint
      oyez evaluate --save                  (against the corrections made by hand)
    """
    from service import evaluating
    from service.cli.options import pairs
    from service.cli.output import destination, write_object, write_rows
    from service.reporting import find_brand
    from service.workspace import open_workspace

    notes: list[str] = []
    if file is None:
        if column or model:
            raise typer.BadParameter("--column and --model are about a FILE", param_hint="FILE")
        with open_workspace(home) as ws:
            document = evaluating.of_corrections(ws, find_brand(ws, brand).id if brand else None)
        notes = _on_corrections(document)
    else:
        if brand:
            raise typer.BadParameter("only without FILE", param_hint="--brand")
        document, notes = _on_file(file, pairs(column or [], "--column"), model, home)
    if save:
        name = Path(file).name if file else f"corrections ({brand})" if brand else "corrections"
        with open_workspace(home) as ws:
            evaluating.keep(ws, name, document)
    with destination(output) as out:
        if format_ is Format.JSON:
            write_object(document, out)
        else:
            write_rows(evaluating.lines(document), format_, _COLUMNS, out)
    for note in notes:
        typer.echo(f"Note: {note}", err=True)


def _on_file(
    file: str, given: dict[str, str], model: str | None, home: Path | None
) -> tuple[dict[str, Any], list[str]]:
    from collectors.tables import open_table
    from service import analysis, evaluating, progress

    rows: Labelled = evaluating.Labelled(open_table(file), given)
    opened, languages = analysis.open_model(home, model)
    with progress.bar("Reading") as advance:
        document = evaluating.of_file(rows, opened, languages=languages, advance=advance)
    return document, rows.notes()


def _on_corrections(document: dict[str, Any]) -> list[str]:
    if not document["n"]:
        from service.errors import ServiceError

        raise ServiceError(
            "nothing was corrected by hand yet",
            "judge some mentions: `oyez corrections draw -o sample.csv`, fill it in, import it",
        )
    if document["kind"] == "drawn":
        return [f"measured on the {document['n']:,} mentions that were drawn by lot"]
    return [
        "these mentions were chosen by people, who mostly correct mistakes: the model is better than this says; "
        "`oyez corrections draw` gives a fair sample",
    ]
