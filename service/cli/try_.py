"""`oyez try`: ten annotated mentions of anything."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from service.cli.options import Format, FormatOption, HomeOption


def try_(
    what: Annotated[
        str, typer.Argument(metavar="FILE-OR-URL", help="A file, a feed, a page with reviews, an app's page.")
    ],
    form: FormatOption = Format.TABLE,
    home: HomeOption = None,
) -> None:
    """Show ten annotated mentions of a file or web address. A preview: nothing is stored.

    What it is, is found out: a table of reviews, a saved page, an RSS or Atom feed, a page with marked-up
    reviews, an app of the App Store. E-mail addresses, phone and contract numbers are masked.

    \b
    Examples:
      oyez try reviews.csv
      oyez try https://example.org/blog/feed.xml
      oyez try https://apps.apple.com/fr/app/name/id123456789
    """
    import sys

    from collectors.http import Http
    from service import analysis, preview
    from service.cli.output import write_rows

    config = analysis.configuration(home)
    with Http(config.http) as http:
        found = preview.look(what, http)
    model, languages = analysis.open_model(home)
    rows = preview.annotated(found, model, languages=languages)
    typer.echo(
        f"Preview: the first {len(rows)} mentions of {found.where}, read as {found.kind}; nothing is stored.",
        err=True,
    )
    shown = [_readable(row) for row in rows] if form is Format.TABLE else rows
    columns = ["rating", "stars", "mood", "touchpoints", "text"] if form is Format.TABLE else _columns(rows)
    write_rows(shown, form, columns, sys.stdout)


_SIGNS = {"positive": "+", "negative": "-", "mixed": "±", "neutral": "="}


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    return list(rows[0]) if rows else []


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """A row for people: stars that the text sounds like, mood, touchpoints as "delivery -, price +"."""
    touchpoints = [f"{said['touchpoint']} {_SIGNS[said['polarity']]}" for said in row["touchpoints"]]
    return {
        "rating": row["rating"],
        "stars": row["stars"] and f"{row['stars']['expected']:.1f}",
        "mood": row["sentiment"] and row["sentiment"]["label"],
        "touchpoints": ", ".join(touchpoints),
        "text": row["text"],
    }
