"""Which brand a post is about."""

import pytest

from collectors.post import Post, PostKind
from service.config import BrandConfig
from service.matching import BrandMatcher, brand_ids

LILA = BrandConfig(name="Lila Énergie", aliases=["Lila", "L'énergie Lila"])
ORANGE = BrandConfig(name="Orange", context=["fibre", "forfait", "opérateur"], excluded=["jus"])


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


def test_every_post_of_a_source_with_one_brand_is_about_it() -> None:
    assert list(brand_ids([LILA], {"Lila Énergie": 7})(post("Rien à voir"))) == [7]


def test_a_source_of_several_brands_gives_those_the_post_names() -> None:
    ids = brand_ids([LILA, ORANGE], {"Lila Énergie": 7, "Orange": 8})
    assert list(ids(post("Nul", title="Lila"))) == [7]
    assert list(ids(post("Lila et mon opérateur Orange"))) == [7, 8]
    assert list(ids(post("Ni l'un ni l'autre"))) == []


def test_the_brand_column_of_a_file_wins_over_the_text() -> None:
    ids = brand_ids([LILA, ORANGE], {"Lila Énergie": 7, "Orange": 8})
    assert list(ids(post("Mieux que Lila", brand="ORANGE "))) == [8]
