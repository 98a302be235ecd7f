"""Answers in JSON, read without trust: what is not as documented is taken for absent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from collectors.post import Post
from collectors.response import decode, unpack
from collectors.source import Answer, Fault, ParseError, SourceError

_MOST_UNPACKED = 50_000_000
_JSON = "application/json; charset=utf-8"
_STUMBLES = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError)
"""What reading one item of an unknown shape may raise: that item is a fault then."""


def text_of(answer: Answer, service: str, remedy: str = "", *, content_type: str = _JSON) -> str:
    """The text of an answer, unpacked, without blanks around it. Raises ParseError where it cannot be unpacked.

    JSON is UTF-8 whatever the header says (RFC 8259, 8.1); for anything else give the answer's `content_type`.
    """
    try:
        return decode(unpack(answer.body, _MOST_UNPACKED), content_type).strip("\ufeff \t\r\n")
    except SourceError as error:
        raise ParseError(f"not an answer of {service}: {error}", remedy=remedy) from error


def document(answer: Answer, service: str, remedy: str = "") -> Any:
    """The JSON of an answer, unpacked. Raises ParseError, naming the `service`, where it is none."""
    text = text_of(answer, service, remedy)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        start = answer.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
        what = "no JSON but a page in HTML or XML" if start.startswith(b"<") else "no JSON"
        raise ParseError(f"not an answer of {service}: {what}", remedy=remedy) from error


def read_items(items: Iterable[Any], read: Callable[[Any], Post | None]) -> tuple[list[Post], list[Fault]]:
    """Items as posts, what is told twice once. One that cannot be read is a fault; None is left out."""
    posts: dict[tuple[str, str | None, str], Post] = {}
    faults = []
    for number, item in enumerate(items, 1):
        try:
            if not isinstance(item, dict):
                raise TypeError("not an object")
            post = read(item)
        except _STUMBLES as error:
            faults.append(Fault(f"item {number}", str(error)))
            continue
        if post is not None:
            posts.setdefault((post.external_id, post.title, post.text), post)
    return list(posts.values()), faults


def mapping(value: object) -> dict[str, Any]:
    """An object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """A list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def words(value: object, limit: int = 1000) -> str | None:
    """A string or a whole number as text that UTF-8 and databases can hold; None where it is empty or neither."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value)[: limit * 2].replace("\0", "").encode("utf-8", "replace").decode().strip()[:limit] or None


def identity(value: object) -> str:
    """The id of an item. Raises ValueError where there is none: it could not be told from others."""
    name = words(value, 500)
    if name is None:
        raise ValueError("no id: it could not be told from others")
    return name


def number(value: object) -> int | None:
    """A whole number that counts something, or None."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31
    return value if is_count else None  # type: ignore[return-value]


def web_address(value: object) -> str | None:
    """An absolute address of the web, None for anything else (javascript:, mailto:, a path)."""
    link = words(value, 2000)
    try:
        parts = urlsplit(link or "")
    except ValueError:
        return None
    return link if parts.scheme in {"http", "https"} and parts.netloc else None


def language(value: object) -> str | None:
    """The primary part of a language tag in lower case: fr of fr-FR; None where it is none."""
    primary = (words(value, 40) or "").replace("_", "-").partition("-")[0].lower()
    return primary if primary.isascii() and primary.isalpha() and len(primary) in (2, 3) else None
