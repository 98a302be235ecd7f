"""The command line in the process of the test."""

from pathlib import Path

from typer.testing import CliRunner, Result

from service.cli import app


def oyez(*arguments: str | Path, code: int = 0) -> Result:
    """Run one command, which ends with this exit code."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result
