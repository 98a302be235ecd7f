"""Alerts are raised once, and what is to be sent is sent by one sender, at least once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import Killed
from material import NOW, Desk, post

from storage import outbox
from storage.alerts import AlertDraft, list_alerts, raise_alert
from storage.database import Database
from storage.outbox import State


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def draft(desk: Desk, key: str = "spike:2026-11-20", **parts: Any) -> AlertDraft:
    given = AlertDraft("spike", desk.brand, key, "high", "Trois fois plus d'avis", {"n": 30, "quote": "a\x00b"})
    return replace(given, **parts)


def enqueue(desk: Desk, number: int = 1) -> None:
    with desk.database.begin() as conn:
        for n in range(number):
            outbox.enqueue(conn, "mail", {"n": n}, NOW)


def claim(desk: Desk, after: timedelta = timedelta(), **how: Any) -> list[outbox.Message]:
    with desk.database.begin() as conn:
        return outbox.due(conn, NOW + after, **how)


def test_an_alert_is_raised_once_and_queued_for_every_channel(desk: Desk) -> None:
    desk.store(post())
    with desk.database.begin() as conn:
        assert raise_alert(conn, draft(desk, mention_id=desk.mention().id), ["mail", "hook"], NOW) is True
    with desk.database.begin() as conn:
        assert raise_alert(conn, draft(desk, title="encore"), ["mail", "hook"], NOW + timedelta(days=1)) is False
        [alert] = list_alerts(conn)
    assert (alert.title, alert.brand, alert.detail, alert.raised_at) == (
        "Trois fois plus d'avis",
        "Acme",
        {"n": 30, "quote": "ab"},
        NOW,
    )
    messages = claim(desk)
    assert [message.channel for message in messages] == ["mail", "hook"]
    assert messages[0].payload["brand"] == "Acme"
    assert messages[0].payload["detail"] == {"n": 30, "quote": "ab"}
    assert messages[0].alert_id == alert.id
    assert len({UUID(message.message_id) for message in messages}) == 2


def test_an_alert_and_its_messages_are_one(desk: Desk, break_at: Any) -> None:
    for n in range(1, 20):
        with break_at(n):
            try:
                with desk.database.begin() as conn:
                    raise_alert(conn, draft(desk), ["mail", "hook"], NOW)
            except Killed:
                pass
            else:
                break
        with desk.database.read() as conn:
            assert list_alerts(conn) == []
            assert outbox.counts(conn)[State.PENDING] == 0
    assert len(claim(desk)) == 2


def test_two_that_find_the_same_raise_one_alert(desk: Desk) -> None:
    def find(_: int) -> bool:
        with desk.database.begin() as conn:
            return raise_alert(conn, draft(desk), ["mail"], NOW)

    with ThreadPoolExecutor() as pool:
        assert sorted(pool.map(find, range(4))) == [False, False, False, True]
    assert len(claim(desk)) == 1


def test_alerts_are_listed_newest_first(desk: Desk) -> None:
    rival = desk.another_brand("Rival")
    with desk.database.begin() as conn:
        for n in range(4):
            given = draft(desk, f"k{n}", brand_id=(desk.brand, rival)[n % 2])
            raise_alert(conn, given, [], NOW + timedelta(hours=n))
        assert [alert.key for alert in list_alerts(conn)] == ["k3", "k2", "k1", "k0"]
        assert [alert.key for alert in list_alerts(conn, rival)] == ["k3", "k1"]
        assert [alert.key for alert in list_alerts(conn, since=NOW + timedelta(hours=2))] == ["k3", "k2"]
        assert [alert.key for alert in list_alerts(conn, limit=1)] == ["k3"]


def test_a_claimed_message_is_nobody_else_s_until_its_lease_ends(desk: Desk) -> None:
    enqueue(desk)
    [message] = claim(desk, lease=timedelta(minutes=5))
    assert message.attempts == 1
    assert claim(desk, timedelta(minutes=4)) == []
    [again] = claim(desk, timedelta(minutes=5))
    assert (again.message_id, again.attempts) == (message.message_id, 2)


def test_a_message_that_was_sent_is_done(desk: Desk) -> None:
    enqueue(desk)
    [message] = claim(desk)
    with desk.database.begin() as conn:
        outbox.sent(conn, message.id, NOW)
        outbox.failed(conn, message.id, "a late answer of another sender", NOW)
        assert outbox.counts(conn) == {State.PENDING: 0, State.SENT: 1, State.DEAD: 0}
    assert claim(desk, timedelta(days=9)) == []


def test_a_message_that_failed_is_due_when_the_sender_said(desk: Desk) -> None:
    enqueue(desk)
    [message] = claim(desk)
    with desk.database.begin() as conn:
        outbox.failed(conn, message.id, "connection refused", NOW + timedelta(hours=1))
    assert claim(desk, timedelta(minutes=59)) == []
    assert claim(desk, timedelta(hours=1))[0].attempts == 2


def test_a_dead_letter_stays_until_it_is_revived(desk: Desk) -> None:
    enqueue(desk)
    [message] = claim(desk)
    with desk.database.begin() as conn:
        outbox.failed(conn, message.id, "no such address", None)
        assert outbox.counts(conn)[State.DEAD] == 1
    assert claim(desk, timedelta(days=30)) == []
    with desk.database.begin() as conn:
        assert outbox.revive(conn, NOW) == 1
    assert claim(desk)[0].attempts == 1


def test_the_most_overdue_are_claimed_first(desk: Desk) -> None:
    enqueue(desk, 10)
    assert [message.payload["n"] for message in claim(desk, limit=3)] == [0, 1, 2]
    assert [message.payload["n"] for message in claim(desk, limit=30)] == [3, 4, 5, 6, 7, 8, 9]


def test_what_is_not_due_yet_is_left(desk: Desk) -> None:
    with desk.database.begin() as conn:
        outbox.enqueue(conn, "mail", {}, NOW + timedelta(seconds=1))
    assert claim(desk) == []


def test_many_senders_never_claim_the_same_message(desk: Desk) -> None:
    enqueue(desk, 60)

    def send(_: int) -> list[int]:
        mine: list[int] = []
        while messages := claim(desk, limit=5):
            mine += [message.id for message in messages]
        return mine

    with ThreadPoolExecutor(max_workers=4) as pool:
        claimed = [id_ for mine in pool.map(send, range(4)) for id_ in mine]
    assert len(claimed) == len(set(claimed)) == 60


def test_a_claim_that_is_not_committed_is_no_claim(desk: Desk) -> None:
    enqueue(desk)
    with pytest.raises(RuntimeError), desk.database.begin() as conn:
        outbox.due(conn, NOW)
        raise RuntimeError
    assert len(claim(desk)) == 1
