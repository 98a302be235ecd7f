"""Which addresses may be connected to, and a network that connects to no others.

A feed's address comes from a user, a redirect from anybody: neither may reach the machine's own network.
Names are resolved here, all their addresses are checked, and the connection goes to the very address that
was checked, so that a name that changes its mind in between ("DNS rebinding") gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpcore
import httpx

from collectors.errors import AddressRefused

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6 (IANA); the rest is local, or leads to IPv4 by ways that networks make up."""
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(name) for name in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "3fff::/20")
)
"""What Python takes for global: protocols' own, relays of 6to4, the host of Azure's machines, documentation."""
_ISATAP = (0x00005EFE, 0x02005EFE)
_MOST_ATTEMPTS = 4
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet.

    IPv4 addresses wrapped in IPv6 (mapped, 6to4, Teredo, NAT64, ISATAP) are judged as what they lead to.
    """
    ip: Ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
        if ip not in _GLOBAL_IPV6:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC)


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    is_isatap = int(ip) >> 32 & 0xFFFFFFFF in _ISATAP
    if ip in _NAT64 or is_isatap or (int(ip) >> 32 == 0 and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


class AddressGuard:
    """Says at which addresses a host may be reached. Hosts in `allowed` ("name", "name:port") are let through."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(entry.strip().lower() for entry in allowed)

    def resolve(self, host: str, port: int) -> list[str]:
        """The checked addresses of a host, best first.

        Raises AddressRefused when any of them is private; httpcore.ConnectError when the name is unknown.
        """
        name = host.lower().rstrip(".")
        try:
            # The resolver also reads 2130706433, 0x7f.1 and 127.1 as addresses: checked after it, none slips by.
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known ({error})") from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not {name, f"{name}:{port}", f"[{name}]:{port}"} & self._allowed:
            for address in addresses:
                if not is_public(address):
                    raise AddressRefused(
                        f"{host} leads to {address}, which is not an address of the public internet",
                        remedy=f'if it is yours and you trust it, add "{name}:{port}" to allowed_hosts in [http]',
                        permanent=True,
                    )
        return addresses


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Bound all network use within this block, by this thread, to so many seconds altogether.

    Time-outs of sockets count from the last byte: a server that drips bytes would keep us for ever.
    """
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _time_left(timeout: float | None, error: type[httpcore.TimeoutException]) -> float | None:
    end = _deadline.get()
    if end is None:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        raise error("the answer took too long altogether")
    return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step also keeps to the time limit of the whole."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _time_left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _time_left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class _GuardedNetwork(httpcore.NetworkBackend):
    """Connects to checked addresses only."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._network = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.NetworkStream:
        problem: Exception | None = None
        for address in self._guard.resolve(host, port)[:_MOST_ATTEMPTS]:
            left = _time_left(timeout, httpcore.ConnectTimeout)
            try:
                stream = self._network.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
            else:
                return _TimedStream(stream)
        raise problem or httpcore.ConnectError(f"the name {host} has no address")


class GuardedTransport(httpx.BaseTransport):
    """HTTP/1.1 with kept connections over a network that refuses private addresses. Safe among threads."""

    def __init__(self, guard: AddressGuard, tls: ssl.SSLContext) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=64,
            max_keepalive_connections=16,
            keepalive_expiry=15.0,
            network_backend=_GuardedNetwork(guard),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx.TransportError or AddressRefused."""
        assert isinstance(request.stream, httpx.SyncByteStream)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _as_httpx_errors():
            response = self._pool.handle_request(
                httpcore.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        assert isinstance(response.stream, Iterable)
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx_errors():
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


@contextmanager
def _as_httpx_errors() -> Iterator[None]:
    """httpx's errors carry the same names as those of the layer below."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error
