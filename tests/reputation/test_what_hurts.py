"""Within a touchpoint: what people complain of, how many, since when, whether it grows, and in whose words."""

from datetime import date, timedelta

from reputation.complaints import Complaints, complaints
from reputation.periods import Period
from reputation.weekly import weekly_report
from storage import complaints as stored
from storage import rollups
from tests.reputation.stage import NOW, Stage

WEEK = Period(date(2026, 11, 9), date(2026, 11, 15))
BEFORE = WEEK.before()


def sort(stage: Stage) -> None:
    after, looked_at = 0, 1
    with stage.database.begin() as conn:
        while looked_at:
            looked_at, after = stored.sort_pending(conn, NOW, after)
        for topic in stored.waiting(conn):
            stored.find_new(conn, topic, NOW)
        rollups.refresh(conn)


def said(stage: Stage, day: date, quote: str, times: int = 1, touchpoint: str = "delivery") -> None:
    for number in range(times):
        text = f"{quote}, {day} {touchpoint} {number}"
        stage.say(-0.9, day, text, touchpoints=[(touchpoint, "negative", quote)])


def praised(stage: Stage, day: date, times: int) -> None:
    for number in range(times):
        stage.say(0.9, day, f"merci {day} {number}", touchpoints=[("delivery", "positive", "merci")])


def found(stage: Stage, period: Period = WEEK) -> dict[str, Complaints]:
    stage.play()
    sort(stage)
    with stage.database.read() as conn:
        return complaints(conn, stage.brand, period)


def test_the_most_frequent_complaint_comes_first_with_its_share_and_words(stage: Stage) -> None:
    said(stage, WEEK.start, "colis jamais reçu", 3)
    said(stage, WEEK.start, "trois semaines de retard", 6)
    said(stage, WEEK.start, "un chien bleu")
    praised(stage, WEEK.start, 10)
    delivery = found(stage)["delivery"]
    assert [(one.label, one.people, one.language) for one in delivery.found] == [
        ("attente, retard", 6, "fr"),
        ("jamais reçu", 3, "fr"),
    ]
    assert delivery.found[0].share is not None
    assert delivery.found[0].share.value == 30
    assert [quote["text"] for quote in delivery.found[0].quotes] == ["trois semaines de retard"]
    assert delivery.others == 1
    assert delivery.coverage == 90


def test_a_complaint_that_grew_beyond_chance_is_said_to_rise(stage: Stage) -> None:
    said(stage, BEFORE.start, "colis jamais reçu", 6)
    praised(stage, BEFORE.start, 60)
    said(stage, WEEK.start, "colis jamais reçu", 40)
    said(stage, WEEK.start, "trois semaines de retard", 2)
    praised(stage, WEEK.start, 20)
    lost, late = found(stage)["delivery"].found
    assert lost.change is not None
    assert lost.change.direction == "up"
    assert lost.since == BEFORE.start
    assert late.change is not None
    assert late.change.direction == "no_significant_change"
    assert late.since == WEEK.start


def test_a_complaint_keeps_its_number_from_week_to_week(stage: Stage) -> None:
    said(stage, BEFORE.start, "la boussole tourne", 3, "product")
    [then] = found(stage, BEFORE)["product"].found
    said(stage, WEEK.start, "une boussole qui tourne", 2, "product")
    [now] = found(stage)["product"].found
    assert (now.id, now.label, now.since) == (then.id, then.label, BEFORE.start)
    assert (then.people, now.people) == (3, 2)


def test_one_complaint_is_told_for_each_touchpoint_apart(stage: Stage) -> None:
    said(stage, WEEK.start, "trois semaines de retard", 2)
    said(stage, WEEK.start, "toujours en retard", 1, "customer_service")
    shown = found(stage)
    assert {name: [one.people for one in about.found] for name, about in shown.items()} == {
        "delivery": [2],
        "customer_service": [1],
    }


def test_languages_are_told_apart_each_in_its_own_words(stage: Stage) -> None:
    said(stage, WEEK.start, "trois semaines de retard", 2)
    stage.say(-0.9, WEEK.start, "so late", touchpoints=[("delivery", "negative", "so late")], language="en")
    assert [(one.label, one.language) for one in found(stage)["delivery"].found] == [
        ("attente, retard", "fr"),
        ("waiting, delays", "en"),
    ]


def test_quotes_show_no_address_nor_number_of_a_person(stage: Stage) -> None:
    said(stage, WEEK.start, "jamais de réponse à jean@example.org ni au 06 12 34 56 78")
    [quote] = found(stage)["delivery"].found[0].quotes
    assert quote["text"] == "jamais de réponse à [e-mail] ni au [phone]"


def test_nothing_said_is_nothing_shown(stage: Stage) -> None:
    assert found(stage) == {}
    assert Complaints().to_json() == {"complaints": [], "complaints_coverage": 0.0, "other_complaints": 0}


def test_the_weekly_report_tells_them_within_their_touchpoint(stage: Stage) -> None:
    said(stage, WEEK.start, "trois semaines de retard", 6)
    said(stage, WEEK.start, "un chien bleu", 2)
    praised(stage, WEEK.start, 10)
    found(stage)
    with stage.database.read() as conn:
        [pain] = weekly_report(conn, stage.brand, "2026-W46", NOW)["pain_points"]
    [complaint] = pain["complaints"]
    assert (complaint["label"], complaint["people"], complaint["since"]) == ("attente, retard", 6, "2026-11-09")
    assert complaint["change"] is None
    assert complaint["share"]["value"] == 33.3
    assert (pain["complaints_coverage"], pain["other_complaints"]) == (75.0, 2)


def test_what_was_said_outside_the_period_is_not_counted(stage: Stage) -> None:
    said(stage, WEEK.end + timedelta(days=1), "trois semaines de retard", 3)
    assert found(stage) == {}
