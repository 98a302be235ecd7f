"""What services are asked for a query: never less than it, in their own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors import dialects
from collectors.dialects import Dialect, render
from collectors.query import fold, parse
from collectors.source import SourceError
from tests.collectors.test_query import queries, texts

NAMES = [name for name in dialects.__all__ if name.isupper()]
BRAND = '(Lila OR "Lila Énergie") AND (gaz OR fact*) NOT (fleur OR "jus de")'


def dialect(name: str) -> Dialect:
    found = getattr(dialects, name)
    assert isinstance(found, Dialect)
    return found


@pytest.mark.parametrize(
    ("name", "query", "searches"),
    [
        ("HACKER_NEWS", "Lila", ["Lila"]),
        ("HACKER_NEWS", '"Lila Énergie" OR Lila', ['"Lila Énergie"', "Lila"]),
        ("HACKER_NEWS", BRAND, ["Lila -fleur", '"Lila Énergie" -fleur']),
        ("MASTODON", "Lila facture NOT fleur", ["Lila facture"]),
        ("REDDIT", BRAND, ['(Lila OR "Lila Énergie") AND NOT fleur AND NOT "jus de"']),
        ("X", BRAND, ['(Lila OR "Lila Énergie") -fleur -"jus de"']),
        ("X", "Lila OR (gaz AND panne)", ["(Lila OR (gaz panne))"]),
        ("GDELT", "Lila OR (gaz AND coupure)", ["(Lila OR coupure)"]),
        ("GDELT", "Lila NEAR/7 panne", ['near7:"Lila panne"']),
        ("GDELT", '"Lila Énergie" NEAR/7 panne', ['"Lila Énergie" panne']),
        ("YOUTUBE", "Lila OR Lilas NOT fleur", ["Lila|Lilas"]),
        ("YOUTUBE", "(Lila OR Lilas) NOT fleur", ["Lila|Lilas -fleur"]),
        ("LEMMY", '"Lila Énergie" OR livr*', ["Lila Énergie", "livr"]),
        ("LEMMY", "Lila facture", ["facture"]),
        ("WORDPRESS", '"Lila Énerg*" OR li*la', ["Lila Énerg", "li"]),
        ("PLAIN", '"Lila Énergie" NOT fleur', ["Lila Énergie"]),
        ("DISCOURSE", "L'Oréal", ['"L\'Oréal"']),
        ("BLUESKY", "(a1 OR a2 OR a3) AND (b1 OR b2)", ["b1", "b2"]),
        ("STACK_EXCHANGE", '"or" OR "and"', ['"or"', '"and"']),
    ],
)
def test_a_query_is_said_in_the_service_s_words(name: str, query: str, searches: list[str]) -> None:
    assert list(render(parse(query), dialect(name)).searches) == searches


def test_what_cannot_be_said_is_told() -> None:
    assert render(parse(BRAND), dialects.X).unsaid == ("fact*",)
    assert render(parse("Lila NEAR/3 panne"), dialects.X).unsaid == ("Lila NEAR/3 panne",)
    assert render(parse("Lila panne"), dialects.LEMMY).unsaid == ("Lila",)
    assert render(parse("Lila OR panne"), dialects.LEMMY).unsaid == ()


@pytest.mark.parametrize("query", ["livr*", "Lila OR livr*"])
def test_what_no_search_could_find_is_refused_with_what_to_do(query: str) -> None:
    with pytest.raises(SourceError, match=r"livr\*") as caught:
        render(parse(query), dialects.HACKER_NEWS)
    assert "`query`" in caught.value.remedy
    assert caught.value.permanent


def test_more_searches_than_are_decent_are_refused() -> None:
    with pytest.raises(SourceError, match="31 searches"):
        render(parse(" OR ".join(f"lila{n}" for n in range(31))), dialects.MASTODON)


def test_a_long_list_of_names_is_packed_into_few_searches() -> None:
    names = [f"lila{n}" for n in range(100)]
    said = render(parse(" OR ".join(names)), dialects.X)
    assert len(said.searches) == 2
    assert all(len(search) <= 512 for search in said.searches)
    assert re.findall(r"lila\d+", " ".join(said.searches)) == names


def test_a_long_list_of_what_must_be_there_is_cut_to_the_longest_words() -> None:
    said = render(parse(" AND ".join("lila" + "x" * n for n in range(40))), dialects.X)
    assert len(said.searches[0]) <= 512
    assert "lila" in said.unsaid


def understood(name: str, search: str, text: str) -> bool:
    """What the service would find, as far as it tells."""
    if name == "LEMMY":
        return re.search(".*".join(map(re.escape, fold(search).split())), fold(text), re.DOTALL) is not None
    if name in ("WORDPRESS", "PLAIN"):
        return all(word in fold(text) for word in fold(search).split())
    search = re.sub(r'near(\d+):"(\S+) (\S+)"', r'("\2" NEAR/\1 "\3")', search)
    one = r'(?:"[^"]*"|[^\s|])+'
    return parse(re.sub(rf"{one}(?:\|{one})+", r"(\g<0>)", search).replace("|", " OR ")).matches(text)


@settings(max_examples=300)
@given(name=st.sampled_from(NAMES), query=queries(depth=2), words=texts)
def test_the_searches_together_find_all_that_the_query_matches(name: str, query: str, words: list[str]) -> None:
    asked, text = parse(query), " ".join(words)
    try:
        said = render(asked, dialect(name))
    except SourceError:
        return
    assert all(0 < len(search) <= dialect(name).longest for search in said.searches)
    assert not asked.matches(text) or any(understood(name, search, text) for search in said.searches)


def test_the_documentation_s_table_is_that_of_the_dialects() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.count("|") == 9
    ]
    table = {row[0].replace(" ", "_").upper(): row[1:] for row in rows[2:]}
    assert set(table) == set(NAMES) - {"PLAIN"}
    for name, (both, one_of, without, phrase, star, near, longest) in table.items():
        kind = dialect(name)
        assert (both == "yes", phrase == "yes", star == "yes", near == "yes") == tuple(
            part is not None for part in (kind.both, kind.phrase, kind.star, kind.near)
        )
        assert one_of == ("searches" if kind.one_of is None else "yes" if kind.nested else "of words")
        assert without == ("here" if kind.without is None else "yes" if kind.without_phrases else "words")
        assert longest == f"{kind.longest:,}"
