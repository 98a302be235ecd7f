"""`oyez init`: a first oyez.toml."""

from __future__ import annotations

import locale
import os
from enum import StrEnum
from typing import Annotated

import typer

from service.cli.options import HomeOption


class Language(StrEnum):
    """The language of the comments in the file, and of pages, alerts and reports."""

    FR = "fr"
    EN = "en"


def init(
    brand: Annotated[str, typer.Option("--brand", metavar="NAME", help="The brand to listen to.")] = "My brand",
    language: Annotated[
        Language | None, typer.Option("--language", help="Default: the language of this computer.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Write a commented oyez.toml to start from, and make the database. What is there already is kept.

    \b
    Examples:
      oyez init --brand "Lila Énergie" --language fr
      oyez init --home ./listening
    """
    from service.errors import ServiceError
    from service.home import find_home
    from service.starter import starter
    from service.workspace import open_workspace

    found = find_home(home)
    if found.config.exists():
        raise ServiceError(f"{found.config} is there already", "edit it, or choose another folder with --home")
    found.create()
    chosen = language or (Language.FR if _speaks_french() else Language.EN)
    found.config.write_text(starter(brand, chosen), encoding="utf-8")
    with open_workspace(found.path) as ws:
        ws.brand_ids()
        ws.home.pseudonym_key()
    typer.echo(f"{found.config} is written.", err=True)
    typer.echo("Next: add a [[sources]] to it, then `oyez doctor`, then `oyez run`.", err=True)


def _speaks_french() -> bool:
    spoken = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return spoken.lower().startswith("fr")
