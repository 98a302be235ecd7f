"""Answers of services with anything in any place: posts, faults or a ParseError, and never another exception."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.source import Answer, Page, ParseError, find

ACCOUNT = {
    "acct": "zoe",
    "url": "https://a.example/@zoe",
    "display_name": "Zoé",
    "followers_count": 3,
    "noindex": False,
}
STATUS = {
    "id": "7",
    "uri": "https://a.example/7",
    "created_at": "2026-11-21T10:00:00Z",
    "edited_at": None,
    "content": "<p>x</p>",
    "account": ACCOUNT,
    "in_reply_to_id": "6",
    "language": "fr",
    "visibility": "public",
    "reblog": None,
    "spoiler_text": "",
    "favourites_count": 1,
}
DISCOURSE = {
    "id": 1,
    "username": "zoe",
    "created_at": "2026-11-21T10:00:00Z",
    "cooked": "<p>x</p>",
    "post_number": 2,
    "reply_to_post_number": 1,
    "topic_id": 7,
    "topic_slug": "s",
    "post_type": 1,
    "actions_summary": [{"id": 2, "count": 3}],
    "reads": 4,
}
TOPIC = {"id": 7, "title": "T", "slug": "t", "posters": [{"user_id": 1}], "views": 2, "posts_count": 3}
LEMMY = {
    "post": {"id": 1, "name": "T", "ap_id": "https://a.example/p/1", "published": "2026-11-21T10:00:00"},
    "creator": {"name": "zoe", "actor_id": "https://a.example/u/zoe"},
    "community": {"name": "c"},
    "counts": {"score": 1, "comments": 2},
}
NOTE = {
    "type": "Note",
    "id": "https://a.example/n/1",
    "content": "x",
    "to": ["as:Public"],
    "published": "2026-11-21",
    "attributedTo": "https://a.example/u/zoe",
    "url": [{"href": "https://a.example/1"}],
    "inReplyTo": None,
    "language": {"identifier": "fr"},
    "audience": "https://a.example/c/x",
    "contentMap": {"fr": "x"},
}
QUESTION = {
    "question_id": 1,
    "title": "T",
    "body": "x",
    "link": "https://s.example/q/1",
    "creation_date": 1_700_000_000,
    "owner": {"user_id": 2, "display_name": "Zoé"},
    "score": 1,
    "last_edit_date": 1_700_000_100,
}
ARTICLE = {
    "url": "https://a.example/1",
    "title": "T , t",
    "seendate": "20261121T101500Z",
    "language": "French",
    "domain": "a.example",
    "sourcecountry": "France",
}
COMMENT = {
    "id": 1,
    "parent": None,
    "created": 1_700_000_000.5,
    "modified": None,
    "mode": 1,
    "text": "<p>x</p>",
    "author": "Zoé",
    "hash": "ab",
    "likes": 1,
    "replies": [{"id": 2, "text": "y", "mode": 1}],
}
REVIEW = {
    "id": 1,
    "date_created_gmt": "2026-11-21T10:00:00",
    "product_id": 2,
    "product_name": "P",
    "rating": 5,
    "product_permalink": "https://a.example/p",
    "reviewer": "Zoé",
    "review": "x",
    "verified": True,
}

ANSWERS: list[tuple[str, Any]] = [
    ("mastodon", [STATUS, {**STATUS, "id": "8", "reblog": STATUS}]),
    ("mastodon", {"accounts": [], "statuses": [STATUS], "hashtags": []}),
    ("mastodon", {"ancestors": [STATUS], "descendants": [STATUS]}),
    ("discourse", {"latest_posts": [DISCOURSE]}),
    ("discourse", {"post_stream": {"posts": [DISCOURSE]}, "id": 7, "title": "T", "slug": "t"}),
    ("discourse", {"posts": [DISCOURSE], "topics": [TOPIC], "grouped_search_result": {"error": None}}),
    ("discourse", {"topic_list": {"topics": [TOPIC]}, "users": [{"id": 1, "username": "zoe"}]}),
    ("discourse", [{"type": "topic", "results": [{"id": 1, "title": "T", "url": "/t/t/1"}]}]),
    ("discourse", {"user_actions": [{**DISCOURSE, "post_id": 3, "excerpt": "x"}]}),
    ("lemmy", {"posts": [LEMMY], "comments": [{**LEMMY, "comment": {"id": 3, "content": "x", "path": "0.2.3"}}]}),
    ("lemmy", {"type": "Create", "object": NOTE}),
    ("lemmy", {"type": "OrderedCollection", "orderedItems": [NOTE, {"type": "Delete", "object": {"id": "x"}}]}),
    ("stack_exchange", {"items": [QUESTION, {"comment_id": 1, "post_id": 2}], "quota_remaining": 3}),
    ("gdelt", {"articles": [ARTICLE]}),
    ("isso", {"id": None, "replies": [COMMENT], "total_replies": 2}),
    ("isso", [COMMENT]),
    ("wordpress", [REVIEW]),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.floats() | st.text(max_size=12)
    | st.sampled_from([10**400, "\ud800\0", "javascript:x", "http://[", "9999-99-99", -1, 0, "0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a document, the whole included."""
    inner = (
        content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    )
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


def put(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.copy(content)
    changed[path[0]] = put(content[path[0]], path[1:], value)
    return changed


def parse(kind: str, content: Any) -> Page:
    return find(kind).parse(Answer("https://a.example/api/v1/timelines/public", json.dumps(content).encode()))


@pytest.mark.parametrize(("kind", "content"), ANSWERS, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(ANSWERS)])
def test_the_sample_itself_gives_posts_without_faults(kind: str, content: Any) -> None:
    page = parse(kind, content)
    assert page.posts and not page.faults


@pytest.mark.parametrize(("kind", "content"), ANSWERS, ids=[f"{n}-{kind}" for n, (kind, _) in enumerate(ANSWERS)])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_anything_in_any_place_gives_posts_faults_or_a_parse_error(
    kind: str, content: Any, data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        content = put(content, data.draw(st.sampled_from(places(content))), data.draw(VALUES))
    try:
        page = parse(kind, content)
    except ParseError as error:
        assert str(error)
        return
    for post in page.posts:
        for text in (
            post.external_id,
            post.text,
            post.title or "",
            post.author.name or "",
            *post.segments.values(),
        ):
            text.encode("utf-8")
            assert "\0" not in text
