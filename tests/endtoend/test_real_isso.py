"""Isso itself, read through `oyez collect`: threads, likes, an edit, deletions, and its feed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, counts
from isso_server import IssoServer, isso_server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("isso")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IssoServer]:
    with isso_server(tmp_path) as running:
        yield running


def test_threads_come_in_once_and_follow_edits_likes_and_deletions(server: IssoServer, desk: Desk) -> None:
    options = {"url": server.url, "site": "https://blog.example", "pages": ["/lila/", "/empty/"]}
    desk.watch("Lila", comments=("isso", options))
    first = server.comment("/lila/", "Très bon accueil 😀 & rapide", name="Léa")
    answer = server.comment("/lila/", "Pas chez moi.", name="Bob", parent=first)
    last = server.comment("/lila/", "Dommage pour le prix.", name="Ana")
    answered = server.comment("/lila/", "Bof.", name="Max")
    server.comment("/lila/", "Pourquoi donc ?", name="Zoé", parent=answered)

    assert counts(desk.collect()["comments"]) == [5, 0, 0, 0]
    found = desk.export()
    assert set(found) == {
        "Très bon accueil 😀 & rapide", "Pas chez moi.", "Dommage pour le prix.", "Bof.", "Pourquoi donc ?"
    }  # fmt: skip
    assert found["Pas chez moi."]["url"] == f"https://blog.example/lila/#isso-{answer}"
    assert found["Pas chez moi."]["kind"] == "comment"
    assert counts(desk.collect()["comments"]) == [0, 0, 5, 0]

    server.like(first)
    server.edit(last, "Dommage pour le prix, vraiment.")
    server.delete(answered)
    assert counts(desk.collect()["comments"], ("new", "changed", "deleted", "refreshed")) == [0, 1, 1, 1]
    assert desk.older_wordings("Dommage pour le prix, vraiment.") == ["Dommage pour le prix."]
    assert desk.deleted() == ["Bof."]
    assert desk.export()["Très bon accueil 😀 & rapide"]["reach"] == 1


def test_the_latest_comments_of_the_whole_site_are_read_without_naming_its_pages(
    server: IssoServer, desk: Desk
) -> None:
    options = {"url": server.url, "site": "https://blog.example", "latest": True}
    desk.watch("Lila", comments=("isso", options))
    number = server.comment("/une-page/", "Sur une page que personne n'a nommée.", name="Léa")
    assert counts(desk.collect()["comments"]) == [1, 0, 0, 0]
    [row] = desk.export().values()
    assert row["url"] == f"https://blog.example/une-page/#isso-{number}"


def test_its_feed_is_read_as_any_feed(server: IssoServer, desk: Desk) -> None:
    desk.watch("Lila", feed=("feeds", {"url": f"{server.url}/feed?uri=/lila/"}))
    server.comment("/lila/", "Bien & vite.", name="Léa")
    assert counts(desk.collect()["feed"]) == [1, 0, 0, 0]
    assert desk.export()["Bien & vite."]["kind"] == "comment"
    assert counts(desk.collect()["feed"])[:2] == [0, 0]
