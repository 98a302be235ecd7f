"""French is told from English, also in texts of three words; where no word tells, nothing is said."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.language import detect


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Livraison rapide, je recommande cette boutique", "fr"),
        ("Delivery was quick and the staff were kind", "en"),
        ("Très déçu", "fr"),
        ("TRES REACTIF", "fr"),
        ("rapide efficace merci", "fr"),
        ("Nul !!!", "fr"),
        ("Great value", "en"),
        ("worst service ever", "en"),
        ("Don't buy it", "en"),
        ("@user ça marche pas #panne https://example.org/the-best-of-the-web", "fr"),
    ],
)
def test_short_texts_are_recognised(text: str, language: str) -> None:
    assert detect(text) == language


@pytest.mark.parametrize(
    "text", ["", "   ", "😀👍🏽❤️", "12/10 !!", "5", "...", "https://example.org/avis", "@orange #1"]
)
def test_a_text_without_words_has_no_language(text: str) -> None:
    assert detect(text) is None


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=())))
def test_any_text_gets_a_candidate_or_nothing(text: str) -> None:
    assert detect(text) in ("fr", "en", None)


def test_with_one_candidate_every_text_with_words_has_it() -> None:
    assert detect("Delivery was quick", ["fr"]) == "fr"
    assert detect("👍", ["fr"]) is None


def test_further_candidates_can_be_asked_for() -> None:
    assert detect("Die Lieferung kam viel zu spät und war beschädigt", ("fr", "en", "de")) == "de"
    assert detect("Très déçu par la livraison", ("fr", "en", "de")) == "fr"


def test_a_candidate_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="xx"):
        detect("Bonjour à tous", ("fr", "xx"))


def test_a_text_of_a_hundred_thousand_characters_takes_no_longer_than_its_beginning() -> None:
    detect("warm up, please")
    started = time.process_time()
    assert detect("très content de la livraison " * 4_000) == "fr"
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize(
    ("file", "shortest", "longest", "least"),
    [
        ("stars_fr", 0, 20, 0.8),
        ("stars_fr", 20, 40, 0.9),
        ("stars_fr", 40, 80, 0.97),
        ("stars_en", 20, 40, 0.98),
    ],
)
def test_real_reviews_are_recognised_as_often_as_measured(
    shared: Path, file: str, shortest: int, longest: int, least: float
) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(shared / "data" / f"{file}.parquet", columns=["text", "lang"])
    rows = [row for row in table.to_pylist() if shortest <= len(row["text"]) < longest][:1_000]
    right = sum(detect(row["text"]) == row["lang"] for row in rows)
    assert right / len(rows) >= least
