"""The weekly report: one document, complete, without a word of prose."""

import json
from datetime import date, timedelta

import pytest

from reputation.pain_points import find, pain_points, priorities
from reputation.periods import Period
from reputation.weekly import weekly_report
from storage.tally import Tally
from tests.reputation.stage import NOW, Stage
from tests.reputation.tallies import read

WEEK = "2026-W46"
PERIOD = Period.of_week(WEEK)
LATE = [("delivery", "negative", "livré avec trois semaines de retard")]
KIND = [("staff", "positive", "équipe adorable"), ("price", "mixed", "cher mais bon")]


def two_weeks(stage: Stage) -> None:
    """A good week, then one in which delivery went wrong; a forum that fell silent; a rival."""
    for n in range(42):
        before, day = PERIOD.before().start + timedelta(n % 7), PERIOD.start + timedelta(n % 7)
        stage.say(0.9, before, f"Très bien servi la fois {n}, rien à redire", source="forum" if n % 3 else "shop")
        if n % 2:
            stage.say(-0.9, day, f"Commande {n} : jamais arrivée, {n * 31} appels", touchpoints=LATE, stars=1)
        else:
            stage.say(
                0.9, day, f"The people of shop {n} were lovely, {n * 17} times", touchpoints=KIND, language="en"
            )
    stage.play()
    for n in range(14):
        stage.say(0.1, PERIOD.start, f"Rival {n}")
    stage.play(brand=stage.rival)


def report(stage: Stage, week: str | None = WEEK, now=NOW) -> dict:  # type: ignore[type-arg, no-untyped-def]
    with stage.database.read() as conn:
        return weekly_report(conn, stage.brand, week, now)


def test_the_document_holds_every_part_and_is_plain_json(stage: Stage) -> None:
    two_weeks(stage)
    document = report(stage)
    assert json.loads(json.dumps(document)) == document
    assert (document["kind"], document["brand"], document["week"]) == ("weekly", "Nova", WEEK)
    assert document["complete"] is True
    assert document["scorecard"]["mentions"] == 42
    assert document["scorecard"]["score"]["change"]["direction"] == "down"
    assert (len(document["daily"]), document["daily"][-1]["day"]) == (28, document["scorecard"]["period"]["end"])
    assert [row["language"] for row in document["by_language"]] == ["en", "fr"]
    assert [row["source"] for row in document["by_source"]] == ["shop"]


def test_the_same_week_gives_the_same_document_to_the_byte(stage: Stage) -> None:
    two_weeks(stage)
    assert json.dumps(report(stage)) == json.dumps(report(stage))


def test_the_pain_that_grew_comes_first_with_its_price_and_its_words(stage: Stage) -> None:
    two_weeks(stage)
    document = report(stage)
    pain = document["pain_points"][0]
    assert (pain["touchpoint"], pain["blamed"], pain["mentions"]) == ("delivery", 21, 21)
    assert pain["share"]["value"] == 50
    assert pain["change"]["direction"] == "up"
    assert pain["effect_on_nps"]["value"] < -50
    assert [q["text"] for q in pain["quotes"]["fr"]] == ["livré avec trois semaines de retard"]
    assert document["priorities"][0]["touchpoint"] == "delivery"
    assert document["priorities"][0]["reason"] == "rising"
    assert document["priorities"][0]["rank"] == 1


def test_five_quotes_of_both_moods_are_given_with_their_origin(stage: Stage) -> None:
    two_weeks(stage)
    quotes = report(stage)["quotes"]
    assert len(quotes) == 5
    assert {q["sentiment"]["label"] for q in quotes} == {"negative", "positive"}
    assert len({q["text"] for q in quotes}) == 5
    assert all(q["source"] == "shop" and q["url"] and q["date"] >= "2026-11-09" for q in quotes)
    assert {q["stars"] for q in quotes} == {1, None}


def test_a_source_that_fell_silent_is_seen_to_be_silent(stage: Stage) -> None:
    two_weeks(stage)
    coverage = {row["source"]: row for row in report(stage, now=NOW + timedelta(days=10))["coverage"]}
    assert coverage["forum"]["mentions"] == 0
    assert coverage["forum"]["quiet"] is True
    assert coverage["forum"]["rated_share"] is None
    assert coverage["shop"]["rated_share"] == 50


def test_the_rivals_are_counted_beside_the_brand(stage: Stage) -> None:
    two_weeks(stage)
    voices = {voice["brand"]: voice for voice in report(stage)["share_of_voice"]}
    assert (voices["Nova"]["mentions"], voices["Rival"]["mentions"]) == (42, 14)
    assert voices["Nova"]["share"] == 75


def test_the_report_says_what_made_it_and_how_far_it_may_be_off(stage: Stage) -> None:
    two_weeks(stage)
    accuracy = report(stage)["accuracy"]
    assert accuracy["model"] == "test-model"
    assert accuracy["systematic_error"]["nps"] == {"value": 2.0, "measured": True}
    assert accuracy["systematic_error"]["ces"] == {"value": 0.5, "measured": False}
    assert (accuracy["mentions"], accuracy["rated"]) == (42, 21)


def test_a_week_without_mentions_is_an_empty_report_and_no_error(stage: Stage) -> None:
    document = report(stage)
    assert document["scorecard"]["score"] is None
    assert document["pain_points"] == document["priorities"] == document["quotes"] == []
    assert [day["mentions"] for day in document["daily"]] == [0] * 28


def test_the_default_is_the_last_complete_week(stage: Stage) -> None:
    assert report(stage, None)["week"] == WEEK
    assert report(stage, "2026-W47")["complete"] is False


@pytest.mark.parametrize("week", ["2026-W48", "2026-W60", "next"])
def test_a_week_that_is_none_or_has_not_begun_is_refused(stage: Stage, week: str) -> None:
    with pytest.raises(ValueError, match="week"):
        report(stage, week)


def test_pain_points_come_costliest_first_and_unblamed_ones_not_at_all() -> None:
    whole = read(1, 0, 0, 30) + read(0, 0, 1, 70)
    angry, cross, glad = read(1, 0, 0, 20), read(1, 0, 0, 5), read(0, 0, 1, 40)
    angry.blamed, cross.blamed, glad.praised = 20, 5, 40
    found = find(whole, {"price": cross, "staff": glad, "delivery": angry}, Tally(), {})
    assert [point.touchpoint for point in found] == ["delivery", "price"]
    assert found[0].cost == pytest.approx(100 * ((70 - 10) / 80 - 0.4))
    assert found[0].change is None
    assert [p["reason"] for p in priorities(found)] == ["costly", "costly"]


def test_what_one_or_two_people_blame_is_told_but_not_called_costly() -> None:
    whole = read(1, 0, 0, 5) + read(0, 0, 1, 95)
    one = read(1, 0, 0, 2)
    one.blamed = 2
    [point] = find(whole, {"price": one}, Tally(), {})
    assert point.effect_on_nps is not None
    assert point.effect_on_nps.high < 0
    assert point.reason == "blamed"


def test_at_most_three_priorities_are_named() -> None:
    whole = read(1, 0, 0, 50) + read(0, 0, 1, 50)
    tallies = {}
    for size, name in enumerate(("price", "delivery", "billing", "staff", "loyalty"), start=3):
        tallies[name] = read(1, 0, 0, size)
        tallies[name].blamed = size
    assert [p["touchpoint"] for p in priorities(find(whole, tallies, Tally(), {}))] == [
        "loyalty",
        "staff",
        "billing",
    ]


def test_blame_is_compared_with_the_week_before(stage: Stage) -> None:
    two_weeks(stage)
    later = Period(PERIOD.start + timedelta(7), PERIOD.end + timedelta(7))
    for n in range(30):
        stage.say(0.9, later.start, f"Nouvel avis {n}", touchpoints=LATE if n == 0 else ())
    stage.play()
    with stage.database.read() as conn:
        (point,) = pain_points(conn, stage.brand, later)
    assert point.change
    assert point.change.direction == "down"
    assert date.fromisoformat("2026-11-16") == later.start
