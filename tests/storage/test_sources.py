"""The sources: until when one is left alone, and what is told of its health."""

from __future__ import annotations

from datetime import timedelta

import pytest
from material import NOW, TODAY, Desk, post
from sqlalchemy import text

from storage import sources
from storage.database import Database, open_database
from storage.health import SourceHealth
from storage.health import health as all_healths


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def lively(
    desk: Desk, name: str, *, days_ago: int = 8, visited_days_ago: int = 0, configured: bool = True
) -> int:
    """A source with one mention a day, the newest `days_ago`, and a last good visit."""
    posts = [post(str(n), f"t{n}", published_at=NOW - timedelta(days=days_ago + n)) for n in range(20)]
    with desk.database.begin() as conn:
        source = sources.ensure(conn, name, "feeds", configured=configured)
        desk.store(*posts, source=source, conn=conn)
        sources.record_success(conn, source, {}, NOW - timedelta(days=visited_days_ago), len(posts))
    return source


def health(desk: Desk) -> dict[str, SourceHealth]:
    with desk.database.read() as conn:
        return {one.state.name: one for one in all_healths(conn, NOW)}


def test_a_source_that_is_visited_and_gives_nothing_is_quiet(desk: Desk) -> None:
    lively(desk, "forum")
    found = health(desk)["forum"]
    assert (found.quiet, found.unvisited, found.standing) == (True, False, "quiet")


def test_a_source_that_nobody_visits_is_not_called_quiet(desk: Desk) -> None:
    lively(desk, "forum", visited_days_ago=8)
    found = health(desk)["forum"]
    assert (found.quiet, found.unvisited, found.standing) == (False, True, "not visited")


def test_a_source_that_gives_what_it_usually_gives_is_well(desk: Desk) -> None:
    lively(desk, "forum", days_ago=1)
    assert health(desk)["forum"].standing == "well"


def test_an_import_that_is_done_is_neither_quiet_nor_failing(desk: Desk) -> None:
    source = lively(desk, "avis.csv", configured=False)
    with desk.database.begin() as conn:
        sources.record_failure(conn, source, "no such file", NOW)
    found = health(desk)["avis.csv"]
    assert (found.quiet, found.unvisited, found.failing) == (False, False, False)
    assert found.standing == "not configured"
    assert (found.mentions, found.newest_day) == (20, TODAY - timedelta(days=8))


def test_a_source_that_left_the_configuration_is_told_no_more_until_it_is_back(desk: Desk) -> None:
    source = lively(desk, "forum")
    with desk.database.begin() as conn:
        sources.record_failure(conn, source, "410", NOW)
    assert health_of(desk) == "failing"
    with desk.database.begin() as conn:
        sources.sync(conn, ["shop"])
    assert health_of(desk) == "not configured"
    with desk.database.begin() as conn:
        sources.sync(conn, ["shop", "forum"])
    assert health_of(desk) == "failing"
    with desk.database.begin() as conn:
        sources.sync(conn, [])
        assert not any(state.configured for state in sources.states(conn))


def health_of(desk: Desk) -> str:
    return health(desk)["forum"].standing


def test_a_source_is_left_alone_until_a_moment_that_a_success_or_another_kind_forgets(desk: Desk) -> None:
    later = NOW + timedelta(hours=6)
    with desk.database.begin() as conn:
        sources.record_failure(conn, desk.source, "429", NOW, later)
        assert sources.state(conn, desk.source).retry_at == later
        sources.record_success(conn, desk.source, {}, NOW)
        assert sources.state(conn, desk.source).retry_at is None
        sources.record_failure(conn, desk.source, "429", NOW, later)
        sources.record_failure(conn, desk.source, "500", NOW)
        assert sources.state(conn, desk.source).retry_at is None
        sources.record_failure(conn, desk.source, "410", NOW, later)
        sources.ensure(conn, "shop", "feeds")
        assert sources.state(conn, desk.source).retry_at is None


def test_a_source_is_found_by_its_name(desk: Desk) -> None:
    with desk.database.read() as conn:
        found = sources.find(conn, "shop")
        assert found is not None
        assert (found.id, found.kind, found.configured) == (desk.source, "review_pages", True)
        assert sources.find(conn, "nowhere") is None


def test_sources_of_the_first_tables_are_kept_whole_by_the_second_step(empty_url: str) -> None:
    with open_database(empty_url) as database:
        database.upgrade("0001")
        with database.begin() as conn:
            conn.execute(
                text(
                    "INSERT INTO sources (id, name, kind, cursor, posts, failures, problem, last_attempt_at) "
                    "VALUES (7, 'Forum', 'feeds', '{\"etag\": \"a\"}', 3, 2, '429', "
                    "'2026-11-20 12:00:00.000000'), "
                    "(8, 'Shop', 'review_pages', '{}', 0, 0, NULL, NULL)"
                )
            )
        database.upgrade()
        with database.begin() as conn:
            forum, shop = sources.states(conn)
            assert (forum.id, forum.name, forum.cursor, forum.posts) == (7, "Forum", {"etag": "a"}, 3)
            assert (forum.failures, forum.problem, forum.last_attempt_at) == (2, "429", NOW)
            assert (forum.retry_at, forum.configured, shop.configured) == (None, True, True)
            sources.record_failure(conn, 7, "429", NOW, NOW + timedelta(days=1))
        with database.begin() as conn:
            assert sources.state(conn, 7).retry_at == NOW + timedelta(days=1)


def test_a_rest_that_nobody_asked_for_ends_where_the_options_are_put_right(desk: Desk) -> None:
    later = NOW + timedelta(days=1)
    kept = {}
    for rest in sources.Rest:
        with desk.database.begin() as conn:
            source = sources.ensure(conn, rest, "feeds", fingerprint="a")
            sources.record_failure(conn, source, "no", NOW, later, rest)
            sources.ensure(conn, rest, "feeds", fingerprint="a")
            assert sources.state(conn, source).rest is rest
            sources.ensure(conn, rest, "feeds", fingerprint="b")
            kept[rest] = sources.state(conn, source).retry_at
    assert kept == {
        sources.Rest.ASKED: later,
        sources.Rest.QUOTA: later,
        sources.Rest.REFUSED: None,
        sources.Rest.TROUBLE: None,
    }


def test_a_walk_into_the_past_leaves_the_cursor_unless_there_is_none(desk: Desk) -> None:
    with desk.database.begin() as conn:
        sources.record_backfill(conn, desk.source, {"since": "2026-01-01", "cursor": {"at": 3}}, NOW, 5)
        known = sources.state(conn, desk.source)
        assert (known.cursor, known.posts, known.last_success_at) == ({}, 5, NOW)
        sources.end_backfill(conn, desk.source, NOW)
        known = sources.state(conn, desk.source)
        assert known.cursor == {"at": 3}
        assert known.backfill == {"since": "2026-01-01", "cursor": {}, "done": NOW.isoformat()}
        sources.record_backfill(conn, desk.source, {"since": "2025-01-01", "cursor": {"at": 9}}, NOW)
        sources.end_backfill(conn, desk.source, NOW)
        assert sources.state(conn, desk.source).cursor == {"at": 3}
        sources.ensure(conn, "shop", "feeds")
        assert sources.state(conn, desk.source).backfill is None
