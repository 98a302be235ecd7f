"""Meta's Graph interface, which Facebook and Instagram share: its key, its pages, its refusals.

The token goes in a header. Answers name the next page by a whole address with the token in it: only the place
that such an address names is used, never its host, and the token is cut out of answers before they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from collectors.errors import HttpError, RateLimited
from collectors.json_answers import mapping, words
from collectors.signed import Signed, reason
from collectors.source import Answer, Fault, Page, ParseError

if TYPE_CHECKING:
    from collectors.http import Http

VERSION = "v23.0"
_TOKEN = re.compile(rb"access_token=[^\"&\\\s]*")
_PLACES = frozenset({"after", "until", "offset", "__paging_token"})
"""Parameters that say where the next page begins; all others are our own already."""
_TOO_MANY = frozenset({"4", "17", "32", "613", *(str(code) for code in range(80_000, 80_015))})
"""https://developers.facebook.com/docs/graph-api/overview/rate-limiting, error codes."""
_GONE = "100"
"""Among other things: an object that does not exist, or no longer."""
_REST = timedelta(hours=1)
"""Calls are counted over an hour that slides."""


class Graph(Signed):
    """The interface, asked with the user's token."""

    def __init__(self, http: Http, service: str, site: str, token: str, *, remedy: str) -> None:
        super().__init__(http, service, {"Authorization": f"Bearer {token}"}, remedy=remedy)
        self._site = site.rstrip("/")
        self._token = token

    def read(self, path: str, params: Mapping[str, object], place: str | None = None) -> Answer:
        """One answer, without the token in it; `place` is where its page begins (`following`).

        Raises HttpError; RateLimited where too many calls were made.
        """
        where = dict(parse_qsl(place or ""))
        try:
            answer = self.get(f"{self._site}/{VERSION}/{quote(path)}", {**params, **where})
        except HttpError as error:
            if reason(error) not in _TOO_MANY:
                raise
            problem = f"{self.service} allows no more calls for now"
            raise RateLimited(problem, retry_at=self._http.clock.now() + _REST) from error
        body = _TOKEN.sub(b"access_token=", answer.body).replace(self._token.encode(), b"")
        return replace(answer, body=body)


def unless_gone(pages: Iterator[Page], what: str) -> Iterator[Page]:
    """The pages of one object; where it does not exist any more, a fault that names it. Raises HttpError."""
    try:
        yield from pages
    except HttpError as error:
        if reason(error) != _GONE:
            raise
        yield Page([], {}, [Fault(what, "it is gone, or not for us to read")])


def following(content: Any) -> str | None:
    """Where the next page of an answer begins, as `Graph.read` takes it; None at the end."""
    address = words(mapping(mapping(content).get("paging")).get("next"), 20_000)
    try:
        pairs = parse_qsl(urlsplit(address or "").query)
    except ValueError:
        return None
    return urlencode([(name, value) for name, value in pairs if name in _PLACES]) or None


def refuse_errors(content: Any, service: str, remedy: str) -> None:
    """Raise ParseError where a saved answer is an error, and say which."""
    error = mapping(mapping(content).get("error"))
    if error:
        said = words(error.get("message"), 300) or words(error.get("code")) or "?"
        raise ParseError(f"{service} refuses: {said}", remedy=remedy)
