"""`oyez analyze`: annotate or score the rows of a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collectors.post import Question
from service.cli.options import Format, HomeOption, OutputOption

if TYPE_CHECKING:
    from service.cli.output import Row

_OPINION = (
    "sentiment.label", "sentiment.negative", "sentiment.neutral", "sentiment.positive", "stars.expected",
    "stars.probabilities", "recommendation.detractor", "recommendation.passive", "recommendation.promoter",
    "explicit_recommendation", "effort.level", "effort.confidence", "churn_intent", "sarcasm", "touchpoints",
    "relevance",
)  # fmt: skip
_FIGURES = [
    f"{figure}.{part}"
    for figure in ("nps", "csat", "ces", "net_sentiment", "rating", "churn_intent")
    for part in ("value", "low", "high", "observed", "inferred")
]
_COLUMNS = {
    (False, Format.CSV): ["id", "model", "language", *_OPINION],
    (False, Format.TABLE): ["id", "language", "sentiment.label", "stars.expected", "touchpoints"],
    (True, Format.CSV): ["group", "n", *_FIGURES, "touchpoints"],
    (True, Format.TABLE): ["group", "n", *(name for name in _FIGURES if name.endswith(("value", "low", "high")))][
        :14
    ],
}
"""What a CSV and a table show, of scorecards and of annotations; nested values have dotted names."""


def analyze(
    table: Annotated[
        str, typer.Argument(metavar="INPUT", help="A CSV, XLSX, JSON Lines or Parquet file; - is stdin.")
    ],
    text_column: Annotated[
        str | None, typer.Option(help="The column with the texts. [default: text, else the likeliest]")
    ] = None,
    id_column: Annotated[
        str, typer.Option(help="The column that names the rows; without it they are counted.")
    ] = "id",
    rating_column: Annotated[
        str | None,
        typer.Option(
            help="A column of ratings, used as answers in the scorecards of --by. [default: none is used]"
        ),
    ] = None,
    rating_scale: Annotated[
        str | None,
        typer.Option(metavar="WORST-BEST", help='Their scale, as "1-5". [default: told from name and values]'),
    ] = None,
    rating_question: Annotated[
        Question | None, typer.Option(help="What they answer. [default: told from the column's name]")
    ] = None,
    brand: Annotated[
        str | None,
        typer.Option(help="The brand that the texts should be about: `relevance` says how likely each one is."),
    ] = None,
    about: Annotated[
        str | None, typer.Option(help="One line on the brand. [default: what oyez.toml says of it]")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="One scorecard for each value of this column instead.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Another model: a folder, or one of the Hugging Face hub that was downloaded."),
    ] = None,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="[default: as -o is called; else table in a terminal, jsonl in a pipe]"),
    ] = None,
    out: OutputOption = None,
    home: HomeOption = None,
) -> None:
    """Annotate each row of a file, or score groups of rows. No database is needed and nothing is kept.

    One annotation a row, in order: sentiment, stars, recommendation, effort, churn intent, touchpoints with
    quotes. A row that cannot be read, or has no text, gets nulls.

    \b
    Examples:
      oyez analyze reviews.csv --format jsonl -o annotated.jsonl
      oyez analyze answers.xlsx --text-column Verbatim --format csv
      oyez analyze reviews.parquet --by company
      oyez analyze answers.csv --by shop --rating-column note --rating-question recommendation
      oyez analyze posts.csv --brand Orange --about "French telecom operator"
      oyez analyze reviews.csv --model ./my-checkpoint          (needs the extra torch)
      cat reviews.jsonl | oyez analyze - --format jsonl
    """
    from collectors.tables import open_table
    from service import analysis, progress
    from service.cli.output import destination, write_rows

    worst, best = _scale(rating_scale)
    columns = analysis.Columns(text_column, id_column, rating_column, by, worst, best, rating_question)
    form = form or _usual_format(out)
    try:
        answers = analysis.Answers(open_table(table), columns)
    except analysis.ColumnError as error:
        raise typer.BadParameter(f"{error}; {error.remedy}") from error
    opened, languages = analysis.open_model(home, model)
    if brand is not None:
        opened = analysis.about_brand(opened, brand, about, home)
    total = len(answers) if sys.stderr.isatty() else None
    with progress.bar("Annotating", total) as advance, destination(out) as stream:
        found: Iterable[Row]
        if by is None:
            found = analysis.annotate(answers, opened, languages=languages, advance=advance)
        else:
            found = analysis.score(answers, opened, languages=languages, advance=advance)
        shown = _COLUMNS.get((by is not None, form))
        write_rows(map(_flat, found) if shown else found, form, shown or (), stream)
    for note in answers.notes():
        typer.echo(f"Note: {note}", err=True)


def _scale(written: str | None) -> tuple[float, float] | tuple[None, None]:
    """A scale as `--rating-scale` writes it."""
    if written is None:
        return None, None
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*", written)
    if not found or float(found[1]) == float(found[2]):
        raise typer.BadParameter('write WORST-BEST, such as "1-5" or "0-10"', param_hint="--rating-scale")
    return float(found[1]), float(found[2])


def _usual_format(out: Path | None) -> Format:
    """What the output file is called, else what suits a terminal or a pipe."""
    if out is not None:
        return next((form for form in Format if out.suffix.lower() == f".{form}"), Format.JSONL)
    return Format.TABLE if sys.stdout.isatty() else Format.JSONL


def _flat(row: Row) -> dict[str, Any]:
    """One level of dotted names; touchpoints and probabilities as one readable cell."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        match value:
            case dict():
                flat.update({f"{key}.{inner}": cell for inner, cell in _flat(value).items()})
            case list():
                flat[key] = " | ".join(_part(part) for part in value)
            case _:
                flat[key] = value
    return flat


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    quote = f" “{part['quote']}”" if part.get("quote") else ""
    said = part["polarity"] if "polarity" in part else f"{part['n']} rows"
    return f"{part['touchpoint']}: {said}{quote}"
