"""Texts from anywhere become safe to store and show, and no word of them changes."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.cleaning import MAX_CHARACTERS, clean, own_title

# Everything that Python can hold, lone surrogates included, with a taste for what is troublesome.
ANY_TEXT = st.text(
    st.characters(exclude_categories=()) | st.sampled_from("\0\r\n\t \u00a0\u200b\u0301\ufeff\u2028\ud83d")
)


@settings(deadline=None)
@given(ANY_TEXT)
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@settings(deadline=None)
@given(ANY_TEXT)
def test_a_clean_text_can_be_stored_and_sent_anywhere(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert "\0" not in cleaned
    assert all(letter == "\n" or unicodedata.category(letter) != "Cc" for letter in cleaned)
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == cleaned.strip()
    assert "  " not in cleaned
    assert "\n\n\n" not in cleaned


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=50))
def test_letters_figures_and_marks_are_kept(text: str) -> None:
    kept = unicodedata.normalize("NFC", text)
    assert clean(text) == "".join(letter for letter in kept if letter not in "\u2800" or letter)


def test_line_breaks_of_all_systems_are_one_kind_and_paragraphs_stay_apart() -> None:
    assert clean("un\r\ndeux\rtrois\u2028quatre\n\n\n\n\ncinq") == "un\ndeux\ntrois\nquatre\n\ncinq"


def test_spaces_around_and_between_words_are_single_and_ordinary() -> None:
    assert clean("  prix\u00a0: \u202f12\u2009€ \t top \n fin ") == "prix : 12 € top\nfin"


def test_nul_and_invisible_and_direction_marks_go() -> None:
    assert clean("l\0ivrai\u200bson\u202e rapide\ufeff") == "livraison rapide"


def test_emoji_joined_of_several_stay_whole() -> None:
    family = "👩\u200d👩\u200d👧 ❤\ufe0f"
    assert clean(family) == family


def test_an_emoji_in_two_halves_becomes_one_and_half_a_one_goes() -> None:
    assert clean("top \ud83d\ude00 et \ud83d fin") == "top 😀 et fin"


def test_letters_with_separate_accents_are_composed() -> None:
    assert clean("de\u0301c\u0327u") == "déçu"


def test_an_absurdly_long_text_is_cut() -> None:
    assert len(clean("mot " * 100_000)) <= MAX_CHARACTERS
    assert len(clean("é" * 1_000_000)) == MAX_CHARACTERS


@pytest.mark.parametrize(("broken", "meant"), [("trÃ¨s dÃ©Ã§u", "très déçu"), ("Lâ€™envoi", "L’envoi")])
def test_wrongly_decoded_text_is_repaired_only_on_demand(broken: str, meant: str) -> None:
    assert clean(broken) == unicodedata.normalize("NFC", broken)
    assert clean(broken, fix_mojibake=True) == meant


def test_text_that_is_right_survives_the_repair() -> None:
    right = "Déjà vu à Noël, façade à 12 € – « très bien »"
    assert clean(right, fix_mojibake=True) == right


@pytest.mark.parametrize(
    "hostile", [" " * 100_000, "\n " * 50_000, "\u0301" * 100_000, "\r" * 100_000, "\ud83d" * 90_000]
)
def test_hostile_texts_of_a_hundred_thousand_characters_take_no_time(hostile: str) -> None:
    started = time.process_time()
    clean("é" + hostile + "x")
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("title", "text", "own"),
    [
        ("Déçu", "Jamais livré.", "Déçu"),
        ("Re: Halombre : ça se débloque ?", "Reçu hier, merci.", ""),
        ("RE : colis perdu", "Le mien est arrivé.", ""),
        ("Comment on the apology", "Fair enough.", ""),
        ("Commentaires sur La panne par Léa", "Courage à eux.", ""),
        ("Par : Léa", "Courage à eux.", ""),
        ("Reparation ratée", "Trois semaines.", "Reparation ratée"),
        ("Jamais livré…", "Jamais livré, et personne au bout du fil.", ""),
        ("Déçu", "", "Déçu"),
        ("Re: colis", "", "Re: colis"),
        (None, "Rien à dire.", ""),
        (None, "", ""),
    ],
)
def test_a_threads_title_is_not_taken_for_the_authors_words(title: str | None, text: str, own: str) -> None:
    assert own_title(title, text) == own
