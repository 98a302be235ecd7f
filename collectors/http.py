"""The one door to the network: polite, bounded, and careful about where it goes.

In order, for each request: the address is checked, robots.txt is asked, a turn at the host is waited for, the
answer is read within its limits, redirects are followed one by one through all of the same checks, and what
comes back is a `Response` or one of the errors of `collectors.errors`, each with a remedy.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Mapping
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field

from collectors import robots
from collectors.addresses import AddressGuard, GuardedTransport, time_limit
from collectors.allowance import LONGEST_REST, retry_at, used_up
from collectors.blockpages import blocked_by
from collectors.errors import (
    AddressRefused,
    Blocked,
    Gone,
    HttpError,
    NotFound,
    RateLimited,
    RedirectLoop,
    TooLarge,
    Unavailable,
)
from collectors.politeness import Clock, Politeness
from collectors.response import Response, decode, unpack

__all__ = [
    "AddressRefused", "Blocked", "Clock", "Gone", "Http", "HttpError", "HttpSettings", "NotFound", "RateLimited",
    "RedirectLoop", "Response", "TooLarge", "Unavailable", "decode", "tls_context", "unpack",
]  # fmt: skip

AGENT = "oyez"
"""The name that robots.txt files know us by."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT_REDIRECTS = frozenset({301, 308})
_WITHOUT_RETRY_AFTER = timedelta(minutes=15)
_ONLY_FOR_THAT_SITE = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "apikey"})
_SECRETS_IN_URL = frozenset({"key", "api_key", "apikey", "token", "access_token"})


def _agent_version() -> str:
    try:
        return version("oyez")
    except PackageNotFoundError:
        return "0"


class HttpSettings(BaseModel):
    """How requests are made. Times are in seconds, sizes in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: str = Field(
        default="", description="An e-mail or web address that sites can complain to; sent to them."
    )
    user_agent: str = Field(
        default="", description="Replaces the whole User-Agent; empty: oyez/VERSION (+contact)."
    )
    min_delay: float = Field(default=1.0, ge=0, description="Least pause between two requests to one host.")
    max_delay: float = Field(
        default=120.0, ge=0, description="Longest pause that errors or a crawl-delay can lead to."
    )
    concurrency: int = Field(default=1, ge=1, description="Most requests at once to one host.")
    connect_timeout: float = Field(default=10.0, gt=0, description="Longest wait for a connection.")
    read_timeout: float = Field(default=30.0, gt=0, description="Longest silence within an answer.")
    total_timeout: float = Field(default=90.0, gt=0, description="Longest time for one whole answer.")
    max_bytes: int = Field(default=20_000_000, gt=0, description="Largest answer, before and after unpacking.")
    max_redirects: int = Field(default=5, ge=0, description="Most redirects followed.")
    retries: int = Field(default=2, ge=0, description="How often a GET is repeated after a fault that may pass.")
    patience: float = Field(
        default=20.0, ge=0, description="Longest Retry-After that is waited for; longer ones end the run."
    )
    respect_robots: bool = Field(default=True, description="Obey robots.txt.")
    robots_exempt: frozenset[str] = Field(
        default=frozenset(), description="Hosts whose owner lets you ignore robots.txt."
    )
    allowed_hosts: frozenset[str] = Field(
        default=frozenset(), description='Private hosts that may be read all the same: "name" or "name:port".'
    )
    verify_tls: bool = Field(default=True, description="Check certificates.")
    ca_file: Path | None = Field(default=None, description="Further certificate authorities to trust, as PEM.")

    @property
    def agent(self) -> str:
        """The User-Agent header."""
        contact = f" (+{self.contact})" if self.contact else ""
        return self.user_agent or f"{AGENT}/{_agent_version()}{contact}"


class Http:
    """A client for all sources. Safe to share among threads; use it as a context manager.

    `transport` replaces the network in tests; the checks of addresses are part of the real one.
    """

    def __init__(
        self,
        settings: HttpSettings | None = None,
        transport: httpx.BaseTransport | None = None,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or HttpSettings()
        self.clock = clock or Clock()
        self._transport = transport or GuardedTransport(
            AddressGuard(self.settings.allowed_hosts), tls_context(self.settings)
        )
        self._politeness = Politeness(
            concurrency=self.settings.concurrency,
            min_delay=self.settings.min_delay,
            max_delay=self.settings.max_delay,
            clock=self.clock,
        )
        self._robots = robots.Robots(AGENT, self._fetch_robots, self.clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        accept: str | None = None,
        credentials: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Fetch an address; with `etag` or `last_modified` the answer may be an empty "not modified".

        `params` are added to the query; those that are None are left out. Faults that may pass are retried.
        `credentials` are headers with the user's own key to an official interface: robots.txt, which speaks to
        visitors without one, is not asked then, and a redirect to another site is refused.
        Raises HttpError's subclasses.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified, "Accept": accept}
        # A version's name that is not ASCII cannot be sent back: the answer is then fetched whole.
        usable = {name: value for name, value in conditions.items() if value and value.isascii()}
        sent = {**(headers or {}), **usable, **(credentials or {})}
        most = max_bytes or self.settings.max_bytes
        return self._follow("GET", _with_params(url, params), sent, None, most, keyed=credentials is not None)

    def post(
        self,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        credentials: Mapping[str, str] | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Send JSON or a form. Never repeated, since repeating may not be safe. Raises HttpError's subclasses.

        `credentials` are as for `get`; an empty mapping says that the body holds them.
        """
        body = httpx.Request("POST", "http://body.invalid", json=json, data=form)
        sent = {**(headers or {}), "Content-Type": body.headers.get("content-type", "application/octet-stream")}
        sent |= credentials or {}
        most = max_bytes or self.settings.max_bytes
        return self._follow("POST", url, sent, body.read(), most, keyed=credentials is not None)

    def slow_down(self, url: str, pause: float) -> None:
        """Keep requests to this host at least `pause` seconds apart: what its documentation asks for."""
        self._politeness.slow_down(urlsplit(url).hostname or "", pause)

    def rest(self, url: str, seconds: float) -> None:
        """Leave this host alone for so long: what its answer asked for otherwise than by Retry-After.

        The next request waits; longer than `patience` it is refused with RateLimited instead.
        """
        host = urlsplit(url).hostname or ""
        if seconds <= self.settings.patience:
            self._politeness.rest(host, seconds)
        else:
            wait = min(timedelta(seconds=min(seconds, 10**8)), LONGEST_REST)
            self._politeness.close_until(host, self.clock.now() + wait)

    def _follow(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        max_bytes: int,
        *,
        rules: bool = True,
        keyed: bool = False,
    ) -> Response:
        """Follow redirects by hand: every hop passes every check again, secrets stay with their own site."""
        seen: set[tuple[str, str]] = set()
        moved_to, all_permanent = None, True
        for _ in range(self.settings.max_redirects + 1):
            url, headers = _prepare(url, headers)
            if (method, url) in seen:
                raise RedirectLoop(f"{_shown(url)} redirects in circles", remedy="check the address in a browser")
            seen.add((method, url))
            if rules and not keyed:
                self._ask_robots(url)
            response = self._persist(method, url, headers, body, max_bytes, cut=not rules)
            target = response.headers.get("location") if response.status in _REDIRECTS else None
            if not target:
                judged = response if not rules else self._judge(response)
                return _moved(judged, moved_to if all_permanent else None)
            all_permanent = all_permanent and response.status in _PERMANENT_REDIRECTS
            if response.status == 303 or (response.status in {301, 302} and method == "POST"):
                method, body = "GET", None
            headers, url = _for_next_hop(headers, url, target, keyed=keyed)
            moved_to = url
        raise RedirectLoop(
            f"{_shown(url)} is behind more than {self.settings.max_redirects} redirects",
            remedy="check the address in a browser and give the one it ends at",
        )

    def _ask_robots(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if not self.settings.respect_robots or host in self.settings.robots_exempt:
            return
        pause = self._robots.check(url)
        if pause is not None:
            self._politeness.slow_down(host, pause)

    def _fetch_robots(self, url: str) -> Response:
        return self._follow("GET", url, {"Accept-Encoding": "identity"}, None, robots.MAX_BYTES, rules=False)

    def _persist(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, max_bytes: int, *, cut: bool
    ) -> Response:
        """One request, with its repetitions where repeating is safe and may help."""
        host = urlsplit(url).hostname or ""
        attempts = self.settings.retries + 1 if method == "GET" else 1
        for attempt in range(1, attempts + 1):
            closed = self._politeness.closed_until(host)
            if closed is not None:
                raise RateLimited(
                    f"{host} asked to be left alone until {closed:%Y-%m-%d %H:%M} UTC", retry_at=closed
                )
            last = attempt == attempts
            try:
                with self._politeness.turn(host):
                    response = self._exchange(method, url, headers, body, max_bytes, cut=cut)
            except Unavailable as error:
                self._politeness.failed(host)
                if last or error.permanent:
                    raise
                self._back_off(attempt)
                continue
            if response.status != 429 and response.status < 500:
                if response.status < 400:  # a refusal is no trouble of the site's, and no welcome either
                    self._politeness.succeeded(host)
                return response
            self._politeness.failed(host)
            wait = self._asked_to_wait(response, host)
            if last or blocked_by(response.headers, response.body):
                return response
            if wait is None:
                self._back_off(attempt)
            else:
                self.clock.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _back_off(self, attempt: int) -> None:
        self.clock.sleep(min(30.0, 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret

    def _asked_to_wait(self, response: Response, host: str) -> float | None:
        """Seconds that Retry-After asks for, None where it does not. Raises RateLimited when that is too long."""
        moment = retry_at(response.headers, self.clock.now(), too_many=response.status == 429)
        if moment is None:
            return None
        seconds = (moment - self.clock.now()).total_seconds()
        if seconds <= self.settings.patience:
            return max(0.0, seconds)
        self._politeness.close_until(host, moment)
        raise RateLimited(
            f"{host} answered {response.status} and asks to wait until {moment:%Y-%m-%d %H:%M} UTC",
            retry_at=moment,
            response=response,
        )

    def _exchange(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, max_bytes: int, *, cut: bool
    ) -> Response:
        """Send one request and read the whole answer within its limits."""
        all_headers = httpx.Headers({"User-Agent": self.settings.agent, "Accept": "*/*"})
        all_headers.update({"Accept-Encoding": "gzip, deflate", **headers})
        times = self.settings
        timeouts = {"connect": times.connect_timeout, "read": times.read_timeout, "write": times.read_timeout}
        request = httpx.Request(
            method, url, headers=all_headers, content=body,
            extensions={"timeout": {**timeouts, "pool": times.total_timeout}},
        )  # fmt: skip
        try:
            with time_limit(times.total_timeout):
                response = self._transport.handle_request(request)
                try:
                    return _read(url, response, max_bytes, cut=cut)
                finally:
                    response.close()
        except httpx.TransportError as error:
            raise _unavailable(url, error) from error

    def _judge(self, response: Response) -> Response:
        """Return an answer that is one; raise what any other means."""
        status, where = response.status, _shown(response.url)
        blocker = blocked_by(response.headers, response.body)
        if blocker:
            raise Blocked(
                f"{where} shows a page of {blocker} instead of an answer",
                remedy="the site does not let robots in: use its feed, its official interface or an export",
                response=response,
            )
        now = self.clock.now()
        if 200 <= status < 300 or status == 304:
            if until := used_up(response.headers, now):
                self.rest(response.url, (until - now).total_seconds())
            return response
        problem = f"{where} answered {status}"
        if status == 429:
            moment = retry_at(response.headers, now, too_many=True) or now + _WITHOUT_RETRY_AFTER
            self._politeness.close_until(urlsplit(response.url).hostname or "", moment)
            raise RateLimited(f"{problem}: too many requests", retry_at=moment, response=response)
        if status >= 500:
            raise Unavailable(
                problem, remedy="the site is in trouble: it is tried again later", response=response
            )
        error, remedy, permanent = _MEANINGS.get(status, (HttpError, "check the address and the options", False))
        raise error(problem, remedy=remedy, permanent=permanent, response=response)


_MEANINGS: dict[int, tuple[type[HttpError], str, bool]] = {
    401: (Blocked, "sign-in is needed: give a key or a token, or use another way in", True),
    403: (Blocked, "the site refuses: use its feed, its official interface or an export", False),
    404: (NotFound, "nothing is there: check the address in a browser", False),
    410: (Gone, "it was taken away for good: remove this source", True),
    451: (Blocked, "it is withheld for legal reasons", True),
}


def tls_context(settings: HttpSettings) -> ssl.SSLContext:
    """How certificates are checked: those of public authorities, and of the user's own."""
    context = httpx.create_ssl_context(verify=settings.verify_tls)
    if settings.ca_file is not None:
        context.load_verify_locations(cafile=settings.ca_file)
    return context


def _with_params(url: str, params: Mapping[str, object] | None) -> str:
    given = [(name, str(value)) for name, value in (params or {}).items() if value is not None]
    if not given:
        return url
    bare = url.partition("#")[0]
    return f"{bare}{'&' if '?' in bare else '?'}{urlencode(given)}"


def _prepare(url: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The address in its sendable form; a name and password in it become a header. Raises AddressRefused."""
    try:
        parsed = httpx.URL(url.strip())
        port_is_fine = parsed.port is None or 0 < parsed.port < 65_536
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise AddressRefused(f"{url[:200]!r} is not a web address ({error})", permanent=True) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or not port_is_fine:
        raise AddressRefused(
            f"{_shown(url)} is not a web address",
            remedy="give one that begins with https:// or http://",
            permanent=True,
        )
    if not parsed.userinfo:
        return str(parsed.copy_with(fragment=None)), dict(headers)
    signed = next(httpx.BasicAuth(parsed.username, parsed.password).auth_flow(httpx.Request("GET", "http://x")))
    bare = str(parsed.copy_with(fragment=None, username=None, password=None))
    return bare, {**headers, "Authorization": signed.headers["Authorization"]}


def _for_next_hop(headers: dict[str, str], url: str, target: str, *, keyed: bool) -> tuple[dict[str, str], str]:
    """Leave credentials behind when a redirect leads to another site; a request that lives by them ends there."""
    try:
        target = urljoin(url, target)
        before, after = urlsplit(url), urlsplit(target)
    except ValueError as error:
        raise AddressRefused(f"{_shown(url)} redirects to what is no address ({error})") from error
    if (before.scheme, before.netloc) == (after.scheme, after.netloc):
        return headers, target
    if keyed:
        raise AddressRefused(
            f"{_shown(url)} redirects to {after.hostname}, which is not given the key",
            remedy="check the service's address in the options",
            permanent=True,
        )
    return {name: value for name, value in headers.items() if name.lower() not in _ONLY_FOR_THAT_SITE}, target


def _read(url: str, response: httpx.Response, max_bytes: int, *, cut: bool) -> Response:
    """The whole body, unpacked; raises TooLarge rather than hold more than `max_bytes` (or cuts it there)."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    body = bytearray()
    assert isinstance(response.stream, httpx.SyncByteStream)
    for chunk in response.stream:
        body += chunk
        if len(body) > max_bytes:
            if cut:
                break
            raise TooLarge(
                f"{_shown(url)} is larger than {max_bytes:,} bytes",
                remedy="raise the limit for this source if that is what the site really sends",
            )
    if len(body) > max_bytes:
        return Response(url, response.status_code, headers, bytes(body[:max_bytes]))
    unpacked = unpack(bytes(body), max_bytes, encodings=headers.get("content-encoding", ""))
    return Response(url, response.status_code, headers, unpacked)


def _unavailable(url: str, error: httpx.TransportError) -> Unavailable:
    """Say in plain words why there was no answer."""
    where, cause = _shown(url), _tls_cause(error)
    if cause is not None:
        reason = getattr(cause, "verify_message", "") or cause.reason or str(cause)
        return Unavailable(
            f"no secure connection to {where}: {reason}",
            remedy="the site's certificate is at fault; if it is your own, name its authority in ca_file",
            permanent=True,
        )
    if isinstance(error, httpx.TimeoutException):
        problem = f"{where} took too long to answer"
    elif isinstance(error, httpx.ConnectError):
        problem = f"{where} cannot be reached ({error})"
    else:
        problem = f"{where} broke off its answer ({error or type(error).__name__})"
    return Unavailable(problem, remedy="it is tried again later; check the address if this goes on")


def _tls_cause(error: BaseException) -> ssl.SSLError | None:
    current: BaseException | None = error
    while current is not None and not isinstance(current, ssl.SSLError):
        current = current.__cause__ or current.__context__
    return current


def _moved(response: Response, moved_to: str | None) -> Response:
    return Response(response.url, response.status, response.headers, response.body, moved_to)


def _shown(url: str) -> str:
    """An address fit for messages: without a password, without keys."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return repr(url[:200])
    netloc = parts.netloc.rpartition("@")[2]
    pairs = [pair for pair in parts.query.split("&") if pair.partition("=")[0].lower() not in _SECRETS_IN_URL]
    return urlunsplit((parts.scheme, netloc, parts.path, "&".join(pairs), ""))[:300]
