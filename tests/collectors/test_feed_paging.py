"""Feeds over time: how far back they are read, and by what name their items stay known."""

import json
from datetime import UTC, datetime

import pytest
from replay import Reply, Site, door
from test_feeds import atom, feed, ids, rss


@pytest.fixture
def site():
    with Site() as site:
        yield site


def paged(site, *, pages=4):
    for number in range(1, pages + 1):
        head = f'<link rel="next" href="/feed{number + 1}"/>' if number < pages else ""
        site.put(
            f"/feed{number}",
            atom(f"<id>i{number}</id><updated>2026-03-0{5 - number}T00:00:00Z</updated>", head=head),
        )


def test_a_feed_in_pages_is_read_to_its_end_and_then_only_as_far_as_is_new(site):
    paged(site)
    source = feed(site, "/feed1")
    with door(site) as http:
        first = list(source.pages(http, {}))
        again = list(source.pages(http, first[-1].cursor))
    assert ids(first) == ["i1", "i2", "i3", "i4"]
    assert ids(again) == ["i1"]


def test_pages_are_bounded_by_number_and_by_date(site):
    paged(site)
    with door(site) as http:
        assert ids(cut := list(feed(site, "/feed1", max_pages=2).pages(http, {}))) == ["i1", "i2"]
        assert [fault.problem for page in cut for fault in page.faults] == [
            "not read beyond max_pages = 2: there are more"
        ]
        assert not any(page.faults for page in feed(site, "/feed1", max_pages=4).pages(http, {}))
        since = datetime(2026, 3, 3, tzinfo=UTC)
        assert ids(feed(site, "/feed1").pages(http, {}, since=since)) == ["i1", "i2", "i3"]


def test_a_run_that_was_killed_goes_on_where_it_was(site):
    paged(site)
    source = feed(site, "/feed1")
    with door(site) as http:
        pages = source.pages(http, {})
        stored = [next(pages), next(pages)]
        resumed = list(source.pages(http, json.loads(json.dumps(stored[-1].cursor))))
    assert ids(stored) + ids(resumed) == ["i1", "i2", "i3", "i4"]
    assert "pending" not in json.dumps(resumed[-1].cursor)


class Journal:
    """A feed in pages of ten with a post pinned to the top."""

    def __init__(self, site):
        self.names, self.site = [], site
        site.route("/feed", self.play)

    def play(self, request):
        number, names = int(request.query.get("page", 1)), ["pinned", *self.names]
        head = f'<link rel="next" href="/feed?page={number + 1}"/>' if number * 10 < len(names) else ""
        here = names[number * 10 - 10 : number * 10]
        return Reply(body=atom(*[f"<id>{name}</id>" for name in here], head=head))

    def run(self, http, cursor, **options):
        got = list(feed(self.site, **options).pages(http, json.loads(json.dumps(cursor))))
        return ids(got), got[-1].cursor


def test_a_post_pinned_to_the_top_hides_no_new_pages(site):
    journal = Journal(site)
    journal.names = [f"old{number}" for number in range(30)]
    with door(site) as http:
        _, cursor = journal.run(http, {})
        journal.names = [*(f"new{number}" for number in range(25)), *journal.names]
        found, cursor = journal.run(http, cursor)
        asked = len(site.asked("/feed"))
        _, cursor = journal.run(http, cursor)
    assert [name for name in found if name.startswith("new")] == [f"new{number}" for number in range(25)]
    assert len(found) == 30
    assert len(site.asked("/feed")) - asked == 1


def test_an_item_that_was_taken_away_does_not_lead_back_through_the_whole_feed(site):
    journal = Journal(site)
    journal.names = [f"old{number}" for number in range(60)]
    with door(site) as http:
        _, cursor = journal.run(http, {})
        del journal.names[3:6]
        found, _ = journal.run(http, cursor)
    assert len(found) == 10


def test_pages_that_lead_in_circles_end(site):
    site.put("/feed", atom("<id>1</id>", head='<link rel="next" href="/feed2"/>'))
    site.put("/feed2", atom("<id>2</id>", head='<link rel="next" href="/feed"/>'))
    with door(site) as http:
        assert ids(feed(site).pages(http, {})) == ["1", "2"]


def test_ids_once_found_to_be_shared_stay_distrusted(site):
    both = rss("<guid>g</guid><link>https://x.test/1</link>", "<guid>g</guid><link>https://x.test/2</link>")
    site.once("/feed", Reply(body=both), Reply(body=rss("<guid>g</guid><link>https://x.test/2</link>")))
    source = feed(site)
    with door(site) as http:
        first = list(source.pages(http, {}))
        again = list(source.pages(http, first[-1].cursor))
    assert ids(again) == ["https://x.test/2"]


def test_an_id_shared_later_changes_the_identity_of_no_other_item(site):
    def item(name, link):
        return f"<guid>{name}</guid><link>https://x.test/{link}</link>"

    shared = [item("a", 1), item("b", 2), item("b", 3)]
    answers = [[item("a", 1), item("b", 2)], shared, [item("c", 4), *shared[:2]]]
    site.once("/feed", *[Reply(body=rss(*answer)) for answer in answers])
    source, cursor, found = feed(site), {}, []
    with door(site) as http:
        for _ in answers:
            got = list(source.pages(http, json.loads(json.dumps(cursor))))
            cursor = got[-1].cursor
            found.append(ids(got))
    assert found == [["a", "b"], ["a", "https://x.test/2", "https://x.test/3"], ["c", "a", "https://x.test/2"]]


def test_a_feed_that_was_empty_at_first_is_judged_by_its_first_items(site):
    both = rss("<guid>g</guid><link>https://x.test/1</link>", "<guid>g</guid><link>https://x.test/2</link>")
    site.once(
        "/feed",
        Reply(body=rss()),
        Reply(body=both),
        Reply(body=rss("<guid>h</guid><link>https://x.test/3</link>")),
    )
    source, cursor, found = feed(site), {}, []
    with door(site) as http:
        for _ in range(3):
            got = list(source.pages(http, cursor))
            cursor = got[-1].cursor
            found.append(ids(got))
    assert found == [[], ["https://x.test/1", "https://x.test/2"], ["https://x.test/3"]]
