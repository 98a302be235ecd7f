"""`oyez sources try`: a recipe of CSS selectors on a page, before it is configured."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from service.cli.options import Format, FormatOption, HomeOption


def try_(
    what: Annotated[
        str, typer.Argument(metavar="URL|FILE|NAME", help="A page, a saved one, or a `site` source.")
    ],
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="An option of `oyez sources kinds site`; may be repeated."
        ),
    ] = None,
    url: Annotated[str, typer.Option("--url", help="Where a saved page came from, for its links.")] = "",
    home: HomeOption = None,
    format_: FormatOption = Format.TABLE,
) -> None:
    """Try a recipe of CSS selectors: print the posts it finds on a page; nothing is kept.

    What each selector matched goes to stderr, with others to try where one matched nothing; without any --set,
    what on the page looks like a list of reviews. robots.txt is obeyed.

    \b
    Examples:
      oyez sources try https://shop.example/avis
      oyez sources try saved.html --set item=.review --set text=.body --set date=time@datetime
      oyez sources try "Shop reviews" --format jsonl
    """
    from service.cli.output import write_posts
    from service.recipes import try_recipe
    from service.workspace import open_workspace

    given: dict[str, Any] = dict(_pair(said) for said in set_ or [])
    with open_workspace(home) as ws:
        configured = next((one for one in ws.config.sources if one.name == what and one.kind == "site"), None)
        if configured is not None:
            given, what = {**configured.options, **given}, str(configured.options.get("url", ""))
        trial = try_recipe(what, given, ws.http, url=url)
    write_posts(trial.posts, format_, sys.stdout)
    for line in _told(trial):
        typer.echo(line, err=True)
    if not trial.posts:
        raise typer.Exit(1)


def _pair(said: str) -> tuple[str, str]:
    key, sign, value = said.partition("=")
    if not sign or not key.strip():
        raise typer.BadParameter(f"{said!r} is not KEY=VALUE", param_hint="--set")
    return key.strip(), value.strip()


def _told(trial: Any) -> list[str]:
    """How each selector did, what was left out, and what to try."""
    items = trial.matches["item"]
    lines = [f"item {items.selector}: {items.items} on the page"] if items.items else ["no item was found"]
    for name, match in trial.matches.items():
        if name == "item":
            continue
        of = "" if name == "next" else f" of {items.items}"
        found = f"{match.items}{of}, as {match.sample!r}" if match.items else "nothing"
        lines.append(f"{name} {match.selector}: {found}")
    lines += [f"left out: {fault.item}: {fault.problem}" for fault in trial.faults[:20]]
    lines += [f"try {name}: {'  or  '.join(said)}" for name, said in trial.suggestions.items() if said]
    return lines
