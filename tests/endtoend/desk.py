"""A user with a home folder that reads servers on loopback through the commands."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from service.workspace import open_workspace
from storage import mentions
from tests.service.commands import oyez

HTTP = '\n[http]\nmin_delay = 0.0\nallowed_hosts = ["127.0.0.1", "localhost"]\n'
"""Loopback is allowed, as a user would for a server of their own; it is asked without pauses."""


class Desk:
    """A user with a home folder, at the command line."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def watch(self, brand: str, **sources: tuple[str, dict[str, object]]) -> None:
        """Write `oyez.toml`: one brand that all sources are about; each is its kind and options."""
        toml = f"[[brands]]\nname = {json.dumps(brand)}\n{HTTP}"
        for name, (kind, options) in sources.items():
            toml += f'\n[[sources]]\nname = "{name}"\nkind = "{kind}"\nbrands = [{json.dumps(brand)}]\n'
            toml += "[sources.options]\n" + "".join(f"{key} = {json.dumps(options[key])}\n" for key in options)
        self.home.mkdir(exist_ok=True)
        (self.home / "oyez.toml").write_text(toml, encoding="utf-8")

    def collect(self, code: int = 0) -> dict[str, dict[str, Any]]:
        """`oyez collect`: what became of each source."""
        out = oyez("collect", "--home", self.home, "--format", "json", code=code).stdout
        return {row["source"]: row for row in json.loads(out)}

    def export(self) -> dict[str, dict[str, Any]]:
        """`oyez export`: the mentions by their text."""
        out = oyez("export", "--home", self.home, "--format", "jsonl").stdout
        rows = [json.loads(line) for line in out.splitlines()]
        assert len({row["text"] for row in rows}) == len(rows)
        return {row["text"]: row for row in rows}

    def older_wordings(self, text: str) -> list[str]:
        """The wordings that this mention had before."""
        with open_workspace(self.home) as ws, ws.database.read() as conn:
            [number] = [view.id for view in mentions.walk(conn) if view.text == text]
            return [older for _, _, older, _ in mentions.revisions(conn, number)]

    def deleted(self) -> list[str]:
        """The texts of mentions that are tombstones now."""
        with open_workspace(self.home) as ws, ws.database.read() as conn:
            found = (mentions.get(conn, number) for number in range(1, mentions.count(conn) + 100))
            return [view.text for view in found if view and view.deleted_at]


def counts(row: dict[str, Any], names: Iterable[str] = ("new", "changed", "unchanged", "deleted")) -> list[int]:
    """How many posts of a source were new, changed, unchanged and deleted."""
    return [row[name] for name in names]
