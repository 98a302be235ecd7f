"""What a query finds, and how a wrong one is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.query import DEEPEST, LONGEST, QueryError, Text, either, fold, parse

WORDS = st.sampled_from(["lila", "Énergie", "panne", "jus", "fleur", "C&A", "l'eau", "near", "or"])


@st.composite
def queries(draw: st.DrawFn, depth: int = 2) -> str:
    """A well-formed query."""
    kind = draw(st.sampled_from(["word", "phrase", "star", "or", "and", "not", "near"] if depth else ["phrase"]))
    word = draw(WORDS)
    if kind in ("word", "phrase"):
        return f'"{word} {draw(WORDS)}"' if draw(st.booleans()) else f'"{word}"'
    if kind == "star":
        return draw(st.sampled_from(["li*", "pan*e", "éner*"]))
    if kind == "near":
        return f'("{word}" OR jus) NEAR/{draw(st.integers(1, 9))} "{draw(WORDS)} {draw(WORDS)}"'
    left, right = draw(queries(depth=depth - 1)), draw(queries(depth=depth - 1))
    if kind == "not":
        return f'"{word}" NOT ({right})'
    return f"({left}) {kind.upper()} ({right})"


texts = st.lists(
    st.sampled_from(["lila", "ÉNERGIE", "panne", "jus", "fleur", "c&a", "l’eau", "near", "or", ",", "x"])
)


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("Lila", "je quitte LILA demain", True),
        ("lila", "Lilas", False),
        ("énergie", "ENERGIE", True),
        ("Energie", "e\u0301nergie", True),
        ("l'œuvre", "L’OEUVRE", True),
        ("Lila", "#lila @lila_energie", True),
        ("lila", "lila_energie", False),
        ('"lila énergie"', "Lila-Énergie", True),
        ('"lila énergie"', "lila\n  energie", True),
        ('"lila énergie"', "lila et énergie", False),
        ("livr*", "livré en retard", True),
        ("livr*", "délivré", False),
        ("fa*ure", "la facture", True),
        ('"lila éner*"', "Lila énergétique", True),
        ("C&A", "chez c&a", True),
        ("C&A", "c a", False),
        ("lila facture", "facture de lila", True),
        ("lila AND facture", "facture", False),
        ("lila OR facture", "facture", True),
        ("lila NOT fleur", "lila", True),
        ("lila NOT fleur", "lila en fleur", False),
        ("lila -fleur", "lila en fleur", False),
        ('lila -"en fleur"', "lila en fleur", False),
        ("lila -(fleur OR parfum)", "parfum de lila", False),
        ("lila NOT (fleur parfum)", "parfum de lila", True),
        ("lila OR orange fibre", "lila", True),
        ("(lila OR orange) fibre", "lila", False),
        ("lila NEAR/3 panne", "lila est en panne", True),
        ("lila NEAR/2 panne", "lila est en panne", False),
        ("panne NEAR/3 lila", "lila est en panne", True),
        ("lila NEAR/1 lila", "lila", False),
        ("lila NEAR/1 lila", "lila lila", True),
        ('"chez lila" NEAR/2 (panne OR coupure)', "coupure chez lila", True),
        ("li* NEAR/5 lila", "lila", False),
        ("«Lila Énergie» OR “gaz”", "le gaz", True),
        ('"or"', "l'or", True),
        ("NEAR/2", "", None),
    ],
)
def test_a_query_finds_what_it_says(query: str, text: str, found: bool | None) -> None:
    if found is None:
        with pytest.raises(QueryError):
            parse(query)
    else:
        assert parse(query).matches(text) is found


@pytest.mark.parametrize(
    ("query", "position", "said"),
    [
        ("", 0, "empty"),
        ("lila AND", 8, "a word is missing"),
        ("AND lila", 0, "a word is missing"),
        ("lila OR OR gaz", 8, "a word is missing"),
        ("lila AND )", 9, "a word is missing"),
        ("(lila", 0, "not closed"),
        ("lila OR (gaz", 8, "not closed"),
        ("lila)", 4, "closes nothing"),
        ('lila "gaz', 5, "quote is not closed"),
        ("lila »", 5, "quote opens nothing"),
        ("NOT lila", 0, "only left out"),
        ("gaz OR NOT lila", 0, "only left out"),
        ("NOT NOT lila", 4, "twice"),
        ("-" * 5_000 + "lila", 1, "twice"),
        ("lila NEAR gaz", 5, "NEAR/5"),
        ("lila near/5 gaz", 5, "in capitals"),
        ("lila NEAR/0 gaz", 5, "from 1 to 100"),
        ("lila NEAR/999 gaz", 5, "from 1 to 100"),
        ("lila NEAR/3", 11, "missing after NEAR"),
        ("lila NEAR/3 (gaz AND eau)", 12, "NEAR stands between"),
        ("lila NEAR/2 gaz NEAR/2 eau", 16, "NEAR joins two"),
        ("lila and gaz", 5, "capitals"),
        ("lila Or gaz", 5, "capitals"),
        ("lang:fr lila", 0, "fields"),
        ("lila *", 5, "no letter"),
        ("*la", 0, "after 2 letters"),
        ("l*", 0, "after 2 letters"),
        ("li*l*", 0, "once in a word"),
        ("lila - gaz", 5, "no letter"),
        ("lila &&", 5, "no letter"),
        ('lila ""', 6, "no letter"),
    ],
)
def test_a_wrong_query_is_told_with_its_place(query: str, position: int, said: str) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        parse(query)
    assert caught.value.position == position
    assert f"at character {position + 1}" in str(caught.value)


@pytest.mark.parametrize(
    "query", ["(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1), "a " * 501, "a" * (LONGEST + 1), "(" * 5_000]
)
def test_a_query_has_bounds(query: str) -> None:
    with pytest.raises(QueryError):
        parse(query)


@given(st.text(alphabet='ab*-()"«»“” \tANDORNEAR/1:é', max_size=60))
def test_nothing_makes_the_parser_raise_anything_but_its_own_error(text: str) -> None:
    try:
        query = parse(text)
    except QueryError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert not query.matches("")


@given(queries())
def test_what_a_query_is_written_as_is_the_same_query(text: str) -> None:
    query = parse(text)
    assert parse(str(query)) == query


@given(queries(), texts)
def test_case_and_accents_make_no_difference(query: str, words: list[str]) -> None:
    text = " ".join(words)
    assert parse(query).matches(text) == parse(query.replace("É", "é")).matches(fold(text).upper())


@given(queries(), texts)
def test_what_matches_shows_the_author_s_own_words_as_the_reason(query: str, words: list[str]) -> None:
    text = " ".join(words)
    found = parse(query).evidence(text)
    assert bool(found) == parse(query).matches(text)
    assert all(passage in text for passage in found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ma facture LILA — Énergie", ["facture", "LILA — Énergie"]),
        ("ﬁn : straße FACTURE, lila", ["FACTURE", "lila"]),
        ("lila", []),
    ],
)
def test_the_reason_is_quoted_as_it_was_written(text: str, found: list[str]) -> None:
    assert parse('("lila énergie" OR lila) AND facture NOT fleur').evidence(text)[:2] == found[:2]


@pytest.mark.parametrize(
    ("names", "query"),
    [
        (["Lila Énergie", "Lila", "Lila"], '"Lila Énergie" OR Lila'),
        (["E*TRADE"], '"E TRADE"'),
        (["Or"], '"Or"'),
        (['Le "Bon"  Coin'], '"Le Bon Coin"'),
        (["-50 %"], '"-50 %"'),
        (["&", " "], "None"),
        ([], "None"),
    ],
)
def test_names_make_a_query(names: list[str], query: str) -> None:
    made = either(names)
    assert str(made) == query
    assert made is None or parse(str(made)) == made


def test_a_text_folded_once_serves_many_queries() -> None:
    text = Text("Lila Énergie")
    assert [parse(query).matches(text) for query in ("lila", "energie", "gaz")] == [True, True, False]


def test_a_hostile_text_is_read_in_bounded_work() -> None:
    text = "lila " * 20_000 + "a" * 100_000
    assert parse("lila NEAR/100 panne").matches(text) is False
    assert parse("aa*b NEAR/5 lila").matches(text) is False
