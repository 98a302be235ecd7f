"""Corrections made by hand: they win, and go on winning, whatever comes after them. On both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from material import ALWAYS, NOW, STORY, Desk, annotation, author, contents, edited, post

from collectors.post import Rating
from nlp.annotation import Sentiment, TouchpointOpinion
from storage import annotations as opinions
from storage import audit, corrections, forget, mentions
from storage.corrections import NotCorrectableError
from storage.database import Database

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def correct(desk: Desk, field: str, value: str, external_id: str = "1", **how: Any) -> None:
    how = {"author": "ana", "now": NOW} | how
    with desk.database.begin() as conn:
        corrections.put(conn, desk.mention(external_id).id, field, value, **how)
    desk.count_up()


def withdraw(desk: Desk, field: str, external_id: str = "1", **how: Any) -> bool:
    with desk.database.begin() as conn:
        done = corrections.withdraw(conn, desk.mention(external_id).id, field, author="bo", now=LATER, **how)
    desk.count_up()
    return done


def shown(desk: Desk, external_id: str = "1") -> Any:
    with desk.database.read() as conn:
        return mentions.get(conn, desk.mention(external_id).id)


def made(desk: Desk, external_id: str = "1") -> list[tuple[str, str, bool]]:
    with desk.database.read() as conn:
        found = corrections.of_mention(conn, desk.mention(external_id).id)
        return [(one.field, one.value, one.outdated) for one in found]


def an_unrated(desk: Desk, *others: Any) -> Any:
    first = post("1", "Livraison rapide, merci", rating=None)
    desk.store(first, *others)
    desk.work()
    return first


def test_a_correction_counts_in_place_of_what_the_model_said(desk: Desk) -> None:
    an_unrated(desk)
    assert desk.tally().p_negative == pytest.approx(0.1)
    correct(desk, "sentiment", "negative")
    correct(desk, "stars", "1")
    correct(desk, "recommendation", "detractor")
    correct(desk, "effort", "5")
    correct(desk, "churn_intent", "yes")
    tally = desk.tally()
    assert (tally.mentions, tally.opinions, tally.p_negative, tally.p_positive) == (1, 1, 1, 0)
    assert (tally.p_satisfied, tally.expected_stars, tally.p_detractor, tally.p_promoter) == (0, 1, 1, 0)
    assert (tally.cued, tally.cue_sum, tally.p_churn) == (1, 5, 1)


def test_touchpoints_are_corrected_in_figures_filters_and_quotes(desk: Desk) -> None:
    an_unrated(desk)
    correct(desk, "touchpoint.delivery", "none")
    correct(desk, "touchpoint.staff", "negative")
    assert desk.tally(touchpoint="delivery").mentions == 0
    assert desk.tally(touchpoint="staff").blamed == 1
    with desk.database.read() as conn:
        assert mentions.latest(conn, desk.brand, touchpoint="delivery") == []
        assert len(mentions.latest(conn, desk.brand, touchpoint="staff", polarities=["negative"])) == 1
        assert opinions.quotes(conn, desk.brand, *ALWAYS, "delivery", polarities=["positive"]) == []


def test_lists_filter_by_the_corrected_sentiment(desk: Desk) -> None:
    an_unrated(desk)
    correct(desk, "sentiment", "negative")
    with desk.database.read() as conn:
        assert len(mentions.latest(conn, desk.brand, sentiment="negative")) == 1
        assert mentions.latest(conn, desk.brand, sentiment="positive") == []


def test_it_survives_when_the_model_reads_the_text_again(desk: Desk) -> None:
    an_unrated(desk)
    correct(desk, "sentiment", "negative")
    with desk.database.begin() as conn:
        number = desk.mention().id
        opinions.save(conn, "m", [(number, 1, annotation(sentiment=Sentiment(0, 0, 1), churn_intent=0.5))], LATER)
    desk.count_up()
    assert (desk.tally().p_negative, desk.tally().p_churn) == (1, 0.5)


def test_it_survives_a_new_model(desk: Desk) -> None:
    an_unrated(desk)
    correct(desk, "sentiment", "negative")
    with desk.database.begin() as conn:
        opinions.register_model(conn, "n", {})
        opinions.save(conn, "n", [(desk.mention().id, 1, annotation("n"))], LATER)
        opinions.activate(conn, "n")
    desk.count_up()
    assert desk.tally().p_negative == 1


def test_it_survives_the_author_s_later_edit_and_is_shown_as_made_on_an_older_text(desk: Desk) -> None:
    first = an_unrated(desk)
    correct(desk, "sentiment", "negative")
    correct(desk, "touchpoint.delivery", "none")
    assert made(desk) == [("sentiment", "negative", False), ("touchpoint.delivery", "none", False)]
    desk.store(edited(first, text="Livraison rapide, merci (EDIT : toujours content)"), now=LATER)
    desk.work()
    assert desk.mention().revision == 2
    assert desk.tally().p_negative == 1
    assert desk.tally(touchpoint="delivery").mentions == 0
    assert made(desk) == [("sentiment", "negative", True), ("touchpoint.delivery", "none", True)]


def test_correcting_again_after_an_edit_makes_it_up_to_date(desk: Desk) -> None:
    first = an_unrated(desk)
    correct(desk, "sentiment", "negative")
    desk.store(edited(first, text="Tout autre chose, en somme"), now=LATER)
    desk.work()
    correct(desk, "sentiment", "neutral", now=LATER)
    assert made(desk) == [("sentiment", "neutral", False)]
    assert desk.tally().p_neutral == 1


def test_a_text_corrected_before_it_was_read_is_corrected_when_it_is(desk: Desk) -> None:
    desk.store(post(rating=None))
    correct(desk, "sentiment", "negative")
    assert desk.tally().mentions == 0
    desk.work()
    assert desk.tally().p_negative == 1


def test_withdrawing_brings_the_model_s_word_back(desk: Desk) -> None:
    an_unrated(desk)
    before = contents(desk.database)
    correct(desk, "sentiment", "negative")
    correct(desk, "touchpoint.delivery", "negative")
    assert withdraw(desk, "sentiment")
    assert withdraw(desk, "touchpoint.delivery")
    after = contents(desk.database)
    assert after.pop("audit_log") != before.pop("audit_log")
    assert after == before
    assert not withdraw(desk, "sentiment")


def test_a_rating_that_the_author_gave_counts_before_any_correction(desk: Desk) -> None:
    desk.store(post(rating=Rating(4)))
    desk.work()
    correct(desk, "stars", "1")
    assert (desk.tally().rated, desk.tally().rating_sum, desk.tally().inferred_csat) == (1, 4, 0)


def test_everything_is_noted_in_the_audit_log(desk: Desk) -> None:
    an_unrated(desk)
    number = desk.mention().id
    correct(desk, "sentiment", "neutral")
    correct(desk, "sentiment", "negative", author="cy")
    withdraw(desk, "sentiment")
    with desk.database.read() as conn:
        log = [(one.actor, one.action, one.detail) for one in audit.entries(conn)]
    assert log == [
        ("bo", "withdraw correction", {"mention": number, "field": "sentiment", "value": "negative"}),
        (
            "cy",
            "correct",
            {"mention": number, "field": "sentiment", "value": "negative", "replaces": "neutral"},
        ),
        ("ana", "correct", {"mention": number, "field": "sentiment", "value": "neutral", "replaces": None}),
    ]


def test_a_correction_of_a_copy_holds_for_its_story(desk: Desk) -> None:
    desk.store(post("1", STORY, rating=None), post("2", STORY + ".", rating=None))
    desk.work()
    assert desk.tally().mentions == 1
    correct(desk, "sentiment", "negative", "2")
    assert desk.tally().p_negative == 1
    assert shown(desk, "1").annotation.sentiment.label == "negative"
    withdraw(desk, "sentiment", "2")
    assert desk.tally().p_negative == pytest.approx(0.1)


def test_a_copy_that_comes_later_is_corrected_as_its_story_and_no_longer_once_it_differs(desk: Desk) -> None:
    first = post("1", STORY, rating=None)
    desk.store(first)
    desk.work()
    correct(desk, "sentiment", "negative", "1")
    earlier = post("2", STORY + ".", rating=None, published_at=NOW - timedelta(days=3))
    desk.store(earlier)
    desk.work()
    assert (desk.tally().mentions, desk.tally().p_negative) == (1, 1)
    desk.store(
        edited(earlier, text="Rien à voir avec tout cela, un autre sujet entièrement différent"), now=LATER
    )
    desk.work()
    assert (desk.tally().mentions, desk.tally().p_negative) == (2, pytest.approx(1.1))
    assert shown(desk, "2").annotation.sentiment.label == "positive"


def test_relevance_is_said_of_one_brand_and_outlives_edits_and_other_verdicts(desk: Desk) -> None:
    first = an_unrated(desk)
    correct(desk, "relevance", "no")
    assert desk.tally().mentions == 0
    with desk.database.begin() as conn:
        mentions.set_relevance(conn, [(desk.mention().id, desk.brand, True)])
    desk.store(edited(first, text="La même chose autrement dite, encore"), now=LATER)
    desk.work()
    assert desk.tally().mentions == 0
    with desk.database.read() as conn:
        [verdict] = corrections.relevance(conn, desk.brand)
    assert (verdict.relevant, verdict.outdated, verdict.text) == (
        False,
        True,
        "La même chose autrement dite, encore",
    )
    assert withdraw(desk, "relevance", brand_id=desk.brand)
    assert desk.tally().mentions == 1


def test_a_text_judged_not_to_be_about_the_brand_can_be_brought_back(desk: Desk) -> None:
    an_unrated(desk)
    with desk.database.begin() as conn:
        mentions.set_relevance(conn, [(desk.mention().id, desk.brand, False)])
    correct(desk, "relevance", "yes")
    assert desk.tally().mentions == 1
    withdraw(desk, "relevance", brand_id=desk.brand)
    assert desk.tally().mentions == 0


def test_with_several_brands_a_relevance_must_name_its_own(desk: Desk) -> None:
    other = desk.another_brand("Other")
    desk.store(post(), brand_ids_of=lambda _: [desk.brand, other])
    with pytest.raises(NotCorrectableError, match="linked to 2 brands"):
        correct(desk, "relevance", "no")
    correct(desk, "relevance", "no", brand_id=other)
    with desk.database.read() as conn:
        assert [one.brand for one in corrections.all_of(conn)] == ["Other"]
        assert corrections.all_of(conn, desk.brand) == []
        assert corrections.relevance(conn, desk.brand) == []
    with pytest.raises(NotCorrectableError, match="was not collected for that brand"):
        correct(desk, "relevance", "no", brand_id=desk.another_brand("Third"))


def test_what_cannot_be_corrected_is_refused(desk: Desk) -> None:
    desk.store(post("bare", "", rating=Rating(3)), post("1"))
    with pytest.raises(NotCorrectableError, match="has no text"):
        correct(desk, "sentiment", "negative", "bare")
    with pytest.raises(ValueError, match="is no stars"):
        correct(desk, "stars", "9")
    with desk.database.begin() as conn, pytest.raises(LookupError):
        corrections.put(conn, 999, "stars", "1", author="ana", now=NOW)


def test_corrections_measure_the_model_by_what_it_said_itself(desk: Desk) -> None:
    an_unrated(desk, post("2", "Encore un autre avis sur autre chose", rating=None))
    correct(desk, "sentiment", "negative", "1")
    correct(desk, "touchpoint.delivery", "none", "1")
    correct(desk, "stars", "5", "2", drawn=True)
    with desk.database.read() as conn:
        first, second = corrections.judged(conn, desk.brand)
        assert corrections.said(conn, desk.mention("1").id) == first.said
    assert first.truth == {"sentiment": "negative", "touchpoint.delivery": "none"}
    assert first.said.sentiment is not None
    assert first.said.sentiment.label == "positive"
    assert first.said.touchpoints == (TouchpointOpinion("delivery", "positive", 0.9, "Livraison rapide"),)
    assert (first.source, first.language, first.drawn, second.drawn) == ("shop", "fr", False, True)


def test_a_correction_of_an_older_text_measures_nothing(desk: Desk) -> None:
    first = an_unrated(desk)
    correct(desk, "sentiment", "negative")
    desk.store(edited(first, text="Un tout autre texte par le même auteur"), now=LATER)
    desk.work()
    with desk.database.read() as conn:
        assert corrections.judged(conn) == []


def test_mentions_are_drawn_from_those_that_count(desk: Desk) -> None:
    desk.store(post("1", STORY), post("2", STORY + "."), post("3", "un texte bien à lui"), post("4", ""))
    desk.work()
    with desk.database.read() as conn:
        drawn = corrections.to_draw_from(conn, desk.brand)
    assert len(drawn) == 2
    assert desk.mention("3").id in drawn


def test_forgetting_an_author_forgets_what_was_corrected(desk: Desk) -> None:
    desk.store(post(author=author("Jean"), rating=None))
    desk.work()
    correct(desk, "sentiment", "negative")
    with desk.database.begin() as conn:
        forget.forget_author(conn, desk.mention().author_key, LATER, actor="dpo")
    kept = contents(desk.database)
    assert kept["corrections"] == kept["overruled"] == []
