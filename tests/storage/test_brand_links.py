"""A mention that is said to be about another brand counts there, and nowhere else."""

from __future__ import annotations

import pytest
from material import ALWAYS, Desk, post
from sqlalchemy import select

from storage import mentions, rollups
from storage.database import Database
from storage.links import relink
from storage.tables import MentionBrand

LONG = "x" * 3_000
POSTS = [post("1"), post("2", "Colis perdu"), post(LONG, "Bof")]


@pytest.fixture
def desk(database: Database) -> Desk:
    desk = Desk.open(database)
    desk.store(*POSTS)
    desk.work()
    return desk


def say(desk: Desk, *brands: int) -> int:
    with desk.database.begin() as conn:
        changed = relink(conn, desk.source, POSTS, lambda _: brands)
    desk.work()
    return changed


def counted(desk: Desk, brand: int) -> float:
    with desk.database.read() as conn:
        return rollups.read(conn, brand, *ALWAYS).mentions


def test_mentions_move_to_another_brand_with_all_that_they_count_for(desk: Desk) -> None:
    rival = desk.another_brand("Rival")
    assert (counted(desk, desk.brand), counted(desk, rival)) == (3, 0)
    assert say(desk, rival) == 3
    assert (counted(desk, desk.brand), counted(desk, rival)) == (0, 3)
    assert say(desk, rival) == 0
    assert say(desk, desk.brand, rival, rival) == 3
    assert (counted(desk, desk.brand), counted(desk, rival)) == (3, 3)
    assert say(desk) == 3
    assert (counted(desk, desk.brand), counted(desk, rival)) == (0, 0)


def test_a_brand_that_stays_keeps_what_was_found_out_of_it(desk: Desk) -> None:
    rival = desk.another_brand("Rival")
    first = desk.mention("1").id
    with desk.database.begin() as conn:
        mentions.set_relevance(conn, [(first, desk.brand, False)])
    say(desk, desk.brand, rival)
    with desk.database.read() as conn:
        links = select(MentionBrand.brand_id, MentionBrand.relevant).where(MentionBrand.mention_id == first)
        assert dict(conn.execute(links).all()) == {desk.brand: False, rival: True}


def test_mentions_of_other_sources_are_left_alone(desk: Desk) -> None:
    other, rival = desk.another_source("other"), desk.another_brand("Rival")
    desk.store(*POSTS, source=other)
    say(desk, rival)
    with desk.database.read() as conn:
        assert (mentions.count(conn, desk.brand), mentions.count(conn, rival)) == (3, 3)
