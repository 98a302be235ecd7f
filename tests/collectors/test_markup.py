"""HTML to plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.markup import MAX_TEXT, to_text, unescape_twice


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("line<br>next<br/>last", "line\nnext\nlast"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("caf&eacute; &amp; th&#233;&nbsp;!", "café & thé !"),
        ("<b>bo</b>ld", "bold"),
        ("wrapped\nby <i>the</i>\neditor", "wrapped by the editor"),
        ("seen<script>if (a<b) hidden()</script><style>p{}</style><!-- note --> too", "seen too"),
        ("<td>a</td><td>b</td>", "a b"),
        ("", ""),
        ("😡", "😡"),
        ("<p></p>", ""),
    ],
)
def test_it_keeps_what_a_reader_sees(markup, text):
    assert to_text(markup) == text


def test_plain_text_keeps_its_lines_and_its_signs():
    assert to_text("3 < 4 & 5 > 2\nI <3 it") == "3 < 4 & 5 > 2\nI <3 it"


def test_nul_bytes_and_control_characters_go():
    assert to_text("a\x00b\x07c") == "abc"


def test_a_depth_of_100_000_elements_is_no_trouble():
    assert to_text("<div>" * 100_000 + "deep") == "deep"


def test_the_text_is_bounded():
    assert len(to_text("x" * (MAX_TEXT + 5000))) == MAX_TEXT
    assert len(to_text("<p>" + "y" * 10_000, limit=100)) == 100


def test_html_escaped_once_too_often_is_recognised_and_nothing_else_is_touched():
    assert to_text(unescape_twice("&lt;p&gt;Bien &amp;amp; bon&lt;/p&gt;")) == "Bien & bon"
    assert unescape_twice("use &lt;T&gt; here") == "use &lt;T&gt; here"
    assert unescape_twice("<p>write &lt;br&gt;</p>") == "<p>write &lt;br&gt;</p>"


@given(st.text(alphabet=st.sampled_from("<>/&;ab p!-\"'=\x00é"), max_size=200))
def test_no_markup_makes_it_raise(markup):
    assert isinstance(to_text(unescape_twice(markup)), str)


@given(st.text(alphabet=st.characters(whitelist_categories=("L", "N")), max_size=100))
def test_words_pass_unharmed(text):
    assert to_text(f"<div><p>{text}</p></div>") == text.strip()


def test_a_smiley_that_is_a_picture_is_kept_as_its_sign_and_other_pictures_are_not_text():
    assert (
        to_text('<p>Bravo <img class="emoji only" alt=":tada:"> <img alt="logo" src="x.png"></p>')
        == "Bravo :tada:"
    )
    assert to_text('Merci <img src="s.gif" class="smilies" alt=":-)">') == "Merci :-)"
