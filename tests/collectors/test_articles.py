"""Articles out of pages, and languages by name."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html

from collectors.articles import extract
from collectors.languages import language_code, language_name

SENTENCES = " ".join(f"Phrase numéro {number} de l'article sur la panne de Lila." for number in range(12))
PAGE = f"""<!doctype html><html lang="fr"><head><title>La panne - Le Journal</title>
<meta property="og:title" content="La panne"><meta name="author" content="Ali Dupont"></head><body>
<nav><ul><li><a href="/">Accueil</a></li><li><a href="/s">Sport</a></li></ul></nav>
<article><h1>La panne</h1><p>{SENTENCES}</p>
<p>Et pour finir, &amp; ceci : rien n'est réparé, selon les clients.</p></article>
<section class="comments"><p>Premier commentaire d'un lecteur fâché.</p></section>
<footer><p>Tous droits réservés, mentions légales, nous contacter.</p></footer></body></html>"""


def test_the_article_is_read_and_what_stands_around_it_is_not() -> None:
    article = extract(PAGE, "https://journal.example/panne")
    assert article is not None
    assert article.text.startswith("Phrase numéro 0") or article.text.startswith("La panne")
    assert "& ceci : rien n'est réparé" in article.text
    assert not any(word in article.text for word in ("Accueil", "lecteur fâché", "droits réservés"))
    assert (article.title, article.author) == ("La panne", "Ali Dupont")


@pytest.mark.parametrize("page", ["", "<html></html>", "<p>Cookies ?</p>", "{}", "\x00\x01"])
def test_a_page_without_an_article_gives_none(page: str) -> None:
    assert extract(page) is None


@settings(max_examples=20, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>/pdiva \"'=&;é\x00"), max_size=300))
def test_no_page_makes_it_raise(page: str) -> None:
    extract(page)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


CAPTURED = [
    "dropbox-blog",
    "lemonde-1",
    "liberation-1",
    "lifehacker-working",
    "medium-1",
    "mercurial",
    "telegraph",
]


@pytest.mark.parametrize("name", [*CAPTURED, "wordpress"])
def test_captured_pages_give_their_article_nearly_word_for_word(shared: Path, name: str) -> None:
    folder = shared / "captures" / "articles"
    article = extract((folder / f"{name}.source.html").read_text(encoding="utf-8"))
    expected = words(
        html.fromstring((folder / f"{name}.expected.html").read_text(encoding="utf-8")).text_content()
    )
    assert article is not None
    found = words(article.text)
    shared_words = (found & expected).total()
    assert shared_words >= 0.9 * found.total()
    assert shared_words >= 0.94 * expected.total()


def test_languages_go_by_code_and_by_english_name() -> None:
    assert [language_code(name) for name in ("French", " english ", "Klingonese", None, 3)] == ["fr", "en"] + [
        None
    ] * 3
    assert [language_name(code) for code in ("fr", "pt-BR", "xx", "")] == ["French", "Portuguese", None, None]
