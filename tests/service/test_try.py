"""`oyez try` shows ten annotated mentions of anything, and leaves nothing behind."""

import json
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from nlp.annotation import Annotation, Sentiment, Stars, TouchpointOpinion
from service import analysis
from service.cli import app

ITEMS = "".join(
    f"<item><guid>{n}</guid><title>Avis {n}</title><description>Livraison en retard, appelez le 06 12 34 56 78,"
    f" encore et encore, message {n}</description></item>"
    for n in range(12)
)
FEED = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Avis</title>{ITEMS}</channel></rss>'
REVIEWS = """<html><head><title>Boutique</title></head><body><script type="application/ld+json">
{"@context": "https://schema.org", "@type": "Product", "name": "Chaise", "review": [
 {"@type": "Review", "author": {"@type": "Person", "name": "Ana"}, "reviewBody": "Solide et belle",
  "reviewRating": {"@type": "Rating", "ratingValue": "5"}},
 {"@type": "Review", "author": {"@type": "Person", "name": "Léo"}, "reviewBody": "Cassée au bout d'un mois",
  "reviewRating": {"@type": "Rating", "ratingValue": "1"}}]}</script></body></html>"""
PAGES = {
    "/feed.xml": ("application/rss+xml", FEED),
    "/reviews": ("text/html", REVIEWS),
    "/blog": (
        "text/html",
        '<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>',
    ),
    "/empty": ("text/html", "<html><p>Rien à lire</p></html>"),
}


class TouchyModel:
    """Finds fault with every delivery; the delivered model is tried in the tests of `oyez analyze`."""

    name = "touchy"
    card = None

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        return [
            Annotation(
                self.name,
                sentiment=Sentiment(0.8, 0.1, 0.1),
                stars=Stars((0.8, 0.2, 0.0, 0.0, 0.0)),
                touchpoints=(TouchpointOpinion("delivery", "negative", 0.9, text),),
            )
            for text in texts
        ]


class Site(BaseHTTPRequestHandler):
    """A small site."""

    def do_GET(self) -> None:
        kind, text = PAGES.get(self.path, ("", ""))
        self.send_response(200 if kind else 404)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that may read this machine, and no waiting for a model."""
    monkeypatch.setattr(analysis, "open_model", lambda home=None: (TouchyModel(), ("fr", "en")))
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "oyez.toml").write_text('[http]\nallowed_hosts = ["127.0.0.1"]\nmin_delay = 0\n', encoding="utf-8")
    return folder


def oyez(home: Path, what: object, *options: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, ["try", str(what), "--home", str(home), *options])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def rows(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_feed_shows_ten_masked_mentions_and_stores_nothing(home: Path, site: str) -> None:
    result = oyez(home, f"{site}/feed.xml", "--format", "jsonl")
    assert "Preview: the first 10 mentions" in result.stderr
    assert "nothing is stored" in result.stderr
    assert len(rows(result)) == 10
    assert "06 12" not in result.stdout
    assert all("[phone]" in row["text"] and "[phone]" in row["touchpoints"][0]["quote"] for row in rows(result))
    assert [path.name for path in home.iterdir()] == ["oyez.toml"]


def test_a_page_with_marked_up_reviews_shows_them_with_their_ratings(home: Path, site: str) -> None:
    result = oyez(home, f"{site}/reviews", "--format", "jsonl")
    assert "read as review_pages" in result.stderr
    assert [(row["rating"], row["text"]) for row in rows(result)] == [
        ("5/5", "Solide et belle"), ("1/5", "Cassée au bout d'un mois")
    ]  # fmt: skip


def test_a_page_without_reviews_leads_to_the_feed_that_it_names(home: Path, site: str) -> None:
    result = oyez(home, f"{site}/blog")
    assert f"{site}/feed.xml, read as feeds" in result.stderr
    assert "delivery -" in result.stdout
    assert "negative" in result.stdout


def test_a_table_and_a_saved_page_are_read_from_files(home: Path, tmp_path: Path) -> None:
    table = tmp_path / "avis.csv"
    table.write_text("texte;note\nTrès bien;5\nNul;1\n", encoding="utf-8")
    assert "read as files" in oyez(home, table).stderr
    page = tmp_path / "page.html"
    page.write_text(REVIEWS, encoding="utf-8")
    assert "read as review_pages" in oyez(home, page).stderr


@pytest.mark.parametrize("what", ["no such file", "ftp://example.org/x"])
def test_what_is_neither_a_file_nor_an_address_is_said(home: Path, what: str) -> None:
    assert "neither a file nor a web address" in oyez(home, what, code=1).stderr


def test_a_page_without_anything_that_people_said_is_said(home: Path, site: str) -> None:
    result = oyez(home, f"{site}/empty", code=1)
    assert result.stdout == ""
    assert "To do:" in result.stderr


def test_a_private_address_is_refused_unless_it_was_allowed(home: Path, site: str, tmp_path: Path) -> None:
    assert oyez(tmp_path / "other", f"{site}/feed.xml", code=1).stdout == ""
