"""What was spent of the quotas that services set, per account: sources that share a key share its quota."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from storage.database import insert_into, take_turns
from storage.tables import Quota as QuotaRow


@dataclass(frozen=True, slots=True)
class Spent:
    """Units spent of those that there are until `resets_at`."""

    spent: float
    units: float
    resets_at: datetime

    @property
    def used_up(self) -> bool:
        """Whether nothing is left of it."""
        return self.spent >= self.units


def spend(
    conn: Connection,
    account: str,
    cost: float,
    now: datetime,
    *,
    units: float,
    resets_at: datetime,
    left: float | None = None,
) -> Spent:
    """Count units in; what is known of a time that is over is forgotten.

    `left` is what the service itself says is left: it knows better. `resets_at` is when a count that begins now
    ends. Call it in the transaction that stores what the units bought.
    """
    take_turns(conn, f"quota {account}")  # there may be no row to lock yet
    known = conn.execute(_row(account, now)).first()
    before, until = (known.spent, known.resets_at) if known else (0.0, resets_at)
    now_spent = before + cost if left is None else max(units - left, 0.0)
    values = {"account": account, "units": units, "spent": now_spent, "resets_at": until}
    statement = insert_into(conn, QuotaRow).values(values)
    conn.execute(statement.on_conflict_do_update(index_elements=["account"], set_=values))
    return Spent(now_spent, units, until)


def find(conn: Connection, account: str, now: datetime) -> Spent | None:
    """What was spent of an account's present quota; None where nothing was."""
    row = conn.execute(_row(account, now)).first()
    return Spent(row.spent, row.units, row.resets_at) if row else None


def _row(account: str, now: datetime) -> Any:
    columns = select(QuotaRow.spent, QuotaRow.units, QuotaRow.resets_at)
    return columns.where(QuotaRow.account == account, QuotaRow.resets_at > now)
