"""The door to mailboxes (IMAP4rev1, RFC 3501): careful about where it goes, bounded, and reading only.

The same rule of addresses as for the web holds (`collectors.addresses`): a name is resolved here, all its
addresses are checked, and the connection goes to the very one that was checked. Certificates are verified. Every
command has a limit of time and of bytes, so that no server keeps us for ever or fills the memory. The folder is
opened with EXAMINE and messages are fetched with BODY.PEEK: nothing is ever marked as read.
"""

from __future__ import annotations

import imaplib
import io
import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self

import httpcore
from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError

from collectors.addresses import AddressGuard, is_public
from collectors.dates import parse_date
from collectors.http import HttpSettings, tls_context
from collectors.source import SourceError

Security = Literal["tls", "starttls", "none"]
_COMMAND_BYTES = 8 << 20
"""What one answer may hold beside a message: a million UIDs, say."""
_UID = re.compile(rb"\bUID (\d+)")
_INTERNAL_DATE = re.compile(rb'INTERNALDATE "([^"]{1,60})"')
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Account:
    """Which mailbox, and how it is reached. `max_bytes` of each message are fetched, attachments come last."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    security: Security
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it lies in the folder; `received_at` (UTC) is the server's INTERNALDATE."""

    uid: int
    body: bytes
    received_at: datetime | None


class Mailbox:
    """One folder, opened for reading. Use it as a context manager. Its methods raise SourceError."""

    def __init__(self, account: Account, settings: HttpSettings) -> None:
        self._account = account
        with _as_source_errors(account):
            self._box = _Box(account, settings)
            try:
                self._log_in()
                self._box.folder.set(account.folder, readonly=True)
            except BaseException:
                self._box.client.shutdown()
                raise
        said = self._box.client.response("UIDVALIDITY")[1]
        self.uid_validity = _number(said[-1]) if said else 0
        """Another value than last time: the UIDs of last time mean nothing any more (RFC 3501, 2.3.1.1)."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._box.logout()
        except (OSError, imaplib.IMAP4.error, ImapToolsError):
            self._box.client.shutdown()  # what was wanted has been read

    def uids_after(self, uid: int, since: datetime | None = None) -> list[int]:
        """The UIDs above `uid`, rising; of messages that arrived on or after `since` only, to the day."""
        criteria = f"UID {uid + 1}:*"
        if since is not None:  # the server compares days in its own zone: one more to be sure
            day = since.date() - timedelta(days=1)
            criteria += f" SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        with _as_source_errors(self._account):
            kind, data = self._box.client.uid("SEARCH", criteria)
        if kind != "OK":
            raise SourceError(f"{self._account.host} does not search {self._account.folder!r}: {kind}")
        found = {_number(word) for line in data if isinstance(line, bytes) for word in line.split()}
        # "n:*" always names the last message, however old (RFC 3501, 6.4.8).
        return sorted(number for number in found if number > uid)

    def fetch(self, uid: int) -> Message | None:
        """One message; None where it was taken away meanwhile."""
        parts = f"(UID INTERNALDATE BODY.PEEK[]<0.{self._account.max_bytes}>)"
        with _as_source_errors(self._account):
            kind, data = self._box.client.uid("FETCH", str(uid), parts)
        if kind != "OK":
            raise SourceError(f"{self._account.host} does not give message {uid}: {kind}")
        for position, item in enumerate(data):
            if not isinstance(item, tuple):
                continue
            after = data[position + 1] if position + 1 < len(data) else b""
            about = item[0] + b" " + (after if isinstance(after, bytes) else b"")
            if (said := _UID.search(about)) and int(said[1]) == uid:
                date = _INTERNAL_DATE.search(about)
                received = parse_date(date[1].decode("ascii", "replace").strip()) if date else None
                return Message(uid, item[1], received)
        return None

    def _log_in(self) -> None:
        account = self._account
        if account.user.isascii() and account.password.isascii():
            self._box.login(account.user, account.password, initial_folder=None)
        else:
            self._box.login_utf8(account.user, account.password, initial_folder=None)


def _number(said: object) -> int:
    return int(said) if isinstance(said, bytes) and said.isdigit() and len(said) <= 10 else 0


class _Box(BaseMailBox):
    """imap-tools' mailbox over a guarded connection."""

    def __init__(self, account: Account, settings: HttpSettings) -> None:
        self._account, self._settings = account, settings
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        account, settings = self._account, self._settings
        addresses = AddressGuard(settings.allowed_hosts).resolve(account.host, account.port)
        if account.security == "none" and any(map(is_public, addresses)):
            raise SourceError(
                f"without encryption the password for {account.host} could be read on the way",
                remedy='set security to "tls" or "starttls"',
                permanent=True,
            )
        client = _Client(account, settings, addresses)
        if account.security == "starttls":
            client.starttls(tls_context(settings))
        return client


class _Client(imaplib.IMAP4):
    """imaplib's client, which connects to checked addresses only and bounds what it reads."""

    def __init__(self, account: Account, settings: HttpSettings, addresses: list[str]) -> None:
        self._account, self._settings, self._addresses = account, settings, addresses
        self._stream: _Bounded | None = None
        super().__init__(account.host, account.port, settings.connect_timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        problem: OSError | None = None
        for address in self._addresses[:4]:
            try:
                plain = socket.create_connection((address, self.port), timeout)
            except OSError as error:
                problem = error
                continue
            if self._account.security != "tls":
                return plain
            try:
                return tls_context(self._settings).wrap_socket(plain, server_hostname=self.host)
            except OSError:
                plain.close()
                raise
        raise problem or OSError(f"{self.host} has no address")

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, and read through the limits from then on."""
        super().open(host, port, timeout)
        self._bound()

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> tuple[Literal["OK"], list[None]]:
        """Encrypt from here on; what came before in clear is forgotten."""
        result = super().starttls(ssl_context)
        self._bound()
        return result

    def _bound(self) -> None:
        self._stream = _Bounded(self.sock, self._settings, _COMMAND_BYTES + self._account.max_bytes)
        self.file = io.BufferedReader(self._stream)

    def send(self, data: Any) -> None:
        """Send a command, which starts its limits anew."""
        if self._stream is not None:
            self._stream.restart()
        super().send(data)

    def read(self, size: int) -> bytes:
        """Read a literal. Raises imaplib's error where it is larger than what was asked for."""
        if size > _COMMAND_BYTES + self._account.max_bytes:
            raise self.abort(f"the server announces {size:,} bytes")
        return super().read(size)


class _Bounded(io.RawIOBase):
    """What a socket receives, within a limit of time and of bytes that starts anew with each command."""

    def __init__(self, sock: socket.socket, settings: HttpSettings, most: int) -> None:
        self._sock, self._settings, self._most = sock, settings, most
        self.restart()

    def restart(self) -> None:
        """A new command: its own time, its own bytes."""
        self._end, self._left = time.monotonic() + self._settings.total_timeout, self._most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the answer took too long altogether")
        self._sock.settimeout(min(self._settings.read_timeout, seconds))
        count = self._sock.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise imaplib.IMAP4.abort(f"the answer is larger than {self._most:,} bytes")
        return count


@contextmanager
def _as_source_errors(account: Account) -> Iterator[None]:
    """Everything that goes wrong with a mailbox, in plain words and with a remedy."""
    where = f"the mailbox {account.user} at {account.host}"
    try:
        yield
    except MailboxLoginError as error:
        raise SourceError(
            f"{where} refuses the password",
            remedy="check user and password; many providers want a password made for this use only",
            permanent=True,
        ) from error
    except MailboxFolderSelectError as error:
        raise SourceError(
            f"{where} has no folder {account.folder!r}", remedy="check its name", permanent=True
        ) from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        raise SourceError(
            f"no secure connection to {account.host}: {reason}",
            remedy="the server's certificate is at fault; if it is your own, name its authority in ca_file",
            permanent=True,
        ) from error
    except (OSError, httpcore.ConnectError) as error:
        raise SourceError(
            f"{where} cannot be reached ({error})",
            remedy="it is tried again later; check host and port if this goes on",
        ) from error
    except (imaplib.IMAP4.error, ImapToolsError, UnicodeError, ValueError) as error:
        raise SourceError(
            f"{where} does not answer as a mailbox does ({str(error)[:200]})",
            remedy="it is tried again later; check host, port and security if this goes on",
        ) from error
