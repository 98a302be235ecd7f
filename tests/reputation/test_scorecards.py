"""Scorecards over a real database: what was said is what is shown."""

from datetime import date, timedelta

import pytest

from reputation.indicators import csat, net_sentiment
from reputation.periods import Period
from reputation.scorecards import (
    Slice,
    by_source,
    daily_series,
    model_error,
    scorecard,
    share_of_voice,
    work_out,
)
from storage.tally import Tally
from tests.reputation.stage import Stage
from tests.reputation.tallies import rated, read

WEEK = Period(date(2026, 11, 9), date(2026, 11, 15))


def said_badly_then_well(stage: Stage) -> None:
    for n in range(40):
        stage.say(-0.9, WEEK.before().start + timedelta(n % 7))
        stage.say(
            0.9, WEEK.start + timedelta(n % 7), source="forum" if n % 4 else "shop", stars=5 if n % 2 else None
        )
    stage.play()


def test_a_card_shows_what_was_said_and_that_it_got_better(stage: Stage) -> None:
    said_badly_then_well(stage)
    with stage.database.read() as conn:
        card = scorecard(conn, stage.brand, WEEK)
    shown = card.to_json()
    assert (shown["mentions"], shown["mentions_before"]) == (40, 40)
    nps = shown["indicators"]["nps"]
    assert nps["value"] == 90
    assert nps["change"] == {"delta": 180.0, "significant": True, "direction": "up"}
    csat_shown = shown["indicators"]["csat"]
    assert (csat_shown["observed"], csat_shown["inferred"]) == (20, 20)
    assert shown["indicators"]["ces"] is None
    assert shown["score"]["change"]["direction"] == "up"
    assert shown["period"] == {"start": "2026-11-09", "end": "2026-11-15", "days": 7}


def test_the_same_database_gives_the_same_card_to_the_digit(stage: Stage) -> None:
    said_badly_then_well(stage)
    with stage.database.read() as conn:
        assert scorecard(conn, stage.brand, WEEK) == scorecard(conn, stage.brand, WEEK)


def test_sources_are_scored_each_by_itself_and_add_up_to_the_whole(stage: Stage) -> None:
    said_badly_then_well(stage)
    with stage.database.read() as conn:
        cards = by_source(conn, stage.brand, WEEK)
        whole = scorecard(conn, stage.brand, WEEK)
    assert [card.mentions for card in cards] == [30, 10]
    assert cards[0].slice.source_id == stage.sources["forum"]
    assert sum(card.mentions for card in cards) == whole.mentions


@pytest.mark.parametrize(
    ("part", "mentions"),
    [(Slice(language="en"), 2), (Slice(touchpoint="price"), 1), (Slice(language="fr", touchpoint="price"), 0)],
)
def test_a_slice_holds_only_its_mentions(stage: Stage, part: Slice, mentions: int) -> None:
    stage.say(-0.8, WEEK.start, language="en", touchpoints=[("price", "negative", "too dear")])
    stage.say(0.8, WEEK.start, language="en")
    stage.say(0.8, WEEK.start)
    stage.play()
    with stage.database.read() as conn:
        card = scorecard(conn, stage.brand, WEEK, part=part)
    assert card.mentions == mentions
    assert (card.score is None) == (mentions == 0)


def test_a_brand_nobody_speaks_of_has_an_empty_card_and_no_score(stage: Stage) -> None:
    with stage.database.read() as conn:
        shown = scorecard(conn, stage.rival, WEEK).to_json()
    assert shown["score"] is None
    assert shown["mentions"] == 0
    assert set(shown["indicators"].values()) == {None}


def test_the_models_card_says_how_far_figures_may_be_off(stage: Stage) -> None:
    with stage.database.read() as conn:
        error = model_error(conn, stage.brand.id)
    assert error.nps == 2
    assert error.ces == 0.5  # not measured: the cautious one


def test_the_trend_has_every_day_and_a_rolling_week(stage: Stage) -> None:
    stage.say(-1, WEEK.start - timedelta(2))
    stage.say(1, WEEK.start + timedelta(1))
    stage.play()
    with stage.database.read() as conn:
        days = daily_series(conn, stage.brand, WEEK)
    assert [d["day"] for d in days] == [d.isoformat() for d in WEEK.each_day()]
    assert [d["mentions"] for d in days] == [0, 1, 0, 0, 0, 0, 0]
    assert [d["positive"] for d in days][:3] == [0, 1, 0]
    assert [d["net_sentiment"] and d["net_sentiment"]["value"] for d in days] == [-100, 0, 0, 0, 0, 100, 100]


def test_days_outside_the_two_periods_do_not_count() -> None:
    by_day = {WEEK.start - timedelta(8): rated(1, 9), WEEK.end: rated(5, 3), WEEK.end + timedelta(1): rated(1, 9)}
    card = work_out("Nova", WEEK, by_day)
    assert (card.mentions, card.before.mentions) == (3, 0)
    assert card.score_change is None


def test_one_day_is_a_period_too() -> None:
    day = Period(WEEK.end, WEEK.end)
    card = work_out("Nova", day, {WEEK.end: read(0, 0, 1, 20), WEEK.end - timedelta(1): read(1, 0, 0, 20)})
    found = card.indicators["net_sentiment"]
    assert found.figure == net_sentiment(read(0, 0, 1, 20))
    assert found.change
    assert found.change.direction == "up"
    assert card.indicators["csat"].figure == csat(card.tally)


def test_share_of_voice_counts_opinions_and_copies() -> None:
    voices = share_of_voice({"Nova": Tally(mentions=30, copies=100), "Rival": Tally(mentions=70, copies=100)})
    assert [(v.brand, v.share, v.share_of_copies) for v in voices] == [("Rival", 70, 50), ("Nova", 30, 50)]
    assert voices[1].to_json()["mentions"] == 30
    assert share_of_voice({"Nova": Tally()}) == []
