"""Mails by which a platform tells that somebody wrote something there: what was written, and by whom.

Facebook's tells of a comment (a table `#email_table`, its words in `.mb_text`). Others are added where a real
message shows how they look; an unknown notification is skipped as any mail of a program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from bs4 import BeautifulSoup, ParserRejectedMarkup, Tag

from collectors.source import ParseError

_LONGEST = 2_000_000
_ADDRESSING = ("story_fbid", "id", "fbid", "v", "comment_id")


@dataclass(frozen=True, slots=True)
class Notification:
    """What a platform tells: `text` by `author`, at `url`, an address without what signs its reader in."""

    platform: str
    author: str | None
    author_url: str | None
    text: str
    url: str | None
    comment_id: str | None


def recognise(html: str) -> Notification | None:
    """What a notification tells; None where the message is none that is known.

    Raises ParseError where it is one, but tells of no words: a like, say.
    """
    if "mb_text" not in html or "email_table" not in html or len(html) > _LONGEST:
        return None
    try:
        page = BeautifulSoup(html, "lxml")
        if page.select_one("#email_table") is None:
            return None
        spans = [span for span in page.select("span.mb_text") if span.select_one("span.mb_text") is None]
        return _facebook(spans)
    except (ParserRejectedMarkup, RecursionError):
        return None


def _facebook(spans: list[Tag]) -> Notification | None:
    """The first of the innermost spans says who did what to which post, the one after it holds the words."""
    told = next((span for span in spans if len(span.select("a")) >= 2), None)
    if told is None:
        return None
    who, what = told.select("a")[:2]
    words = [_plain(span) for span in spans if span is not told and not span.select("a")]
    if not re.search(r"\bcomment(?:ed|é)\b", _plain(told), re.IGNORECASE) or not words or not words[-1]:
        raise ParseError("a notification of Facebook that tells of no words", permanent=True)
    url, comment_id = _facebook_address(str(what.get("href", "")))
    profile, _ = _facebook_address(str(who.get("href", "")))
    return Notification("facebook", _plain(who) or None, profile, words[-1], url, comment_id)


def _facebook_address(href: str) -> tuple[str | None, str | None]:
    """The public address behind a link that signs its reader in, and the comment's number where it has one.

    https://www.facebook.com/n/?permalink.php&story_fbid=…&id=…&bcode=…: the first of the query is the path.
    """
    try:
        parts = urlsplit(href)
    except ValueError:
        return None, None
    if not f".{parts.hostname}".endswith(".facebook.com") or parts.scheme not in ("http", "https"):
        return None, None
    first, _, rest = parts.query.partition("&")
    path = first if parts.path.rstrip("/") == "/n" and "=" not in first else parts.path.strip("/")
    asked = parse_qs(rest if path == first else parts.query)
    kept: dict[str, str] = {name: asked[name][0] for name in _ADDRESSING if name in asked}
    query = f"?{urlencode(kept)}" if kept else ""
    return f"https://www.facebook.com/{path}{query}", kept.get("comment_id")


def _plain(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())
