"""`oyez sources`: their health, their kinds, and how one reads an answer."""

from __future__ import annotations

import sys
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
    "source", "kind", "state", "mentions", "last_success", "newest_day", "usual_per_day", "problem", "note",
)  # fmt: skip


@app.command("list")
def list_(home: HomeOption = None, format_: FormatOption = Format.TABLE) -> None:
    """List the sources with their health: last success, usual volume, whether one has gone quiet or is off.

    \b
    Examples:
      oyez sources list
      oyez sources list --format json
    """
    from collectors.source import find, note
    from service.cli.output import write_rows
    from service.workspace import open_workspace
    from storage.health import health

    with open_workspace(home) as ws:
        with ws.database.read() as conn:
            rows = [_health(one) for one in health(conn, ws.clock.now())]
        by_name = {row["source"]: row for row in rows}
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
    name: Annotated[str, typer.Argument(metavar="NAME", help="A source of oyez.toml.")],
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Fetch the first page of a source and print its posts; nothing is kept.

    \b
    Examples:
      oyez sources preview Press
      oyez sources preview Press --format jsonl
    """
    from collectors.http import Http
    from service.cli.output import write_posts
    from service.collecting import build, chosen_sources
    from service.workspace import open_workspace

    with open_workspace(home) as ws:
        [config] = chosen_sources(ws, [name])
        with Http(ws.config.http) as http:
            page = next(iter(build(ws, config).pages(http, {})), None)
    write_posts(page.posts if page else [], format_, sys.stdout)
    for fault in page.faults if page else []:
        typer.echo(f"left out: {fault.item}: {fault.problem}", err=True)


def _answer(file: Path, url: str, content_type: str) -> Any:
    from collectors.source import Answer
    from service.errors import ServiceError

    try:
        return Answer(url or str(file), file.read_bytes(), content_type)
    except OSError as error:
        raise ServiceError(f"{file} cannot be read: {error.strerror}", "check the name of the file") from error


def _health(one: Any) -> dict[str, Any]:
    return {
        "source": one.state.name,
        "kind": one.state.kind,
        "state": one.standing,
        "mentions": one.mentions,
        "last_success": one.state.last_success_at and one.state.last_success_at.isoformat(timespec="seconds"),
        "last_attempt": one.state.last_attempt_at and one.state.last_attempt_at.isoformat(timespec="seconds"),
        "newest_day": one.newest_day and one.newest_day.isoformat(),
        "usual_per_day": round(one.usual_per_day, 2),
        "failures": one.state.failures,
        "problem": one.state.problem,
    }
