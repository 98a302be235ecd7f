"""One page, one name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.links import canonical


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("https://x.test/a?utm_source=rss&utm_medium=feed", "https://x.test/a"),
        ("https://x.test/a?id=3&fbclid=abc#comment-5", "https://x.test/a?id=3#comment-5"),
        ("https://x.test/a?xtor=RSS-1&b=2&a=1", "https://x.test/a?a=1&b=2"),
        ("https://x.test/a?UTM_Source=Rss&gclid=", "https://x.test/a"),
        ("HTTPS://X.test", "https://x.test/"),
        ("https://x.test/été?q=%c3%a9", "https://x.test/%C3%A9t%C3%A9?q=%C3%A9"),
        ("https://x.test/a?tag=1&tag=2", "https://x.test/a?tag=1&tag=2"),
        ("https://x.test/a?id=", "https://x.test/a?id="),
        ("https://x.test/a?utmost=1", "https://x.test/a?utmost=1"),
        ("https://x.test/#!/a", "https://x.test/#!/a"),
        ("http://[", "http://["),
    ],
)
def test_what_only_tracks_visitors_makes_no_other_address(written: str, name: str) -> None:
    assert canonical(written) == name


@given(st.text(max_size=60) | st.text("abc/?&=#%:[]@é", max_size=60).map("https://x.test/".__add__))
def test_no_text_makes_it_raise_and_a_name_is_its_own_name(text: str) -> None:
    name = canonical(text)
    assert canonical(name) == name
