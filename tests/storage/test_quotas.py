"""What was spent of a service's quota, on both databases."""

from __future__ import annotations

from datetime import timedelta

from material import NOW

from storage import quotas
from storage.database import Database

RESET = NOW + timedelta(hours=1)


def test_units_are_counted_until_the_quota_begins_anew(database: Database) -> None:
    with database.begin() as conn:
        quotas.spend(conn, "a", 10, NOW, units=100, resets_at=RESET)
        spent = quotas.spend(conn, "a", 10, NOW, units=100, resets_at=RESET + timedelta(hours=1))
        assert (spent.spent, spent.units, spent.resets_at, spent.used_up) == (20, 100, RESET, False)
        assert quotas.spend(conn, "a", 80, NOW, units=100, resets_at=RESET).used_up
        assert quotas.find(conn, "a", RESET) is None
        later = quotas.spend(conn, "a", 1, RESET, units=100, resets_at=RESET + timedelta(days=1))
        assert (later.spent, later.resets_at) == (1, RESET + timedelta(days=1))


def test_accounts_are_counted_apart(database: Database) -> None:
    with database.begin() as conn:
        quotas.spend(conn, "a", 10, NOW, units=100, resets_at=RESET)
        assert quotas.find(conn, "b", NOW) is None
        assert quotas.spend(conn, "b", 1, NOW, units=5, resets_at=RESET).spent == 1


def test_what_the_service_says_is_left_is_believed_over_our_own_count(database: Database) -> None:
    with database.begin() as conn:
        quotas.spend(conn, "a", 10, NOW, units=100, resets_at=RESET)
        assert quotas.spend(conn, "a", 1, NOW, units=100, resets_at=RESET, left=60).spent == 40
        assert quotas.spend(conn, "a", 1, NOW, units=100, resets_at=RESET, left=0).used_up
        assert quotas.spend(conn, "a", 1, NOW, units=100, resets_at=RESET, left=300).spent == 0
