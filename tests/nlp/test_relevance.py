"""Telling a brand from its homonyms."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp import relevance
from nlp.opinion import SHIPPED
from nlp.relevance import CUES, BrandNames, cues, fold, load_relevance, mentions

TRAINING = Path(relevance.__file__).parent / "training"


@pytest.fixture(scope="module")
def model():
    return load_relevance()


def cue(text: str, name: str, which: str) -> float:
    return float(cues(text, mentions(text, [name]))[CUES.index(which)])


@given(st.text(max_size=80))
def test_folding_keeps_every_character_in_its_place(text):
    assert len(fold(text)) == len(text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_name_is_found_where_it_stands_and_its_cues_are_bounded(before, after):
    text = f"{before} Hermès {after}"
    found = mentions(text, ["hermes"])
    assert any(fold(text[begin:end]) == "hermes" for begin, end in found)
    said = cues(text, found)
    assert said.shape == (len(CUES),)
    assert ((said >= 0) & (said <= 1)).all()


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("J'adore @LeBonCoin et leboncoin", ["Le Bon Coin"], ["LeBonCoin", "leboncoin"]),
        ("orangerie, l'orange, #Orange", ["Orange"], ["orange", "Orange"]),
        ("Crédit-Mutuel puis credit mutuel", ["Crédit Mutuel"], ["Crédit-Mutuel", "credit mutuel"]),
        ("SFR et sfr_assistance", ["SFR"], ["SFR", "sfr"]),
        ("C++ (rien)", ["C++"], ["C++"]),
        ("anything", ["", " "], []),
    ],
)
def test_names_are_found_as_words_whatever_their_case_accents_and_gaps(text, names, expected):
    assert [text[begin:end] for begin, end in mentions(text, names)] == expected


def test_the_longer_name_wins_where_both_stand():
    text = "Orange Bank et Orange"
    assert [text[a:b] for a, b in mentions(text, ["Orange", "Orange Bank"])] == ["Orange Bank", "Orange"]


def test_the_cues_say_what_stands_around_the_name():
    assert cue("un boulanger de quartier", "Boulanger", "determined") == 1
    assert cue("rue du Général Leclerc", "Leclerc", "titled") == 1
    assert cue("hier, Félix Leclerc chantait", "Leclerc", "after a name") == 1
    assert cue("my kid loves Subway Surfers", "Subway", "followed by a name") == 1
    assert cue("garé devant le Carrefour", "Carrefour", "near") == 1
    assert cue("merci @orange", "Orange", "handle") == 1
    assert cue("chez Boulanger", "Boulanger", "after chez") == 1
    assert cue("Shell: prices up, staff rude", "Shell", "trade words") > 0
    assert cue("rien de tel", "Orange", "named") == 0


def test_brands_that_never_trained_are_told_from_their_homonyms(model, shared):
    import json

    rows = [json.loads(line) for line in (shared / "data" / "homonyms_dev.jsonl").open(encoding="utf-8")]
    right = 0
    for brand in {row["brand"] for row in rows}:
        mine = [row for row in rows if row["brand"] == brand]
        said = model.chances([row["text"] for row in mine], BrandNames(brand))
        right += sum((chance > 0.5) == row["relevant"] for chance, row in zip(said, mine, strict=True))
    assert right / len(rows) >= 0.8


def test_the_sentences_that_train_name_none_of_the_brands_that_measure(shared):
    import json

    measured = {
        fold(json.loads(line)["brand"])
        for line in (shared / "data" / "homonyms_dev.jsonl").open(encoding="utf-8")
    }
    for language in ("fr", "en"):
        with (TRAINING / f"homonyms_{language}.tsv").open(encoding="utf-8", newline="") as lines:
            rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
        assert all(len(row) == 4 and row[2] in "01" for row in rows)
        assert not {fold(row[0]) for row in rows} & measured


def test_a_plain_complaint_is_about_the_brand_and_a_fruit_is_not(model):
    brand = BrandNames("Cerise", about="opérateur mobile")
    texts = [
        "Cerise m'a facturé deux fois mon forfait et le service client ne répond pas",
        "Un clafoutis à la cerise, encore tiède, un délice",
    ]
    about, fruit = model.chances(texts, brand)
    assert about > 0.5 > fruit


def test_the_users_own_words_decide(model):
    text = "Un clafoutis à la cerise, encore tiède, un délice"
    plain, spoken_for, excluded = (
        model.chances([text], names)[0]
        for names in (
            BrandNames("Cerise"),
            BrandNames("Cerise", context=("clafoutis",)),
            BrandNames("Cerise", excluded=("clafoutis",)),
        )
    )
    assert excluded == 0
    assert spoken_for > plain


@pytest.mark.parametrize("text", ["", " ", "🍊", "\x00", "orange " * 20_000, "a" * 100_000, "\ud800 Orange"])
def test_odd_texts_get_a_chance_and_no_error(model, text):
    said = model.chances([text, "Orange, merci"], BrandNames("Orange"))
    assert ((said >= 0) & (said <= 1)).all()
    if not text.strip():
        assert said[0] == 0.5


def test_no_text_is_no_work(model):
    assert model.chances([], BrandNames("Orange")).shape == (0,)


def test_the_neighbours_in_a_batch_do_not_matter(model):
    texts = ["Orange, merci", "Jus d'orange tiède", "Orange a encore coupé ma ligne pendant trois semaines"]
    together = model.chances(texts, BrandNames("Orange"))
    alone = np.concatenate([model.chances([text], BrandNames("Orange")) for text in texts])
    np.testing.assert_allclose(together, alone, atol=0.02)


def test_a_folder_without_it_says_so(tmp_path):
    assert (SHIPPED / "relevance.json").is_file()
    with pytest.raises(FileNotFoundError):
        relevance.Weights.read(tmp_path / "relevance.json")
