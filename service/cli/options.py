"""Options that many commands share."""

from __future__ import annotations

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
