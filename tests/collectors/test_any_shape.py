"""Whatever stands in any place of an answer, its parser gives posts or raises ParseError."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_any_bytes import JSON, posts_of, storable
from test_google_business import review as of_google_business
from test_google_places import legacy_place, legacy_review, new_place, new_review
from test_google_play import review as of_google_play
from test_skeepers import review as of_skeepers
from test_skeepers import said
from test_trusted_shops import review as of_trusted_shops
from test_trustpilot import marked_up, shown
from test_trustpilot import review as of_trustpilot

from collectors.source import find

REPLIED = {"comment": "Merci", "text": "Merci", "message": "Merci", "createdAt": "2026-01-02T00:00:00Z"}
ANSWERS: dict[str, tuple[str, Any]] = {
    "google_business": ("google_business", {"reviews": [of_google_business(reviewReply=REPLIED)]}),
    "google_places, new": ("google_places", new_place(new_review())),
    "google_places, legacy": ("google_places", legacy_place(legacy_review())),
    "google_play": ("google_play", [[of_google_play(reply=["Lila", "Merci", [1_780_000_000, 0]])], [None, "t"]]),
    "trustpilot": ("trustpilot", {"reviews": [of_trustpilot(companyReply=REPLIED)]}),
    "trustpilot, a page's data": ("trustpilot", {"props": {"pageProps": {"reviews": [shown(reply=REPLIED)]}}}),
    "trustpilot, markup": ("trustpilot", {"@graph": [marked_up()]}),
    "trusted_shops": ("trusted_shops", {"items": [of_trusted_shops(reply=REPLIED)]}),
    "skeepers": ("skeepers", [of_skeepers(moderation=[said("2", "Merci")])]),
}
"""A whole answer of each kind, and of each of its shapes."""
ODD = JSON | st.sampled_from(
    ["", "\0", "\ud800", "9" * 400, 10**400, -1, "http://[", [[]], {"": {}}, "2026-13-45"]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every value within."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def replaced(answer: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value in that place."""
    if not path:
        return value
    changed = copy.deepcopy(answer)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def written(kind: str, answer: Any) -> bytes:
    body = json.dumps(answer)
    return (
        b")]}'\n\n" + json.dumps([["wrb.fr", "UsvDTd", body]]).encode()
        if kind == "google_play"
        else body.encode()
    )


@pytest.mark.parametrize("name", ANSWERS)
def test_the_whole_answer_gives_a_post(name: str) -> None:
    kind, answer = ANSWERS[name]
    assert len(posts_of(find(kind), written(kind, answer))) == 1


@pytest.mark.parametrize("name", ANSWERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_anything_in_any_place_gives_posts_or_a_parse_error(name: str, data: st.DataObject) -> None:
    kind, answer = ANSWERS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        answer = replaced(answer, data.draw(st.sampled_from(list(places(answer)))), data.draw(ODD))
    for post in posts_of(find(kind), written(kind, answer)):
        storable(post)
