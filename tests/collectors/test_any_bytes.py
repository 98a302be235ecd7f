"""Whatever bytes come, a parser gives posts or raises ParseError, and what it gives can be stored."""

import gzip
import io
import json
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.post import Post
from collectors.source import Answer, ParseError, Source, find, kinds
from collectors.sources.app_store import AppStore
from collectors.sources.files import Files
from collectors.sources.hacker_news import HackerNews

SOURCES = [pytest.param(find(kind), id=kind) for kind in kinds()]
"""Every kind there is: one that comes tomorrow is tried here by itself."""
LENIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def posts_of(source: type[Source], body: bytes) -> list[Post]:
    try:
        return source.parse(Answer("", body)).posts
    except ParseError as error:
        assert str(error)
        return []


def storable(post: Post) -> None:
    author = post.author
    names = (post.external_id, post.parent_id, author.id, author.name, author.url, post.url, post.language)
    for text in (post.text, post.title or "", *(name or "" for name in names), *post.segments.values()):
        text.encode("utf-8")
        assert "\0" not in text
    if post.rating:
        assert 0 <= post.rating.normalised <= 1


def a_workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["Commentaire", "Note", "Date"])
    book.active.append(["Très bien", 4, "12/05/2026"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def a_parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["bien", "mal"], "stars": [5, 1]}), out)
    return out.getvalue()


@pytest.mark.parametrize("source", SOURCES)
@LENIENT
@given(body=st.binary(max_size=400))
def test_bytes_give_posts_or_a_parse_error(source: type[Source], body: bytes) -> None:
    for post in posts_of(source, body):
        storable(post)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "start",
    [
        b"PAR1",
        b"PK\x03\x04",
        b"\xd0\xcf\x11\xe0",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\x1f\x8b",
        b"{",
        b"[",
        b"<?xml",
        b"text\n",
    ],
)
@settings(max_examples=8, deadline=None)
@given(rest=st.binary(max_size=300))
def test_bytes_that_look_like_a_format_give_posts_or_a_parse_error(
    source: type[Source], start: bytes, rest: bytes
) -> None:
    for post in posts_of(source, start + rest):
        storable(post)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@LENIENT
@given(
    entries=st.lists(
        st.dictionaries(
            st.sampled_from(["id", "author", "title", "content", "im:rating", "updated", "link"]), JSON
        )
        | JSON,
        max_size=4,
    )
)
def test_an_app_store_feed_may_hold_anything_in_any_place(entries: list[object]) -> None:
    for post in posts_of(AppStore, json.dumps({"feed": {"entry": entries}}).encode()):
        storable(post)


@LENIENT
@given(
    hits=st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "objectID",
                    "id",
                    "created_at",
                    "created_at_i",
                    "author",
                    "comment_text",
                    "title",
                    "points",
                    "_tags",
                ]
            ),
            JSON,
        )
        | JSON,
        max_size=4,
    )
)
def test_a_search_answer_may_hold_anything_in_any_place(hits: list[object]) -> None:
    for post in posts_of(HackerNews, json.dumps({"hits": hits}).encode()):
        storable(post)


@LENIENT
@given(
    rows=st.lists(st.dictionaries(st.sampled_from(["text", "note", "date", "id", "langue"]), JSON), max_size=5)
)
def test_json_lines_may_hold_anything_in_any_place(rows: list[object]) -> None:
    body = "\n".join(json.dumps(row) for row in rows)
    for post in posts_of(Files, body.encode()):
        storable(post)


WHOLE = {"workbook": a_workbook(), "parquet": a_parquet()}


@pytest.mark.parametrize("name", WHOLE)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_file_gives_posts_or_a_parse_error(name: str, data: st.DataObject) -> None:
    body = bytearray(WHOLE[name])
    if data.draw(st.booleans()):
        del body[data.draw(st.integers(0, len(body) - 1)) :]
    for _ in range(data.draw(st.integers(0, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for post in posts_of(Files, bytes(body)):
        storable(post)


@pytest.mark.parametrize("source", SOURCES)
def test_json_nested_beyond_reason_is_a_parse_error(source: type[Source]) -> None:
    with pytest.raises(ParseError):
        source.parse(Answer("", b"[" * 200_000))


def test_a_gzipped_feed_is_unpacked() -> None:
    body = gzip.compress(gzip.compress(json.dumps({"feed": {"entry": {"id": {"label": "1"}}}}).encode()))
    assert [post.external_id for post in AppStore.parse(Answer("", body)).posts] == ["1"]


def test_an_archive_that_is_no_workbook_is_named() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(ParseError, match="ZIP archive"):
        Files.parse(Answer("", out.getvalue()))


def test_entities_of_xml_are_not_expanded() -> None:
    bomb = b"""<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa">
    <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
    <feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>&b;</title></entry></feed>"""
    for post in posts_of(AppStore, bomb):
        assert len(post.title or "") < 50
