"""Negative passages are sorted by what they complain of: the same whatever comes between, before or after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from conftest import Killed
from material import ALWAYS, NOW, TODAY, Desk, annotation, author, post
from sqlalchemy import select

from nlp.annotation import TouchpointOpinion
from storage import annotations as opinions
from storage import complaints, mentions
from storage.database import Database
from storage.forget import forget_author
from storage.tables import ComplaintRow, TouchpointOpinionRow

COMPASS = ("la boussole tourne folle", "ma boussole tourne", "une boussole tourne sans fin")
MANY = (*COMPASS, "toujours aucune réponse", "personne ne répond", "le prix augmente", "un chien bleu")


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def read(desk: Desk, model: str = "m", polarity: Any = "negative") -> None:
    """Let a model take every text that waits for a complaint about the product."""
    with desk.database.begin() as conn:
        waiting = mentions.pending(conn, model, 100_000)
        said = [
            (
                one.id,
                one.revision,
                annotation(model, touchpoints=(TouchpointOpinion("product", polarity, 0.9, one.text),)),
            )
            for one in waiting
        ]
        opinions.save(conn, model, said, NOW)


def complain(desk: Desk, texts: Sequence[str], first: int = 0, **parts: Any) -> None:
    posts = [
        post(str(number), text, author=author(f"{number}"), rating=None, **parts)
        for number, text in enumerate(texts, start=first)
    ]
    desk.store(*posts)
    read(desk)
    desk.fold()


def sort(desk: Desk, limit: int = complaints.AT_ONCE) -> int:
    """As a run does: one transaction after the other."""
    done = after = 0
    while True:
        with desk.database.begin() as conn:
            looked_at, after = complaints.sort_pending(conn, NOW, after, limit)
        done += looked_at
        if not looked_at:
            break
    with desk.database.read() as conn:
        topics = complaints.waiting(conn)
    for topic in topics:
        with desk.database.begin() as conn:
            complaints.find_new(conn, topic, NOW)
    desk.count_up()
    return done


def sorted_passages(desk: Desk, model: str = "m") -> dict[str, int | None]:
    """Passage → the id of its complaint."""
    with desk.database.read() as conn:
        query = select(TouchpointOpinionRow.quote, TouchpointOpinionRow.complaint_id)
        found = opinions.find_model(conn, model)
        assert found is not None
        return {row[0]: row[1] for row in conn.execute(query.where(TouchpointOpinionRow.model_id == found.id))}


def labels(desk: Desk) -> dict[int, str]:
    with desk.database.read() as conn:
        return {row.id: row.label for row in conn.execute(select(ComplaintRow.id, ComplaintRow.label))}


def counted(desk: Desk) -> dict[str, int]:
    with desk.database.read() as conn:
        return {one.label: one.people for one in complaints.count(conn, desk.brand, *ALWAYS)}


def test_what_people_share_is_counted_and_the_rest_is_told(desk: Desk) -> None:
    complain(desk, MANY)
    assert sort(desk) == len(MANY)
    assert counted(desk) == {
        "boussole tourne": 3,
        "pas de réponse, injoignable": 2,
        "le prix augmente": 1,
        "": 1,
    }


def test_before_it_is_sorted_a_passage_counts_to_the_rest(desk: Desk) -> None:
    complain(desk, MANY)
    desk.count_up()
    assert counted(desk) == {"": len(MANY)}


def test_doing_it_again_changes_nothing(desk: Desk) -> None:
    complain(desk, MANY)
    sort(desk)
    before, named = sorted_passages(desk), labels(desk)
    assert sort(desk) == 0
    assert (sorted_passages(desk), labels(desk)) == (before, named)


def test_new_weeks_leave_what_is_sorted_where_it_is(desk: Desk) -> None:
    complain(desk, MANY)
    sort(desk)
    before, named = sorted_passages(desk), labels(desk)
    complain(desk, ("la boussole bleue tourne", "un lac gelé", "ce lac gelé", "mon lac gelé"), first=100)
    sort(desk)
    after = sorted_passages(desk)
    assert {text: after[text] for text in before} == before
    assert labels(desk).items() > named.items()
    assert after["la boussole bleue tourne"] == before[COMPASS[0]]
    assert labels(desk)[after["un lac gelé"] or 0] == "lac gelé"


def test_a_passage_that_nobody_shared_joins_those_that_come_later(desk: Desk) -> None:
    complain(desk, ("un lac gelé",))
    sort(desk)
    assert sorted_passages(desk) == {"un lac gelé": complaints.NONE}
    complain(desk, ("ce lac gelé", "mon lac gelé"), first=10)
    sort(desk)
    assert counted(desk) == {"lac gelé": 3}


def test_an_edited_review_is_sorted_anew_and_the_others_stay(desk: Desk) -> None:
    complain(desk, MANY)
    sort(desk)
    before = sorted_passages(desk)
    desk.store(post("0", "finalement ils ne répondent pas", author=author("0"), rating=None))
    read(desk)
    desk.fold()
    assert sort(desk) == 1
    after = sorted_passages(desk)
    assert after.pop("finalement ils ne répondent pas") == before["personne ne répond"]
    del before[COMPASS[0]]
    assert after == before


def test_a_new_model_finds_the_same_complaints(desk: Desk) -> None:
    complain(desk, MANY)
    sort(desk)
    before, named = sorted_passages(desk), labels(desk)
    with desk.database.begin() as conn:
        opinions.register_model(conn, "m2", {})
    read(desk, "m2")
    assert sort(desk) == 0  # the figures are still those of the other
    with desk.database.begin() as conn:
        opinions.activate(conn, "m2")
    assert sort(desk) == len(MANY)
    assert sorted_passages(desk, "m2") == before
    assert labels(desk) == named


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_it_does_not_matter_in_which_pieces_it_is_done(desk: Desk, limit: int) -> None:
    complain(desk, MANY)
    sort(desk, limit)
    assert counted(desk)["boussole tourne"] == 3


def test_killed_anywhere_it_goes_on_where_it_was(desk: Desk, break_at: Callable[[int], Any]) -> None:
    complain(desk, MANY)
    for n in range(1, 60):
        with break_at(n) as seen:
            try:
                sort(desk)
            except Killed:
                continue
        if len(seen) < n:
            break
    assert counted(desk) == {"boussole tourne": 3, "pas de réponse, injoignable": 2, "le prix augmente": 1, "": 1}
    assert len(labels(desk)) == 3
    assert None not in sorted_passages(desk).values()


def test_praise_is_not_sorted(desk: Desk) -> None:
    desk.store(post("1", "une réponse rapide", rating=None))
    read(desk, polarity="positive")
    assert sort(desk) == 0
    assert counted(desk) == {}


def test_copies_of_one_story_are_one_person(desk: Desk) -> None:
    story = "la boussole de cette application tourne folle depuis la dernière sortie en haute montagne"
    complain(desk, [story] * 5)
    sort(desk)
    assert sum(counted(desk).values()) == 1
    assert "boussole" not in str(labels(desk))


def test_what_is_not_about_the_brand_makes_no_complaint(desk: Desk) -> None:
    complain(desk, COMPASS)
    with desk.database.begin() as conn:
        ids = [one.id for one in mentions.latest(conn, desk.brand, limit=10)]
        mentions.set_relevance(conn, [(id_, desk.brand, False) for id_ in ids])
    sort(desk)
    assert labels(desk) == {}
    assert counted(desk) == {}


def test_a_complaint_is_one_for_all_brands_and_counted_for_each(desk: Desk) -> None:
    rival = desk.another_brand("Rival")
    complain(desk, COMPASS)
    desk.store(post("r", "la boussole tourne", rating=None), brand_ids_of=lambda _: [rival])
    read(desk)
    sort(desk)
    with desk.database.read() as conn:
        [ours] = complaints.count(conn, desk.brand, *ALWAYS)
        [theirs] = complaints.count(conn, rival, *ALWAYS)
    assert ours.id == theirs.id
    assert (ours.people, theirs.people) == (3, 1)


def test_a_brands_name_makes_no_complaint(desk: Desk) -> None:
    complain(desk, ("acme bleu", "acme vert", "acme rouge"))
    sort(desk)
    assert counted(desk) == {"": 3}


def test_it_is_said_since_when_and_in_which_words(desk: Desk) -> None:
    complain(desk, COMPASS[:2], published_at=NOW - timedelta(days=9))
    complain(desk, COMPASS[2:], first=10, published_at=NOW - timedelta(days=2))
    sort(desk)
    with desk.database.read() as conn:
        [one] = complaints.count(conn, desk.brand, TODAY - timedelta(days=3), TODAY)
        assert (one.label, one.people, one.touchpoint, one.language) == ("boussole tourne", 1, "product", "fr")
        assert complaints.since(conn, desk.brand) == {one.id: TODAY - timedelta(days=9)}
        said = complaints.examples(conn, desk.brand, *ALWAYS)
    assert Counter(quote.quote for quote in said[one.id]) == Counter(COMPASS)
    assert [quote.source for quote in said[one.id]] == ["shop"] * 3


def test_with_an_author_go_the_labels_that_too_few_are_left_to_share(desk: Desk) -> None:
    complain(desk, MANY)
    sort(desk)
    with desk.database.begin() as conn:
        forget_author(conn, "~shop:id-0", NOW, actor="anne")
    sort(desk)
    assert "boussole" not in str(labels(desk))
    assert "pas de réponse, injoignable" in labels(desk).values()
    assert counted(desk)[""] == 3


def test_a_label_stays_as_long_as_enough_people_share_it(desk: Desk) -> None:
    complain(desk, (*COMPASS, "ta boussole tourne"))
    sort(desk)
    before = labels(desk)
    with desk.database.begin() as conn:
        forget_author(conn, "~shop:id-0", NOW, actor="anne")
    sort(desk)
    assert labels(desk) == before
    assert counted(desk) == {"boussole tourne": 3}
