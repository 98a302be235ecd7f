"""Progress is shown to who watches, and to nobody else."""

from __future__ import annotations

import sys

import pytest

from service import progress


def test_nothing_is_shown_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.percents("Back to 2026-01-01") as told:
        told(50)
    assert capsys.readouterr().err == ""


def test_a_terminal_sees_how_far_it_is_and_never_a_step_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress.percents("Back to 2026-01-01") as told:
        for percent in (10, 60, 40, 75):
            told(percent)
    shown = capsys.readouterr().err
    assert "Back to 2026-01-01" in shown
    assert "75/100" in shown
