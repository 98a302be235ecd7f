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


def test_one_word_is_enough():
    text = "Nul pour tout le reste du monde"
    attention = np.array([0.9, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01])
    assert quote(text, places(text), attention) == "Nul"


def test_pieces_of_a_word_count_together():
    text = "un remboursement promis"
    offsets = [(0, 2), (3, 9), (9, 16), (17, 23)]
    assert quote(text, offsets, np.array([0.1, 0.4, 0.4, 0.1])) == "remboursement"


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
