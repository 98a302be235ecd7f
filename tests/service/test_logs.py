"""Logs for programs, progress for people."""

import io
import json
import sys

import pytest
import structlog

from service import logs, progress


class Terminal(io.StringIO):
    """Says that somebody watches."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_one_json_object_a_line_with_the_error_in_it() -> None:
    out = io.StringIO()
    logs.configure(stream=out)
    log = structlog.get_logger("oyez.test")
    log.debug("not shown")
    log.info("source read", source="Presse é", new=3)
    try:
        raise ValueError("wrong")
    except ValueError:
        log.exception("broke")
    first, second = [json.loads(line) for line in out.getvalue().splitlines()]
    assert (first["event"], first["source"], first["new"], first["level"]) == (
        "source read",
        "Presse é",
        3,
        "info",
    )
    assert first["timestamp"].endswith("Z")
    assert "ValueError: wrong" in second["exception"]


def test_a_terminal_gets_lines_for_people() -> None:
    out = Terminal()
    logs.configure(stream=out)
    structlog.get_logger("oyez.test").info("source read", new=3)
    assert "source read" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_there_is_a_bar_in_a_terminal_and_nothing_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {}
    for stream in (io.StringIO(), Terminal()):
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.bar("Importing", total=10) as advance:
            advance(4)
        shown[stream.isatty()] = stream.getvalue()
    assert shown[False] == ""
    assert "Importing" in shown[True]
