"""Progress on stderr while something long runs: a bar in a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

Advance = Callable[[int], None]
"""Tell that so many more are done."""


def nothing(_done: int) -> None:
    """The progress of work that nobody watches."""


class Reach:
    """How much of a stretch of time was read, whichever way it is walked through, for several walks at once."""

    def __init__(self, start: datetime, end: datetime, walks: int) -> None:
        self._start, self._length = start, max(end - start, timedelta(seconds=1))
        self._end = end
        self._walks = walks
        self._seen: dict[str, tuple[datetime, datetime]] = {}
        self._done: set[str] = set()

    def read(self, walk: str, moments: Iterable[datetime]) -> None:
        """Count in what a page of this walk held."""
        known = [min(max(moment, self._start), self._end) for moment in moments]
        seen = [*known, *self._seen.get(walk, ())]
        if seen:
            self._seen[walk] = (min(seen), max(seen))

    def ended(self, walk: str) -> None:
        """Count a walk as done, however little there was."""
        self._done.add(walk)

    @property
    def percent(self) -> int:
        """From 0 to 100, over all walks; 100 only where each has ended."""
        spans = {name: (last - first) / self._length for name, (first, last) in self._seen.items()}
        shares = sum(share for name, share in spans.items() if name not in self._done) + len(self._done)
        return 100 if len(self._done) >= self._walks else min(int(100 * shares / self._walks), 99)


@contextmanager
def percents(label: str) -> Iterator[Callable[[int], None]]:
    """Show under `label` how many percent are done, which the block tells; they never go back."""
    with bar(label, 100) as advance:
        shown = [0]

        def tell(percent: int) -> None:
            advance(max(percent - shown[0], 0))
            shown[0] = max(percent, shown[0])

        yield tell


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
