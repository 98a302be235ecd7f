"""Quotes: masked, short, distinct, telling, and the same in any order."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import PostKind, Rating
from nlp.annotation import Annotation, Sentiment, TouchpointOpinion
from reputation.quotes import distinct, excerpt, shown, telling
from storage.annotations import Quote
from storage.mentions import MentionView

TOPICS = ("livraison", "prix", "conseiller", "facture", "application", "remboursement", "magasin", "fidélité")


def mention(number: int, mood: float, text: str | None = None, **more: object) -> MentionView:
    low, high = max(0.0, -mood), max(0.0, mood)
    view = MentionView(
        **dict.fromkeys(MentionView.__slots__)  # type: ignore[arg-type]
        | {
            "id": number,
            "source": f"source {number % 3}",
            "source_kind": "feeds",
            "external_id": str(number),
            "kind": PostKind.REVIEW,
            "text": text
            or f"Avis {number} : à propos de {TOPICS[number % 8]} je dirais {number * 7919} mots {number}.",
            "moment": datetime(2026, 11, 10, tzinfo=UTC),
            "dated": True,
            "reach": 0,
            "copies": 1,
            "annotation": Annotation("m", sentiment=Sentiment(low, 1 - low - high, high)),
        }
    )
    return replace(view, **more)  # type: ignore[arg-type]


def test_an_excerpt_is_masked_on_one_line_and_cut_between_words() -> None:
    text = "Appelez-moi au 06 12 34 56 78.\n\nRien reçu " + "depuis des semaines " * 40
    shortened = excerpt("Colis", text)
    assert shortened.startswith("Colis: Appelez-moi au [phone]. Rien reçu depuis")
    assert len(shortened) <= 280
    assert shortened.endswith(("depuis…", "des…", "semaines…"))


@pytest.mark.parametrize(
    ("title", "text", "expected"), [("Nul", "", "Nul"), (None, "Nul", "Nul"), (None, "", ""), ("", "Nul", "Nul")]
)
def test_an_excerpt_needs_no_title_and_no_text(title: str | None, text: str, expected: str) -> None:
    assert excerpt(title, text) == expected


def test_a_personal_number_that_the_cut_would_halve_is_masked_first() -> None:
    assert "0612" not in excerpt(None, "x" * 270 + " 0612345678")


def test_quotes_keep_the_proportion_of_moods_and_one_of_each() -> None:
    pool = [mention(n, -0.9) for n in range(30)] + [mention(n, 0.9) for n in range(30, 34)]
    found = telling(pool)
    assert len(found) == 5
    assert [m.annotation.sentiment.label for m in found if m.annotation and m.annotation.sentiment] == [
        *["negative"] * 4,
        "positive",
    ]


def test_the_same_mentions_give_the_same_quotes_in_any_order() -> None:
    pool = [mention(n, (-1) ** n * (0.6 + n / 100)) for n in range(20)]
    shuffled = pool[:]
    random.Random(3).shuffle(shuffled)
    assert telling(pool) == telling(shuffled)


def test_nobody_is_quoted_twice_and_no_words_are() -> None:
    words = (
        "Trois semaines de retard, aucun appel, et personne ne sait où est passé mon colis depuis lundi dernier."
    )
    pool = [mention(n, -0.9, words) for n in range(5)]
    pool += [mention(n, -0.9, author_key="one person") for n in range(5, 10)]
    found = telling(pool)
    assert len(found) == 2


def test_a_mention_that_says_why_comes_before_an_exclamation() -> None:
    because = mention(1, -0.9, "La facture a été prélevée deux fois et le service client refuse de rembourser.")
    found = telling([mention(2, -0.97, "Nul !"), because], wanted=1)
    assert found == [because]


def test_without_opinions_there_is_nothing_to_quote() -> None:
    assert telling([]) == []
    assert telling([mention(1, 0.1), mention(2, 0, annotation=None)]) == []


def test_different_touchpoints_are_preferred() -> None:
    def about(number: int, touchpoint: str, mood: float) -> MentionView:
        annotation = Annotation(
            "m",
            sentiment=Sentiment(-mood, 1 + mood, 0),
            touchpoints=(TouchpointOpinion(touchpoint, "negative", 0.9, ""),),
        )
        text = f"{TOPICS[number]} {number * 7919} " * 12
        return mention(number, mood, text, annotation=annotation, source=f"only {number}")

    pool = [about(1, "delivery", -0.95), about(2, "delivery", -0.94), about(3, "price", -0.90)]
    assert {m.id for m in telling(pool, wanted=2)} == {1, 3}


def test_what_is_shown_names_nobody() -> None:
    view = mention(1, -0.9, author_name="Jean Dupont", author_key="k", rating=Rating(2, 0, 10))
    document = shown(view)
    assert "Jean" not in str(document)
    assert document["stars"] == 1.8
    assert document["date"] == "2026-11-10"


def quote(text: str, language: str | None = "fr", confidence: float = 0.9) -> Quote:
    return Quote(1, "delivery", "negative", confidence, text, language, date(2026, 11, 10), "shop", None)


def test_touchpoint_quotes_are_distinct_and_by_language() -> None:
    found = distinct(
        [
            quote("livré avec trois semaines de retard"),
            quote("Livré avec trois semaines de retard"),
            quote("colis jamais reçu"),
            quote("parcel never came", "en"),
            quote("appelez le 06 12 34 56 78", None),
        ],
        wanted=2,
    )
    assert list(found) == ["", "en", "fr"]
    assert [q["text"] for q in found["fr"]] == ["livré avec trois semaines de retard", "colis jamais reçu"]
    assert found[""][0]["text"] == "appelez le [phone]"


@given(st.none() | st.text(max_size=50), st.text(max_size=2000), st.integers(20, 300))
def test_any_text_makes_an_excerpt_of_bounded_length(title: str | None, text: str, longest: int) -> None:
    found = excerpt(title, text, longest)
    assert len(found) <= longest
    assert "\n" not in found


@given(st.lists(st.floats(-1, 1), max_size=25), st.integers(1, 7), st.randoms())
def test_quotes_are_few_distinct_and_from_the_pool(moods: list[float], wanted: int, dice: random.Random) -> None:
    pool = [mention(n, mood) for n, mood in enumerate(moods)]
    found = telling(pool, wanted)
    assert len(found) <= wanted
    assert len({m.id for m in found}) == len(found)
    dice.shuffle(pool)
    assert telling(pool, wanted) == found
