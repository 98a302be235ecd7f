"""robots.txt (RFC 9309): fetched once a day for each site, and obeyed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego

from collectors.errors import Blocked, RedirectLoop
from collectors.politeness import Clock
from collectors.response import Response, decode

_KEEP_RULES = 24 * 3600.0
"""RFC 9309, 2.4: rules are not used for longer than a day."""
_KEEP_REFUSAL = 15 * 60.0
MAX_BYTES = 512 * 1024
"""RFC 9309, 2.5: at least 500 KiB are read; the rest is ignored."""


@dataclass(frozen=True, slots=True)
class _Rules:
    until: float
    rules: Protego | None
    problem: str = ""


class Robots:
    """The rules of every site met. `fetch` gets an address without asking the rules."""

    def __init__(self, agent: str, fetch: Callable[[str], Response], clock: Clock) -> None:
        self._agent = agent
        self._fetch = fetch
        self._clock = clock
        self._known: dict[str, _Rules] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def check(self, url: str) -> float | None:
        """The pause in seconds that the site asks for, None where it asks for none.

        Raises Blocked where the rules forbid it or cannot be had for now, HttpError where nothing answers.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._rules(origin)
        if known.problem:
            raise Blocked(
                f"{origin}/robots.txt could not be read ({known.problem}): that site is not read for now",
                remedy="nothing to do: it is tried again in 15 minutes",
            )
        if known.rules is None:
            return None
        if not known.rules.can_fetch(url, self._agent):
            raise Blocked(
                f"robots.txt of {parts.netloc} forbids reading {parts.path or '/'}",
                remedy="use an official interface, an export or a feed of that site, or ask its owner",
                permanent=True,
            )
        delay = known.rules.crawl_delay(self._agent)
        rate = known.rules.request_rate(self._agent)
        pauses = [float(delay)] if delay is not None else []
        if rate is not None and rate.requests > 0:
            pauses.append(rate.seconds / rate.requests)
        return max(pauses, default=None)

    def _rules(self, origin: str) -> _Rules:
        with self._lock:
            lock = self._locks.setdefault(origin, threading.Lock())
        with lock:
            known = self._known.get(origin)
            if known is None or known.until <= self._clock.monotonic():
                known = self._known[origin] = self._read(origin)
            return known

    def _read(self, origin: str) -> _Rules:
        """4xx or a redirect loop: there are no rules. 5xx: all is forbidden for now (RFC 9309, 2.3.1).

        Where there is no answer at all the error passes on: the site itself could not be read either.
        """
        now = self._clock.monotonic()
        try:
            response = self._fetch(f"{origin}/robots.txt")
        except RedirectLoop:
            return _Rules(now + _KEEP_RULES, None)
        if response.status == 429 or response.status >= 500:
            return _Rules(now + _KEEP_REFUSAL, None, f"answer {response.status}")
        if response.status >= 400:
            return _Rules(now + _KEEP_RULES, None)
        text = decode(response.body[:MAX_BYTES], response.content_type)
        return _Rules(now + _KEEP_RULES, Protego.parse(text))
