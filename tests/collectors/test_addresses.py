"""Which addresses may be connected to."""

import ipaddress
import socket

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay import Reply, Site, door

from collectors.addresses import AddressGuard, is_public
from collectors.errors import AddressRefused


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
     "fd12::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
     "64:ff9b::7f00:1", "64:ff9b::a00:1", "::127.0.0.1", "2001:0:7f00:1::f5ff:fffe", "2001:db8::1",
     "64:ff9b:1::7f00:1", "::ffff:0:10.0.0.1", "2001:470::5efe:a00:1", "2001:470::200:5efe:7f00:1",
     "2002:a9fe:a9fe::", "fd00:ec2::254", "3fff::1", "5f00::1", "100::1", "4000::1", "192.0.0.8",
     "192.88.99.1", "168.63.129.16", "240.0.0.1", "169.254.170.2"],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)
def test_addresses_of_the_public_internet(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1", "::1", "::ffff:7f00:1",
     "localhost.", "LocalHost", "0", "0x7f.1", "017700000001", "127.000.000.001", "127。0。0。1", "１２７.0.0.1"],
)  # fmt: skip
def test_loopback_is_refused_in_every_spelling_the_resolver_understands(host):
    with pytest.raises(AddressRefused) as caught:
        AddressGuard().resolve(host, 80)
    assert caught.value.permanent
    assert f"{host.lower().rstrip('.')}:80" in caught.value.remedy


@given(number=st.integers(0, 2**32 - 1))
def test_no_wrapping_in_ipv6_makes_a_private_address_public(number):
    inner = ipaddress.IPv4Address(number)
    wrapped = [0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80, number]
    isatap = 0x20010470 << 96 | 0x5EFE << 32 | number
    for whole in (*wrapped, isatap):
        assert not (is_public(str(ipaddress.IPv6Address(whole))) and not is_public(str(inner)))


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "127.0.0.1", "169.254.169.254", "::1", "fd00::7", "::ffff:10.0.0.7"]
)
def test_a_public_name_that_leads_to_a_private_address_is_refused_at_every_hop(monkeypatch, address):
    """Asked for itself, as the end of a redirect, or behind robots.txt: nothing is connected to."""
    with Site() as site:
        _answer(monkeypatch, [address])
        inside = "http://intranet.example/secret"
        site.put("/trap", status=302, headers={"Location": inside})
        site.once("/robots.txt", Reply(status=302, headers={"Location": inside}), Reply(status=404))
        with door(site, retries=0) as http:
            for url in (inside, site.url("/robots-lead-inside"), site.url("/trap")):
                with pytest.raises(AddressRefused, match=r"intranet\.example leads to"):
                    http.get(url)
        assert "/robots-lead-inside" not in site.paths


def test_what_is_allowed_by_name_is_allowed_where_that_name_leads_and_nowhere_else(monkeypatch):
    with Site() as site:
        site.put("/a", "reached")
        site.put("/on", status=302, headers={"Location": site.url("/a")})
        _answer(monkeypatch, ["127.0.0.1"])
        with door(site, allowed_hosts=frozenset({"intranet.example"}), respect_robots=False) as http:
            assert http.get(site.url("/a", "intranet.example")).text() == "reached"
            with pytest.raises(AddressRefused):
                http.get(site.url("/a", "other.example"))
            with pytest.raises(AddressRefused):
                http.get(site.url("/on", "intranet.example"))


def test_a_name_with_one_private_address_among_public_ones_is_refused(monkeypatch):
    _answer(monkeypatch, ["93.184.216.34", "10.0.0.7"])
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.7"):
        AddressGuard().resolve("mixed.example", 443)


def test_a_host_that_the_user_allows_is_let_through_on_that_port_only():
    guard = AddressGuard(["127.0.0.1:8080", "LOCALHOST"])
    assert guard.resolve("127.0.0.1", 8080) == ["127.0.0.1"]
    assert "127.0.0.1" in guard.resolve("localhost", 99)
    with pytest.raises(AddressRefused):
        guard.resolve("127.0.0.1", 8081)


def test_an_unknown_name_cannot_be_connected_to():
    with pytest.raises(httpcore.ConnectError, match="not known"):
        AddressGuard().resolve("no-such-host.invalid", 80)


def test_a_name_that_changes_its_mind_after_the_check_gains_nothing(monkeypatch):
    """The connection goes to the address that was checked: the name is never resolved a second time."""
    with Site() as site:
        site.put("/a", "reached")
        answers = iter([["127.0.0.1"], ["10.9.9.9"], ["10.9.9.9"]])
        asked = _answer(monkeypatch, lambda: next(answers))
        with door(site, allowed_hosts=frozenset({"rebinding.example"}), respect_robots=False) as http:
            assert http.get(site.url("/a", "rebinding.example")).text() == "reached"
        assert asked == ["rebinding.example"]
        assert site.requests[0].headers["host"].startswith("rebinding.example")


def _answer(monkeypatch, addresses):
    """Make every name resolve to these addresses; returns the list of names asked for."""
    real, asked = socket.getaddrinfo, []

    def resolve(host, port, *args, **more):
        if host.replace(".", "").isdigit():
            return real(host, port, *args, **more)
        asked.append(host)
        found = addresses() if callable(addresses) else addresses
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked
