"""A mailbox of dovecot itself, read through `oyez collect` with a password from a file."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from desk import Desk, counts

from tests.collectors.dovecot import PASSWORD, USER, Dovecot, serve, why_not

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dovecot")]


@pytest.fixture
def server() -> Iterator[Dovecot]:
    if reason := why_not():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with serve(Path(folder) / "s") as running:
            yield running


def letter(number: int, text: str, *, charset: str = "utf-8", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = f"Léa {number} <lea{number}@example.org>", "Commande reçue ?"
    mail["Message-ID"], mail["Date"] = f"<{number}@example.org>", format_datetime(datetime.now(UTC))
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text, charset=charset)
    return mail.as_bytes()


def test_customers_mails_come_in_once_and_stay_unread(server: Dovecot, desk: Desk) -> None:
    desk.home.mkdir()
    secret = desk.home / "mailbox-password"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o600)
    account = {"host": "127.0.0.1", "port": server.port, "user": USER, "security": "none"}
    desk.watch("Lila", inbox=("imap", {**account, "password": "file:mailbox-password"}))
    server.put(
        letter(1, "Toujours pas livrée.\n\n-- \nLéa"),
        letter(2, "Cassé à l'arrivée : 40 € perdus.", charset="windows-1252"),
        letter(3, "Je suis absente.", Auto_Submitted="auto-replied"),
    )
    assert counts(desk.collect()["inbox"]) == [2, 0, 0, 0]
    found = desk.export()
    assert set(found) == {"Toujours pas livrée.", "Cassé à l'arrivée : 40 € perdus."}
    assert found["Toujours pas livrée."]["title"] == "Commande reçue ?"
    assert "Léa" not in str(found["Toujours pas livrée."]["author"])

    assert counts(desk.collect()["inbox"])[:2] == [0, 0]
    server.put(letter(4, "Merci, reçue hier.", In_Reply_To="<1@example.org>"))
    assert counts(desk.collect()["inbox"])[0] == 1
    assert not any(b"Seen" in flags for flags in server.flags())
