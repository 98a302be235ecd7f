"""Texts that say nothing get no opinion; what speaks without words is left to the model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.wordless import speaks


@pytest.mark.parametrize(
    "text", ["", " \n", "?", "....", "!!! ?!", "https://example.org/nul", "www.a.example",
             "@marie", "jean@example.org", "@a @b https://t.example/x !", "\x00\x00", "\ud800", "\u200b\u202e",
             "« »", "---"]
)  # fmt: skip
def test_punctuation_links_and_names_say_nothing(text: str) -> None:
    assert not speaks(text)


@pytest.mark.parametrize(
    "text", ["ok", "Nul", "👍", "❤️", "👎🏽", ":)", ":-(", "<3", "^^", "++", "10/10", "8", "#top",
             "最悪", "@sav nul", "https://a.example bien", "é", "½"]
)  # fmt: skip
def test_words_emoji_emoticons_and_numbers_speak(text: str) -> None:
    assert speaks(text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_word_speaks_whatever_stands_around_it(before: str, after: str) -> None:
    assert speaks(f"{before} nul {after}")
