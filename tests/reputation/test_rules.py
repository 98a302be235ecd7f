"""Alert rules over a real database: who is told of what, once."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import PostKind, Rating
from nlp.annotation import Annotation, Sentiment
from reputation.rules import SEVERITIES, NegativeMention, Spike, bad, negative_mention, severity, shorten, spike
from storage import mentions
from storage.alerts import AlertDraft, list_alerts, raise_alert
from tests.reputation.stage import NOW, Stage

TODAY = NOW.date()
ARTICLE = (
    "Le transporteur Nova a perdu huit cents colis dans son dépôt de Lyon la semaine dernière et ne répond plus "
    "aux clients qui demandent où est passée leur commande, selon plusieurs témoignages recueillis sur place."
)


ANY_NEGATIVE, ANY_SPIKE = NegativeMention(), Spike()


def told(stage: Stage, rule: NegativeMention = ANY_NEGATIVE, now: datetime = NOW) -> list[AlertDraft]:
    with stage.database.read() as conn:
        return negative_mention(conn, stage.brand, rule, now)


def spikes(stage: Stage, rule: Spike = ANY_SPIKE, now: datetime = NOW) -> list[AlertDraft]:
    with stage.database.read() as conn:
        return spike(conn, stage.brand, rule, now)


def reasons(drafts: Sequence[AlertDraft]) -> list[list[str]]:
    return [draft.detail["reasons"] for draft in drafts]


def test_a_very_negative_text_is_told_and_a_mild_one_is_not(stage: Stage) -> None:
    bad = stage.say(-0.9, TODAY, "Colis perdu, aucun geste, écrivez à jean@example.com")
    stage.say(-0.7, TODAY)
    stage.say(0.9, TODAY)
    stage.play()
    (draft,) = told(stage)
    assert draft.key == f"negative_mention:Nova:shop:{bad}"
    assert draft.brand_id == stage.brand.id
    assert draft.mention_id
    assert draft.detail["reasons"] == ["negative_text"]
    assert "jean@example.com" not in str(draft)
    assert "[e-mail]" in draft.title


@pytest.mark.parametrize(
    ("mood", "stars", "expected"),
    [
        (0.0, 1, ["low_rating"]),
        (0.0, 2, ["low_rating"]),
        (-0.9, 1, ["low_rating", "negative_text"]),
        (-0.9, 3, ["negative_text"]),
        (-0.5, 3, None),
        (-0.99, 4, None),
        (-0.99, 5, None),
    ],
)
def test_a_rating_speaks_louder_than_its_text(
    stage: Stage, mood: float, stars: int, expected: list[str] | None
) -> None:
    stage.say(mood, TODAY, stars=stars)
    stage.play()
    assert reasons(told(stage)) == ([expected] if expected else [])


def test_a_bad_rating_without_words_is_told(stage: Stage) -> None:
    stage.say(0, TODAY, "", stars=1)
    stage.play()
    assert reasons(told(stage)) == [["low_rating"]]


def test_sarcasm_is_negative_whatever_its_words(stage: Stage) -> None:
    stage.say(0.8, TODAY, "Bravo, trois semaines pour une lettre !", sarcasm=0.95)
    stage.play()
    assert reasons(told(stage)) == [["sarcasm"]]


def test_a_first_import_of_old_reviews_floods_nobody(stage: Stage) -> None:
    for days in range(8, 90):
        stage.say(-0.99, TODAY - timedelta(days))
    fresh = stage.say(-0.99, TODAY - timedelta(3))
    stage.play()
    assert [draft.key.rsplit(":", 1)[1] for draft in told(stage)] == [fresh]
    assert len(told(stage, NegativeMention(max_age_days=30))) == 1 + 22


def test_a_rule_that_is_new_or_slept_tells_what_its_days_hold_and_no_more(stage: Stage) -> None:
    stage.say(-0.99, TODAY)
    stage.play()
    assert len(told(stage, now=NOW + timedelta(days=6))) == 1
    assert told(stage, now=NOW + timedelta(days=8)) == []
    assert told(stage, NegativeMention(max_age_days=1), NOW + timedelta(days=2)) == []


def test_one_story_is_told_once_with_its_copies(stage: Stage) -> None:
    for n in range(6):
        stage.say(-0.9, TODAY, ARTICLE, source="forum" if n % 2 else "shop", kind=PostKind.ARTICLE)
    stage.play()
    (draft,) = told(stage)
    assert draft.detail["reasons"] == ["negative_text", "many_copies"]
    assert draft.detail["mention"]["copies"] == 6


def raise_all(stage: Stage, drafts: Sequence[AlertDraft]) -> None:
    with stage.database.begin() as conn:
        assert all(raise_alert(conn, draft, [], NOW) for draft in drafts)


def test_a_story_that_was_told_is_not_told_again_by_its_next_head(stage: Stage) -> None:
    stage.say(-0.9, TODAY, ARTICLE, kind=PostKind.ARTICLE, id_="Zeit")
    stage.play()
    (first,) = told(stage)
    assert first.key.endswith("Zeit")
    raise_all(stage, [first])
    stage.say(-0.9, TODAY - timedelta(1), ARTICLE, kind=PostKind.ARTICLE, source="forum", id_="Abend")
    other = stage.say(-0.9, TODAY)
    stage.play()
    with stage.database.read() as conn:
        heads = mentions.latest(conn, stage.brand.id)
    assert {head.external_id for head in heads} == {"Abend", other}
    assert [draft.key.rsplit(":", 1)[1] for draft in told(stage)] == [other]
    assert len(told(stage, NegativeMention(name="boss"))) == 2


def test_what_was_told_is_not_looked_at_again(stage: Stage) -> None:
    for _ in range(3):
        stage.say(-0.9, TODAY)
    stage.play()
    raise_all(stage, told(stage))
    assert told(stage) == []
    again = stage.say(0, TODAY, "", stars=1)
    stage.play()
    assert [draft.key.rsplit(":", 1)[1] for draft in told(stage)] == [again]


def test_a_flood_is_the_gravest_one_by_one_and_one_for_the_rest(stage: Stage) -> None:
    for n in range(60):
        stage.say(-0.85, TODAY, churn=0.9 if n % 3 == 0 else None)
    stage.play()
    drafts = told(stage)
    sent, noted = shorten(ANY_NEGATIVE, stage.brand, drafts)
    assert (len(sent), len(noted)) == (26, 35)
    assert {draft.severity for draft in noted} == {"low"}
    assert sent[:-1] == [draft for draft in drafts if draft in sent]
    assert (sent[-1].rule, sent[-1].detail["told"], sent[-1].detail["more"]) == ("many", 25, 35)
    assert sent[-1].key == shorten(ANY_NEGATIVE, stage.brand, drafts)[0][-1].key
    assert shorten(ANY_NEGATIVE, stage.brand, drafts[:25]) == (drafts[:25], [])


def test_a_storm_after_weeks_of_silence_is_a_spike(stage: Stage) -> None:
    stage.say(-0.9, TODAY - timedelta(60))
    for _ in range(60):
        stage.say(-0.95, TODAY)
    stage.play()
    (draft,) = spikes(stage)
    assert draft.detail["day"] == TODAY.isoformat()


def test_a_storm_in_the_first_week_of_a_brand_is_not_unusual_yet(stage: Stage) -> None:
    stage.say(-0.9, TODAY - timedelta(5))
    for _ in range(60):
        stage.say(-0.95, TODAY)
    stage.play()
    assert spikes(stage) == []


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ({"mood": -0.85}, "low"),
        ({"mood": -0.97}, "medium"),
        ({"mood": -0.85, "stars": 1}, "medium"),
        ({"mood": -0.97, "churn": 0.8}, "high"),
        ({"mood": -0.97, "churn": 0.8, "reach": 5_000}, "critical"),
        ({"mood": -0.85, "reach": 200_000}, "high"),
        ({"mood": -0.97, "churn": 0.8, "sarcasm": 0.9, "reach": 200_000}, "critical"),
    ],
)
def test_severity_grows_with_what_makes_it_worse(stage: Stage, said: dict[str, float], severity: str) -> None:
    stage.say(day=TODAY, **said)  # type: ignore[arg-type]
    stage.play()
    (draft,) = told(stage)
    assert draft.severity == severity


def test_a_text_nobody_has_read_yet_waits(stage: Stage) -> None:
    stage.say(-0.9, TODAY, stars=1)
    (said,) = stage.said.pop("shop")
    with stage.database.begin() as conn:
        mentions.store_page(
            conn,
            stage.sources["shop"],
            [said.post],
            brand_ids_of=lambda _: [stage.brand.id],
            pseudonym=str,
            now=NOW,
        )
    assert told(stage) == []


def test_running_again_later_gives_the_same_drafts_and_raises_nothing_twice(stage: Stage) -> None:
    for n in range(20):
        stage.say(-0.99, TODAY - timedelta(n % 3), churn=0.9 if n % 2 else None)
    stage.play()
    first, again = told(stage), told(stage, now=NOW + timedelta(hours=5))
    assert first == again
    with stage.database.begin() as conn:
        assert sum(raise_alert(conn, draft, [], NOW) for draft in first) == 20
        assert sum(raise_alert(conn, draft, [], NOW) for draft in again) == 0
        assert len(list_alerts(conn, stage.brand.id)) == 20


def test_two_rules_tell_the_same_mention_each_to_its_own_people(stage: Stage) -> None:
    stage.say(-0.99, TODAY)
    stage.play()
    keys = {told(stage, NegativeMention(name=name))[0].key for name in ("support", "boss")}
    assert len(keys) == 2


def test_the_other_brands_mentions_are_not_told(stage: Stage) -> None:
    stage.say(-0.99, TODAY)
    stage.play(brand=stage.rival)
    assert told(stage) == []


def calm_then_crisis(stage: Stage, crisis: date) -> None:
    for n in range(1, 36):
        for _ in range(2):
            stage.say(-0.95, TODAY - timedelta(n))
        stage.say(0.9, TODAY - timedelta(n))
    for _ in range(25):
        stage.say(-0.95, crisis)
    stage.play()


def test_a_crisis_day_is_told_once(stage: Stage) -> None:
    crisis = TODAY - timedelta(2)
    calm_then_crisis(stage, crisis)
    (draft,) = spikes(stage)
    assert draft.key == f"spike:Nova:{crisis.isoformat()}"
    assert draft.detail["day"] == crisis.isoformat()
    assert draft.detail["negative"] == 26  # 27 mentions of probability 0.95
    assert 1.5 < draft.detail["usual"] < 2.5
    assert draft.severity == "critical"
    assert draft.mention_id is None
    assert spikes(stage, now=NOW + timedelta(days=1)) == [draft]


def test_a_crisis_beyond_the_window_is_over(stage: Stage) -> None:
    calm_then_crisis(stage, TODAY - timedelta(12))
    assert spikes(stage) == []
    assert len(spikes(stage, Spike(lookback_days=14))) == 1


def test_calm_weeks_have_no_spike(stage: Stage) -> None:
    calm_then_crisis(stage, TODAY - timedelta(60))
    assert spikes(stage) == []


def test_praise_is_no_crisis(stage: Stage) -> None:
    for n in range(1, 20):
        stage.say(0.9, TODAY - timedelta(n))
    for _ in range(40):
        stage.say(0.95, TODAY)
    stage.play()
    assert spikes(stage) == []


def test_one_story_in_forty_places_is_no_spike(stage: Stage) -> None:
    for n in range(1, 20):
        stage.say(-0.9, TODAY - timedelta(n))
    for _ in range(40):
        stage.say(-0.9, TODAY, ARTICLE, kind=PostKind.ARTICLE)
    stage.play()
    assert spikes(stage) == []


@given(
    st.floats(0.8, 1),
    st.integers(1, 5),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 10**6),
    st.integers(1, 50),
)
def test_nothing_that_makes_it_worse_lowers_the_severity(
    negative: float, stars: int, churn: float, sarcasm: float, reach: int, copies: int
) -> None:
    rule = NegativeMention()

    def level(**changed: Any) -> int:
        facts = {
            "negative": negative,
            "churn": churn,
            "sarcasm": sarcasm,
            "reach": reach,
            "copies": copies,
        } | changed
        view = a_view(stars=stars, **facts)
        found = bad(view, rule)
        return SEVERITIES.index(severity(view, found)) if found else -1

    now = level()
    for worse in ({"churn": 1.0}, {"sarcasm": 1.0}, {"reach": 10**6}, {"copies": 50}, {"negative": 1.0}):
        assert level(**worse) >= now


def a_view(
    *, negative: float, churn: float, sarcasm: float, reach: int, copies: int, stars: int
) -> mentions.MentionView:
    """A mention as storage gives it, without a database."""
    annotation = Annotation(
        "m", sentiment=Sentiment(negative, 1 - negative, 0.0), churn_intent=churn, sarcasm=sarcasm
    )
    facts = dict.fromkeys(mentions.MentionView.__slots__) | {
        "text": "Texte",
        "rating": Rating(stars),
        "annotation": annotation,
        "reach": reach,
        "copies": copies,
    }
    return mentions.MentionView(**facts)  # type: ignore[arg-type]
