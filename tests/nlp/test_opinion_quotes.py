"""Quotes are exact, short, and where the attention is."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nlp.quotes import MAX_CHARACTERS, MAX_WORDS, quote


def places(text: str) -> list[tuple[int, int]]:
    return [(m.start(), m.end()) for m in re.finditer(r"\S+", text)]


def test_the_quote_is_where_the_attention_is():
    text = "Bon produit, mais livré avec trois semaines de retard, hélas."
    attention = np.array([0.01, 0.01, 0.01, 0.2, 0.1, 0.2, 0.2, 0.1, 0.2, 0.01])
    assert quote(text, places(text), attention) == "livré avec trois semaines de retard"


def test_the_quote_is_a_whole_clause_and_not_its_loudest_words():
    text = "Le colis est arrivé ouvert. Rien à dire sur le prix"
    attention = np.array([0.0, 0.0, 0.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.1, 0.0, 0.1])
    assert quote(text, places(text), attention) == "Le colis est arrivé ouvert"


def test_a_sentence_of_one_word_is_enough():
    text = "Nul! Pour tout le reste du monde"
    attention = np.array([0.9, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01])
    assert quote(text, places(text), attention) == "Nul!"


def test_a_short_clause_takes_the_next_one_along():
    text = "Bref, ne rien commander ici, sauf pour rire un peu"
    attention = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.02, 0.02, 0.02, 0.02, 0.02])
    assert quote(text, places(text), attention) == "Bref, ne rien commander ici"


def test_a_long_clause_is_cut_to_its_loudest_words():
    words = [f"mot{number}" for number in range(40)]
    text = " ".join(words)
    attention = np.array([0.09 if 20 <= number < 30 else 0.1 / 30 for number in range(40)])
    assert quote(text, places(text), attention) == " ".join(words[20:30])


def test_pieces_of_a_word_count_together():
    text = "un peu. remboursement promis"
    offsets = [(0, 2), (3, 7), (8, 14), (14, 21), (22, 28)]
    assert quote(text, offsets, np.array([0.2, 0.2, 0.2, 0.2, 0.2])) == "remboursement promis"


def test_a_word_without_end_is_cut():
    text = "x" * 5_000
    offsets = [(i, i + 10) for i in range(0, 1_500, 10)]
    assert len(quote(text, offsets, np.full(150, 1 / 150))) <= MAX_CHARACTERS


def test_a_window_of_blanks_has_no_quote():
    assert quote("   ", [(0, 1), (1, 3)], np.array([0.5, 0.5])) == ""


def test_a_quote_never_holds_what_was_replaced():
    text = "ab\ud800cd"
    assert "\ud800" not in quote(text, [(0, 5)], np.array([1.0]))


@given(st.text(min_size=1, max_size=300), st.randoms(use_true_random=False))
def test_any_quote_is_a_substring_of_at_most_twelve_words(text, random):
    offsets = places(text)
    if not offsets:
        return
    attention = np.array([random.random() + 0.01 for _ in offsets])
    found = quote(text, offsets, attention / attention.sum())
    assert found in text
    assert len(found.split()) <= MAX_WORDS
