"""What services allow: counts the units that visits cost, and lets sources rest whose quota is used up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from collectors.quota import Quota
from collectors.secret import references
from collectors.source import Page, Source, find
from service.config import SourceConfig
from service.intake import Collected, Save
from service.workspace import Workspace
from storage import quotas, sources
from storage.mentions import Stored
from storage.quotas import Spent
from storage.sources import Rest


@dataclass(frozen=True, slots=True)
class Account:
    """Whose quota it is: sources of one kind with the same keys share one."""

    name: str
    quota: Quota


def account(config: SourceConfig, source: Source) -> Account | None:
    """The account that a source spends from; None where its service sets no quota."""
    quota = source.quota()
    return None if quota is None else Account(name_of_account(config), quota)


def name_of_account(config: SourceConfig) -> str:
    """How the account is kept: the keys' references, never the keys."""
    return " ".join([config.kind, *sorted(references(find(config.kind).Options, config.options))])


def exhausted(ws: Workspace, account: Account, source_id: int, result: Collected) -> bool:
    """Whether nothing is left before the first request: the source then rests."""
    with ws.database.read() as conn:
        spent = quotas.find(conn, account.name, ws.clock.now())
    return rests(ws, spent, source_id, result)


class Meter:
    """Counts what pages cost in the transactions that store them: a kill loses neither, and doubles neither."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.spent: Spent | None = None
        """What is known to be spent, once a page cost something."""

    def saving(self, save: Save) -> Save:
        """Another `save`, which also counts."""

        def counted(conn: Connection, page: Page, stored: Stored, now: datetime) -> None:
            save(conn, page, stored, now)
            self._count(conn, page, now)

        return counted

    def _count(self, conn: Connection, page: Page, now: datetime) -> None:
        if not page.spent and page.left is None:
            return
        quota = self._account.quota
        self.spent = quotas.spend(
            conn, self._account.name, page.spent, now,
            units=quota.units, resets_at=quota.resets_at(now), left=page.left,
        )  # fmt: skip


def rests(ws: Workspace, spent: Spent | None, source_id: int, result: Collected) -> bool:
    """Whether nothing is left: the source then rests, and `result` says until when."""
    if spent is None or not spent.used_up:
        return False
    result.waits = (
        f"the service's quota of {spent.units:g} units is used up until {spent.resets_at:%Y-%m-%d %H:%M} UTC"
    )
    with ws.database.begin() as conn:
        sources.record_rest(conn, source_id, spent.resets_at, Rest.QUOTA)
    return True
