"""A mail message read: who wrote what and when, whatever its charset, its nesting and its mistakes.

MIME (RFC 2045), encoded words (RFC 2047), format=flowed (RFC 3676). Headers in raw Latin-1, charsets nobody knows
and half a base64 are read as well as may be: a message from a customer is not lost for a mistake of a program.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr

from collectors.dates import parse_date
from collectors.markup import MAX_TEXT, printable, to_text
from collectors.response import decode
from collectors.source import ParseError
from collectors.written import without_quotes, without_quotes_html

_MESSAGE_ID = re.compile(r"<([^<>\s]{1,998})>")
_FIRST_LINE = re.compile(rb"(?:From [^\n]{0,400}\n)?[!-9;-~]{1,100}:[ \t\r\n]")
_DEEPEST = 20
_MOST_PARTS = 200
_CLOCKS_DIFFER = timedelta(hours=1)
_LONGEST_WAY = timedelta(days=7)
"""Servers give a message up after four or five days (RFC 5321, 4.5.4.1): an older date is a wrong one."""
_TOLD_BY = ("list-id", "list-unsubscribe", "list-post", "list-help", "x-autoreply", "x-autorespond")
_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster|mail-daemon)@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mail:
    """One message. `text` is what its author wrote in it: without what it answers and without a signature.

    `id` is the Message-ID without its brackets, or the message's SHA-256; `sent_at` is aware, UTC; `html` is the
    HTML part as it came, "" where there is none; `unasked` says why no person wrote it to us, where none did.
    """

    id: str
    parent_id: str | None
    address: str
    name: str | None
    subject: str | None
    text: str
    html: str
    sent_at: datetime | None
    unasked: str | None


def looks_like_mail(body: bytes) -> bool:
    """Whether this begins as a message does, and says whom it is from."""
    head = body[:65_536].replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n\n")[0]
    named = re.search(rb"^(?:from|message-id|received):", head, re.IGNORECASE | re.MULTILINE)
    return bool(_FIRST_LINE.match(head) and named)


def read_mail(body: bytes, received_at: datetime | None = None) -> Mail:
    """Read a message; `received_at` is when the server that keeps it got it. Raises ParseError."""
    if not looks_like_mail(body):
        raise ParseError("this is no mail message: it begins without the headers of one", permanent=True)
    try:
        message = message_from_bytes(body.lstrip(b"\r\n"))
        headers = _headers(message)
        parts = _Parts(message)
    except (RecursionError, MessageError, ValueError, LookupError) as error:
        raise ParseError(f"the message is broken beyond reading ({error})", permanent=True) from error
    subject = " ".join(decode_words(headers.get("subject", "")).split()) or None
    name, address = _sender(headers.get("from") or headers.get("sender", ""))
    return Mail(
        id=_id(headers.get("message-id", "")) or hashlib.sha256(body).hexdigest(),
        parent_id=_parent(headers),
        address=address,
        name=name,
        subject=subject,
        text=without_quotes(parts.text, forwards=is_forward(subject or "")),
        html=parts.html,
        sent_at=_sent_at(headers, received_at),
        unasked=_unasked(message, headers, address),
    )


def is_forward(subject: str) -> bool:
    """Whether a subject says that the message passes another one on: what is quoted is then what matters."""
    return bool(re.match(r"\s*(?:fwd?|tr|wg)\s?:", subject, re.IGNORECASE))


def _headers(message: Message) -> dict[str, str]:
    """Each header's first value by its name in lower case; raw bytes are read as UTF-8 or windows-1252."""
    headers: dict[str, str] = {}
    for name, value in message.raw_items():
        headers.setdefault(name.lower(), _eight_bits(str(value)))
    return headers


def _eight_bits(value: str) -> str:
    """A header whose bytes beyond ASCII the parser kept as surrogates."""
    return _decoded(value.encode("utf-8", "surrogateescape"), "utf-8")


def _decoded(raw: bytes, charset: str) -> str:
    try:
        return printable(raw.decode(codecs.lookup(charset).name))
    except (LookupError, UnicodeError):
        return printable(raw.decode("cp1252", "replace"))


def decode_words(value: str) -> str:
    """A header's encoded words (RFC 2047) made text; what is not encoded stays."""
    if "=?" not in value:
        return value
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(
        part if isinstance(part, str) else _decoded(part, charset or "utf-8") for part, charset in parts
    )


def _sender(value: str) -> tuple[str | None, str]:
    name, address = parseaddr(" ".join(value.split()))
    return " ".join(decode_words(name).split()) or None, address.strip().lower()


def _id(value: str) -> str | None:
    found = _MESSAGE_ID.search(value)
    return found[1] if found else value.strip() or None


def _parent(headers: dict[str, str]) -> str | None:
    """The message that is answered: In-Reply-To, or the last of References (RFC 5322, 3.6.4)."""
    answered = _MESSAGE_ID.findall(headers.get("in-reply-to", "")[:10_000])
    thread = _MESSAGE_ID.findall(headers.get("references", "")[:100_000])
    return answered[0] if answered else thread[-1] if thread else None


def _sent_at(headers: dict[str, str], received_at: datetime | None) -> datetime | None:
    """When it was sent: as its author's clock says, unless the servers that carried it show that to be wrong.

    The server that took it in last wrote the first Received header; that date survives when a mailbox is moved,
    INTERNALDATE may not. A message that was never carried (a copy put there) has its own date only.
    """
    said = parse_date(headers.get("date", "").strip())
    carried = parse_date(headers.get("received", "").rpartition(";")[2].strip())
    latest = min((moment for moment in (carried, received_at) if moment), default=None)
    if said is None or latest is None:
        return said or latest
    too_late = said > latest + _CLOCKS_DIFFER
    too_early = carried is not None and said < carried - _LONGEST_WAY
    return latest if too_late or too_early else said


def _unasked(message: Message, headers: dict[str, str], address: str) -> str | None:
    """Why nobody wrote this by hand to us; None where somebody did (RFC 3834, RFC 2369, RFC 3464)."""
    automatic = headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    if headers.get("return-path", "").strip() == "<>" or _DAEMON.match(address):
        return "a message about a message that could not be delivered"
    if message.get_content_type() == "multipart/report":
        return "a report of a mail server"
    if automatic not in ("no", ""):
        return f"sent by a program (Auto-Submitted: {automatic[:40]})"
    if headers.get("precedence", "").strip().lower() in _BULK:
        return "sent to many (Precedence)"
    told = next((name for name in _TOLD_BY if name in headers), None)
    return f"sent to a list or by a program ({told.title()})" if told else None


class _Parts:
    """The bodies of a message: its text, and its HTML as it came."""

    def __init__(self, message: Message) -> None:
        self._left = _MOST_PARTS
        self.html = ""
        self.text = printable(self._text(message, 0)).strip()[:MAX_TEXT]

    def _text(self, part: Message, depth: int) -> str:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST or _is_attached(part):
            return ""
        kind = part.get_content_type()
        if part.get_content_maintype() == "multipart":
            return self._several(part, kind, depth)
        if kind == "text/html":
            html = _body(part)
            self.html = self.html or html
            return to_text(without_quotes_html(html))
        if kind == "text/plain":
            text = _body(part).replace("\r\n", "\n")
            if str(part.get_param("format", "")).lower() == "flowed":
                return unflow(text, delsp=str(part.get_param("delsp", "")).lower() == "yes")
            return text
        return ""

    def _several(self, part: Message, kind: str, depth: int) -> str:
        children = part.get_payload()
        if not isinstance(children, list):
            return ""
        members = [child for child in children if isinstance(child, Message)]
        texts = [(child.get_content_type(), self._text(child, depth + 1)) for child in members]
        filled = [(inner, text) for inner, text in texts if text.strip()]
        if kind == "multipart/alternative":  # the same said several times: the plainest way will do
            plain = [text for inner, text in filled if inner == "text/plain"]
            return (plain or [text for _, text in filled[-1:]] or [""])[0]
        return "\n\n".join(text.strip("\n") for _, text in filled)


def _is_attached(part: Message) -> bool:
    disposition = str(part.get("content-disposition", "")).partition(";")[0].strip().lower()
    return disposition == "attachment" or (part.get_content_maintype() == "text" and bool(part.get_filename()))


def _body(part: Message) -> str:
    raw = part.get_payload(decode=True)
    charset = str(part.get_content_charset() or "")
    return decode(raw, f"text/plain; charset={charset}" if charset else "") if isinstance(raw, bytes) else ""


def unflow(text: str, *, delsp: bool = False) -> str:
    """Undo format=flowed (RFC 3676): a line that ends with a space goes on in the next one of its quote depth."""
    out: list[str] = []
    flowing: int | None = None
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        content = bare.removeprefix(" ")
        is_signature = content == "-- "
        if flowing == depth and not is_signature:
            out[-1] = (out[-1][:-1] if delsp else out[-1]) + content
        else:
            out.append(">" * depth + (" " if depth else "") + content)
        flowing = depth if content.endswith(" ") and not is_signature else None
    return "\n".join(out)
