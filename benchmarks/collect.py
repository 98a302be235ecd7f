"""Collect 1,000 feeds from 50 hosts on loopback: first, again with nothing new, and again after changes.

    python benchmarks/collect.py                          (some 80 seconds of the processor)
    python benchmarks/collect.py --feeds 200 --hosts 10

A server in a process of its own plays the feeds (RSS and Atom, 20 items each, about 20 KB) at as many addresses
of 127.0.0.0/8 as there are hosts, answers 304 to those who have the version, and counts what it is asked. Four
passes of the real thing follow, one source a feed, from the configuration to the database:

    first        everything is new
    nothing new  each feed is asked once, with its version, and answered 304: nothing is parsed
    changes      one feed in ten has a new item
    restart      nothing new again, in a workspace opened afresh: robots.txt is asked for again, once a host

Before and after them feedparser alone reads the same bodies in a loop, in this same process. "x alone" is the
time of a pass as a multiple of the mean of the two, by the clock and of the processor. The server takes part of
the machine during a pass, and nothing during that loop. Memory is the growth of the peak during the pass.

Settings that differ from an installation's, and why: `allowed_hosts` names the loopback addresses, which are
refused otherwise; `min_delay` is 0 instead of 1 second, since 20 feeds a host would take 20 seconds by politeness
alone and the machinery would not be seen. One request at a time to a host, robots.txt and all other limits stay
as they are, and the most requests at once that the server saw at one host are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

import feedparser

from service import logs
from service.collecting import Collected, collect
from service.workspace import Workspace, open_workspace

ITEMS = 20
TEXT = """la livraison était rapide mais le colis est arrivé ouvert and the support never answered my third mail
so j'ai demandé un remboursement qui tarde encore l'application se ferme toute seule depuis la mise à jour great
value for money honestly the shop in town is clean and the staff friendly le prix a doublé sans explication"""
WORDS = TEXT.split()
_RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>
<title>Feed {name}</title><link>http://feeds.example/{name}/</link><language>fr</language>{items}</channel></rss>"""
_RSS_ITEM = """<item><title>{title}</title><link>http://feeds.example/{name}/{number}</link>
<guid isPermaLink="false">{name}-{number}</guid><dc:creator>{author}</dc:creator>
<pubDate>{day:02} Oct 2026 10:{minute:02}:00 +0200</pubDate><description>{short}</description>
<content:encoded><![CDATA[{html}]]></content:encoded></item>"""
_ATOM = """<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr">
<title>Feed {name}</title><id>urn:feed:{name}</id><updated>2026-10-30T10:00:00Z</updated>{items}</feed>"""
_ATOM_ITEM = """<entry><title>{title}</title><link href="http://feeds.example/{name}/{number}"/>
<id>urn:item:{name}:{number}</id><author><name>{author}</name></author>
<published>2026-10-{day:02}T10:{minute:02}:00+02:00</published><updated>2026-10-{day:02}T10:{minute:02}:00+02:00</updated>
<summary>{short}</summary><content type="html"><![CDATA[{html}]]></content></entry>"""


def feed_body(name: int, items: int) -> bytes:
    """One feed of so many items, the newest first; the same name gives the same items."""
    frame, form = (_RSS, _RSS_ITEM) if name % 2 else (_ATOM, _ATOM_ITEM)
    written = [_item(form, name, number) for number in range(items, 0, -1)]
    return frame.format(name=name, items="".join(written)).encode()


def _item(form: str, name: int, number: int) -> str:
    random = Random(f"{name}-{number}")
    words = [random.choice(WORDS) for _ in range(110)]
    parts = [" ".join(words[start : start + 30]) for start in (0, 30, 60)]
    html = (
        f'<p>{parts[0]} <a href="http://feeds.example/more">lire</a></p><p><b>{parts[1]}</b><br/>{parts[2]}</p>'
    )
    return form.format(
        name=name, number=number, title=" ".join(words[90:98]), author=f"Author {random.randrange(99)}",
        short=" ".join(words[:20]), html=html, day=1 + number % 28, minute=number % 60,
    )  # fmt: skip


@dataclass
class Server:
    """The feeds, and what was asked. Feed n lies at host n modulo the number of hosts."""

    hosts: Sequence[str]
    bodies: dict[str, bytes]
    versions: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests to its end."""
        host = writer.get_extra_info("sockname")[0]
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.now[host] += 1
                self.asked["most at once"] = max(self.asked["most at once"], self.now[host])
                writer.write(self.reply(head))
                await writer.drain()
                self.now[host] -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def reply(self, head: bytes) -> bytes:
        """The answer to one request."""
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        if path not in self.bodies:
            self.asked["robots.txt"] += 1
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        etag = f'"{self.versions[path]}"'
        if headers.get("if-none-match") == etag:
            self.asked["304"] += 1
            return f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode()
        self.asked["200"] += 1
        body = self.bodies[path]
        kind = f"Content-Type: application/xml\r\nETag: {etag}\r\nContent-Length: {len(body)}"
        return f"HTTP/1.1 200 OK\r\n{kind}\r\n\r\n".encode() + body

    async def serve(self, orders: Connection) -> None:
        """Listen until told to stop. Orders: "counts" (and count anew), a number of feeds to change, None."""
        servers = [await asyncio.start_server(self.answer, host, 0) for host in self.hosts]
        orders.send([server.sockets[0].getsockname()[1] for server in servers])
        loop = asyncio.get_running_loop()
        while (order := await loop.run_in_executor(None, orders.recv)) is not None:
            if order != "counts":
                for name in range(order):
                    self.versions[f"/{name}"] += 1
                    self.bodies[f"/{name}"] = feed_body(name, ITEMS + self.versions[f"/{name}"])
            orders.send(dict(self.asked))
            self.asked.clear()


def serve(hosts: Sequence[str], feeds: int, orders: Connection) -> None:
    """The server's process."""
    bodies = {f"/{name}": feed_body(name, ITEMS) for name in range(feeds)}
    asyncio.run(Server(hosts, bodies).serve(orders))


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of the processor."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Took:
    """What the work takes."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - start, time.process_time() - cpu)


def peak() -> float:
    """The most memory this process ever held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def feedparser_alone(bodies: Sequence[bytes]) -> Took:
    """What feedparser takes to read all bodies, one after the other."""
    return timed(lambda: [feedparser.parse(body) for body in bodies])


def configuration(addresses: Sequence[str]) -> str:
    """One brand, one source a feed."""
    hosts = sorted({address.split("/")[2] for address in addresses})
    toml = f'[[brands]]\nname = "Lila"\n\n[http]\nmin_delay = 0.0\nallowed_hosts = {hosts}\n'.replace("'", '"')
    for number, address in enumerate(addresses):
        source = f'name = "Feed {number}"\nkind = "feeds"\nbrands = ["Lila"]\noptions = {{ url = "{address}" }}'
        toml += f"\n[[sources]]\n{source}\n"
    return toml


def one_pass(ws: Workspace, orders: Connection) -> tuple[Took, str]:
    """Collect once: what it took, and what the server saw."""
    results: list[Collected] = []
    before = peak()
    took = timed(lambda: results.extend(collect(ws)))
    orders.send("counts")
    asked = orders.recv()
    problems = [result.problem for result in results if result.problem]
    assert not problems, problems[0]
    new = sum(result.stored.new for result in results)
    counts = [asked.get(name, 0) for name in ("200", "304", "robots.txt", "most at once")]
    cells = "".join(f"{count:>8}" for count in (new, *counts))
    return took, f"{took.wall:>8.2f}{len(results) / took.wall:>9.0f}{cells}{peak() - before:>7.0f} MB"


def measure(feeds: int, hosts: int, home: Path) -> None:
    """Run all passes."""
    names = [f"127.0.1.{number + 1}" for number in range(hosts)]
    orders, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(names, feeds, theirs), daemon=True)
    server.start()
    ports = orders.recv()
    addresses = [f"http://{names[n % hosts]}:{ports[n % hosts]}/{n}" for n in range(feeds)]
    (home / "oyez.toml").write_text(configuration(addresses), encoding="utf-8")
    bodies = [feed_body(name, ITEMS) for name in range(feeds)]
    print(f"{feeds} feeds of {ITEMS} items, {sum(map(len, bodies)) / feeds / 1000:.1f} KB each, on {hosts} hosts")
    alone = [feedparser_alone(bodies)]
    lines = {}
    with open_workspace(home) as ws:
        ws.brand_ids()
        lines["first"] = one_pass(ws, orders)
        lines["nothing new"] = one_pass(ws, orders)
        orders.send(feeds // 10)
        orders.recv()
        lines["changes"] = one_pass(ws, orders)
    with open_workspace(home) as ws:
        ws.brand_ids()
        lines["restart"] = one_pass(ws, orders)
    alone.append(feedparser_alone(bodies))
    orders.send(None)
    server.join()
    report(lines, alone)


def report(lines: dict[str, tuple[Took, str]], alone: Sequence[Took]) -> None:
    """Print what was measured."""
    for took in alone:
        print(f"feedparser alone: {took.wall:.2f} s by the clock, {took.cpu:.2f} s of the processor")
    print(
        "               seconds  feeds/s     new     200     304  robots    most    memory   x alone: clock, cpu"
    )
    wall, cpu = (sum(getattr(took, name) for took in alone) / len(alone) for name in ("wall", "cpu"))
    for name, (took, line) in lines.items():
        print(f"{name:<14}{line}{took.wall / wall:>17.2f}{took.cpu / cpu:>8.2f}")
    print(f"peak memory {peak():.0f} MB")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=50, help="at most 250")
    arguments = parser.parse_args()
    logs.configure(level=30)
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments.feeds, arguments.hosts, Path(folder))


if __name__ == "__main__":
    main()
