"""Plays the demo: two visits to the sample web by the ordinary jobs, then the report on the crisis week.

The first visit is paid in the past, the morning after the crisis week, by a clock that is set back: so the
alerts are those that a user would have had then. The second one is paid now. What was done is kept in the
home folder; to play again there does nothing twice.
"""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from collectors.politeness import Clock
from reputation.periods import week_of
from service import jobs, progress, reporting
from service.demo.content import BRAND, crisis_week, first_visit
from service.demo.pages import configuration
from service.demo.web import SampleWeb
from service.errors import ServiceError
from service.home import Home
from service.oyez_toml import load
from service.workspace import Workspace
from storage import alerts, mentions

MOST_ALERTS = 10_000
_STAGES = {
    "collect": "collect",
    "annotate": "annotate",
    "fold": "annotate",
    "complaints": "roll_up",
    "roll_up": "roll_up",
    "alert": "alerts",
    "deliver": "alerts",
}
"""Stage of a run → what it counts as in the summary."""


@dataclass
class Played:
    """What the home folder holds after the demo, and what this time took: seconds for each stage."""

    mentions: int
    annotated: int
    folded: int
    alerts: dict[str, int]
    report: Path
    seconds: dict[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The summary; `folded` counts the near-duplicates beside the one that stands for them."""
        return {
            "mentions": self.mentions,
            "annotated": self.annotated,
            "folded": self.folded,
            "alerts": sum(self.alerts.values()),
            "alerts_by_rule": self.alerts,
            "report": str(self.report),
            "seconds": {stage: round(seconds, 2) for stage, seconds in self.seconds.items()},
        }


def default_home() -> Path:
    """The demo's own folder in the user's data folder (XDG_DATA_HOME, else ~/.local/share)."""
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share") / "oyez-demo"


class _Past(Clock):
    """A clock that was set back and goes on from there."""

    def __init__(self, moment: datetime) -> None:
        self._moment, self._started = moment, self.monotonic()

    def now(self) -> datetime:
        return self._moment + timedelta(seconds=self.monotonic() - self._started)


@dataclass
class Stage:
    """A home folder with the sample web for it: which day is today, at which port, how many visits were paid."""

    home: Home
    today: date
    port: int = 0
    visits: int = 0

    @classmethod
    def of(cls, home: Home, now: datetime) -> Stage:
        """The stage as it was left, or a new one for the day of `now`.

        Raises ServiceError where the folder holds a configuration that is not the demo's.
        """
        file = home.path / "demo.json"
        if file.exists():
            kept = json.loads(file.read_text("utf-8"))
            return cls(home, date.fromisoformat(kept["today"]), kept["port"], kept["visits"])
        if home.config.exists():
            raise ServiceError(
                f"{home.path} holds an oyez.toml that is not the demo's", "choose another folder with --home"
            )
        return cls(home, now.date())

    @contextmanager
    def web(self) -> Iterator[SampleWeb]:
        """The sample web at the port it had before, or at a free one where that is taken."""
        try:
            web = SampleWeb(self.today, port=self.port)
        except OSError:
            web = SampleWeb(self.today)
        self.port = web.port
        with web:
            yield web

    def keep(self) -> None:
        """Remember how far it has come."""
        kept = {"today": self.today.isoformat(), "port": self.port, "visits": self.visits}
        (self.home.path / "demo.json").write_text(json.dumps(kept), "utf-8")


def play(
    stage: Stage,
    web: SampleWeb,
    *,
    clock: Clock | None = None,
    advance: progress.Advance = progress.nothing,
) -> Played:
    """Pay the visits that are not paid yet, then look again and write the report.

    Raises ServiceError when a source cannot be read or another run is at work in the folder.
    """
    clock = clock or Clock()
    seconds: dict[str, float] = defaultdict(float)
    stage.home.create()
    stage.keep()
    for visit in range(min(stage.visits, 1) + 1, 3):
        web.visit = visit
        _write(stage, web)
        with Workspace(
            stage.home, load(stage.home.config), _Past(first_visit(web.today)) if visit == 1 else clock
        ) as ws:
            _run(ws, seconds, advance)
        stage.visits = visit
        stage.keep()
    with Workspace(stage.home, load(stage.home.config), clock) as ws:
        started = clock.monotonic()
        report = write_report(ws, crisis_week(web.today)[0])
        seconds["report"] = clock.monotonic() - started
        return _counted(ws, report, dict(seconds))


def write_report(ws: Workspace, day: date) -> Path:
    """Write the report on the week of `day`, in the language of the pages, unless it is there: it is frozen."""
    week, language = week_of(day), ws.config.web.language
    path = ws.home.reports / f"{BRAND.lower()}-{week}-{language}.html"
    if not path.exists():
        from service.reports import render_html  # noqa: PLC0415 (brings the charts with it)

        report = reporting.weekly(ws, reporting.find_brand(ws, BRAND), week)
        page = render_html(report.document, language, zone=ws.config.web.timezone)
        path.parent.mkdir(exist_ok=True)
        draft = path.with_suffix(".draft")
        draft.write_text(page, "utf-8")
        draft.replace(path)
    return path


def _write(stage: Stage, web: SampleWeb) -> None:
    """Put the configuration and the survey's export into the home folder."""
    survey = web.document("/survey/reponses.csv")
    assert survey is not None
    path = stage.home.path / "reponses.csv"
    path.write_bytes(survey.body)
    stage.home.config.write_text(configuration(web.url, path), "utf-8")


def _run(ws: Workspace, seconds: dict[str, float], advance: progress.Advance) -> None:
    summary = jobs.run_once(ws, advance=advance)
    if summary is None:
        raise ServiceError("another run is at work in this home folder", "wait for it, or choose another --home")
    for failed in summary.failed_sources:
        raise ServiceError(f"the source {failed.source} failed: {failed.problem}", failed.remedy)
    for error in summary.problems.values():
        raise error
    for stage, name in _STAGES.items():
        seconds[name] += summary.seconds.get(stage, 0.0)


def _counted(ws: Workspace, report: Path, seconds: dict[str, float]) -> Played:
    with ws.database.read() as conn:
        views = list(mentions.walk(conn))
        raised = Counter(alert.rule for alert in alerts.list_alerts(conn, limit=MOST_ALERTS))
    return Played(
        mentions=len(views),
        annotated=sum(view.annotation is not None for view in views),
        folded=round(sum(1 - 1 / view.copies for view in views if view.copies)),
        alerts=dict(sorted(raised.items())),
        report=report,
        seconds=seconds,
    )
