"""The jobs, over a workspace: count, alert, report; and `run_once`, the whole pass in its order.

Each job may be killed at any moment and run again: what it wrote is whole transactions, and doing it twice
changes nothing. Collecting is in `service.collecting`, annotating in `service.annotating`, sending in
`service.delivery`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from service import annotating, collecting, delivery, progress, reporting, watching
from service.delivery import Delivered
from service.intake import Collected
from service.workspace import Workspace
from storage import raw, rollups, runs

_DAYS_AT_ONCE = 100
_RUNS_KEPT = timedelta(days=90)
log = structlog.get_logger("oyez.run")


@dataclass
class Summary:
    """What a whole pass did. `seconds` are those of each stage, `problems` what broke the stages that failed."""

    collected: list[Collected] = field(default_factory=list)
    annotated: int = 0
    compared: int = 0
    """Mentions looked at for near-duplicates: as a rule, the new ones."""
    passages: int = 0
    """Negative passages sorted by what they complain of."""
    days: int = 0
    alerts: int = 0
    reports: int = 0
    delivered: Delivered = field(default_factory=Delivered)
    seconds: dict[str, float] = field(default_factory=dict)
    problems: dict[str, Exception] = field(default_factory=dict)

    @property
    def failed_sources(self) -> list[Collected]:
        """The sources that could not be read to their end."""
        return [source for source in self.collected if source.problem]

    def to_json(self) -> dict[str, Any]:
        """The counts."""
        return {
            "sources": len(self.collected),
            "failed": len(self.failed_sources),
            "new": sum(source.stored.new for source in self.collected),
            "changed": sum(source.stored.changed for source in self.collected),
            "deleted": sum(source.stored.deleted for source in self.collected),
            "annotated": self.annotated,
            "compared": self.compared,
            "days": self.days,
            "passages": self.passages,
            "alerts": self.alerts,
            "reports": self.reports,
            **self.delivered.to_json(),
            "problems": {stage: told(error) for stage, error in self.problems.items()},
            "seconds": {stage: round(seconds, 2) for stage, seconds in self.seconds.items()},
        }


def run_once(
    ws: Workspace,
    *,
    due_only: bool = True,
    stop: threading.Event | None = None,
    advance: progress.Advance = progress.nothing,
) -> Summary | None:
    """One whole pass, from the sources that are due to the messages that leave; None where one is at work.

    A source or a stage that fails is told in the summary and stops nothing. With `stop` set it ends after the
    present step.
    """
    with ws.home.lock("run") as ours:
        if not ours:
            return None
        summary = Summary()
        with _recorded(ws, summary):
            ws.brand_ids()  # applies the configuration: nothing may be due, and a report on a new brand is
            with _stage(ws, "collect", summary):
                summary.collected = collecting.collect(ws, due_only=due_only, stop=stop, advance=advance)
            understand(ws, summary, stop=stop, advance=advance)
            if stop is None or not stop.is_set():
                act(ws, summary, stop=stop)
        return summary


def understand(
    ws: Workspace,
    summary: Summary,
    *,
    stop: threading.Event | None = None,
    advance: progress.Advance = progress.nothing,
) -> None:
    """Annotate, fold, sort and count what is new."""
    with _stage(ws, "annotate", summary):
        summary.annotated = annotating.annotate(ws, stop=stop, advance=advance)
    with _stage(ws, "fold", summary):
        summary.compared = annotating.fold(ws, stop=stop)
    with _stage(ws, "complaints", summary):
        summary.passages = annotating.sort_complaints(ws, stop=stop)
    with _stage(ws, "roll_up", summary):
        summary.days = roll_up(ws, stop=stop)


def act(ws: Workspace, summary: Summary, *, stop: threading.Event | None = None) -> None:
    """Raise alerts, freeze the reports that are due, and send what is waiting, also where one of them failed."""
    with _stage(ws, "alert", summary):
        summary.alerts = watching.alert(ws)
    with _stage(ws, "report", summary):
        summary.reports = reporting.send_due(ws)
    with _stage(ws, "deliver", summary):
        summary.delivered = delivery.deliver(ws, stop=stop)
    with ws.database.begin() as conn:
        raw.purge(conn, ws.clock.now())
        runs.purge(conn, ws.clock.now() - _RUNS_KEPT)


def roll_up(ws: Workspace, *, stop: threading.Event | None = None) -> int:
    """Count the days again on which something changed; how many there were."""
    done = 0
    while stop is None or not stop.is_set():
        with ws.database.begin() as conn:
            counted = rollups.refresh(conn, _DAYS_AT_ONCE)
        done += counted
        if not counted:
            break
    return done


@contextmanager
def _recorded(ws: Workspace, summary: Summary) -> Iterator[None]:
    """Note the pass in the log of runs, with what it did, and what went wrong if something did."""
    with ws.database.begin() as conn:
        number = runs.start(conn, "run", ws.clock.now())
    problems = []
    try:
        yield
    except Exception as error:
        problems.append(told(error))
        raise
    finally:
        problems += [f"{stage}: {told(error)}" for stage, error in summary.problems.items()]
        with ws.database.begin() as conn:
            runs.finish(conn, number, ws.clock.now(), summary.to_json(), "; ".join(problems) or None)


@contextmanager
def _stage(ws: Workspace, name: str, summary: Summary) -> Iterator[None]:
    """Time one stage. This is the edge of a job: what breaks it is noted, and the next one comes all the same."""
    ticks = ws.clock.monotonic()
    try:
        yield
    except Exception as error:
        summary.problems[name] = error
        if hasattr(error, "remedy"):
            log.error("stage failed", stage=name, problem=str(error), remedy=error.remedy)
        else:
            log.exception("stage broke", stage=name)
    summary.seconds[name] = ws.clock.monotonic() - ticks
    log.debug("stage done", stage=name, seconds=round(summary.seconds[name], 3))


def told(error: Exception) -> str:
    """What went wrong, in a line: our own errors speak for themselves, others with their name."""
    return str(error) if hasattr(error, "remedy") else f"{type(error).__name__}: {error}"
