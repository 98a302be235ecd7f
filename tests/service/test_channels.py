"""Sending: real mail server, real webhook, real Apprise."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.http import HttpSettings
from service.channels import DeliveryError, Message, Senders, recipients, shown, webhook_door
from service.config import MailConfig
from service.errors import ServiceError
from tests.service.receivers import MailServer, Webhook, mail_server, webhook

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
MESSAGE = Message(
    id="alert-7",
    subject="Lila Énergie :\nun avis très négatif",
    text="« Livré avec 3 semaines de retard »\nQue faire : répondre.",
    html=f'<p>Énergie</p><img src="data:image/png;base64,{PIXEL}">',
    data={"id": "alert-7", "quote": "Livré « en retard »"},
)


@pytest.fixture
def smtp() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as receiver:
        yield receiver


def senders(home: Path, *, port: int = 1, secret: str | None = None, timeout: float = 5) -> Senders:
    settings = HttpSettings(allowed_hosts=frozenset({"127.0.0.1"}), read_timeout=timeout, total_timeout=timeout)
    mail = MailConfig(host="127.0.0.1", port=port, sender="Oyez <oyez@shop.example>", timeout=timeout)
    return Senders(home, mail, webhook_door(settings), secret)


def test_a_mail_has_text_and_page_with_its_pictures_as_parts(tmp_path: Path, smtp: MailServer) -> None:
    senders(tmp_path, port=smtp.port).send("mailto:care@shop.example,boss@shop.example", MESSAGE, NOW)
    [mail] = smtp.mails
    assert mail["Subject"] == "Lila Énergie : un avis très négatif"
    assert mail["To"] == "care@shop.example, boss@shop.example"
    assert mail["Message-ID"] == "<alert-7@shop.example>"
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert "3 semaines" in text.get_content()
    assert page is not None
    assert 'src="cid:picture1@shop.example"' in page.get_content()
    assert [part.get_content_type() for part in mail.walk() if part.get_content_maintype() == "image"] == [
        "image/png"
    ]


@pytest.mark.parametrize(("answer", "permanent"), [("451 try later", False), ("554 not wanted", True)])
def test_a_mail_server_says_whether_to_try_again(
    tmp_path: Path, smtp: MailServer, answer: str, permanent: bool
) -> None:
    smtp.answers = [answer]
    with pytest.raises(DeliveryError) as caught:
        senders(tmp_path, port=smtp.port).send("mailto:care@shop.example", MESSAGE, NOW)
    assert caught.value.permanent is permanent
    assert answer[4:] in str(caught.value)


def test_a_refused_recipient_is_final(tmp_path: Path, smtp: MailServer) -> None:
    smtp.refused_recipients = {"gone@shop.example": "550 no such user"}
    with pytest.raises(DeliveryError, match="no such user") as caught:
        senders(tmp_path, port=smtp.port).send("mailto:gone@shop.example", MESSAGE, NOW)
    assert caught.value.permanent


def test_a_mail_server_that_is_down_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="cannot be reached") as caught:
        senders(tmp_path, port=9).send("mailto:care@shop.example", MESSAGE, NOW)
    assert not caught.value.permanent


@pytest.mark.parametrize("address", ["mailto:", "mailto:nobody", "mailto:a@b.example%0d%0aBcc:x@y.example"])
def test_what_is_no_mail_address_is_refused_for_good(address: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        recipients(address)
    assert caught.value.permanent


def test_a_webhook_gets_json_signed_over_its_time_and_body(
    tmp_path: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OYEZ_TEST_KEY", "k3y")
    senders(tmp_path, secret="env:OYEZ_TEST_KEY").send(hook.url, MESSAGE, NOW)
    [(headers, body)] = hook.received
    assert json.loads(body) == MESSAGE.data
    assert headers["oyez-delivery"] == "alert-7"
    assert headers["oyez-timestamp"] == str(int(NOW.timestamp()))
    expected = hmac.new(b"k3y", headers["oyez-timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["oyez-signature"] == f"sha256={expected}"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (500, False),
        (503, False),
        (429, False),
        (400, False),
        (404, False),
        (401, False),
        (410, True),
        (302, False),
    ],
)
def test_a_webhook_that_does_not_take_it_says_whether_to_try_again(
    tmp_path: Path, hook: Webhook, status: int, permanent: bool
) -> None:
    hook.statuses = [status]
    with pytest.raises(DeliveryError) as caught:
        senders(tmp_path).send(hook.url, MESSAGE, NOW)
    assert caught.value.permanent is permanent
    assert hook.received == []


@pytest.mark.parametrize("status", [302, 401, 403, 404, 410, 429, 503, None])
def test_what_is_said_of_a_failed_webhook_never_holds_its_secret(
    tmp_path: Path, hook: Webhook, status: int | None
) -> None:
    hook.statuses, hook.hang = [status or 204], 0.0 if status else 0.6
    address = f"{hook.url}/T000/B000/SECRET?token=SECRET"
    (tmp_path / "hook").write_text(address)
    for channel, named in ((address, "http://127.0.0.1…"), ("file:hook", "file:hook")):
        with pytest.raises(DeliveryError) as caught:
            senders(tmp_path, timeout=0.3).send(channel, MESSAGE, NOW)
        hook.statuses = [status or 204]
        assert "SECRET" not in str(caught.value)
        assert str(caught.value).startswith(f"{named} ")


@pytest.mark.parametrize(
    "address", ["http://", "http://SECRET:abc/x", "http://10.0.0.1/SECRET", "SECRETS://SECRET"]
)
def test_an_address_that_cannot_be_used_is_not_told_either(tmp_path: Path, address: str) -> None:
    (tmp_path / "hook").write_text(address)
    with pytest.raises(DeliveryError) as caught:
        senders(tmp_path).send("file:hook", MESSAGE, NOW)
    assert "SECRET" not in str(caught.value)
    assert "file:hook" in str(caught.value)


def test_a_webhook_that_hangs_is_given_up_and_tried_again(tmp_path: Path, hook: Webhook) -> None:
    hook.hang = 1.5
    with pytest.raises(DeliveryError) as caught:
        senders(tmp_path, timeout=0.3).send(hook.url, MESSAGE, NOW)
    assert not caught.value.permanent


def test_a_private_address_that_was_not_allowed_is_refused(tmp_path: Path, hook: Webhook) -> None:
    closed = Senders(tmp_path, MailConfig(), webhook_door(HttpSettings()))
    with pytest.raises(DeliveryError):
        closed.send(hook.url, MESSAGE, NOW)
    assert hook.received == []


def test_an_address_kept_as_a_secret_is_looked_up_and_never_shown(
    tmp_path: Path, hook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hook").write_text(hook.url)
    senders(tmp_path).send("file:hook", MESSAGE, NOW)
    assert len(hook.received) == 1
    monkeypatch.delenv("OYEZ_ABSENT", raising=False)
    with pytest.raises(ServiceError, match="OYEZ_ABSENT"):
        senders(tmp_path).send("env:OYEZ_ABSENT", MESSAGE, NOW)


def test_apprise_delivers_to_its_own_kinds_of_address(tmp_path: Path, hook: Webhook) -> None:
    senders(tmp_path).send(f"json://127.0.0.1:{hook.port}/hook", MESSAGE, NOW)
    [(_, body)] = hook.received
    assert "3 semaines" in json.loads(body)["message"]
    hook.statuses = [500]
    with pytest.raises(DeliveryError) as caught:
        senders(tmp_path).send(f"json://127.0.0.1:{hook.port}/hook", MESSAGE, NOW)
    assert not caught.value.permanent


def test_an_address_that_nothing_knows_is_refused_for_good(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError) as caught:
        senders(tmp_path).send("carrierpigeon://token@roof", MESSAGE, NOW)
    assert caught.value.permanent
    assert "token" not in str(caught.value)


@pytest.mark.parametrize(
    ("channel", "printed"),
    [
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("env:TEAMS", "env:TEAMS"),
        ("https://user:pass@hooks.example/T0/secret?token=x", "https://hooks.example…"),
        ("slack://token-a/token-b", "slack://…"),
    ],
)
def test_a_channel_is_shown_without_what_is_secret_in_it(channel: str, printed: str) -> None:
    assert shown(channel) == printed
