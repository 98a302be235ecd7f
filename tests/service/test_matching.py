"""Which brand a post is about."""

import pytest

from collectors.post import Post, PostKind
from service.config import BrandConfig
from service.matching import BrandMatcher, brand_ids

LILA = BrandConfig(name="Lila Énergie", aliases=["Lila", "L'énergie Lila"])
ORANGE = BrandConfig(name="Orange", context=["fibre", "forfait", "opérateur"], excluded=["jus"])

IDS = {"Lila Énergie": 7, "Orange": 8}


def post(text: str, title: str | None = None, **segments: str) -> Post:
    return Post(kind=PostKind.REVIEW, external_id="1", text=text, title=title, segments=segments)


@pytest.mark.parametrize(
    ("text", "brands"),
    [
        ("Je quitte LILA ENERGIE demain", ["Lila Énergie"]),
        ("lila\nénergie, jamais plus", ["Lila Énergie"]),
        ("Lilac est une fleur", []),
        ("#Lila", ["Lila Énergie"]),
        ("Mon forfait Orange a augmenté, Lila aussi", ["Lila Énergie", "Orange"]),
        ("Une orange bien mûre", []),
        ("Orange : le jus de ma fibre préférée", []),
        ("", []),
    ],
)
def test_a_brand_is_found_by_its_whole_name_and_its_context(text: str, brands: list[str]) -> None:
    assert BrandMatcher([LILA, ORANGE]).named_in(text) == brands


def test_every_post_of_a_source_that_chose_one_brand_is_about_it() -> None:
    ids = brand_ids([LILA, ORANGE], IDS, chosen=["Lila Énergie"])
    assert list(ids(post("Rien à voir"))) == [7]
    assert list(ids(post("Mon opérateur Orange est mieux"))) == [7]


def test_a_source_that_chose_no_brand_gives_what_the_text_names_even_with_one_configured() -> None:
    ids = brand_ids([LILA], IDS)
    assert list(ids(post("Rien à voir"))) == []
    assert list(ids(post("Lila, merci"))) == [7]


def test_the_brand_column_wins_over_the_only_brand_of_the_source() -> None:
    ids = brand_ids([LILA, ORANGE], IDS, chosen=["Lila Énergie"], by_column=True)
    assert list(ids(post("Bien", brand="lila"))) == [7]
    assert list(ids(post("Bien", brand="Orange"))) == []
    assert list(ids(post("Bien", brand="Inconnue"))) == []
    assert list(ids(post("Bien", brand=" "))) == [7]


def test_a_column_that_was_only_guessed_decides_where_it_names_a_configured_brand() -> None:
    ids = brand_ids([LILA, ORANGE], IDS, chosen=["Lila Énergie"])
    assert list(ids(post("Bien", brand="Lampe 40 W"))) == [7]
    assert list(ids(post("Bien", brand="Orange"))) == []


def test_a_source_of_several_brands_gives_those_the_post_names() -> None:
    ids = brand_ids([LILA, ORANGE], IDS)
    assert list(ids(post("Nul", title="Lila"))) == [7]
    assert list(ids(post("Lila et mon opérateur Orange"))) == [7, 8]
    assert list(ids(post("Ni l'un ni l'autre"))) == []


def test_the_brand_column_of_a_file_wins_over_the_text() -> None:
    ids = brand_ids([LILA, ORANGE], IDS)
    assert list(ids(post("Mieux que Lila", brand="ORANGE "))) == [8]
