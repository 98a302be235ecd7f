"""Long texts are cut into windows that the model can read, at sentence ends, within bounds."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.windows import MAX_CHARACTERS, MAX_WINDOWS, WINDOW, cut_points, readable, spread, windows


class WordTokenizer:
    """A tokenizer whose pieces are words: a stand-in for the model's."""

    def __call__(self, text, **options):
        found = [[(m.start(), m.end()) for m in re.finditer(r"\S+", one)] for one in text]
        return {"input_ids": [list(range(len(places))) for places in found], "offset_mapping": found}


def words(text: str) -> list[tuple[int, int]]:
    return WordTokenizer()([text])["offset_mapping"][0]


def test_a_short_text_is_one_window():
    assert cut_points("Livraison rapide. Merci !", words("Livraison rapide. Merci !")) == [0, 4]


def test_windows_end_where_sentences_end():
    text = " ".join(["Un deux trois quatre cinq six sept huit neuf dix."] * 40)
    cuts = cut_points(text, words(text))
    assert cuts[0] == 0
    assert cuts[-1] == 400
    assert all(cut % 10 == 0 for cut in cuts)


def test_a_sentence_without_end_is_cut_where_the_window_ends():
    text = "a" * 10_000
    offsets = [(i, i + 1) for i in range(10_000)]
    cuts = cut_points(text, offsets)
    assert max(b - a for a, b in itertools.pairwise(cuts)) <= WINDOW - 2


@given(st.text(alphabet="ab .\n!", max_size=3_000))
def test_every_piece_lies_in_exactly_one_window(text):
    offsets = words(text)
    cuts = cut_points(text, offsets)
    assert cuts[0] == 0
    assert cuts[-1] == len(offsets)
    assert all(0 <= b - a <= WINDOW - 2 for a, b in itertools.pairwise(cuts))


def test_a_blank_text_has_no_window():
    assert windows(["", " \n\t", "\u00a0"], WordTokenizer()) == []


def test_windows_know_their_text():
    found = windows(["un", "", "deux mots"], WordTokenizer())
    assert [(window.text, len(window.pieces)) for window in found] == [(0, 1), (2, 2)]


@pytest.mark.parametrize("count", [1, MAX_WINDOWS, MAX_WINDOWS + 1, 1_000])
def test_a_very_long_text_is_read_at_evenly_spread_places(count):
    spans = [(i, i + 1) for i in range(count)]
    kept = spread(spans)
    assert len(kept) == min(count, MAX_WINDOWS)
    assert kept[0] == spans[0]
    assert kept[-1] == spans[-1]
    assert kept == sorted(set(kept))


def test_what_a_tokenizer_refuses_is_replaced_place_for_place():
    assert readable("a\x00b\ud800c") == "a b c"
    assert len(readable("x" * (MAX_CHARACTERS + 5))) == MAX_CHARACTERS
