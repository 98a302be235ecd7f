"""Walking back through a listing: what is read, what is remembered, and where it ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.errors import HttpError
from collectors.post import Post, PostKind
from collectors.response import Response
from collectors.source import Cursor, Page, SourceError
from collectors.walks import Ask, Bounds, Token, changed, in_turn, walk_all, walk_back

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def post(hours_ago: float, name: str = "") -> Post:
    moment = NOW - timedelta(hours=hours_ago)
    return Post(PostKind.POST, name or f"{hours_ago:g}", "x", published_at=moment)


class Listing:
    """A service that lists posts, the newest first, `size` on a page; tokens count how many were shown."""

    def __init__(self, ages: list[float], size: int = 2) -> None:
        self.ages, self.size, self.asked = sorted(ages), size, list[Token | None]()

    def ask(self, token: Token | None) -> tuple[Page, Token | None]:
        self.asked.append(token)
        start = int(token or 0)
        end = start + self.size
        return Page([post(age) for age in self.ages[start:end]], {}), end if end < len(self.ages) else None


def ages(pages: list[Page]) -> list[float]:
    return [float(one.external_id) for page in pages for one in page.posts]


def walk(listing: Listing, cursor: Cursor | None = None, **bounds: object) -> list[Page]:
    return list(walk_back(cursor or {}, listing.ask, Bounds(NOW, **bounds)))  # type: ignore[arg-type]


def test_the_first_walk_reads_everything_and_remembers_the_newest() -> None:
    pages = walk(Listing([1, 2, 3, 4, 5]))
    assert ages(pages) == [1, 2, 3, 4, 5]
    assert pages[-1].cursor == {"newest": "2026-11-21T11:00:00+00:00"}


def test_a_first_walk_may_be_told_how_far_back_to_go() -> None:
    assert ages(walk(Listing([1, 2, 30, 31, 60, 61]), first=timedelta(days=1))) == [1, 2, 30, 31]


def test_the_next_walk_ends_with_a_page_that_is_known() -> None:
    listing = Listing([1, 2, 20, 21, 40, 41, 60, 61])
    pages = walk(listing, {"newest": (NOW - timedelta(hours=10)).isoformat()}, overlap=timedelta(hours=12))
    assert ages(pages) == [1, 2, 20, 21, 40, 41]  # 40 and 41 are older than 22 hours ago: nothing beyond is new


def test_one_old_item_among_new_ones_does_not_end_the_walk() -> None:
    listing = Listing([1, 2, 3, 4])
    listing.ages = [1, 900, 2, 3]
    known = {"newest": (NOW - timedelta(hours=8)).isoformat()}
    assert set(ages(walk(listing, known, overlap=timedelta()))) == {1, 900, 2, 3}


def test_nothing_before_since_is_walked_to() -> None:
    listing = Listing([1, 2, 30, 31, 60, 61])
    assert ages(walk(listing, since=NOW - timedelta(hours=24))) == [1, 2, 30, 31]


@pytest.mark.parametrize("stopped_after", [1, 2, 4])
def test_a_walk_cut_off_goes_on_where_it_was(stopped_after: int) -> None:
    listing = Listing([float(age) for age in range(1, 12)])
    before = walk(listing)[:stopped_after]
    rest = walk(listing, before[-1].cursor)
    assert ages([*before, *rest]) == [float(age) for age in range(1, 12)]
    assert rest[-1].cursor == {"newest": "2026-11-21T11:00:00+00:00"}


def test_a_run_makes_no_more_requests_than_it_may() -> None:
    listing = Listing([float(age) for age in range(1, 12)])
    first = walk(listing, most=2)
    assert len(listing.asked) == 2
    assert ages([*first, *walk(listing, first[-1].cursor)]) == [float(age) for age in range(1, 12)]


def test_what_is_dated_in_the_future_is_read_and_moves_no_mark() -> None:
    pages = walk(Listing([-500, 1, 2]))
    assert ages(pages) == [-500, 1, 2]
    assert pages[-1].cursor == {"newest": "2026-11-21T11:00:00+00:00"}


def test_an_empty_listing_keeps_what_is_known() -> None:
    assert walk(Listing([]), {"newest": "2026-11-20T11:00:00+00:00"})[-1].cursor == {
        "newest": "2026-11-20T11:00:00+00:00"
    }


def test_a_token_that_comes_again_ends_the_walk_and_says_so() -> None:
    asked = []

    def ask(token: Token | None) -> tuple[Page, Token | None]:
        asked.append(token)
        return Page([post(len(asked))], {}), "again"

    pages = list(walk_back({}, ask, Bounds(NOW)))
    assert asked == [None, "again"]
    assert [fault.problem for fault in pages[-1].faults] == ["its pages lead in circles"]
    assert "newest" in pages[-1].cursor


def test_a_page_shown_again_under_new_names_ends_the_walk() -> None:
    asked = []

    def ask(token: Token | None) -> tuple[Page, Token | None]:
        asked.append(token)
        return Page([post(1), post(2)], {}), len(asked)

    assert len(list(walk_back({}, ask, Bounds(NOW)))) == 2


@given(
    found=st.lists(st.integers(0, 300), max_size=30, unique=True),
    size=st.integers(1, 7),
    most=st.integers(1, 4),
)
def test_runs_of_any_length_read_everything_there_is(found: list[int], size: int, most: int) -> None:
    listing, cursor, seen = Listing([float(age) for age in found], size), dict[str, object](), set[float]()
    for _ in range(40):
        pages = walk(listing, cursor, most=most)
        cursor = pages[-1].cursor
        seen |= set(ages(pages))
        if "at" not in cursor:
            break
    assert seen == set(found)


def test_listings_remember_each_their_own_and_one_that_fails_stops_no_other() -> None:
    def fails(token: Token | None) -> tuple[Page, Token | None]:
        raise SourceError("out of order")

    given, pages = {"listings": {"gone": {"newest": "2026-01-01"}}}, []
    with pytest.raises(SourceError, match="out of order"):
        for page in walk_all(given, {"a": fails, "b": Listing([1]).ask, "c": Listing([3]).ask}, Bounds(NOW)):
            pages.append(page)
    assert pages[-1].cursor["listings"] == {
        "gone": {"newest": "2026-01-01"},
        "b": {"newest": "2026-11-21T11:00:00+00:00"},
        "c": {"newest": "2026-11-21T09:00:00+00:00"},
    }


def refusing(listing: Listing, status: int) -> tuple[list[Token | None], Ask]:
    """The listing, asked through a service that no longer knows the tokens of earlier runs."""
    asked: list[Token | None] = []

    def ask(token: Token | None) -> tuple[Page, Token | None]:
        asked.append(token)
        if token == "old":
            raise HttpError("no such token", response=Response("", status))
        return listing.ask(token)

    return asked, ask


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_place_that_is_no_longer_known_makes_the_walk_begin_anew(status: int) -> None:
    asked, ask = refusing(Listing([1, 2, 3, 4]), status)
    cursor = {"newest": (NOW - timedelta(days=9)).isoformat(), "low": (NOW - timedelta(days=10)).isoformat()}
    pages = list(walk_back({**cursor, "at": "old"}, ask, Bounds(NOW)))
    assert ages(pages) == [1, 2, 3, 4]
    assert asked == ["old", None, 2]
    assert pages[-1].cursor == {"newest": (NOW - timedelta(hours=1)).isoformat()}


def test_a_walk_of_one_request_a_run_gets_on_even_then() -> None:
    _, ask = refusing(Listing([1, 2, 3, 4]), 400)
    (page,) = walk_back({"at": "old"}, ask, Bounds(NOW, most=1))
    assert (ages([page]), page.cursor["at"]) == ([1, 2], 2)


def test_a_service_in_trouble_keeps_the_place() -> None:
    asked, ask = refusing(Listing([1, 2]), 503)
    with pytest.raises(HttpError):
        list(walk_back({"at": "old"}, ask, Bounds(NOW)))
    assert asked == ["old"]


def test_a_listing_sorted_by_change_ends_with_what_changed_before() -> None:
    edited = replace(post(900), updated_at=NOW - timedelta(hours=1))
    listing = {None: ([edited], 1), 1: ([post(2)], 2), 2: ([post(60)], 3), 3: ([post(61)], None)}

    def ask(token: Token | None) -> tuple[Page, Token | None]:
        posts, following = listing[token]  # type: ignore[index]
        return Page(posts, {}), following

    cursor = {"newest": (NOW - timedelta(hours=20)).isoformat()}
    assert ages(list(walk_back(cursor, ask, Bounds(NOW, when=changed)))) == [900, 2, 60]
    assert ages(list(walk_back(cursor, ask, Bounds(NOW)))) == [900]


def test_what_stops_one_listing_stops_no_other_and_the_first_of_them_is_told_in_the_end() -> None:
    def listing(name: str) -> Iterator[Page]:
        yield Page([post(1, name)], {})
        if name != "b":
            raise SourceError(name)

    pages = in_turn(map(listing, "abc"))
    assert [next(pages).posts[0].external_id for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(SourceError, match="a"):
        next(pages)


def test_pages_without_end_that_hold_nothing_do_not_keep_later_posts_from_being_read() -> None:
    asked = iter(range(1_000))

    def ask(_: Token | None) -> tuple[Page, Token | None]:
        return Page([], {}), f"t{next(asked)}"

    cursor: Cursor = {}
    runs = 0
    while not runs or "at" in cursor:
        *_, page = walk_back(cursor, ask, Bounds(NOW, most=30))
        cursor, runs = page.cursor, runs + 1
    assert runs == 7
    assert "200 pages in a row" in page.faults[0].problem
    assert next(walk_back(cursor, Listing([1]).ask, Bounds(NOW))).posts


def test_a_post_after_empty_pages_begins_their_count_anew() -> None:
    listing = {None: ([], 1), 1: ([], 2), 2: ([post(1)], 3), 3: ([], 4), 4: ([], None)}

    def ask(token: Token | None) -> tuple[Page, Token | None]:
        posts, following = listing[token]  # type: ignore[index]
        return Page(posts, {}), following

    pages = list(walk_back({}, ask, Bounds(NOW)))
    assert [page.cursor.get("empty") for page in pages] == [1, 2, None, 1, None]
