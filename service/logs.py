"""Structured logs on stderr: for people when it is a terminal, one JSON object a line when it is not."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog


def configure(*, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Send oyez's logs to `stream` (stderr by default), and quieten the libraries that log every step.

    Call it once, when a command starts.
    """
    person = (stream or sys.stderr).isatty()
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if person
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    trace: list[structlog.typing.Processor] = [] if person else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *trace,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # stderr is looked up at each line: it may be replaced while the program runs.
        logger_factory=lambda *_: structlog.PrintLogger(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in ("httpx", "httpcore", "apprise", "apscheduler", "alembic", "urllib3"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
