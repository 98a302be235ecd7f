"""Passages are about what their words name, for good; what several share is found, and named in their words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.complaint_words import KNOWN
from nlp.complaints import FEWEST, Complaints, Passage, discover, known


def said(*texts: str) -> list[Passage]:
    """Each by somebody else."""
    return [Passage(f"person {number}", text) for number, text in enumerate(texts)]


def label_of(text: str, language: str) -> str | None:
    key = Complaints(language).of(text)
    return known(language)[key].label if key else None


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("toujours aucune réponse à mes mails", "pas de réponse, injoignable"),
        ("ILS NE REPONDENT JAMAIS", "pas de réponse, injoignable"),
        ("un conseiller injoignable", "pas de réponse, injoignable"),
        ("les cotisations augmentent chaque année", "le prix augmente"),
        ("une hausse de 12 % sans prévenir", "le prix augmente"),
        ("beaucoup trop chère", "trop cher"),
        ("j’attends mon remboursement depuis mars", "remboursement qui ne vient pas"),
        ("Très incompétent !", "erreurs, incompétence"),
        ("mon vol est annulé", "rendez-vous ou commande annulé"),
        ("le service", "le service, sans plus"),
        ("l'application plante au démarrage", "ne fonctionne pas, en panne"),
        ("trois semaines de retard", "attente, retard"),
        ("une honte", "jugé mauvais, sans plus"),
        ("les prix", "le prix"),
        ("un chien bleu", None),
        ("", None),
        ("12 € ???", None),
    ],
)
def test_a_french_passage_is_about_what_its_words_name(text: str, label: str | None) -> None:
    assert label_of(text, "fr") == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("they never replied to my emails", "no reply, out of reach"),
        ("Waited two hours on hold", "waiting, delays"),
        ("still no refund", "refund that does not come"),
        ("WAY TOO EXPENSIVE", "too expensive"),
        ("the app crashes", "does not work"),
        ("arrived broken", "never received"),
        ("a blue dog", None),
    ],
)
def test_an_english_passage_is_about_what_its_words_name(text: str, label: str | None) -> None:
    assert label_of(text, "en") == label


def test_the_more_telling_complaint_wins() -> None:
    assert label_of("service lamentable, jamais de réponse", "fr") == "pas de réponse, injoignable"
    assert label_of("un prix trop cher", "fr") == "trop cher"


@pytest.mark.parametrize("language", KNOWN)
def test_each_known_complaint_has_a_key_and_a_label_of_its_own(language: str) -> None:
    complaints = known(language)
    assert len(complaints) >= 30
    assert len({complaint.label for complaint in complaints.values()}) == len(complaints)
    assert all(key.startswith("=") and key == complaint.key for key, complaint in complaints.items())


def test_both_languages_know_the_same_complaints() -> None:
    assert known("fr").keys() == known("en").keys()


def test_a_language_that_nobody_taught_has_only_what_is_found() -> None:
    assert known("de") == {}
    found = discover(said(*["Verspätung beim Einbau"] * FEWEST), "de")
    assert Complaints("de", [one.key for one in found]).of("schon wieder Verspätung, beim Einbau") == found[0].key


def test_what_several_people_share_is_found_and_named_in_their_words() -> None:
    texts = ("la boussole tourne folle", "ma boussole tourne", "une boussole tourne sans fin", "un chien bleu")
    [found] = discover(said(*texts), "fr")
    assert found.label == "boussole tourne"
    sorter = Complaints("fr", [found.key])
    assert [sorter.of(text) for text in texts] == [found.key] * 3 + [None]


def test_one_person_saying_it_often_is_not_several() -> None:
    once = [Passage("Jean", "la boussole tourne")] * 10
    assert discover(once, "fr") == []
    assert discover([*once, Passage("Anne", "la boussole tourne")], "fr") == []


def test_the_label_is_words_that_at_least_two_people_share() -> None:
    texts = ("boussole cachée derrière mon oncle", "boussole bizarre le lundi", "une boussole violette")
    [found] = discover(said(*texts), "fr")
    assert found.label == "boussole"


def test_a_label_is_written_as_french_is() -> None:
    [found] = discover(said("neige d'automne", "la neige d’automne", "NEIGE D'AUTOMNE"), "fr")
    assert found.label == "neige d’automne"


def test_names_define_nothing() -> None:
    texts = ("avec Marmitou et le chien", "selon Marmitou un chat", "chez Marmitou la souris")
    assert discover(said(*texts), "fr") == []


def test_the_brands_own_names_define_nothing() -> None:
    texts = ("nova la belle", "la nova bleue", "ta nova verte")
    assert discover(said(*texts), "fr", ["Nova"]) == []
    assert len(discover(said(*texts), "fr")) == 1


def test_a_text_all_in_capitals_has_no_names() -> None:
    assert len(discover(said("BOUSSOLE FOLLE", "LA BOUSSOLE BLEUE", "MA BOUSSOLE VERTE"), "fr")) == 1


def test_words_that_name_what_is_complained_of_do_not_say_why() -> None:
    assert discover(said("le service", "leur service", "ce service"), "fr") == []


def test_the_oldest_complaint_keeps_its_passages_when_newer_ones_come() -> None:
    old = discover(said("boussole bleue", "boussole verte", "boussole rouge"), "fr")
    new = discover(said("boussole cartographie", "ma boussole cartographie", "ta boussole cartographie"), "fr")
    assert old != new
    sorter = Complaints("fr", [one.key for one in (*old, *new)])
    assert sorter.of("boussole cartographie") == old[0].key


@pytest.mark.parametrize(
    "forms",
    [
        "réponse réponses répondre répond répondent",
        "attente attends attendre",
        "sinistre sinistres",
        "réparé réparer",
    ],
)
def test_the_forms_of_a_word_are_one_word(forms: str) -> None:
    found = discover(said(*(f"gris {form}" for form in (forms.split() * 3))), "de")
    assert len(found) == 1


def test_a_huge_passage_costs_no_more_than_its_beginning() -> None:
    texts = ["boussole " + "mot " * 100_000 + "sommet"] * FEWEST
    [found] = discover(said(*texts), "fr")
    assert len(found.label.split()) <= 6
    assert "sommet" not in found.key


WORDS = st.lists(st.sampled_from("boussole sommet sentier lac Chamois neige réponse le de".split()), max_size=6)  # noqa: SIM905


@given(st.lists(WORDS.map(" ".join), max_size=30))
def test_whatever_is_found_covers_several_people_and_is_found_again(texts: list[str]) -> None:
    passages = said(*texts)
    found = discover(passages, "fr")
    assert found == discover(passages, "fr")
    assert len({one.key for one in found}) == len(found)
    for complaint in found:
        only = Complaints("xx", [complaint.key])
        assert sum(only.of(text) is not None for text in texts) >= FEWEST
        assert complaint.label


@given(st.text(), st.sampled_from(["fr", "en", ""]))
def test_any_text_is_about_one_known_complaint_or_none(text: str, language: str) -> None:
    key = Complaints(language).of(text)
    assert key is None or key in known(language)
