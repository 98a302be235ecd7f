"""Unpacking and decoding what servers send."""

import contextlib
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.blockpages import blocked_by
from collectors.errors import TooLarge, Unavailable
from collectors.response import Response, decode, unpack

FRENCH = (
    "Très déçue : délai inacceptable, colis cassé à l'arrivée. Le dépanneur était désagréable, réponse tardive."
)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (FRENCH.encode(), "text/html; charset=utf-8"),
        (FRENCH.encode("latin-1"), "text/html; charset=ISO-8859-1"),
        (FRENCH.encode("latin-1"), 'text/html; charset="iso-8859-1"'),
        (FRENCH.encode(), "text/html; charset=ISO-8859-1"),
        (FRENCH.encode("cp1252"), "text/html; charset=utf-8"),
        (FRENCH.encode("utf-8-sig"), "text/html; charset=iso-8859-1"),
        (FRENCH.encode("utf-16"), "text/html; charset=utf-8"),
        (FRENCH.encode("utf-32"), ""),
        (FRENCH.encode(), "text/html; charset=no-such-thing"),
        (FRENCH.encode("cp1252"), ""),
        (FRENCH.encode(), ""),
        (FRENCH.encode(), "text/html; charset=base64"),
    ],
)
def test_text_is_read_whatever_the_server_claims(body, content_type):
    assert decode(body, content_type) == FRENCH


@pytest.mark.parametrize(
    "head", ['<?xml version="1.0" encoding="windows-1251"?>', '<html><meta charset="windows-1251">',
             '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">'],
)  # fmt: skip
def test_a_document_says_its_own_encoding(head):
    text = f"{head}<p>Отличный магазин</p>"
    assert decode(text.encode("windows-1251")) == text
    assert decode(text.encode("windows-1251"), "text/html") == text


@given(
    st.binary(max_size=300),
    st.sampled_from(["", "text/html; charset=utf-8", "x; charset=cp1252", "a;charset=utf-16"]),
)
def test_no_bytes_make_decoding_raise(body, content_type):
    assert isinstance(decode(body, content_type), str)


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "gzip, deflate", "br"]))
def test_no_bytes_make_unpacking_raise_anything_else(body, encodings):
    with contextlib.suppress(TooLarge, Unavailable):
        assert len(unpack(body, 10_000, encodings=encodings)) <= 10_000


@given(st.binary(max_size=300), st.integers(0, 3))
def test_every_packing_comes_undone(body, layers):
    packed = body if not body.startswith(b"\x1f\x8b\x08") else b"x"
    plain = packed
    for _ in range(layers):
        packed = gzip.compress(packed)
    assert unpack(packed, 10_000) == plain


def test_an_answer_keeps_only_the_headers_that_mean_something():
    response = Response(
        "http://x/", 200, {"content-type": "text/plain", "etag": '"1"', "set-cookie": "secret"}, b"body"
    )
    answer = response.answer()
    assert (answer.url, answer.body, answer.content_type) == ("http://x/", b"body", "text/plain")
    assert answer.headers == {"content-type": "text/plain", "etag": '"1"'}


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("blockpages/a2web-xcancel_antibot_interstitial.html", "an anti-robot check"),
        ("reddit/a2web-old_reddit_network_policy_block.html", "Reddit"),
        ("reddit/a2web-old_reddit_over18_interstitial.html", "an age gate"),
    ],
)
def test_real_block_pages_are_recognised(shared, name, who):
    assert blocked_by({}, (shared / "captures" / name).read_bytes()) == who


def test_no_page_with_real_content_is_taken_for_a_block_page(shared):
    files = [path for path in (shared / "captures").rglob("*.*") if path.is_file()]
    taken = {path.name for path in files if blocked_by({}, path.read_bytes())}
    assert len(files) > 100
    assert taken == {
        "a2web-xcancel_antibot_interstitial.html",
        "a2web-old_reddit_network_policy_block.html",
        "a2web-old_reddit_over18_interstitial.html",
    }


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"cf-mitigated": "challenge"}, b""),
        ({}, b"<html><head><title>Attention Required! | Cloudflare</title>"),
        ({}, b"<html><script src='https://ct.captcha-delivery.com/c.js'>"),
        (
            {},
            b"<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY>No. Reference&#32;&#35;18.2f",
        ),
        ({}, b"<html><title>Making sure you&#39;re not a bot!</title>"),
    ],
)
def test_common_walls_are_recognised(headers, body):
    assert blocked_by(headers, body)


@pytest.mark.parametrize(
    "body", [b"", b'{"title": "<title>Just a moment..."}', b"<?xml version='1.0'?><title>Just a moment",
             b"<html><title>How captchas work</title><p>Just a moment... said Cloudflare</p>"],
)  # fmt: skip
def test_talk_about_walls_is_no_wall(body):
    assert blocked_by({}, body) is None
