"""Options that many commands share."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Folder of oyez.toml and of the data. Default: OYEZ_HOME, else the current folder if it holds an "
        "oyez.toml, else ~/.local/share/oyez.",
        show_default=False,
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How the data is printed.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there instead of to stdout.")
]


def pairs(given: Iterable[str], name: str) -> dict[str, str]:
    """What a repeated option `name` says, each KEY=VALUE. Raises BadParameter for anything else."""
    found = {}
    for pair in given:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise typer.BadParameter(f"{pair!r} is not KEY=VALUE", param_hint=name)
        found[key.strip()] = value.strip()
    return found
