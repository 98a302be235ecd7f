"""Answers as received are kept for what they brought, for as long as the configuration says."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.post import Post, PostKind
from collectors.source import Answer, Fault, Page
from service.intake import Collected, store_pages
from service.workspace import Workspace
from storage import raw, sources
from tests.service.workspaces import NOW, workspace


def collected(ws: Workspace, body: bytes, texts: Sequence[str], faults: Sequence[Fault] = ()) -> list[bytes]:
    """Collect one page of these texts; the bodies that are kept by then."""
    posts = [Post(PostKind.REVIEW, str(number), text) for number, text in enumerate(texts)]
    page = Page(posts, {}, list(faults), Answer("https://e.org/", body))
    with ws.database.begin() as conn:
        source = sources.ensure(conn, "Shop", "feeds")
    list(store_pages(ws, source, iter([page]), Collected("Shop"), lambda _: []))
    with ws.database.read() as conn:
        return [raw.read(conn, number)[1].body for number in raw.kept(conn, source)]


def test_an_answer_is_kept_where_it_brought_something_new_or_changed(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        assert collected(ws, b"first", ["Bien"]) == [b"first"]
        assert collected(ws, b"visited again", ["Bien"]) == [b"first"]
        assert collected(ws, b"edited", ["Nul"]) == [b"first", b"edited"]


def test_an_answer_with_a_fault_is_kept_once(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        for _ in range(2):
            assert collected(ws, b"faulty", [], [Fault("1", "no text")]) == [b"faulty"]


def test_answers_are_kept_for_a_week_unless_told_otherwise(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        collected(ws, b"body", ["Bien"])
        with ws.database.begin() as conn:
            assert raw.purge(conn, NOW + timedelta(days=6)) == 0
            assert raw.purge(conn, NOW + timedelta(days=7)) == 1


@pytest.mark.parametrize(("days", "kept"), [(0, []), (1, [b"body"])])
def test_none_is_kept_where_the_configuration_says_so(tmp_path: Path, days: int, kept: list[bytes]) -> None:
    with workspace(tmp_path, f"[privacy]\nraw_days = {days}\n") as ws:
        assert collected(ws, b"body", ["Bien"]) == kept
