"""The ways a message leaves: mail (SMTP), signed webhook (the HTTP door), and whatever Apprise knows.

A sender returns nothing, or raises `DeliveryError` that says whether trying again may help.

A webhook is a POST of JSON with three headers: `Oyez-Delivery` (the same id whenever the message is repeated, so
that the receiver can drop repeats), `Oyez-Timestamp` (seconds since 1970) and, with a secret, `Oyez-Signature`:
`sha256=` and the hexadecimal HMAC-SHA256 of `timestamp.body`. Refuse a timestamp older than five minutes: then
a copied message cannot be played back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from collectors.errors import AddressRefused, HttpError, RateLimited, RedirectLoop
from collectors.http import Http, HttpSettings
from service.config import MailConfig
from service.secret import is_reference, reveal

_TRIES_WHEN_REFUSED = 8
"""Attempts, over some two hours, after which 401 and 403 are final: somebody may be changing the key."""
_REASONS: dict[type[HttpError], str] = {
    AddressRefused: "is no web address, or a private one that [http] allowed_hosts does not name",
    RateLimited: "asks to be left alone for a while",
    RedirectLoop: "leads elsewhere, and redirects are not followed",
}
_PICTURE = re.compile(r'src="data:image/(png|jpeg);base64,([A-Za-z0-9+/=\s]+)"')


class DeliveryError(Exception):
    """A message did not leave. `permanent`: again would fail again; `tries`: to be given up after so many.

    Its text is kept and logged: it names the channel as `shown` does, never the address that a secret holds.
    """

    def __init__(self, problem: str, *, permanent: bool = False, tries: int | None = None) -> None:
        super().__init__(problem)
        self.permanent = permanent
        self.tries = tries


@dataclass(frozen=True, slots=True)
class Message:
    """What is told. `id` is the same whenever it is sent again; `data` is the body of a webhook."""

    id: str
    subject: str
    text: str
    html: str | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Senders:
    """All that sending needs: the mail server, the HTTP door, the key of signatures, where secrets lie."""

    home: Path
    mail: MailConfig
    http: Http
    webhook_secret: str | None = None

    def send(self, channel: str, message: Message, now: datetime) -> None:
        """Send to one channel of the configuration, a reference to one included.

        Raises DeliveryError, or ServiceError when a secret is missing.
        """
        address = reveal(channel, self.home) if is_reference(channel) else channel
        scheme = address.partition(":")[0].lower()
        if scheme == "mailto":
            self._mail(address, message, now)
        elif scheme in ("http", "https"):
            self._post(address, shown(channel), message, now)
        else:
            _notify(address, shown(channel), message)

    def _mail(self, address: str, message: Message, now: datetime) -> None:
        mail = compose(self.mail.sender, recipients(address), message, now)
        password = reveal(self.mail.password, self.home) if self.mail.password else None
        with _smtp_errors(), _connect(self.mail) as server:
            if self.mail.user and password:
                server.login(self.mail.user, password)
            server.send_message(mail)

    def _post(self, url: str, where: str, message: Message, now: datetime) -> None:
        body = httpx.Request(
            "POST", "http://x", json=message.data
        ).read()  # the very bytes that the door will send
        timestamp = str(int(now.timestamp()))
        headers = {"Oyez-Delivery": message.id, "Oyez-Timestamp": timestamp}
        if self.webhook_secret:
            headers["Oyez-Signature"] = signature(reveal(self.webhook_secret, self.home), timestamp, body)
        try:
            self.http.post(url, json=message.data, headers=headers)
        except HttpError as error:
            raise _refused(where, error) from error


def webhook_door(settings: HttpSettings) -> Http:
    """The HTTP door for webhooks: the same care where it goes, but the user named the address himself.

    Redirects are refused: a POST that turns into a GET of some page would look delivered.
    """
    return Http(settings.model_copy(update={"respect_robots": False, "min_delay": 0.0, "max_redirects": 0}))


def _refused(where: str, error: HttpError) -> DeliveryError:
    """What a webhook's failure means. Its own words hold the address, and the address is often the secret.

    Only 410 is final at once: 404 and 400 are also what a receiver answers while it is being renewed.
    """
    if error.response is None:
        reason = next((said for kind, said in _REASONS.items() if isinstance(error, kind)), "cannot be reached")
        return DeliveryError(f"{where} {reason} ({type(error).__name__})")
    status = error.response.status
    tries = _TRIES_WHEN_REFUSED if status in (401, 403) else None
    return DeliveryError(f"{where} answered {status}", permanent=status == 410, tries=tries)


def shown(channel: str) -> str:
    """A channel as it may be printed: references and mail addresses whole, of an address its scheme and host."""
    scheme, _, _ = channel.partition(":")
    if is_reference(channel) or scheme == "mailto":
        return channel
    host = urlsplit(channel).hostname if scheme in ("http", "https") else None
    return f"{scheme}://{host or ''}…"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of `Oyez-Signature`."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return "sha256=" + digest.hexdigest()


def recipients(address: str) -> list[str]:
    """The addresses of `mailto:a@example.org,b@example.org` (RFC 6068, less its header fields).

    Raises DeliveryError when there is none that can be written to.
    """
    listed = unquote(address.partition(":")[2].partition("?")[0])
    found = [part.strip() for part in listed.split(",") if part.strip()]
    bad = [one for one in found if "@" not in parseaddr(one)[1] or re.search(r"[\r\n]", one)]
    if bad or not found:
        raise DeliveryError("what stands after mailto: is no mail address", permanent=True)
    return found


def compose(sender: str, to: list[str], message: Message, now: datetime) -> EmailMessage:
    """The mail: text, HTML where there is one, its pictures as parts (mail programs refuse `data:` addresses)."""
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(now)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    mail["Message-ID"] = f"<{message.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    if message.html:
        _add_html(mail, message.html, domain)
    return mail


def _add_html(mail: EmailMessage, html: str, domain: str) -> None:
    pictures: list[tuple[str, str, bytes]] = []

    def as_part(found: re.Match[str]) -> str:
        name = f"picture{len(pictures) + 1}@{domain}"
        pictures.append((name, found[1], base64.b64decode(found[2])))
        return f'src="cid:{name}"'

    mail.add_alternative(_PICTURE.sub(as_part, html), subtype="html")
    parts = mail.get_payload()
    assert isinstance(parts, list)
    for name, subtype, content in pictures:
        page = parts[-1]
        assert isinstance(page, EmailMessage)
        page.add_related(content, "image", subtype, cid=f"<{name}>")


def _connect(mail: MailConfig) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if mail.security == "tls":
        return smtplib.SMTP_SSL(mail.host, mail.port, timeout=mail.timeout, context=context)
    server = smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout)
    if mail.security == "starttls":
        server.starttls(context=context)
    return server


@contextmanager
def _smtp_errors() -> Iterator[None]:
    """Turn what smtplib raises into DeliveryError: a 5xx reply is final (RFC 5321, 4.2.1), all else may pass."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise DeliveryError(f"the mail server refused {error.recipients}", permanent=min(codes) >= 500) from error
    except smtplib.SMTPAuthenticationError as error:
        # Somebody may be changing the password: worth another try, and never worth losing an alert.
        raise DeliveryError(f"the mail server refused the account: {error.smtp_code}") from error
    except smtplib.SMTPResponseException as error:
        reply = (
            error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        )
        raise DeliveryError(
            f"the mail server answered {error.smtp_code} {reply}", permanent=error.smtp_code >= 500
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"the mail server cannot be reached: {error}") from error


def _notify(address: str, where: str, message: Message) -> None:
    import apprise  # noqa: PLC0415 (half a second to import, for those who use it)

    service = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
    if not service.add(address):
        raise DeliveryError(f"Apprise knows no address of this kind: {where}", permanent=True)
    if not service.notify(title=message.subject, body=message.text):
        raise DeliveryError(f"{where} did not take the message")
