"""How often a host is asked: few at a time, with pauses that grow on errors and never shrink on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_FIRST_PENALTY = 1.0
_RECOVERY = 0.9
"""Each success takes a tenth off a grown pause: trust comes back slower than it goes (doubling)."""


class Clock:
    """The three things that are asked of time. Tests pass their own."""

    def now(self) -> datetime:
        """The time of day, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class _Host:
    """What is known of one host."""

    def __init__(self, pause: float) -> None:
        self.free = threading.Condition()
        self.active = 0
        self.floor = pause
        self.pause = pause
        self.next_at = 0.0
        self.closed_until: datetime | None = None


class Politeness:
    """Gives turns at hosts: at most `concurrency` at once, starts at least a pause apart (seconds)."""

    def __init__(self, *, concurrency: int, min_delay: float, max_delay: float, clock: Clock) -> None:
        self._concurrency = concurrency
        self._min_delay = min_delay
        self._max_delay = max(max_delay, min_delay)
        self._clock = clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(name, _Host(self._min_delay))

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for a turn at this host and hold it for the block."""
        host = self._host(name)
        with host.free:
            host.free.wait_for(lambda: host.active < self._concurrency)
            host.active += 1
        try:
            self._wait(host)
            yield
        finally:
            with host.free:
                host.active -= 1
                host.free.notify()

    def _wait(self, host: _Host) -> None:
        with host.free:
            now = self._clock.monotonic()
            start = max(now, host.next_at)
            host.next_at = start + host.pause
        if start > now:
            self._clock.sleep(start - now)

    def succeeded(self, name: str) -> None:
        """The host answered well."""
        host = self._host(name)
        with host.free:
            host.pause = max(host.floor, host.pause * _RECOVERY)

    def failed(self, name: str) -> None:
        """The host is in trouble or annoyed: double the pause."""
        host = self._host(name)
        with host.free:
            host.pause = min(self._max_delay, max(host.pause * 2, _FIRST_PENALTY))
            host.next_at = max(host.next_at, self._clock.monotonic() + host.pause)

    def slow_down(self, name: str, pause: float) -> None:
        """The host's own rules ask for this pause; more than the longest pause is cut to it."""
        host = self._host(name)
        with host.free:
            host.floor = max(host.floor, min(pause, self._max_delay))
            host.pause = max(host.pause, host.floor)

    def rest(self, name: str, seconds: float) -> None:
        """Ask the host nothing for so long."""
        host = self._host(name)
        with host.free:
            host.next_at = max(host.next_at, self._clock.monotonic() + seconds)

    def close_until(self, name: str, moment: datetime) -> None:
        """The host asked to be left alone until then."""
        host = self._host(name)
        with host.free:
            host.closed_until = max(moment, host.closed_until or moment)

    def closed_until(self, name: str) -> datetime | None:
        """Until when the host is to be left alone, None when it may be asked."""
        until = self._host(name).closed_until
        return until if until and until > self._clock.now() else None
