"""A page of posts becomes mentions, once and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from material import ALWAYS, NOW, TODAY, Desk, author, contents, edited, post
from sqlalchemy import func, select

from collectors.post import Author, OwnerReply, Post, Question, Rating, Reach
from storage import mentions, rollups, sources
from storage.database import Database
from storage.mentions import Stored
from storage.tables import Mention, MentionBrand


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def test_a_page_is_stored_with_all_that_a_post_says(desk: Desk) -> None:
    given = post(
        "17",
        "Un peu cher",
        title="Bien",
        parent_id="16",
        author=author("Zoé"),
        language="fr",
        rating=Rating(2, 5, 1, Question.EFFORT),
        updated_at=NOW,
        url="https://example.org/17",
        owner_reply=OwnerReply("Merci", NOW),
        reach=Reach(views=9, likes=3, shares=2, comments=1),
        segments={"store": "Lyon"},
    )
    assert desk.store(given) == Stored(new=1)
    row = desk.mention("17")
    assert (row.title, row.text, row.parent_id, row.language) == ("Bien", "Un peu cher", "16", "fr")
    assert (row.rating, row.rating_worst, row.rating_best, row.rating_question) == (2, 5, 1, "effort")
    assert (row.published_at, row.updated_at, row.url) == (given.published_at, NOW, given.url)
    assert (row.reply_text, row.reply_at) == ("Merci", NOW)
    assert (row.views, row.likes, row.shares, row.comments, row.reach) == (9, 3, 2, 1, 9)
    assert row.segments == {"store": "Lyon"}
    assert row.author_followers == 12
    assert row.revision == 1
    assert row.day == TODAY - timedelta(days=1)


def test_the_same_page_again_changes_nothing(desk: Desk) -> None:
    page = [post(str(n), f"texte {n}", reach=Reach(likes=n), owner_reply=OwnerReply("ok")) for n in range(30)]
    desk.store(*page)
    desk.work()
    before = contents(desk.database)
    assert desk.store(*page, now=NOW + timedelta(days=3)) == Stored(unchanged=30)
    assert contents(desk.database) == before


def test_another_name_of_the_parent_is_no_edit_of_the_author_s(desk: Desk) -> None:
    desk.store(post(parent_id="16"))
    desk.annotate()
    assert desk.store(post(parent_id="global/16")) == Stored(refreshed=1)
    assert (desk.mention().parent_id, desk.mention().revision) == ("global/16", 1)
    with desk.database.read() as conn:
        assert not mentions.pending(conn, "m", 10)


def test_two_sources_may_use_the_same_ids(desk: Desk) -> None:
    desk.store(post())
    assert desk.store(post(), source=desk.another_source("blog")) == Stored(new=1)


def test_an_unknown_source_is_refused(desk: Desk) -> None:
    with pytest.raises(LookupError, match="no source number 99"):
        desk.store(post(), source=99)


def test_an_edited_post_is_a_new_revision_and_pending_again(desk: Desk) -> None:
    desk.store(post(text="Bien"))
    desk.annotate()
    assert desk.store(post(text="Finalement non", rating=Rating(1)), now=NOW + timedelta(hours=1)) == Stored(
        changed=1
    )
    assert (desk.mention().revision, desk.mention().text, desk.mention().rating) == (2, "Finalement non", 1)
    with desk.database.read() as conn:
        [waiting] = mentions.pending(conn, "m", 10)
        assert (waiting.revision, waiting.text) == (2, "Finalement non")
        assert mentions.revisions(conn, waiting.id) == [(1, None, "Bien", NOW + timedelta(hours=1))]


@pytest.mark.parametrize(
    "change",
    [
        {"text": "autre"},
        {"title": "titre"},
        {"rating": Rating(3)},
        {"rating": None},
        {"rating": Rating(4, 1, 10)},
        {"language": "en"},
        {"segments": {"store": "Lyon"}},
    ],
)
def test_whatever_the_author_changes_makes_a_revision(desk: Desk, change: dict[str, Any]) -> None:
    desk.store(post())
    assert desk.store(edited(post(), **change)).changed == 1
    assert desk.mention().revision == 2


def test_edits_are_kept_one_by_one(desk: Desk) -> None:
    for text in ("un", "deux", "trois"):
        desk.store(post(text=text))
    with desk.database.read() as conn:
        assert [older[2] for older in mentions.revisions(conn, desk.mention().id)] == ["un", "deux"]


@pytest.mark.parametrize(
    ("change", "column", "value"),
    [
        ({"reach": Reach(likes=5)}, "likes", 5),
        ({"reach": Reach(likes=5, shares=2)}, "reach", 7),
        ({"reach": Reach(views=100, likes=5)}, "reach", 100),
        ({"reach": Reach(views=-1)}, "reach", 0),
        ({"url": "https://example.org/new"}, "url", "https://example.org/new"),
        ({"owner_reply": OwnerReply("Merci !")}, "reply_text", "Merci !"),
        ({"updated_at": NOW}, "updated_at", NOW),
    ],
)
def test_what_changes_around_a_post_makes_no_revision(
    desk: Desk, change: dict[str, Any], column: str, value: object
) -> None:
    desk.store(post())
    desk.annotate()
    assert desk.store(edited(post(), **change)) == Stored(refreshed=1)
    assert desk.mention().revision == 1
    assert getattr(desk.mention(), column) == value
    with desk.database.read() as conn:
        assert mentions.pending(conn, "m", 10) == []


def test_a_reply_that_arrives_later_is_counted(desk: Desk) -> None:
    desk.store(post())
    desk.work()
    assert desk.tally().replied == 0
    desk.store(edited(post(), owner_reply=OwnerReply("Merci")))
    desk.count_up()
    assert desk.tally().replied == 1


def test_a_deleted_post_stays_as_a_tombstone_and_counts_nowhere(desk: Desk) -> None:
    desk.store(post("1"), post("2", "Un autre avis"))
    desk.work()
    gone = edited(post("1", text=""), deleted=True)
    assert desk.store(gone) == Stored(deleted=1)
    desk.work()
    assert desk.mention("1").text == "Livraison rapide, merci"
    assert desk.tally().mentions == 1
    with desk.database.read() as conn:
        assert [view.external_id for view in mentions.latest(conn, desk.brand)] == ["2"]
        assert mentions.count(conn, desk.brand) == mentions.count(conn) == 1


def test_a_tombstone_again_and_one_of_an_unknown_post_change_nothing(desk: Desk) -> None:
    desk.store(post())
    desk.store(edited(post(), deleted=True))
    assert desk.store(edited(post(), deleted=True), post("2", deleted=True)) == Stored(unchanged=2)
    with desk.database.read() as conn:
        assert mentions.count(conn) == 0


def test_a_post_that_reappears_counts_again(desk: Desk) -> None:
    desk.store(post())
    desk.work()
    desk.store(edited(post(), deleted=True))
    desk.work()
    assert desk.store(post()) == Stored(changed=1)
    desk.work()
    assert desk.tally().mentions == 1
    assert desk.mention().revision == 1


def test_a_deleted_mention_is_not_pending(desk: Desk) -> None:
    desk.store(post())
    desk.store(edited(post(), deleted=True))
    assert desk.annotate() == 0


@pytest.mark.parametrize("published_at", [None, NOW + timedelta(days=2)])
def test_an_undated_or_future_post_stays_on_the_day_it_was_first_seen(
    desk: Desk, published_at: datetime | None
) -> None:
    given = post(published_at=published_at)
    desk.store(given)
    for days in (1, 2, 30):
        assert desk.store(given, now=NOW + timedelta(days=days)) == Stored(unchanged=1)
    assert (desk.mention().day, desk.mention().moment, desk.mention().published_at) == (TODAY, NOW, None)
    desk.store(edited(given, text="Relu et corrigé"), now=NOW + timedelta(days=1))
    assert desk.mention().day == TODAY


def test_a_date_within_the_next_day_is_taken_for_a_time_zone(desk: Desk) -> None:
    desk.store(post(published_at=NOW + timedelta(hours=20)))
    assert desk.mention().day == TODAY + timedelta(days=1)


def test_a_date_after_a_post_was_first_seen_is_not_believed(desk: Desk) -> None:
    desk.store(post())
    desk.store(edited(post(), published_at=NOW + timedelta(days=40)), now=NOW + timedelta(days=41))
    assert desk.mention().published_at == NOW - timedelta(days=1)


def test_a_date_that_goes_missing_is_remembered(desk: Desk) -> None:
    desk.store(post())
    desk.store(edited(post(), published_at=None))
    assert desk.mention().published_at == NOW - timedelta(days=1)


def test_a_corrected_date_moves_the_mention_to_its_day(desk: Desk) -> None:
    desk.store(post())
    desk.work()
    desk.store(edited(post(), published_at=NOW - timedelta(days=9)))
    desk.work()
    with desk.database.read() as conn:
        assert list(rollups.by_day(conn, desk.brand, *ALWAYS)) == [TODAY - timedelta(days=9)]


def test_the_day_is_that_of_utc(desk: Desk) -> None:
    paris = timezone(timedelta(hours=1))
    desk.store(post(published_at=datetime(2026, 11, 10, 0, 30, tzinfo=paris)))
    assert desk.mention().day.isoformat() == "2026-11-09"
    assert desk.mention().published_at == datetime(2026, 11, 9, 23, 30, tzinfo=UTC)


def test_of_two_posts_with_one_id_the_last_counts(desk: Desk) -> None:
    assert desk.store(post(text="un"), post(text="deux")) == Stored(new=1)
    assert desk.mention().text == "deux"


def test_ids_that_differ_in_nul_bytes_only_are_one(desk: Desk) -> None:
    assert desk.store(post("a\x00b"), post("ab", "deux")) == Stored(new=1)
    assert desk.store(post("a\x00b", "deux")) == Stored(unchanged=1)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\x00b", "ab"), ("\x00", ""), ("moitié \ud83d", "moitié ?"), ("😀🎉", "😀🎉"), ("", ""), ("=1+1", "=1+1")],
)
def test_any_text_can_be_stored(desk: Desk, text: str, kept: str) -> None:
    given = post(text=text, title=text, segments={text or "k": text}, author=author(text), url=text)
    assert desk.store(given) == Stored(new=1)
    row = desk.mention()
    assert (row.text, row.title, row.segments) == (kept, kept, {kept or ("k" if not text else ""): kept})
    assert desk.store(given) == Stored(unchanged=1)


def test_a_very_long_text_and_a_very_long_id_are_stored(desk: Desk) -> None:
    given = post("https://example.org/" + "é" * 5_000, "mot " * 25_000)
    other = post("https://example.org/" + "é" * 4_999 + "è", "court")
    assert desk.store(given, other) == Stored(new=2)
    assert desk.store(given, other) == Stored(unchanged=2)
    with desk.database.read() as conn:
        assert {len(v.text) for v in mentions.latest(conn, desk.brand)} == {100_000, 5}


def test_a_page_larger_than_one_statement_takes_is_stored(desk: Desk) -> None:
    page = [post(str(n), f"texte {n}") for n in range(2_500)]
    assert desk.store(*page) == Stored(new=2_500)
    assert desk.store(*page, post("new", "neuf")) == Stored(new=1, unchanged=2_500)


def test_an_empty_page_is_nothing(desk: Desk) -> None:
    assert desk.store() == Stored()


def test_only_a_pseudonym_of_the_author_is_kept(desk: Desk) -> None:
    desk.store(post(author=author("Jeanne")))
    assert desk.mention().author_key == "~shop:id-Jeanne"
    assert desk.mention().author_name is None
    assert not any("example.org/Jeanne" in str(value) for value in desk.mention())


def test_the_same_author_id_at_two_sources_is_two_people(desk: Desk) -> None:
    fifth = Author(id="5")
    for source in (desk.source, desk.another_source("blog")):
        desk.store(post(f"first {source}", author=fifth), post(f"then {source}", author=fifth), source=source)
    with desk.database.read() as conn:
        keys = [row.author_key for row in conn.execute(select(Mention).order_by(Mention.id))]
    assert keys == ["~shop:5", "~shop:5", "~blog:5", "~blog:5"]


@pytest.mark.parametrize("who", [Author(name="Anne"), Author(url="https://example.org/anne")])
def test_a_bare_name_is_a_person_within_its_source_only(desk: Desk, who: Author) -> None:
    desk.store(post("1", author=who))
    desk.store(post("1", author=who), source=desk.another_source("blog"))
    with desk.database.read() as conn:
        assert conn.execute(select(func.count(Mention.author_key.distinct()))).scalar_one() == 2


def test_the_name_is_kept_when_the_user_wants_so(desk: Desk) -> None:
    desk.store(post(author=author("Jeanne")), keep_names=True)
    assert desk.mention().author_name == "Jeanne"


def test_an_unknown_author_has_no_pseudonym(desk: Desk) -> None:
    desk.store(post())
    assert desk.mention().author_key is None


def test_brands_are_asked_for_new_and_edited_posts_only(desk: Desk) -> None:
    asked: list[str] = []

    def brand_ids_of(given: Post) -> list[int]:
        asked.append(given.text)
        return [desk.brand]

    for page in ([post("1", "a"), post("2", "b")], [post("1", "a"), post("2", "c")]):
        desk.store(*page, brand_ids_of=brand_ids_of)
    assert asked == ["a", "b", "c"]


def test_a_mention_may_be_about_several_brands_or_none(desk: Desk) -> None:
    rival = desk.another_brand("Rival")
    desk.store(post("1"), brand_ids_of=lambda _: [desk.brand, rival, rival])
    desk.store(post("2", "rien"), brand_ids_of=lambda _: [])
    desk.work()
    with desk.database.read() as conn:
        assert [rollups.read(conn, b, *ALWAYS).mentions for b in (desk.brand, rival)] == [1, 1]
        assert mentions.count(conn) == 2


def test_an_edit_may_change_the_brands(desk: Desk) -> None:
    rival = desk.another_brand("Rival")
    desk.store(post())
    desk.work()
    desk.store(post(text="Rival est mieux"), brand_ids_of=lambda _: [rival])
    desk.work()
    with desk.database.read() as conn:
        assert [rollups.read(conn, b, *ALWAYS).mentions for b in (desk.brand, rival)] == [0, 1]


def test_a_break_at_any_statement_leaves_all_or_nothing(desk: Desk, break_at: Any) -> None:
    from conftest import Killed

    desk.store(post("1"), post("2", "deux"), post("3", "trois"), post("4", "quatre"))
    desk.work()
    page = [
        post("1", "réécrit"),
        edited(post("2", "deux"), deleted=True),
        edited(post("3", "trois"), published_at=NOW - timedelta(days=8)),
        post("5", "cinq"),
    ]

    def visit() -> None:
        with desk.database.begin() as conn:
            stored = desk.store(*page, conn=conn)
            sources.record_success(conn, desk.source, {"page": 2}, NOW, stored.new)

    before = contents(desk.database)
    for n in range(1, 100):
        with break_at(n) as seen:
            try:
                visit()
            except Killed:
                pass
            else:
                break
        assert contents(desk.database) == before
    assert len(seen) > 10
    with desk.database.read() as conn:
        assert sources.state(conn, desk.source).cursor == {"page": 2}
        assert conn.execute(select(Mention.text).where(Mention.external_id == "1")).scalar() == "réécrit"


_POSTS = st.builds(
    lambda id_, text, days, likes, deleted: post(
        id_, text, published_at=NOW - timedelta(days=days), reach=Reach(likes=likes), deleted=deleted
    ),
    st.sampled_from("abcd"),
    st.sampled_from(["un", "deux", ""]),
    st.integers(0, 2),
    st.integers(0, 1),
    st.booleans(),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_POSTS, max_size=4), max_size=4))
def test_the_last_word_on_each_post_is_what_is_stored_and_counted(
    sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory, pages: list[list[Post]]
) -> None:
    import shutil

    from storage.database import open_database

    path = tmp_path_factory.mktemp("any") / "oyez.db"
    shutil.copy(sqlite_template, path)
    with open_database(f"sqlite:///{path}") as opened:
        desk = Desk.open(opened)
        alive: dict[str, Post] = {}
        for page in pages:
            desk.store(*page)
            for given in {p.external_id: p for p in page}.values():
                if given.deleted:
                    alive.pop(given.external_id, None)
                else:
                    alive[given.external_id] = given
            desk.work()
        counted = list(alive.values())
        assert desk.tally().mentions == len(counted)
        assert desk.tally().reach == sum(given.reach.likes or 0 for given in counted)
        with opened.read() as conn:
            days = {link.mention_id: link.day for link in conn.execute(select(MentionBrand))}
            stored = conn.execute(select(Mention).where(Mention.deleted_at.is_(None))).all()
            assert {(m.external_id, m.text, m.published_at) for m in stored} == {
                (p.external_id, p.text, p.published_at) for p in counted
            }
            assert all(days[m.id] == m.day for m in stored)
