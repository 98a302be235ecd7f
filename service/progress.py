"""Progress on stderr while something long runs: a bar in a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Advance = Callable[[int], None]
"""Tell that so many more are done."""


def nothing(_done: int) -> None:
    """The progress of work that nobody watches."""


@contextmanager
def bar(label: str, total: int | None = None) -> Iterator[Advance]:
    """Show progress under `label` while the block runs; `total` is None where it is not known."""
    if not sys.stderr.isatty():
        yield nothing
        return
    from rich.console import Console  # noqa: PLC0415 (only where somebody watches)
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, *times, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda done: progress.advance(task, done)
