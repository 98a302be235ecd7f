"""Keeps the jobs running inside one process: sources when they are due, then all that follows from them."""

from __future__ import annotations

import threading

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from service import delivery, jobs
from service.delivery import Delivered
from service.workspace import Workspace

PASS_EVERY = 60
"""Seconds between two looks at what is due; the sources' own schedules decide whether they are read."""
DELIVER_EVERY = 15
"""Seconds between two looks into the outbox."""
log = structlog.get_logger("oyez.scheduler")


class Scheduler:
    """Runs passes and deliveries in the background until stopped; a failing one is logged and comes again."""

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._stop = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        self._scheduler.add_job(self._pass, "interval", seconds=PASS_EVERY, next_run_time=ws.clock.now())
        self._scheduler.add_job(self._deliver, "interval", seconds=DELIVER_EVERY)

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return bool(self._scheduler.running)

    def start(self) -> None:
        """Begin, with a pass at once."""
        self._ws.brand_ids()  # applies the configuration, and fails here rather than in the background
        self._scheduler.start()

    def stop(self) -> None:
        """Let the running jobs end their page, batch or message, and begin no other; waits for that."""
        self._stop.set()
        self._scheduler.shutdown(wait=True)

    def _pass(self) -> None:
        try:
            jobs.run_once(self._ws, stop=self._stop)
        except Exception:
            log.exception("pass failed")

    def _deliver(self) -> Delivered | None:
        try:
            return delivery.deliver(self._ws, stop=self._stop)
        except Exception:
            log.exception("delivery failed")
            return None
