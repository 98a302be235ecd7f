"""Faults seen in the strongest open-source peer: none of them is ours."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.replay import Site
from tests.service.commands import oyez
from tests.service.receivers import webhook

ROOT = Path(__file__).resolve().parents[2]
ATOM = "application/atom+xml"


def entry(number: int, text: str, date: str = "") -> str:
    updated = f"<updated>{date}</updated>" if date else ""
    return f"<entry><id>{number}</id><title>{text}</title>{updated}</entry>"


def feed(site: Site, path: str, *entries: str) -> None:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{"".join(entries)}</feed>'
    site.put(path, body, content_type=ATOM)


def home_with(folder: Path, site: Site, *paths: str, more: str = "") -> Path:
    feeds = "".join(
        f'[[sources]]\nname = "{path}"\nkind = "feeds"\nbrands = ["Lila"]\n'
        f'options = {{ url = "{site.url(path)}" }}\n'
        for path in paths
    )
    http = '[http]\nallowed_hosts = ["127.0.0.1"]\nmin_delay = 0\nretries = 0\n'
    text = f'{http}[[brands]]\nname = "Lila"\n{feeds}{more}'
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "oyez.toml").write_text(text, encoding="utf-8")
    return folder


def exported(home: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(oyez("export", "--home", home, "--format", "json").stdout)
    return found


def imported(home: Path, content: bytes, *options: str) -> list[dict[str, Any]]:
    """The mentions that a CSV becomes."""
    home.mkdir(exist_ok=True)
    file = home / "avis.csv"
    file.write_bytes(content)
    oyez("import", file, "--brand", "Lila", *options, "--home", home)
    return exported(home)


def test_one_broken_feed_stops_none_of_those_after_it(tmp_path: Path) -> None:
    with Site() as site:
        feed(site, "/1", entry(1, "Lila un"))
        site.put("/2", b"<feed><entry>", status=500)
        site.put("/3", b"\x00\xff no feed at all")
        feed(site, "/4", entry(4, "Lila quatre"))
        home = home_with(tmp_path, site, "/1", "/2", "/3", "/4")
        done = oyez("collect", "--home", home, "--format", "json", code=1)
    rows = {row["source"]: row for row in json.loads(done.stdout)}
    assert [rows[path]["new"] for path in ("/1", "/2", "/3", "/4")] == [1, 0, 0, 1]
    assert all(rows[path]["problem"] and rows[path]["remedy"] for path in ("/2", "/3"))
    assert len(exported(home)) == 2


def test_an_undated_item_is_delivered_once_however_often_it_is_polled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OYEZ_TEST_SECRET", "s")
    with Site() as site, webhook() as hook:
        rule = (
            f'[[alerts]]\nname = "Bad"\nrule = "negative_mention"\nto = ["{hook.url}"]\n'
            '[webhook]\nsecret = "env:OYEZ_TEST_SECRET"\n'
        )
        home = home_with(tmp_path, site, "/feed", more=rule)
        for number in range(3):
            feed(
                site,
                "/feed",
                entry(1, "Lila, une honte, livraison catastrophique, fuyez !"),
                f"<!-- {number} -->",
            )
            oyez("collect", "--home", home)
            oyez("run", "--home", home)
        told = [json.loads(body) for _, body in hook.received]
    assert len(exported(home)) == 1
    assert [message["type"] for message in told] == ["alert"]


def test_a_late_item_with_an_older_date_is_not_lost(tmp_path: Path) -> None:
    with Site() as site:
        home = home_with(tmp_path, site, "/feed")
        feed(site, "/feed", entry(2, "Lila deux", "2026-11-02T00:00:00Z"))
        oyez("collect", "--home", home)
        late = entry(1, "Lila un", "2026-10-01T00:00:00Z")
        feed(site, "/feed", entry(2, "Lila deux", "2026-11-02T00:00:00Z"), late)
        oyez("collect", "--home", home)
    assert {row["title"] or row["text"] for row in exported(home)} == {"Lila un", "Lila deux"}


def test_a_latin_1_byte_does_not_lose_the_file(tmp_path: Path) -> None:
    rows = imported(tmp_path, "id;avis\n1;Très bien\n2;Déçu\n".encode() + b"3;Livraison retard\xe9e\n")
    assert {row["text"] for row in rows} == {"Très bien", "Déçu", "Livraison retardée"}


def test_an_unclosed_quote_merges_no_rows_in_silence(tmp_path: Path) -> None:
    home = tmp_path
    file = home / "avis.csv"
    file.write_text('id,avis\n1,bien\n2,"jamais fermé\n3,nul\n4,correct\n', encoding="utf-8")
    done = oyez("import", file, "--brand", "Lila", "--home", home)
    texts = [row["text"] for row in exported(home)]
    assert sorted(texts) == ["bien", "correct", "nul"]
    assert "line 3: a quotation mark is not closed on this row" in done.stderr


def test_a_french_date_is_the_row_s_and_not_the_file_s(tmp_path: Path) -> None:
    rows = imported(tmp_path, b"id;avis;date\n1;Bien;14/03/2025\n2;Nul;03/04/2025\n")
    assert {row["published_at"][:10] for row in rows} == {"2025-03-14", "2025-04-03"}


def test_a_mark_with_a_decimal_comma_is_a_rating(tmp_path: Path) -> None:
    rows = imported(tmp_path, b"id;avis;note\n1;Bien;4,5\n2;Nul;1\n")
    assert {row["rating"] for row in rows} == {4.5, 1.0}


def test_masking_of_phone_numbers_leaves_links_and_ids_as_they_are(tmp_path: Path) -> None:
    link = "https://lila.example/avis/0612345678"
    rows = imported(tmp_path, f"id;avis;url\n0612345678;Appelez le 06 12 34 56 78;{link}\n".encode())
    [row] = rows
    assert "34 56" not in row["text"]
    assert row["url"] == link
    assert "0612345678" in row["id"]


def test_a_receiver_that_is_down_keeps_no_mention_from_being_stored_and_gets_its_message_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OYEZ_TEST_SECRET", "s")
    with Site() as site, webhook() as hook:
        rule = (
            f'[[alerts]]\nname = "Bad"\nrule = "negative_mention"\nto = ["{hook.url}"]\n'
            '[webhook]\nsecret = "env:OYEZ_TEST_SECRET"\n'
        )
        home = home_with(tmp_path, site, "/feed", more=rule)
        feed(site, "/feed", entry(1, "Lila, une honte, livraison catastrophique, fuyez !"))
        hook.statuses = [503]
        first = json.loads(oyez("run", "--home", home, "--format", "json").stdout)
        assert (first["new"], first["sent"], first["postponed"]) == (1, 0, 1)
        feed(site, "/feed", entry(2, "Lila, encore"))
        oyez("collect", "--home", home)
        assert len(exported(home)) == 2


@contextmanager
def serving(home: Path) -> Iterator[subprocess.Popen[str]]:
    """`oyez serve` as a process of its own, at work."""
    command = [
        sys.executable,
        "-c",
        "from service.cli import main; main()",
        "serve",
        "--port",
        "0",
        "--home",
        str(home),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "http://" in line:
                break
        assert process.poll() is None
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


@pytest.mark.slow
def test_no_command_fails_while_the_server_runs(tmp_path: Path) -> None:
    with Site() as site:
        paths = [f"/{number}" for number in range(10)]
        for path in paths:
            feed(site, path, *(entry(number, f"Lila, avis {path} {number}") for number in range(50)))
        home = home_with(tmp_path / "home", site, *paths)
        table = tmp_path / "avis.csv"
        table.write_text("id;avis\n1;Bien\n", encoding="utf-8")
        with serving(home):
            end = time.monotonic() + 5
            while time.monotonic() < end:
                oyez("collect", "--home", home)
                oyez("import", table, "--brand", "Lila", "--home", home)
                oyez("sources", "list", "--home", home)
                oyez("alerts", "--home", home)
                oyez("run", "--home", home)
                oyez("export", "--home", home)
        assert len(exported(home)) == 501
