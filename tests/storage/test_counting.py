"""Rollups: the sums of every brand, source, day, language and touchpoint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from conftest import Killed
from material import ALWAYS, EVERYTHING, NOW, TODAY, Desk, annotation, contents, edited, post
from sqlalchemy import func, select

from collectors.post import Question, Rating
from nlp.annotation import Effort, Sentiment, TouchpointOpinion
from storage import annotations as opinions
from storage import mentions, rollups
from storage.database import Database
from storage.tables import Mention, Rollup
from storage.tally import TALLY_FIELDS, Tally, tally_mention


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def close(a: Tally, b: Tally) -> bool:
    return all(getattr(a, name) == pytest.approx(getattr(b, name)) for name in TALLY_FIELDS)


def test_every_field_of_a_tally_survives_the_database(desk: Desk) -> None:
    ratings = [
        Rating(5),
        None,
        Rating(9, 0, 10, Question.RECOMMENDATION),
        Rating(3, 0, 10, Question.RECOMMENDATION),
        Rating(2, 5, 1, Question.EFFORT),
        Rating(7, 1, 7, Question.EFFORT),
    ]
    said = annotation(
        effort=Effort(4.0, 0.5), touchpoints=(TouchpointOpinion("delivery", "mixed", 0.5, ""),), churn_intent=0.25
    )
    desk.store(*[post(str(n), f"texte {n}", rating=rating) for n, rating in enumerate(ratings)])
    with desk.database.begin() as conn:
        opinions.save(conn, "m", [(m.id, 1, said) for m in mentions.pending(conn, "m", 10)], NOW)
    desk.count_up()
    for touchpoint in ("", "delivery"):
        expected = Tally()
        for rating in ratings:
            expected += tally_mention(said, rating, touchpoint=touchpoint or None)
        assert close(desk.tally(touchpoint=touchpoint), expected)


def test_only_annotated_mentions_count(desk: Desk) -> None:
    desk.store(post("1"), post("2", "autre"))
    desk.count_up()
    assert desk.tally() == Tally()
    desk.work()
    assert desk.tally().mentions == 2


def test_a_rating_without_a_text_needs_no_annotation(desk: Desk) -> None:
    desk.store(post("1", ""), post("2", " \n"), post("3", "", rating=None))
    assert desk.annotate() == 0
    desk.count_up()
    assert (desk.tally().mentions, desk.tally().rated, desk.tally().opinions) == (2, 2, 0)


def test_an_edited_mention_counts_once_its_new_wording_is_annotated(desk: Desk) -> None:
    desk.store(post())
    desk.work()
    desk.store(edited(post(), text="non", rating=Rating(1)))
    desk.count_up()
    assert desk.tally().mentions == 0
    desk.annotate(sentiment=Sentiment(0.9, 0.1, 0.0))
    desk.count_up()
    assert (desk.tally().mentions, desk.tally().rating_sum, desk.tally().p_negative) == (1, 1, pytest.approx(0.9))


def test_each_slice_adds_up_to_the_whole(desk: Desk) -> None:
    blog = desk.another_source("blog")
    for n in range(40):
        given = post(
            str(n), f"texte {n}", published_at=NOW - timedelta(days=n % 7), language=("fr", "en", None)[n % 3]
        )
        desk.store(given, source=(desk.source, blog)[n % 2])
    desk.annotate(language=None)
    desk.count_up()
    whole = desk.tally()
    with desk.database.read() as conn:
        for cut in (rollups.by_day, rollups.by_source, rollups.by_language):
            total = Tally()
            for tally in cut(conn, desk.brand, *ALWAYS).values():  # type: ignore[operator]
                total += tally
            assert close(total, whole)
        assert list(rollups.by_day(conn, desk.brand, *ALWAYS)) == [
            TODAY - timedelta(days=n) for n in range(6, -1, -1)
        ]
        assert set(rollups.by_source(conn, desk.brand, *ALWAYS)) == {desk.source, blog}
        assert set(rollups.by_language(conn, desk.brand, *ALWAYS)) == {"", "en", "fr"}
    assert desk.tally(source_id=blog).mentions == 20
    assert desk.tally(language="en").mentions == 13
    assert (
        desk.tally(source_id=blog, language="").mentions + desk.tally(source_id=desk.source, language="").mentions
        == 13
    )


def test_the_language_is_the_one_found_before_the_one_declared(desk: Desk) -> None:
    desk.store(post(language="en"))
    desk.annotate(language="fr")
    desk.count_up()
    with desk.database.read() as conn:
        assert list(rollups.by_language(conn, desk.brand, *ALWAYS)) == ["fr"]


def test_touchpoints_count_the_mentions_that_speak_of_them(desk: Desk) -> None:
    desk.store(post("1"), post("2", "deux"), post("3", "trois"))
    said = [
        (TouchpointOpinion("delivery", "negative", 0.9, "x"), TouchpointOpinion("price", "mixed", 0.9, "y")),
        (
            TouchpointOpinion("delivery", "positive", 0.9, "x"),
            TouchpointOpinion("delivery", "negative", 0.9, "x"),
        ),
        (),
    ]
    with desk.database.begin() as conn:
        waiting = mentions.pending(conn, "m", 10)
        saved = [(m.id, 1, annotation(touchpoints=what)) for m, what in zip(waiting, said, strict=True)]
        opinions.save(conn, "m", saved, NOW)
    desk.count_up()
    with desk.database.read() as conn:
        found = rollups.by_touchpoint(conn, desk.brand, *ALWAYS)
    assert {name: (t.mentions, t.blamed, t.praised) for name, t in found.items()} == {
        "delivery": (2, 2, 1),
        "price": (1, 1, 1),
    }
    assert (desk.tally().mentions, desk.tally().blamed) == (3, 0)


def test_a_period_includes_both_its_days(desk: Desk) -> None:
    desk.store(*[post(str(n), f"t{n}", published_at=NOW - timedelta(days=n)) for n in range(5)])
    desk.work()
    with desk.database.read() as conn:
        for days, expected in ((0, 1), (1, 2), (3, 4)):
            assert rollups.read(conn, desk.brand, TODAY - timedelta(days=days), TODAY).mentions == expected
        assert rollups.read(conn, desk.brand, TODAY, TODAY - timedelta(days=1)) == Tally()
        assert rollups.read(conn, 99, *ALWAYS) == Tally()


def test_irrelevant_mentions_leave_the_figures(desk: Desk) -> None:
    desk.store(post("1"), post("2", "deux"))
    desk.work()
    with desk.database.begin() as conn:
        mentions.set_relevance(conn, [(desk.mention("1").id, desk.brand, False)])
        assert mentions.count(conn, desk.brand) == 1
    desk.count_up()
    assert desk.tally().mentions == 1
    with desk.database.begin() as conn:
        mentions.set_relevance(conn, [(desk.mention("1").id, desk.brand, True)])
    desk.count_up()
    assert desk.tally().mentions == 2


def test_refresh_says_how_many_days_it_counted_and_stops_at_the_limit(desk: Desk) -> None:
    desk.store(*[post(str(n), f"t{n}", published_at=NOW - timedelta(days=n)) for n in range(5)])
    desk.annotate()
    with desk.database.begin() as conn:
        assert len(rollups.dirty(conn)) == 5
        assert rollups.refresh(conn, limit=2) == 2
        assert len(rollups.dirty(conn)) == 3
        assert rollups.refresh(conn, limit=0) == 0
    assert desk.tally().mentions == 2
    assert (desk.count_up(), desk.count_up()) == (3, 0)
    assert desk.tally().mentions == 5


def test_days_that_emptied_have_no_rows(desk: Desk) -> None:
    desk.store(post())
    desk.work()
    desk.store(edited(post(), deleted=True))
    desk.work()
    with desk.database.read() as conn:
        assert conn.execute(select(Rollup.__table__.c.day)).all() == []


def test_a_break_while_counting_leaves_the_marks(desk: Desk, break_at: Any) -> None:
    desk.store(*[post(str(n), f"t{n}", published_at=NOW - timedelta(days=n)) for n in range(3)])
    desk.work()
    desk.store(edited(post("1", "t1"), text="autre"))
    desk.annotate()
    before = contents(desk.database)
    for n in range(1, 40):
        with break_at(n) as seen:
            try:
                desk.count_up()
            except Killed:
                pass
            else:
                break
        assert contents(desk.database) == before
    assert len(seen) > 5
    assert desk.tally().mentions == 3


def test_counting_again_from_nothing_gives_the_same_rows(desk: Desk) -> None:
    from storage import dirty

    for n in range(30):
        desk.store(post(str(n % 17), f"avis {n}", published_at=NOW - timedelta(days=n % 5)))
        if n % 4 == 0:
            desk.work()
    desk.work()
    before = contents(desk.database)["rollups"]
    with desk.database.begin() as conn:
        dirty.mark_everything(conn)
    desk.count_up()
    assert contents(desk.database)["rollups"] == before


def test_a_mark_made_while_counting_is_not_lost(desk: Desk) -> None:
    """A writer that commits after the count has begun is counted next time."""
    if desk.database.name == "sqlite":
        pytest.skip("on SQLite a writer waits until the count is done")
    desk.store(post("1"))
    desk.annotate()
    with desk.database.begin() as counting:
        assert rollups.refresh(counting) == 1
        desk.store(post("2", "", rating=Rating(5)))
    assert desk.tally().mentions == 1
    assert desk.count_up() == 1
    assert desk.tally().mentions == 2


def test_two_may_count_at_once(desk: Desk) -> None:
    desk.store(*[post(str(n), f"t{n}", published_at=NOW - timedelta(days=n)) for n in range(50)])
    desk.annotate()
    with ThreadPoolExecutor() as pool:
        counted = list(pool.map(lambda _: desk.count_up(), range(4)))
    assert sum(counted) == 50
    assert desk.tally().mentions == 50


def test_figures_stay_those_of_the_current_model_until_the_next_is_activated(desk: Desk) -> None:
    desk.store(post())
    desk.work()
    with desk.database.begin() as conn:
        opinions.register_model(conn, "m2", {})
        [waiting] = mentions.pending(conn, "m2", 10)
        opinions.save(conn, "m2", [(waiting.id, 1, annotation("m2", sentiment=Sentiment(1.0, 0.0, 0.0)))], NOW)
    desk.count_up()
    assert desk.tally().p_negative == pytest.approx(0.1)
    with desk.database.begin() as conn:
        assert opinions.activate(conn, "m2") is True
        assert opinions.activate(conn, "m2") is False
    desk.count_up()
    assert desk.tally().p_negative == 1
    with desk.database.read() as conn:
        assert mentions.get(conn, waiting.id).annotation.model == "m2"  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_year_of_many_mentions_is_one_row_a_day(desk: Desk) -> None:
    page = [post(str(n), f"avis {n}", published_at=NOW - timedelta(days=n % 365)) for n in range(5_000)]
    desk.store(*page)
    desk.work()
    with desk.database.read() as conn:
        assert rollups.read(conn, desk.brand, *ALWAYS).mentions == 5_000
        assert (
            conn.execute(select(func.count()).select_from(Rollup).where(Rollup.touchpoint == "")).scalar_one()
            == 365
        )


def test_all_parts_of_an_annotation_survive_the_database(desk: Desk) -> None:
    import numpy as np

    desk.store(post("1"), post("2", "deux"), post("3", "trois"))
    empty = type(EVERYTHING)("m")
    numpys = annotation(
        churn_intent=np.float32(0.5), sentiment=Sentiment(*np.array([0.25, 0.25, 0.5], np.float32))
    )
    with desk.database.begin() as conn:
        ids = dict(conn.execute(select(Mention.external_id, Mention.id)).all())
        said = {"1": EVERYTHING, "2": empty, "3": numpys}
        assert opinions.save(conn, "m", [(ids[name], 1, what) for name, what in said.items()], NOW) == 3
    with desk.database.read() as conn:
        views = {view.external_id: view.annotation for view in mentions.latest(conn, desk.brand)}
    assert views["1"] == EVERYTHING
    assert views["2"] == empty
    assert views["3"] == numpys
    assert views["1"] is not None
    assert views["1"].to_json() == EVERYTHING.to_json()


def test_an_annotation_of_an_older_wording_is_left_out(desk: Desk) -> None:
    desk.store(post())
    with desk.database.read() as conn:
        [waiting] = mentions.pending(conn, "m", 10)
    desk.store(edited(post(), text="réécrit"))
    with desk.database.begin() as conn:
        assert opinions.save(conn, "m", [(waiting.id, waiting.revision, annotation())], NOW) == 0
        assert opinions.save(conn, "m", [(99_999, 1, annotation())], NOW) == 0
        assert len(mentions.pending(conn, "m", 10)) == 1


def test_a_later_annotation_replaces_the_one_before(desk: Desk) -> None:
    desk.store(post())
    for said in (EVERYTHING, annotation()):
        with desk.database.begin() as conn:
            opinions.save(conn, "m", [(desk.mention().id, 1, said)], NOW)
    with desk.database.read() as conn:
        assert mentions.latest(conn)[0].annotation == annotation()


def test_saving_for_a_model_that_nobody_registered_is_refused(desk: Desk) -> None:
    with desk.database.begin() as conn:
        with pytest.raises(LookupError, match="nobody"):
            opinions.save(conn, "nobody", [], NOW)
        with pytest.raises(LookupError, match="nobody"):
            opinions.activate(conn, "nobody")


def test_a_model_s_card_is_brought_up_to_date(desk: Desk) -> None:
    with desk.database.begin() as conn:
        first = opinions.register_model(conn, "m", {"systematic_error": {"nps": 2.5}})
        assert opinions.register_model(conn, "m", {"systematic_error": {"nps": 2.5}}) == first
        found = opinions.current_model(conn)
        assert found is not None
        assert (found.name, found.card) == ("m", {"systematic_error": {"nps": 2.5}})
        assert opinions.find_model(conn, "m2") is None


def test_pending_walks_through_in_order(desk: Desk) -> None:
    desk.store(*[post(str(n), f"t{n}", title=f"T{n}") for n in range(5)])
    with desk.database.read() as conn:
        first = mentions.pending(conn, "m", 2)
        rest = mentions.pending(conn, "m", 10, after=first[-1].id)
        assert [m.text for m in first + rest] == [f"t{n}" for n in range(5)]
        assert first[0].title == "T0"
        assert len(mentions.pending(conn, "a model nobody registered", 10)) == 5
        assert mentions.count_pending(conn, "m") == mentions.count_pending(conn, "a model nobody registered") == 5


def test_quotes_are_the_surest_of_a_touchpoint(desk: Desk) -> None:
    desk.store(*[post(str(n), f"t{n}", url=f"https://e.org/{n}") for n in range(4)])
    with desk.database.begin() as conn:
        said = [
            (m.id, 1, annotation(touchpoints=(TouchpointOpinion("price", polarity, 0.5 + n / 10, quote),)))
            for n, (m, polarity, quote) in enumerate(
                zip(
                    mentions.pending(conn, "m", 10),
                    ("negative", "mixed", "positive", "negative"),
                    ("cher", "un peu cher", "bon prix", ""),
                    strict=True,
                )
            )
        ]
        opinions.save(conn, "m", said, NOW)
    with desk.database.read() as conn:
        blamed = opinions.quotes(conn, desk.brand, *ALWAYS, "price")
        assert [(q.quote, q.polarity, q.url, q.source) for q in blamed] == [
            ("un peu cher", "mixed", "https://e.org/1", "shop"),
            ("cher", "negative", "https://e.org/0", "shop"),
        ]
        [praised] = opinions.quotes(conn, desk.brand, *ALWAYS, "price", polarities=["positive"])
        assert (praised.quote, praised.day, praised.language) == ("bon prix", TODAY - timedelta(days=1), "fr")
        assert len(opinions.quotes(conn, desk.brand, *ALWAYS, "price", limit=1)) == 1
        assert opinions.quotes(conn, desk.brand, TODAY, TODAY, "price") == []


def test_a_segment_is_counted_from_its_mentions(desk: Desk) -> None:
    shops = {"1": "Lyon", "2": "Ville d'Été", "3": "Lyon"}
    desk.store(*[post(key, f"avis {key}", segments={"location": shop}) for key, shop in shops.items()], post("4"))
    desk.work()
    with desk.database.read() as conn:
        days = (TODAY - timedelta(days=400), TODAY)
        for shop, wanted in (("Lyon", 2), ("Ville d'Été", 1), ("Nulle part", 0)):
            counted = rollups.of_segment(conn, desk.brand, *days, ("location", shop))
            assert sum(tally.mentions for key, tally in counted.items() if key[-1] == "") == wanted
