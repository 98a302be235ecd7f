"""The command `oyez`. Each command is one module here, imported only when it is the one that was asked for."""

from __future__ import annotations

import importlib
import sys
from difflib import get_close_matches
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from service.errors import ServiceError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo:demo", "See it all work on a small sample web, offline."),
    "try": ("try_:try_", "Annotate ten texts of a file or page, keeping nothing."),
    "init": ("init:init", "Write a commented oyez.toml to start from."),
    "run": ("work:run", "One whole pass, from collecting to alerts; fit for cron."),
    "serve": ("serve:serve", "Keep running: pages, schedules, alerts and reports."),
    "collect": ("work:collect", "Read the sources now."),
    "annotate": ("work:annotate", "Understand the mentions that are still waiting."),
    "analyze": ("analyze:analyze", "Annotate or score a file, without a database."),
    "evaluate": ("evaluate:evaluate", "How often the model is right, on your own labelled texts."),
    "corrections": ("corrections:app", "What you say against the model: it wins, and can be undone."),
    "calibrate": ("calibrate:calibrate", "Learn from a brand's survey answers to put its figures right."),
    "import": ("import_:import_", "Bring in reviews or survey answers from a file."),
    "export": ("export:export", "Write mentions out, masked, as CSV or JSON."),
    "report": ("report:app", "Weekly reports and scorecards of a brand."),
    "alerts": ("alerts:alerts", "List the alerts raised."),
    "sources": ("sources:app", "Sources: their health, their kinds, how one parses."),
    "doctor": ("doctor:doctor", "Check that everything is in order, and say what to do."),
}
"""Command → where its function or group is, and its line in `oyez --help`."""


class _Commands(TyperGroup):
    """Commands by name; the list is shown without importing them."""

    _chosen: str | None = None

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        self._chosen = args[0] if args else None
        if self._chosen and not self._chosen.startswith("-") and self._chosen not in COMMANDS:
            close = get_close_matches(self._chosen, COMMANDS, n=1)
            ctx.fail(f"no command {self._chosen!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        target, line = COMMANDS[cmd_name]
        if cmd_name != self._chosen:
            return TyperCommand(cmd_name, help=line)
        return _load(cmd_name, target)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not _explain(error):
                raise
            raise typer.Exit(1) from error


def _load(name: str, target: str) -> Any:
    module, _, attribute = target.partition(":")
    found = getattr(importlib.import_module(f"service.cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        group = typer.Typer(add_completion=False, rich_markup_mode=None)
        group.command(name)(found)
        found = group
    command = typer.main.get_command(found)
    command.name = name
    return command


def _explain(error: Exception) -> bool:
    """Say on stderr what happened and what to do, if the error is one that the user can act on."""
    from collectors.source import SourceError
    from storage.database import DatabaseError

    if not isinstance(error, ServiceError | SourceError | DatabaseError):
        return False
    typer.echo(f"Error: {error}", err=True)
    if error.remedy:
        typer.echo(f"To do: {error.remedy}", err=True)
    return True


def _version(shown: bool) -> None:
    if shown:
        from importlib.metadata import version

        typer.echo(version("oyez"))
        raise typer.Exit


app = typer.Typer(cls=_Commands, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.callback()
def _oyez(
    version: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_version, is_eager=True, expose_value=False
    ),
) -> None:
    """Hear what people say of a brand.

    \b
    Examples:
      oyez demo                       see it work, offline, in a minute
      oyez init && oyez run           listen to your own brand
      oyez analyze reviews.csv        annotate a file, without a database

    \b
    Every command takes --home DIR (or OYEZ_HOME): the folder of oyez.toml and data.
    Data goes to stdout, all else to stderr. Exit code: 0 done, 1 failed, 2 wrong use.
    """


def main() -> None:
    """Run the command line."""
    try:
        app()
    except BrokenPipeError:
        # The reader of our output went away (`| head`): not a failure of ours.
        sys.stderr.close()
        sys.exit(0)
