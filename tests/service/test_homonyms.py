"""A brand whose name means something else, too: what only names it counts only where it is about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectors.post import Post, PostKind
from service import annotating, relevance
from service.relevance import likeliest
from service.workspace import Workspace
from storage import corrections, mentions, sources
from tests.service.workspaces import NOW, workspace

COMPLAINT = "Orange m'a encore facturé deux fois, le service client ne répond jamais"
FRUIT = "Un jus d'orange pressé et un gâteau à l'orange, délicieux"
TOML = """
[[brands]]
name = "Orange"
about = "opérateur télécom"
homonyms = {homonyms}

[[sources]]
name = "search"
kind = "hacker_news"
brands = ["Orange"]

[[sources]]
name = "our page"
kind = "review_pages"
brands = ["Orange"]
[sources.options]
url = "https://example.org/reviews"
"""


def told(folder: Path, *, homonyms: bool = True, source: str = "search") -> Workspace:
    """A workspace in which one source said both things."""
    ws = workspace(folder, TOML.format(homonyms=str(homonyms).lower()))
    ids = ws.brand_ids()
    posts = [
        Post(kind=PostKind.POST, external_id=str(number), text=text, published_at=NOW)
        for number, text in enumerate((COMPLAINT, FRUIT))
    ]
    kind = next(one.kind for one in ws.config.sources if one.name == source)
    with ws.database.begin() as conn:
        found = sources.ensure(conn, source, kind)
        mentions.store_page(
            conn,
            found,
            posts,
            brand_ids_of=lambda post: [ids["Orange"]],
            pseudonym=lambda name: name,
            now=NOW,
        )
    return ws


def counted(ws: Workspace) -> set[str]:
    with ws.database.read() as conn:
        return {view.text for view in mentions.latest(conn, ws.brand_ids()["Orange"])}


def test_what_a_search_found_is_kept_but_counts_only_if_it_is_about_the_brand(tmp_path: Path) -> None:
    with told(tmp_path) as ws:
        annotating.annotate(ws)
        assert counted(ws) == {COMPLAINT}
        with ws.database.read() as conn:
            assert mentions.count(conn) == 2


def test_a_name_without_homonyms_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relevance, "load_relevance", lambda: pytest.fail("nothing is to be asked"))
    with told(tmp_path, homonyms=False) as ws:
        annotating.annotate(ws)
        assert counted(ws) == {COMPLAINT, FRUIT}


def test_a_page_of_the_brand_itself_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relevance, "load_relevance", lambda: pytest.fail("nothing is to be asked"))
    with told(tmp_path, source="our page") as ws:
        annotating.annotate(ws)
        assert counted(ws) == {COMPLAINT, FRUIT}


def test_what_a_person_says_wins(tmp_path: Path) -> None:
    with told(tmp_path) as ws:
        annotating.annotate(ws)
        with ws.database.begin() as conn:
            fruit = next(view.id for view in mentions.pending(conn, "nobody", 10) if view.text == FRUIT)
            corrections.put(conn, fruit, "relevance", "yes", author="ana", now=NOW)
        assert counted(ws) == {COMPLAINT, FRUIT}


def test_an_annotation_says_the_chance_of_the_likeliest_brand() -> None:
    verdicts = [relevance.Verdict(1, 1, 0.2), relevance.Verdict(1, 2, 0.7), relevance.Verdict(2, 1, 0.4)]
    assert likeliest(verdicts) == {1: 0.7, 2: 0.4}
    assert [verdict.relevant for verdict in verdicts] == [False, True, False]
