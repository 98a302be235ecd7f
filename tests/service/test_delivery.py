"""The outbox leaves: once, in the end, whatever the receiver does."""

import json
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.politeness import Clock
from service.delivery import FIRST_WAIT, LONGEST_WAIT, MOST_ATTEMPTS, deliver, retry_at
from service.messages import alert_text
from service.workspace import Workspace
from storage import brands, outbox
from storage.alerts import AlertDraft, raise_alert
from tests.service.commands import oyez
from tests.service.receivers import MailServer, Webhook, mail_server, webhook
from tests.service.workspaces import NOW, FrozenClock, workspace

MENTION = {
    "text": "Livré avec 3 semaines de retard & <b>cassé</b>",
    "stars": 1.0,
    "source": "Trustville",
    "date": "2026-11-15",
    "url": "https://trustville.example/r/7?a=1&b=2",
    "touchpoints": [{"touchpoint": "delivery", "polarity": "negative"}],
}
NEGATIVE = {"name": "Bad", "brand": "Lila", "reasons": ["low_rating", "churn_intent"], "mention": MENTION}
SPIKE = {"name": "More", "brand": "Lila", "day": "2026-11-15", "negative": 14, "usual": 2.5, "times": 5.6}


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as receiver:
        yield receiver


def prepare(folder: Path, *, mail_port: int = 25, count: int = 1, to: list[str]) -> Workspace:
    toml = f"""
[mail]
host = "127.0.0.1"
port = {mail_port}
timeout = 5

[http]
allowed_hosts = ["127.0.0.1"]
read_timeout = 0.5
total_timeout = 0.5

[web]
language = "fr"
url = "https://oyez.example"
"""
    ws = workspace(folder, toml)
    with ws.database.begin() as conn:
        brand = brands.ensure(conn, "Lila")
        for number in range(count):
            draft = AlertDraft("negative_mention", brand, f"k{number}", "critical", "Livré", NEGATIVE)
            assert raise_alert(conn, draft, to, NOW)
    return ws


def states(ws: Workspace) -> dict[str, int]:
    with ws.database.read() as conn:
        return {str(state): count for state, count in outbox.counts(conn).items() if count}


def test_an_alert_goes_to_every_channel_once(tmp_path: Path, smtp: MailServer, hook: Webhook) -> None:
    channels = ["mailto:care@lila.example", hook.url, f"json://127.0.0.1:{hook.port}/hook"]
    with prepare(tmp_path, mail_port=smtp.port, to=channels) as ws:
        assert deliver(ws).sent == 3
        assert deliver(ws).sent == 0
    assert len(smtp.mails) == 1
    assert len(hook.received) == 2
    assert smtp.mails[0]["Subject"] == "Lila : un avis grave et urgent sur Trustville"
    page = smtp.mails[0].get_body(("html",))
    assert page is not None
    assert "<b>cassé" not in page.get_content()
    assert 'href="https://trustville.example/r/7?a=1&amp;b=2"' in page.get_content()


def test_a_receiver_that_fails_and_comes_back_gets_it_once(tmp_path: Path, hook: Webhook) -> None:
    hook.statuses = [500, 503]
    with prepare(tmp_path, to=[hook.url]) as ws:
        clock = ws.clock
        assert isinstance(clock, FrozenClock)
        assert deliver(ws).postponed == 1
        assert deliver(ws).to_json() == {"sent": 0, "postponed": 0, "dead": 0}  # not due yet
        clock.moment += 2 * FIRST_WAIT
        assert deliver(ws).postponed == 1
        clock.moment += 3 * FIRST_WAIT
        assert deliver(ws).sent == 1
        assert states(ws) == {"sent": 1}
    assert len(hook.received) == 1


def test_a_receiver_that_hangs_does_not_hold_up_the_others(
    tmp_path: Path, hook: Webhook, smtp: MailServer
) -> None:
    hook.hang = 1.5
    with prepare(tmp_path, mail_port=smtp.port, to=[hook.url, "mailto:care@lila.example"]) as ws:
        done = deliver(ws)
        assert (done.sent, done.postponed) == (1, 1)
    assert len(smtp.mails) == 1


def test_what_can_never_arrive_is_a_dead_letter(tmp_path: Path, hook: Webhook) -> None:
    hook.statuses = [410]
    with prepare(tmp_path, to=[hook.url, "mailto:nobody", "carrierpigeon://roof"]) as ws:
        assert deliver(ws).dead == 3
        assert states(ws) == {"dead": 3}


def test_an_alert_survives_a_receiver_that_is_being_renewed(tmp_path: Path, hook: Webhook) -> None:
    hook.statuses = [404, 404, 400]
    with prepare(tmp_path, to=[hook.url]) as ws:
        assert isinstance(ws.clock, FrozenClock)
        for _ in range(3):
            assert deliver(ws).postponed == 1
            ws.clock.moment += timedelta(minutes=10)
        assert deliver(ws).sent == 1


def test_a_receiver_that_goes_on_refusing_is_given_up_after_some_hours(tmp_path: Path, hook: Webhook) -> None:
    hook.statuses = [403] * 99
    with prepare(tmp_path, to=[hook.url]) as ws:
        assert isinstance(ws.clock, FrozenClock)
        tries = 1
        while not deliver(ws).dead:
            tries += 1
            ws.clock.moment += LONGEST_WAIT
        assert tries == 8


def test_dead_letters_leave_once_the_user_says_so(tmp_path: Path, hook: Webhook) -> None:
    hook.statuses = [410]
    with prepare(tmp_path, to=[hook.url]) as ws:
        assert deliver(ws).dead == 1
        told = oyez("alerts", "--retry-failed", "--home", tmp_path)
        assert told.stdout == ""
        assert told.stderr.startswith("1 messages are due again")
        ws.clock = Clock()
        assert deliver(ws).sent == 1
        assert "0 messages" in oyez("alerts", "--retry-failed", "--home", tmp_path).stderr
    assert len(hook.received) == 1


def test_a_missing_secret_is_waited_for(tmp_path: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OYEZ_TEST_HOOK", raising=False)
    with prepare(tmp_path, to=["env:OYEZ_TEST_HOOK"]) as ws:
        assert deliver(ws).postponed == 1
        monkeypatch.setenv("OYEZ_TEST_HOOK", hook.url)
        assert isinstance(ws.clock, FrozenClock)
        ws.clock.moment += 2 * FIRST_WAIT
        assert deliver(ws).sent == 1


def test_a_message_that_cannot_be_composed_stops_no_other(tmp_path: Path, hook: Webhook) -> None:
    with prepare(tmp_path, to=[]) as ws:
        with ws.database.begin() as conn:
            outbox.enqueue(conn, hook.url, {"type": "report", "report_id": 404, "language": "fr"}, NOW)
            brand = brands.ensure(conn, "Lila")
            raise_alert(conn, AlertDraft("spike", brand, "s", "high", "14", SPIKE), [hook.url], NOW)
        done = deliver(ws)
    assert (done.sent, done.postponed) == (1, 1)
    assert json.loads(hook.received[0][1])["rule"] == "spike"


def test_two_senders_at_once_never_send_one_twice(tmp_path: Path, hook: Webhook) -> None:
    with prepare(tmp_path, to=[hook.url], count=12) as ws:
        done: list[int] = []
        senders = [threading.Thread(target=lambda: done.append(deliver(ws).sent)) for _ in range(3)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    ids = [headers["oyez-delivery"] for headers, _ in hook.received]
    assert (len(ids), len(set(ids)), sum(done)) == (12, 12, 12)


def test_a_sender_that_died_leaves_its_message_to_the_next(tmp_path: Path, hook: Webhook) -> None:
    with prepare(tmp_path, to=[hook.url]) as ws:
        with ws.database.begin() as conn:
            [claimed] = outbox.due(conn, NOW, 1)  # and dies
        assert deliver(ws).sent == 0
        assert isinstance(ws.clock, FrozenClock)
        ws.clock.moment += outbox.LEASE + timedelta(seconds=1)
        assert deliver(ws).sent == 1
    assert hook.received[0][0]["oyez-delivery"] == claimed.message_id


def test_a_webhook_gets_the_whole_alert(tmp_path: Path, hook: Webhook) -> None:
    with prepare(tmp_path, to=[hook.url]) as ws:
        deliver(ws)
    body = json.loads(hook.received[0][1])
    assert (body["type"], body["brand"], body["severity"], body["language"]) == (
        "alert",
        "Lila",
        "critical",
        "fr",
    )
    assert body["detail"]["mention"]["url"] == MENTION["url"]
    assert body["id"] == hook.received[0][0]["oyez-delivery"]


@given(st.integers(1, MOST_ATTEMPTS - 1), st.integers())
def test_waits_double_with_a_little_chance_and_have_an_end(attempts: int, seed: int) -> None:
    again = retry_at(NOW, attempts, random.Random(seed))
    assert again is not None
    wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    assert 0.8 * wait <= again - NOW <= 1.2 * wait
    assert retry_at(NOW, MOST_ATTEMPTS) is None


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "fr",
            [
                "un avis grave et urgent sur Lila",
                "note : 1 sur 5",
                "« Livré avec",
                "note basse",
                "À lire ici",
                "appelez-le",
            ],
        ),
        (
            "en",
            [
                "A grave and urgent mention of Lila",
                "rated 1 of 5",
                "“Livré avec",
                "low rating",
                "Read it here",
                "call them",
            ],
        ),
    ],
)
def test_an_alert_says_what_where_why_and_what_to_do(language: str, expected: list[str]) -> None:
    payload = {"rule": "negative_mention", "brand": "Lila", "severity": "critical", "detail": NEGATIVE}
    subject, lines = alert_text(payload, language, pages="https://oyez.example")
    text = "\n".join(lines)
    assert "Trustville" in subject
    for words in expected:
        assert words.lower() in text.lower()
    assert "https://oyez.example" in text


@pytest.mark.parametrize(
    ("severity", "word"),
    [("low", "un avis négatif"), ("medium", "un avis très négatif"), ("high", "un avis très négatif et urgent")],
)
def test_subject_and_text_are_as_grave_as_the_alert(severity: str, word: str) -> None:
    payload = {"rule": "negative_mention", "brand": "Lila", "severity": severity, "detail": NEGATIVE}
    subject, lines = alert_text(payload, "fr")
    assert f"{word} sur Trustville" in subject
    assert f"{word} sur Lila".lower() in lines[0].lower()


@pytest.mark.parametrize(("language", "usual"), [("fr", "2,5"), ("en", "2.5")])
def test_a_spike_says_how_many_against_how_many(language: str, usual: str) -> None:
    subject, lines = alert_text({"rule": "spike", "brand": "Lila", "severity": "high", "detail": SPIKE}, language)
    assert "14" in subject
    assert usual in subject
    assert len(lines) == 2
