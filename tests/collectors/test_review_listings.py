"""Listings of reviews over time: how far they are read, what is new, what vanished."""
# ruff: noqa: E501 - documents read better on one line

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from replay import Reply, Site, door
from test_review_pages import page, product, review

from collectors.errors import HttpError
from collectors.source import ParseError, find
from collectors.sources.review_pages import Options, ReviewPages


@pytest.fixture
def site():
    with Site() as site:
        yield site


class Shop:
    """A listing of reviews, newest first, so many a page, linked by rel=next."""

    def __init__(self, site, size=3):
        self.site, self.size, self.names = site, size, []
        site.route("/avis", self.play)

    def play(self, request):
        number = int(request.query.get("page", 1))
        here = self.names[(number - 1) * self.size : number * self.size]
        more = number * self.size < len(self.names)
        head = f'<link rel="next" href="/avis?page={number + 1}">' if more else ""
        return Reply(
            body=page(
                product(*[review(f"text {name}", **{"@id": f"#r{name}"}) for name in here]), head=head
            ).encode()
        )

    def source(self, **options):
        return ReviewPages(Options(url=self.site.url("/avis"), **options))


def run(source, http, cursor):
    got = list(source.pages(http, json.loads(json.dumps(cursor))))
    return (
        [post for part in got for post in part.posts],
        got[-1].cursor,
        [fault for part in got for fault in part.faults],
    )


def names(posts, *, deleted=False):
    return [post.external_id.rpartition("#r")[2] for post in posts if post.deleted is deleted]


def test_it_is_found_by_its_name_and_checks_its_options():
    assert find("review_pages") is ReviewPages
    with pytest.raises(ValidationError):
        Options(url="https://x.test", page_url="https://x.test/no-number")


def test_a_listing_is_read_to_its_end_and_then_only_as_far_as_is_new(site):
    shop = Shop(site)
    shop.names = list("gfedcba")
    source = shop.source()
    with door(site) as http:
        first, cursor, _ = run(source, http, {})
        shop.names = [*"ih", *shop.names]
        asked = len(site.asked("/avis"))
        again, cursor, _ = run(source, http, cursor)
    assert names(first) == list("gfedcba")
    assert names(again) == ["i", "h", "g", "f", "e", "d"]
    assert len(site.asked("/avis")) - asked == 2


def test_a_listing_that_is_killed_goes_on_where_it_was(site):
    shop = Shop(site)
    shop.names = list("gfedcba")
    with door(site) as http:
        pages = shop.source().pages(http, {})
        stored = next(pages)
        rest, cursor, _ = run(shop.source(), http, stored.cursor)
    assert names(stored.posts) + names(rest) == list("gfedcba")
    assert len(cursor["known"]) == 7
    assert "pending" not in cursor


def test_pages_by_pattern_end_where_they_repeat_themselves(site):
    site.route("/p", lambda request: Reply(body=page(product(*[
        review(str(n), **{"@id": f"#r{n}"}) for n in range(int(request.query["n"]) * 2, int(request.query["n"]) * 2 + 2)
    ])).encode()) if int(request.query["n"]) < 3 else Reply(body=page(product(review("4", **{"@id": "#r4"}))).encode()))  # fmt: skip
    source = ReviewPages(Options(url=site.url("/p?n=0"), page_url=site.url("/p?n={page}"), first_page=0))
    with door(site) as http:
        posts, _, _ = run(source, http, {})
    assert len({post.text for post in posts}) == 6
    assert len(site.asked("/p")) == 4


def test_the_number_of_pages_is_bounded(site):
    shop = Shop(site, size=1)
    shop.names = list("abcdefgh")
    with door(site) as http:
        posts, _, _ = run(shop.source(max_pages=3), http, {})
    assert names(posts) == list("abc")


def test_a_review_that_vanished_is_not_taken_for_deleted_by_itself(site):
    shop = Shop(site)
    shop.names = list("edcba")
    with door(site) as http:
        _, cursor, _ = run(shop.source(), http, {})
        shop.names.remove("d")
        posts, _, _ = run(shop.source(), http, cursor)
    assert names(posts, deleted=True) == []


def test_with_a_complete_listing_what_vanished_is_deleted_once(site):
    shop = Shop(site)
    shop.names = list("gfedcba")
    source = shop.source(complete_listing=True)
    with door(site) as http:
        _, cursor, _ = run(source, http, {})
        shop.names.remove("b")
        posts, cursor, _ = run(source, http, cursor)
        again, cursor, _ = run(source, http, cursor)
        shop.names.append("b")
        back, _, _ = run(source, http, cursor)
    assert (names(posts), names(posts, deleted=True)) == (list("gfedca"), ["b"])
    assert names(again, deleted=True) == []
    assert "b" in names(back)


def test_a_listing_that_loses_most_of_itself_is_a_fault_not_a_wave_of_deletions(site):
    shop = Shop(site)
    shop.names = list("gfedcba")
    source = shop.source(complete_listing=True)
    with door(site) as http:
        _, cursor, _ = run(source, http, {})
        shop.names = ["g"]
        posts, cursor, faults = run(source, http, cursor)
        shop.names = list("gfedcba")
        whole, _, calm = run(source, http, cursor)
    assert names(posts, deleted=True) == []
    assert "6 of 7" in faults[0].problem
    assert (names(whole, deleted=True), calm) == ([], [])


def test_a_listing_that_was_cut_short_deletes_nothing(site):
    shop = Shop(site)
    shop.names = list("gfedcba")
    with door(site) as http:
        _, cursor, _ = run(shop.source(complete_listing=True), http, {})
        bounded, _, _ = run(shop.source(complete_listing=True, max_pages=2), http, cursor)
        pages = shop.source(complete_listing=True).pages(http, cursor)
        killed = next(pages)
        resumed, _, _ = run(shop.source(complete_listing=True), http, killed.cursor)
    assert names(bounded, deleted=True) == names(resumed, deleted=True) == []


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(body=b"%PDF"),
        Reply(status=404),
        Reply(reset=True),
        Reply(body=b"<title>Just a moment...</title>"),
    ],
)
def test_a_page_that_fails_is_an_error_of_the_source(site, reply):
    site.once("/avis", reply)
    with door(site, retries=0) as http, pytest.raises((HttpError, ParseError)):
        list(ReviewPages(Options(url=site.url("/avis"))).pages(http, {}))


def test_the_next_page_is_never_on_another_host(site):
    site.put("/avis", page(product(review()), head='<link rel="next" href="https://elsewhere.test/avis?page=2">'))
    with door(site) as http:
        posts, _, _ = run(ReviewPages(Options(url=site.url("/avis"))), http, {})
    assert len(posts) == 1


def test_old_pages_are_not_read_where_a_beginning_is_given(site):
    for number in range(1, 5):
        head = f'<link rel="next" href="/p{number + 1}">'
        site.put(
            f"/p{number}", page(product(review(str(number), datePublished=f"2026-03-0{6 - number}")), head=head)
        )
    source = ReviewPages(Options(url=site.url("/p1")))
    with door(site) as http:
        got = list(source.pages(http, {}, since=datetime(2026, 3, 4, tzinfo=UTC)))
    assert [post.text for part in got for post in part.posts] == ["1", "2", "3"]


# --- listings of more pages than one run reads


def long_listing(site, count=20, **options):
    """Reviews r1 (the newest) to rN, one a page, and a source that reads five pages a run."""
    shop = Shop(site, size=1)
    shop.names = [f"r{number}" for number in range(1, count + 1)]
    return shop, shop.source(**{"max_pages": 5, **options})


def runs(source, http, cursor, most=20):
    """Run until nothing is left over: the names found, what was said, and the cursor."""
    found, said, taken = [], [], 0
    while taken == 0 or ("rest" in cursor and taken < most):
        posts, cursor, faults = run(source, http, cursor)
        found += names(posts)
        said += [fault.problem for fault in faults]
        taken += 1
    return found, said, cursor, taken


def test_what_a_limit_leaves_over_is_said_and_read_by_the_next_runs(site):
    shop, source = long_listing(site)
    with door(site) as http:
        first, cursor, faults = run(source, http, {})
        found, said, cursor, _ = runs(source, http, cursor)
        asked = len(site.asked("/avis"))
        run(source, http, cursor)
    assert names(first) == ["r1", "r2", "r3", "r4", "r5"]
    assert "max_pages = 5" in faults[0].problem and "/avis?page=6" in faults[0].problem
    assert {*names(first), *found} == set(shop.names)
    assert len(site.asked("/avis")) - asked == 1
    assert len(said) == 3


def test_a_limit_that_is_just_enough_is_not_spoken_of(site):
    _, source = long_listing(site, count=5)
    with door(site) as http:
        _, cursor, faults = run(source, http, {})
    assert (faults, "rest" in cursor) == ([], False)


@pytest.mark.parametrize("new_each_time", [1, 3, 7])
def test_reviews_that_come_meanwhile_are_read_first_and_none_is_missed(site, new_each_time):
    shop, source = long_listing(site, count=30)
    cursor, seen, fresh = {}, set(), 0
    with door(site) as http:
        for _ in range(12):
            posts, cursor, _ = run(source, http, cursor)
            seen |= set(names(posts))
            if fresh < 3 * new_each_time:
                shop.names[:0] = [f"n{fresh + number}" for number in range(new_each_time, 0, -1)]
                fresh += new_each_time
        seen |= set(runs(source, http, cursor)[0])
    assert seen == set(shop.names)


def test_many_new_reviews_are_caught_up_with_and_no_further(site):
    shop, source = long_listing(site, count=30)
    with door(site) as http:
        _, _, cursor, _ = runs(source, http, {})
        shop.names[:0] = [f"n{number}" for number in range(12, 0, -1)]
        asked = len(site.asked("/avis"))
        found, _, _, taken = runs(source, http, cursor)
    assert {f"n{number}" for number in range(1, 13)} <= set(found)
    assert taken <= 4
    assert len(site.asked("/avis")) - asked <= 18


def test_a_run_killed_in_what_was_left_over_goes_on_there(site):
    _, source = long_listing(site)
    with door(site) as http:
        _, cursor, _ = run(source, http, {})
        pages = source.pages(http, cursor)
        stored = [next(pages), next(pages), next(pages)]
        rest, cursor, _ = run(source, http, json.loads(json.dumps(stored[-1].cursor)))
    assert [name for part in stored for name in names(part.posts)] == ["r1", "r6", "r7"]
    assert names(rest) == ["r8", "r9", "r10", "r11", "r12"]


@pytest.mark.parametrize("max_pages", [1, 2])
def test_even_the_smallest_limit_comes_to_an_end(site, max_pages):
    shop, source = long_listing(site, count=8, max_pages=max_pages)
    with door(site) as http:
        found, _, _, taken = runs(source, http, {})
    assert set(found) == set(shop.names)
    assert taken < 10


def test_a_listing_that_repeats_its_last_page_for_ever_comes_to_an_end(site):
    def play(request):
        number = min(int(request.query["n"]), 4)
        return Reply(body=page(product(review(str(number), **{"@id": f"#r{number}"}))).encode())

    site.route("/p", play)
    source = ReviewPages(Options(url=site.url("/p?n=1"), page_url=site.url("/p?n={page}"), max_pages=2))
    with door(site) as http:
        found, _, _, taken = runs(source, http, {})
    assert set(found) == {"1", "2", "3", "4"}
    assert taken < 6


def test_a_run_for_recent_reviews_only_leaves_the_rest_for_later(site):
    for number in range(1, 9):
        more = f'<link rel="next" href="/p{number + 1}">' if number < 8 else ""
        site.put(
            f"/p{number}", page(product(review(str(number), datePublished=f"2026-03-{20 - number}")), head=more)
        )
    source = ReviewPages(Options(url=site.url("/p1"), max_pages=3))
    with door(site) as http:
        _, cursor, _ = run(source, http, {})
        recent = list(source.pages(http, cursor, since=datetime(2026, 3, 18, tzinfo=UTC)))
        found, cursor = set(), recent[-1].cursor
        for _ in range(4):
            posts, cursor, _ = run(source, http, cursor)
            found |= {post.text for post in posts}
    assert {"4", "5", "6", "7", "8"} <= found


def test_a_listing_that_shrank_meanwhile_is_at_its_end(site):
    _, source = long_listing(site)
    with door(site) as http:
        _, cursor, _ = run(source, http, {})
        left = Reply(body=page(product(review("text r1", **{"@id": "#r1"}))).encode())
        site.route("/avis", lambda request: Reply(status=404) if "page" in request.query else left)
        _, cursor, faults = run(source, http, cursor)
    assert (faults, "rest" in cursor, "pending" in cursor) == ([], False, False)


def test_pages_by_pattern_end_where_there_is_none(site):
    site.put("/p1", page(product(review("1"))))
    site.put("/p2", page(product(review("2"))))
    source = ReviewPages(Options(url=site.url("/p1"), page_url=site.url("/p{page}")))
    with door(site) as http:
        posts, cursor, faults = run(source, http, {})
    assert ([post.text for post in posts], faults) == (["1", "2"], [])
    assert "pending" not in cursor


def test_a_complete_listing_is_read_whole_over_several_runs_and_tells_that_it_sees_no_deletions(site):
    shop, source = long_listing(site, count=12, complete_listing=True)
    with door(site) as http:
        found, said, cursor, _ = runs(source, http, {})
        shop.names.remove("r3")
        again, _, _, _ = runs(source, http, cursor)
        posts, _, _ = run(source, http, {"known": cursor["known"]})
    assert set(found) == set(shop.names) | {"r3"}
    assert set(again) == set(shop.names)
    assert "nothing is taken for deleted" in said[0]
    assert names(posts, deleted=True) == []
