"""Answers as received, compressed and kept for a set time, so that a parser that was wrong can be replayed.

They hold what the site showed: authors' names and profiles too. What opens the site to its owner goes before
they are kept: passwords, keys and cookies.
"""

from __future__ import annotations

import re
import zlib
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection, delete, select

from collectors.source import Answer
from storage.database import insert_for
from storage.tables import RawAnswer

SECRET_HEADERS = frozenset({"set-cookie", "authorization", "proxy-authorization", "cookie"})
"""Never kept."""
_SECRET = re.compile(r"(?:^|[._-])(?:key|token|secret|sig|signature|password|pwd|auth|session|sid)$|apikey$")
"""Names, in lower case, of what is left out of the query of an address."""
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


def keep(conn: Connection, source_id: int, answer: Answer, now: datetime, keep_days: int) -> None:
    """Keep an answer for so many days; none when it is 0. The same answer again only lives longer.

    The secrets in its address and headers are left out.
    """
    if keep_days <= 0:
        return
    url = _without_secrets(answer.url)
    row = {
        "source_id": source_id,
        "sha256": sha256(url.encode("utf-8", "replace") + b"\n" + answer.body).digest(),
        "url": url,
        "content_type": answer.content_type,
        "headers": {
            name: _ADDRESS.sub(lambda found: _without_secrets(found[0]), value)
            for name, value in answer.headers.items()
            if name.lower() not in SECRET_HEADERS
        },
        "body": zlib.compress(answer.body, 1),  # real feeds: 35 % instead of 33, in half the time
        "received_at": now,
        "expires_at": now + timedelta(days=keep_days),
    }
    conn.execute(_keeping(conn.dialect.name), row)


@cache
def _keeping(dialect: str) -> Any:
    statement = insert_for(dialect, RawAnswer)
    fresh = {name: statement.excluded[name] for name in ("expires_at", "received_at")}
    return statement.on_conflict_do_update(index_elements=["source_id", "sha256"], set_=fresh)


def kept(conn: Connection, source_id: int, since: datetime | None = None) -> list[int]:
    """The numbers of a source's kept answers, received at `since` or later where given, oldest first."""
    query = select(RawAnswer.id).where(RawAnswer.source_id == source_id)
    if since is not None:
        query = query.where(RawAnswer.received_at >= since)
    return list(conn.execute(query.order_by(RawAnswer.received_at, RawAnswer.id)).scalars())


def read(conn: Connection, number: int) -> tuple[datetime, Answer]:
    """A kept answer, and when it was received. One by one: together they may not fit in memory.

    Raises LookupError when it is no longer there.
    """
    row = conn.execute(select(RawAnswer).where(RawAnswer.id == number)).first()
    if row is None:
        raise LookupError(f"the answer number {number} is no longer kept")
    return row.received_at, Answer(row.url, zlib.decompress(row.body), row.content_type, row.headers)


def purge(conn: Connection, now: datetime) -> int:
    """Delete the answers whose time is over; how many there were."""
    return conn.execute(delete(RawAnswer).where(RawAnswer.expires_at <= now)).rowcount


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    pairs = [pair for pair in parts.query.split("&") if not _SECRET.search(pair.partition("=")[0].lower())]
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="&".join(pairs)))
