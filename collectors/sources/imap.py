"""Mails of customers, and notifications of reviews, in a mailbox read by IMAP.

**Covers** one folder of one mailbox, new messages after the last one read; nothing is marked as read, moved or
deleted. A post is what its author wrote: the message that is answered and the signature are left out. A thread is
kept together by References and In-Reply-To. Facebook's notifications of comments become comments.

**Leaves out** what no person wrote to you: automatic answers, newsletters and lists, reports of mail servers, and
your own mails (`own`). Attachments are not read.

**Identity** is the Message-ID, else the message's SHA-256: the same message in two folders is one.
**Dates** are the author's, unless the servers that carried the message show that clock to be wrong.

**Cannot** sign in with OAuth, which Microsoft 365 demands: use a password made for applications, or a mailbox
that messages are forwarded to. Messages deleted later stay.

```toml
[[sources]]
name = "Mailbox"
kind = "imap"
[sources.options]
host = "imap.example.org"
user = "avis@example.org"
password = "env:OYEZ_MAILBOX_PASSWORD"
```
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, cast
from urllib.parse import quote

from pydantic import Field

from collectors.mailbox import Account, Mailbox, Security
from collectors.mails import Mail, looks_like_mail, read_mail
from collectors.notifications import Notification, recognise
from collectors.post import Author, Post, PostKind
from collectors.response import decode
from collectors.secret import Secret
from collectors.source import Answer, Cursor, Fault, Page, ParseError, Source, SourceOptions

if TYPE_CHECKING:
    from collectors.http import Http

_LEFT_OUT_PER_PAGE = 50
"""Messages left out in a row before the cursor is saved all the same."""


class Options(SourceOptions):
    """Which mailbox, and which folder of it."""

    host: str = Field(description="The mail server, such as imap.example.org.", pattern=r"^[^\s/@]+$")
    port: int = Field(default=993, ge=1, le=65_535, description="993 with tls, mostly 143 with starttls.")
    user: str = Field(description="The name to sign in with, mostly the address.", pattern=r"^[^\r\n]+$")
    password: Secret = Field(description="Where the password lies: env:NAME or file:PATH.")
    folder: str = Field(default="INBOX", description="The folder to read.", pattern=r"^[^\r\n]+$")
    security: Security = Field(
        default="tls", description="tls, starttls, or none (in clear, on private addresses only)."
    )
    own: list[str] = Field(
        default_factory=list,
        description='Your own addresses ("avis@lila.example") and domains ("@lila.example"): not read.',
    )
    max_bytes: int = Field(
        default=1_000_000, ge=10_000, le=50_000_000, description="How much of each message is fetched."
    )


class Imap(Source):
    """A folder of mails."""

    kind: ClassVar[str] = "imap"
    title: ClassVar[str] = "E-mail inbox (IMAP)"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read one saved message (.eml), or the saved HTML of a notification.

        Raises ParseError where it is neither; one that no person wrote is a Fault that says so.
        """
        if not looks_like_mail(answer.body):
            return Page([_from_html(answer)], {}, [], answer)
        mail = read_mail(answer.body, _received(answer))
        try:
            post = _post(mail)
        except ParseError as error:
            return Page([], {}, [Fault(mail.id, f"left out: {error}")], answer)
        return Page([post], {}, [], answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Yield a page for each message after the last one read, oldest first. Raises SourceError.

        The cursor is the folder's UIDVALIDITY with the last UID; under another UIDVALIDITY all is read again,
        which doubles nothing, as messages keep their ids.
        """
        options = cast("Options", self.options)
        with Mailbox(_account(options), http.settings) as mailbox:
            same = cursor.get("uid_validity") == mailbox.uid_validity
            last = int(cursor.get("uid", 0)) if same else 0
            left_out = 0
            for uid in mailbox.uids_after(last, since):
                state = {"uid_validity": mailbox.uid_validity, "uid": uid}
                message = mailbox.fetch(uid)
                page = _page(message.body, message.received_at, options, state) if message else None
                if page is not None:
                    yield page
                    left_out = 0
                elif (left_out := left_out + 1) >= _LEFT_OUT_PER_PAGE:
                    yield Page([], state)
                    left_out = 0
            if left_out:
                yield Page([], state)


def _account(options: Options) -> Account:
    return Account(
        host=options.host,
        port=options.port,
        user=options.user,
        password=options.password.get_secret_value(),
        folder=options.folder,
        security=options.security,
        max_bytes=options.max_bytes,
    )


def _page(body: bytes, received_at: datetime | None, options: Options, cursor: Cursor) -> Page | None:
    """The page of one message; None where it is left out, a fault where it cannot be read."""
    folder = f"imap://{options.host}/{quote(options.folder)};UID={cursor['uid']}"  # RFC 5092
    headers = {"received-at": received_at.isoformat()} if received_at else {}
    answer = Answer(folder, body, "message/rfc822", headers)
    try:
        mail = read_mail(body, received_at)
    except ParseError as error:
        return Page([], cursor, [Fault(f"message {cursor['uid']}", str(error))], answer)
    if _is_own(mail.address, options.own):
        return None
    try:
        return Page([_post(mail)], cursor, [], answer)
    except ParseError:
        return None


def _is_own(address: str, own: list[str]) -> bool:
    names = [name.lower() for name in own]
    return any(address == name or (name.startswith("@") and address.endswith(name)) for name in names)


def _post(mail: Mail) -> Post:
    """The post of a message. Raises ParseError where nobody wrote it to us."""
    if told := recognise(mail.html):
        return _told(told, mail.id, mail.sent_at)
    if mail.unasked:
        raise ParseError(mail.unasked, permanent=True)
    return Post(
        kind=PostKind.POST,
        external_id=mail.id,
        text=mail.text,
        title=mail.subject,
        parent_id=mail.parent_id,
        author=Author(id=mail.address or None, name=mail.name),
        published_at=mail.sent_at,
    )


def _told(told: Notification, message_id: str, sent_at: datetime | None) -> Post:
    return Post(
        kind=PostKind.COMMENT,
        external_id=f"{told.platform}:{told.comment_id}" if told.comment_id else message_id,
        text=told.text,
        author=Author(name=told.author, url=told.author_url),
        published_at=sent_at,
        url=told.url,
        segments={"platform": told.platform},
    )


def _from_html(answer: Answer) -> Post:
    told = recognise(decode(answer.body, answer.content_type))
    if told is None:
        raise ParseError(
            "this is no mail message, nor a known notification", remedy="save it as .eml", permanent=True
        )
    return _told(told, hashlib.sha256(answer.body).hexdigest(), None)


def _received(answer: Answer) -> datetime | None:
    said = answer.headers.get("received-at")
    try:
        return datetime.fromisoformat(said) if said else None
    except ValueError:
        return None
