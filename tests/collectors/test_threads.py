"""What is written below posts: read when there is more of it, over several runs; and the brand's answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.post import Author, OwnerReply, Post, PostKind, Reach
from collectors.source import Cursor, Page
from collectors.threads import answered, with_threads

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def top(name: str, answers: int) -> Post:
    return Post(PostKind.POST, name, "texte", reach=Reach(comments=answers))


def below(parent: str, name: str, author: str = "zoe", minutes: int = 0) -> Post:
    when = NOW + timedelta(minutes=minutes)
    return Post(
        PostKind.COMMENT, name, f"réponse {name}", parent_id=parent, author=Author(author), published_at=when
    )


def counts(page: Page) -> dict[str, int]:
    return {post.external_id: post.reach.comments or 0 for post in page.posts}


class Forum:
    """Posts in pages, with so many answers below each; remembers whose answers were asked for."""

    def __init__(self, *pages: dict[str, int]) -> None:
        self.pages = pages
        self.read: list[str] = []

    def _walk(self, cursor: Cursor) -> Iterator[Page]:
        for number in range(cursor.get("at", 0), len(self.pages)):
            posts = [top(name, answers) for name, answers in self.pages[number].items()]
            yield Page(posts, {"at": number + 1} if number + 1 < len(self.pages) else {})

    def _thread(self, post: Post) -> Iterator[Page]:
        self.read.append(post.external_id)
        answers = [below(post.external_id, f"{post.external_id}.{n}") for n in range(post.reach.comments or 0)]
        for start in range(0, len(answers), 2):
            yield Page(answers[start : start + 2], {})

    def visit(self, cursor: Cursor | None = None, most: int = 100) -> list[Page]:
        given_ = cursor or {}
        return list(with_threads(self._walk(given_), given_, counts, self._thread, most=most))


def ids(pages: list[Page]) -> set[str]:
    return {post.external_id for page in pages for post in page.posts}


def test_what_is_below_each_post_is_read_behind_its_page() -> None:
    forum = Forum({"a": 3, "b": 0}, {"c": 1})
    pages = forum.visit()
    assert ids(pages) == {"a", "b", "a.0", "a.1", "a.2", "c", "c.0"}
    assert pages[-1].cursor == {"threads": {"a": 3, "c": 1}}


def test_a_thread_is_read_again_only_when_it_has_grown() -> None:
    cursor = Forum({"a": 3, "b": 1}).visit()[-1].cursor
    later = Forum({"a": 3, "b": 2})
    later.visit(cursor)
    assert later.read == ["b"]


@settings(deadline=None)
@given(
    pages=st.lists(st.integers(0, 3), min_size=1, max_size=4),
    cut=st.integers(1, 30),
    most=st.integers(1, 4),
)
def test_runs_cut_off_anywhere_and_kept_short_lose_nothing(pages: list[int], cut: int, most: int) -> None:
    forum = Forum(*[{f"{n}{m}": m + 1 for m in range(size)} for n, size in enumerate(pages)])
    stored = forum.visit(most=most)[:cut]
    for _ in range(40):
        more = forum.visit(stored[-1].cursor if stored else {}, most=most)
        stored += more
        if not more or "at" not in more[-1].cursor:
            break
    for _ in range(10):  # a walk that is over begins again at the newest page, until nothing has grown
        stored += forum.visit(stored[-1].cursor, most=most)
    expected = {name for page in forum.pages for name in page}
    expected |= {f"{name}.{n}" for page in forum.pages for name, answers in page.items() for n in range(answers)}
    assert ids(stored) == expected


def test_no_thread_is_read_where_none_is_wanted() -> None:
    forum = Forum({"a": 3})
    assert ids(forum.visit(most=0)) == {"a"}
    assert forum.read == []


def test_a_run_ends_after_so_many_threads_and_the_next_goes_on() -> None:
    forum = Forum({"a": 1, "b": 1, "c": 1}, {"d": 1})
    first = forum.visit(most=2)
    assert forum.read == ["a", "b"]
    forum.visit(first[-1].cursor, most=2)
    assert forum.read == ["a", "b", "c", "d"]


def test_the_number_of_threads_remembered_is_bounded() -> None:
    forum = Forum({f"p{n}": 1 for n in range(2_100)})
    known = forum.visit(most=10_000)[-1].cursor["threads"]
    assert len(known) == 2_000
    assert "p2099" in known


def test_the_brand_s_first_answer_is_its_reply_and_its_words_are_no_mention() -> None:
    posts = [
        below("", "q"),
        below("q", "late", "brand", 20),
        below("q", "early", "brand", 10),
        below("q", "other"),
        below("", "own", "brand"),
    ]
    kept = answered(posts, lambda author: author.id == "brand")
    assert [post.external_id for post in kept] == ["q", "other"]
    assert kept[0].owner_reply == OwnerReply("réponse early", NOW + timedelta(minutes=10))
    assert kept[1].owner_reply is None


def test_a_reply_that_is_known_already_stays() -> None:
    known = OwnerReply("Merci")
    post = Post(PostKind.COMMENT, "q", "texte", owner_reply=known)
    (kept,) = answered([post, below("q", "r", "brand")], lambda author: author.id == "brand")
    assert kept.owner_reply == known
