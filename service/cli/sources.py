"""`oyez sources`: their health, their kinds, and how one reads an answer."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from service.cli import recipes
from service.cli.options import Format, FormatOption, HomeOption

app = typer.Typer(
    help="""Sources: their health, their kinds, how one parses.

    \b
    Examples:
      oyez sources list
      oyez sources kinds feeds
      oyez sources parse feeds saved.xml --format jsonl
      oyez sources try https://shop.example/avis
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)

app.command("try")(recipes.try_)

_HEALTH = (
    "source", "kind", "state", "mentions", "last_success", "newest_day", "usual_per_day", "expected_today",
    "next_visit", "quota", "problem", "note",
)  # fmt: skip
_HITS = ("source", "published_at", "kept", "brands", "why", "title", "text")
_REPLAYED = ("source", "answers", "new", "changed", "refreshed", "unchanged", "deleted", "outdated", "unreadable")


@app.command("list")
def list_(home: HomeOption = None, format_: FormatOption = Format.TABLE) -> None:
    """List the sources with their health: last success, usual volume, whether one has gone quiet or is off.

    The state is well, failing (it is tried again soon), resting (it is left alone until the next visit: it failed
    again and again, refuses, asked for it, or its quota is used up), quiet (oddly silent), not visited or off.

    \b
    Examples:
      oyez sources list
      oyez sources list --format json
    """
    from collectors.source import find, note
    from service.cli.output import write_rows
    from service.health import rows_of
    from service.workspace import open_workspace

    with open_workspace(home) as ws:
        by_name = {row["source"]: row for row in rows_of(ws)}
        for source in ws.config.sources:
            unknown = {"source": source.name, "kind": source.kind, "state": "never read", "mentions": 0}
            row = by_name.setdefault(source.name, unknown)
            row |= {"note": note(find(source.kind), accepted=source.accept_terms)}
            row |= {"state": "off"} if source.off_because else {}
    write_rows(by_name.values(), format_, _HEALTH, sys.stdout)


@app.command()
def kinds(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="Show the options of this kind.")] = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """List the kinds of sources, or the options of one.

    "unverified": no real answer was at hand to test it with. "off": not read until its terms are accepted.

    \b
    Examples:
      oyez sources kinds
      oyez sources kinds review_pages
    """
    from collectors.source import find, note
    from collectors.source import kinds as known
    from service.cli.output import write_rows

    if kind is None:
        found = [find(name) for name in known()]
        rows = [
            {"kind": one.kind, "title": one.title, "verified": one.verified, "note": note(one)} for one in found
        ]
        write_rows(rows, format_, ("kind", "title", "note"), sys.stdout)
        return
    source = find(kind)
    typer.echo((sys.modules[source.__module__].__doc__ or source.title).strip(), err=True)
    if note(source):
        typer.echo(f"\nNote: {note(source)}", err=True)
    options = source.Options.model_json_schema()
    rows = [
        {
            "option": name,
            "required": name in options.get("required", ()),
            "default": field.get("default"),
            "description": field.get("description"),
        }
        for name, field in options["properties"].items()
    ]
    write_rows(rows, format_, ("option", "required", "default", "description"), sys.stdout)


@app.command()
def parse(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="The kind of source: see `oyez sources kinds`.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Saved answers.")],
    url: Annotated[str, typer.Option("--url", help="Where the answers came from, for relative links.")] = "",
    content_type: Annotated[str, typer.Option("--content-type", help="The Content-Type they came with.")] = "",
    format_: FormatOption = Format.JSONL,
) -> None:
    """Read saved answers offline and print their posts; items left out are told on stderr.

    \b
    Examples:
      oyez sources parse feeds saved.xml
      oyez sources parse review_pages page.html --url https://shop.example/p/1 --format table
    """
    from collectors.source import SourceError, find
    from service.cli.output import write_posts

    source = find(kind)
    failed = False
    posts: list[Any] = []
    for file in files:
        try:
            page = source.parse(_answer(file, url, content_type))
        except SourceError as error:
            typer.echo(f"{file}: {error}", err=True)
            failed = True
            continue
        posts += page.posts
        for fault in page.faults:
            typer.echo(f"{file}: {fault.item}: {fault.problem}", err=True)
    write_posts(posts, format_, sys.stdout)
    if failed:
        raise typer.Exit(1)


@app.command()
def preview(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME|KIND...", help="Sources of oyez.toml, or kinds of sources.")
    ],
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="An option of the source; may be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many hits of each.")] = 10,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Show the last hits of sources, why each matches and what it is about; nothing is kept.

    "kept" is "no" for what the service found and the query does not match: it would not be stored. A search that
    is given no query looks for the brands of oyez.toml.

    \b
    Examples:
      oyez sources preview Press
      oyez sources preview hacker_news --option 'query=Lila NEAR/5 (panne OR coupure)'
      oyez sources preview feeds --option url=https://example.org/feed --format jsonl
    """
    from service.cli.output import post_json, write_rows
    from service.sampling import described, sample
    from service.sampling import option as option_of
    from service.workspace import open_workspace

    rows: list[dict[str, Any]] = []
    with open_workspace(home) as ws:
        options = dict(option_of(text) for text in option or ())
        for config in [described(ws.config, name, options) for name in names]:
            found = sample(ws, config, limit)
            rows += [
                {
                    "source": config.name,
                    **post_json(hit.post),
                    "why": hit.why,
                    "brands": hit.brands,
                    "kept": hit.kept,
                }
                for hit in found.hits
            ]
            for fault in found.faults:
                typer.echo(f"left out: {fault.item}: {fault.problem}", err=True)
    if not rows:
        typer.echo("Nothing was found.", err=True)
    if format_ in (Format.TABLE, Format.CSV):
        rows = [
            row | {"why": " · ".join(row["why"]), "brands": ", ".join(row["brands"]), "kept": _yes(row["kept"])}
            for row in rows
        ]
    write_rows(rows, format_, _HITS, sys.stdout)


@app.command()
def replay(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A source of oyez.toml.")],
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Only answers received on this day (UTC) or later."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Store nothing: say what would be new or changed.")
    ] = False,
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Read the kept answers of a source again, after its parser was mended; the site is not asked.

    What is read otherwise now becomes a revision. What a later visit changed or found deleted stays as it is.

    \b
    Examples:
      oyez sources replay Press
      oyez sources replay Press --since 2026-11-01 --dry-run
    """
    from datetime import UTC

    from service.cli.output import write_rows
    from service.replaying import replay as read_again
    from service.workspace import open_workspace

    with open_workspace(home) as ws:
        done = read_again(ws, name, since=since.replace(tzinfo=UTC) if since else None, dry_run=dry_run)
    write_rows([done.to_json()], format_, _REPLAYED, sys.stdout)
    for fault in [*done.collected.faults, *done.unreadable]:
        typer.echo(f"left out: {fault.item}: {fault.problem}", err=True)
    if dry_run:
        typer.echo("Nothing was stored: this is what would be.", err=True)
    if done.unreadable:
        raise typer.Exit(1)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _answer(file: Path, url: str, content_type: str) -> Any:
    from collectors.source import Answer
    from service.errors import ServiceError

    try:
        return Answer(url or str(file), file.read_bytes(), content_type)
    except OSError as error:
        raise ServiceError(f"{file} cannot be read: {error.strerror}", "check the name of the file") from error
