"""What the alert rules ask for: stories that no alert has told, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from material import NOW, STORY, TODAY, Desk, post

from collectors.post import PostKind, Rating
from nlp.annotation import Sentiment
from storage import alerts, mentions, rollups
from storage.alerts import AlertDraft, raise_alert
from storage.database import Database

SINCE = NOW - timedelta(days=7)
BAD = Sentiment(0.9, 0.05, 0.05)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def untold(desk: Desk, prefix: str = "Bad:Acme:", **how: Any) -> list[str]:
    with desk.database.read() as conn:
        found = alerts.untold(
            conn, desk.brand, prefix, SINCE, how.get("negative_from", 0.8), how.get("limit", 50)
        )
        return [view.external_id for view in found]


def tell(desk: Desk, external_id: str, prefix: str = "Bad:Acme:") -> None:
    draft = AlertDraft("r", desk.brand, prefix + external_id, "low", "t", {}, desk.mention(external_id).id)
    with desk.database.begin() as conn:
        assert raise_alert(conn, draft, [], NOW)
        assert alerts.unknown(conn, [draft, AlertDraft("r", desk.brand, "new", "low", "t")])[0].key == "new"


@pytest.mark.parametrize(
    ("rating", "found"),
    [
        (Rating(1), True),
        (Rating(2), True),
        (Rating(3), False),
        (Rating(5), False),
        (Rating(4, worst=5, best=1), True),
        (Rating(2, worst=5, best=1), False),
    ],
)
def test_a_rating_in_the_lower_half_of_its_scale_may_be_bad(desk: Desk, rating: Rating, found: bool) -> None:
    desk.store(post(rating=rating))
    desk.work()
    assert untold(desk) == (["1"] if found else [])


def test_a_negative_text_may_be_bad_and_only_since_the_moment_asked_for(desk: Desk) -> None:
    desk.store(
        post("new", rating=None), post("old", "autre", rating=None, published_at=SINCE - timedelta(minutes=1))
    )
    desk.annotate(sentiment=BAD)
    assert untold(desk) == ["new"]
    assert untold(desk, negative_from=0.95) == []
    assert untold(desk, limit=0) == []


def test_what_one_rule_has_told_the_other_may_tell(desk: Desk) -> None:
    desk.store(post("1", rating=Rating(1)), post("2", "Colis perdu", rating=Rating(1)))
    desk.work()
    tell(desk, "1")
    assert untold(desk) == ["2"]
    assert untold(desk, "Ba_:Acme:") == ["2", "1"]
    assert untold(desk, "Other:Acme:") == ["2", "1"]


def test_a_story_is_told_by_any_of_its_members(desk: Desk) -> None:
    desk.store(post("Zeit", STORY, kind=PostKind.ARTICLE, rating=None))
    desk.annotate(sentiment=BAD)
    desk.fold()
    tell(desk, "Zeit")
    earlier = NOW - timedelta(days=2)
    desk.store(post("Abend", STORY, kind=PostKind.ARTICLE, rating=None, published_at=earlier))
    desk.annotate(sentiment=BAD)
    desk.fold()
    assert desk.mention("Zeit").story_id == desk.mention("Abend").id
    assert untold(desk) == []


def test_a_brand_knows_its_first_day_and_whether_all_was_read(desk: Desk) -> None:
    yesterday = TODAY - timedelta(days=1)
    with desk.database.read() as conn:
        assert rollups.first_day(conn, desk.brand) is None
        assert not mentions.unread(conn, desk.brand, yesterday, yesterday)
    desk.store(post(), post("2", "Bien", published_at=NOW - timedelta(days=90)), post("3", "", rating=Rating(1)))
    with desk.database.read() as conn:
        assert mentions.unread(conn, desk.brand, yesterday, yesterday)
        assert not mentions.unread(conn, desk.brand, TODAY, TODAY)
    desk.work()
    with desk.database.read() as conn:
        assert rollups.first_day(conn, desk.brand) == TODAY - timedelta(days=90)
        assert not mentions.unread(conn, desk.brand, yesterday, yesterday)
