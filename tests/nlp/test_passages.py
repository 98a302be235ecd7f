"""Texts are cut where a careful reader would cut them, and every passage knows its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.passages import MAX_PASSAGE, Passage, passages

PIECES = st.sampled_from(
    ["Très bien", "M.", "etc.", "12.50 €", "!", " ? ", "...", "…", "»", "« ", "\n", "\r\n\r\n", " mais ",
     ", but ", "www.Site.fr", "a@B.fr", "J.", "1.", "😀", " ", "mot" * 200, ";", "é", "\u202f!", "Fin.Début"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=30).map("".join) | st.text(st.characters(exclude_categories=()))


def said(text: str, language: str | None = None) -> list[str]:
    return [passage.text for passage in passages(text, language)]


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["fr", "en", None, "de"]))
def test_passages_lie_where_they_say_and_hold_the_whole_text(text: str, language: str | None) -> None:
    found = passages(text, language)
    end = 0
    for passage in found:
        assert text[passage.start : passage.end] == passage.text == passage.text.strip() != ""
        assert passage.start >= end
        assert text[end : passage.start].strip() == ""
        assert passage.end - passage.start <= MAX_PASSAGE
        end = passage.end
    assert text[end:].strip() == ""


def test_a_passage_is_a_place_and_its_text() -> None:
    assert passages("Bien.  Merci") == [Passage(0, 5, "Bien."), Passage(7, 12, "Merci")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Très déçu. Je pars !", ["Très déçu.", "Je pars !"]),
        ("très déçu. je pars", ["très déçu.", "je pars"]),
        ("Nul !!! A fuir ! ! Voilà", ["Nul !!!", "A fuir ! !", "Voilà"]),
        ("Bon… mais cher... Voilà", ["Bon…", "mais cher...", "Voilà"]),
        ("Prix bas\nLivraison lente\n\nSAV absent", ["Prix bas", "Livraison lente", "SAV absent"]),
        ("Rapide.Je recommande.Merci", ["Rapide.", "Je recommande.", "Merci"]),
        ("Il a dit « C'est non. » Puis rien.", ["Il a dit « C'est non. »", "Puis rien."]),
        ('She said "No way!" Then left.', ['She said "No way!"', "Then left."]),
        ("Bravo (vraiment !). Merci", ["Bravo (vraiment !).", "Merci"]),
    ],
)
def test_sentences_end_where_their_marks_say(text: str, expected: list[str]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "M. Dupont et Mme. Martin m'ont bien aidé",
        "Le Dr. Petit est absent",
        "Reçu av. midi, env. 3 jours après",
        "Appelé le service de J. Martin hier",
        "Commande n. 123 reçue à 12.50 € le 3.12.2025",
        "Version 2.0.1 installée",
        "Écrire à Jean.Dupont@Mail.fr ou voir www.Site.Com/a.B",
        "Mr. Smith rang at 5 p.m. on Monday, e.g. too late",
        "C'est cher, p. ex. le forfait, cf. la facture",
        "1. Prix bas",
    ],
)
def test_abbreviations_numbers_and_addresses_do_not_end_a_sentence(text: str) -> None:
    assert said(text) == [text]


def test_an_abbreviation_can_end_a_sentence_when_a_capital_follows() -> None:
    assert said("Retards, pannes, etc. Je pars", "fr") == ["Retards, pannes, etc.", "Je pars"]


def test_abbreviations_are_those_of_the_language() -> None:
    assert said("Il est sorti avec sept. Puis plus rien", "en") == ["Il est sorti avec sept. Puis plus rien"]
    assert said("He met his ex. boss inc. staff", "en") == ["He met his ex.", "boss inc. staff"]


def test_a_text_without_a_full_stop_is_cut_at_a_comma_or_between_words() -> None:
    found = said("livré en retard et jamais repris, " * 40)
    assert len(found) > 3
    assert all(passage.endswith("repris,") for passage in found)
    assert all(len(passage) <= MAX_PASSAGE for passage in said("mot " * 500))
    assert all(len(passage) <= MAX_PASSAGE for passage in said("x" * 2_000))


@pytest.mark.parametrize(
    "hostile",
    ["." * 100_000, "a." * 50_000, "!? " * 33_000, "« » " * 25_000, "x" * 100_000, " \n" * 50_000, "M. " * 33_000,
     "mais " * 20_000, ") " * 50_000, "etc. Mme. " * 10_000,
     "!" * 100_000 + "x", "x" + " " * 100_000 + "x", "…!" * 50_000 + "x", "." + " " * 100_000 + ".",
     "»" * 100_000, ")" * 100_000, "aa." * 33_000 + "x", "!?" * 20 + "x", "\u00a0" * 100_000,
     "www." * 25_000, "aa.Aa" * 20_000],
)  # fmt: skip
def test_hostile_texts_of_a_hundred_thousand_characters_come_to_an_end(hostile: str) -> None:
    assert "".join(said(hostile)).replace(" ", "") == "".join(hostile.split())
