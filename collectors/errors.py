"""How a request can fail: each failure is a SourceError that says what the user can do about it."""
# ruff: noqa: N818 - they are named for what happened, as in `except RateLimited`

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from collectors.source import SourceError

if TYPE_CHECKING:
    from collectors.response import Response


class HttpError(SourceError):
    """A request failed. `response` is what the server said, where it said something."""

    def __init__(
        self, problem: str, *, remedy: str = "", permanent: bool = False, response: Response | None = None
    ) -> None:
        super().__init__(problem, remedy=remedy, permanent=permanent)
        self.response = response


class Blocked(HttpError):
    """The site does not want to be read: robots.txt, 401, 403, 451 or an anti-robot page."""


class NotFound(HttpError):
    """404: there is nothing at this address."""


class Gone(HttpError):
    """410: it was taken away for good."""


class RateLimited(HttpError):
    """The site asks to come back later; `retry_at` (UTC) says when."""

    def __init__(self, problem: str, *, retry_at: datetime, response: Response | None = None) -> None:
        remedy = f"nothing to do: it is read again after {retry_at:%Y-%m-%d %H:%M} UTC"
        super().__init__(problem, remedy=remedy, response=response)
        self.retry_at = retry_at


class Unavailable(HttpError):
    """No usable answer: a server error, a time-out, a broken connection, a certificate that is not accepted."""


class TooLarge(HttpError):
    """The answer, or what it unpacks to, is larger than allowed."""


class AddressRefused(HttpError):
    """The address is not one of the public internet, or not one of http(s)."""


class RedirectLoop(HttpError):
    """The site sends us round in circles, or through too many hops."""
