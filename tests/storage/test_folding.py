"""Near-duplicates are one story, whatever order they come in and whatever happens between."""

from __future__ import annotations

import itertools
import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from material import NOW, STORY, Desk, edited, post
from sqlalchemy import func, select

from collectors.post import Post, PostKind, Rating
from nlp.duplicates import MOST_CANDIDATES, Wording, similar
from storage import mentions, stories
from storage.database import Database, open_database
from storage.tables import Mention, StoryBand

LONG = (
    "Nous avons commandé une cuisine en mars et sa pose était promise pour le mois de juin, mais en novembre il "
    "manque encore deux portes, le plan de travail est rayé et personne ne rappelle malgré dix messages laissés"
)


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk.open(database)


def copy(external_id: str, *, days_ago: int = 1, text: str = STORY, **parts: Any) -> Post:
    parts = {"kind": PostKind.ARTICLE, "rating": None} | parts
    return post(external_id, text, published_at=NOW - timedelta(days=days_ago), **parts)


def heads(desk: Desk) -> dict[str, str | None]:
    """The external id of each mention's head."""
    with desk.database.read() as conn:
        rows = conn.execute(select(Mention.id, Mention.external_id, Mention.story_id)).all()
    names = {row.id: row.external_id for row in rows}
    return {row.external_id: names.get(row.story_id) for row in rows}


def test_copies_are_pointed_to_the_earliest(desk: Desk) -> None:
    desk.store(copy("b", days_ago=1), copy("a", days_ago=3), copy("c", days_ago=2), copy("other", text=LONG))
    desk.fold()
    assert heads(desk) == {"a": "a", "b": "a", "c": "a", "other": "other"}


def test_an_earlier_one_that_arrives_later_becomes_the_head(desk: Desk) -> None:
    desk.store(copy("b"), copy("c"))
    desk.fold()
    desk.store(copy("a", days_ago=5))
    desk.fold()
    assert heads(desk) == {"a": "a", "b": "a", "c": "a"}


def test_on_the_same_day_the_source_s_name_decides_then_the_id(desk: Desk) -> None:
    desk.store(copy("a"), copy("z"), source=desk.another_source("zeitung"))
    desk.store(copy("m"), copy("k"), source=desk.another_source("abendblatt"))
    desk.fold()
    assert set(heads(desk).values()) == {"k"}


def test_nearly_the_same_words_are_the_same_story(desk: Desk) -> None:
    nearly = STORY.replace("weekend", "weekend,") + " today"
    assert similar(STORY, nearly)
    desk.store(copy("a", days_ago=2), copy("b", text=nearly), copy("c", text=nearly))
    desk.fold()
    assert set(heads(desk).values()) == {"a"}


def test_short_texts_are_never_folded(desk: Desk) -> None:
    desk.store(*[copy(n, text="Très bien, je recommande") for n in "abc"])
    desk.fold()
    assert heads(desk) == {"a": "a", "b": "b", "c": "c"}


@pytest.mark.parametrize("kind", [PostKind.SURVEY, PostKind.VISIT, PostKind.TRANSCRIPT])
def test_answers_to_a_survey_visits_and_calls_are_never_folded(desk: Desk, kind: PostKind) -> None:
    desk.store(*[copy(n, text=LONG, kind=kind, rating=Rating(2)) for n in "ab"], copy("c", text=LONG))
    desk.fold()
    assert heads(desk) == {"a": "a", "b": "b", "c": "c"}


def test_only_mentions_of_the_same_brands_are_folded(desk: Desk) -> None:
    rival = desk.another_brand("Rival")
    for name, about in {
        "a": [desk.brand],
        "b": [rival],
        "c": [desk.brand, rival],
        "d": [rival, desk.brand],
    }.items():
        desk.store(copy(name), brand_ids_of=lambda _, about=about: about)
    desk.fold()
    assert heads(desk) == {"a": "a", "b": "b", "c": "c", "d": "c"}


def test_titles_are_compared_too(desk: Desk) -> None:
    desk.store(*[copy(n, text="", title=STORY) for n in "ab"], copy("c", text="", title=LONG))
    desk.fold()
    assert heads(desk) == {"a": "a", "b": "a", "c": "c"}


def test_what_is_folded_is_not_folded_again(desk: Desk) -> None:
    desk.store(copy("a"), copy("b"))
    with desk.database.begin() as conn:
        assert stories.fold_pending(conn) == 2
        assert stories.fold_pending(conn) == 0
        ids = {row.external_id: row.id for row in conn.execute(select(Mention.id, Mention.external_id))}
        assert stories.fold(conn, [(ids["a"], STORY), (ids["b"], STORY), (12345, STORY)]) == 0
    assert heads(desk) == {"a": "a", "b": "a"}


def test_a_head_that_is_deleted_gives_way_to_the_next(desk: Desk) -> None:
    desk.store(copy("a", days_ago=3), copy("b", days_ago=2), copy("c"))
    desk.fold()
    desk.store(edited(copy("a", days_ago=3), deleted=True))
    desk.fold()
    assert heads(desk) == {"a": None, "b": "b", "c": "b"}


def test_a_head_that_is_rewritten_leaves_its_story(desk: Desk) -> None:
    desk.store(copy("a", days_ago=3), copy("b", days_ago=2), copy("c"))
    desk.fold()
    desk.store(copy("a", days_ago=3, text=LONG))
    desk.fold()
    assert heads(desk) == {"a": "a", "b": "b", "c": "b"}


def test_a_head_whose_date_is_corrected_may_lose_its_place(desk: Desk) -> None:
    desk.store(copy("a", days_ago=3), copy("b", days_ago=2))
    desk.fold()
    desk.store(copy("a", days_ago=1))
    desk.fold()
    assert heads(desk) == {"a": "b", "b": "b"}


def test_one_that_leads_from_one_to_the_other_joins_two_stories(desk: Desk) -> None:
    words = [f"mot{n}" for n in range(200)]
    first, last = words.copy(), words.copy()
    middle = [f"autre{n}" if n < 14 else w for n, w in enumerate(words)]
    last = [f"encore{n}" if n >= 186 else w for n, w in enumerate(middle)]
    a, b, c = (" ".join(some) for some in (first, middle, last))
    assert similar(a, b)
    assert similar(b, c)
    assert not similar(a, c)
    desk.store(copy("a", text=a), copy("c", text=c))
    desk.fold()
    assert heads(desk) == {"a": "a", "c": "c"}
    desk.store(copy("b", text=b))
    desk.fold()
    assert set(heads(desk).values()) == {"a"}
    desk.store(edited(copy("b", text=b), deleted=True))
    desk.fold()
    assert heads(desk) == {"a": "a", "b": None, "c": "c"}


def test_the_story_counts_once_on_its_head_s_day_with_the_reach_of_all(desk: Desk) -> None:
    from collectors.post import Reach
    from storage import rollups

    blog = desk.another_source("zz-blog")
    desk.store(copy("a", days_ago=5, reach=Reach(views=100)))
    desk.store(copy("b", days_ago=1, reach=Reach(views=10)), copy("c", reach=Reach(views=1)), source=blog)
    desk.work()
    day = (NOW - timedelta(days=5)).date()
    with desk.database.read() as conn:
        [(found, tally)] = rollups.by_day(conn, desk.brand, day, NOW.date()).items()
        assert list(rollups.by_source(conn, desk.brand, day, NOW.date())) == [desk.source]
        [view] = mentions.latest(conn, desk.brand)
        assert (view.external_id, view.copies) == ("a", 3)
        assert len(mentions.latest(conn, desk.brand, fold=False)) == 3
    assert (found, tally.mentions, tally.copies, tally.reach) == (day, 1, 3, 111)


def test_a_copy_that_is_not_about_the_brand_is_not_counted(desk: Desk) -> None:
    desk.store(copy("a", days_ago=2), copy("b"))
    desk.work()
    with desk.database.begin() as conn:
        id_ = conn.execute(select(Mention.id).where(Mention.external_id == "b")).scalar_one()
        mentions.set_relevance(conn, [(id_, desk.brand, False)])
    desk.count_up()
    assert (desk.tally().mentions, desk.tally().copies) == (1, 1)


def test_equal_texts_keep_the_bands_of_one(desk: Desk) -> None:
    desk.store(*[copy(f"{n:04}") for n in range(600)])
    desk.fold()
    assert set(heads(desk).values()) == {"0000"}
    with desk.database.read() as conn:
        assert conn.execute(select(func.count()).select_from(StoryBand)).scalar_one() <= 600 + 8


def test_thousands_of_equal_texts_fold_into_one_story(desk: Desk) -> None:
    desk.store(*[copy(f"{n:05}") for n in range(3_000)])
    desk.fold()
    assert len(set(heads(desk).values())) == 1


FORM = (
    "Nous avons commandé une cuisine en mars et sa pose était promise pour le mois de juin, mais il manque "
    "encore deux portes, le plan de travail est rayé et personne ne rappelle alors que {} nous avait assuré que "
    "tout serait enfin terminé avant la fin du mois prochain"
)
NAMES = ["".join(some).capitalize() for some in itertools.product("bcdfglmnprst", "aeiou", "lmnrt", "aei")]


def test_texts_that_differ_in_a_name_alone_are_read_once_and_not_all_compared(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[str | Wording, str | Wording]] = []

    def similar_and_seen(a: str | Wording, b: str | Wording) -> bool:
        compared.append((a, b))
        return similar(a, b)

    monkeypatch.setattr(stories, "similar", similar_and_seen)
    desk.store(*[copy(f"{n:03}", text=FORM.format(NAMES[n])) for n in range(500)])
    desk.fold()
    assert len(set(heads(desk).values())) == 500
    assert len(compared) < 1.5 * MOST_CANDIDATES * 500
    assert len({frozenset(map(id, pair)) for pair in compared}) == len(compared)  # no pair twice
    assert len({id(wording) for pair in compared for wording in pair}) == 500


def test_a_copy_in_the_same_words_is_found_among_any_number_of_texts_alike(desk: Desk) -> None:
    many = {f"{n:03}": FORM.format(NAMES[n]) for n in range(300)}
    desk.store(*[copy(name, text=text, days_ago=2) for name, text in many.items()])
    desk.fold()
    desk.store(*[copy(f"copy {name}", text=f"« {text.upper()} » !") for name, text in many.items()])
    desk.fold()
    assert heads(desk) == {name: name for name in many} | {f"copy {name}": name for name in many}


def test_no_transaction_folds_more_than_a_chunk(desk: Desk) -> None:
    desk.store(*[copy(str(n), text=f"court {n}") for n in range(stories.CHUNK + 1)])
    for expected in (stories.CHUNK, 1, 0):
        with desk.database.begin() as conn:
            assert stories.fold_pending(conn) == expected


def test_a_break_while_folding_leaves_all_or_nothing(desk: Desk, break_at: Any) -> None:
    from conftest import Killed

    desk.store(*[copy(str(n), days_ago=n) for n in range(1, 4)])
    for n in range(1, 60):
        with break_at(n) as seen:
            try:
                with desk.database.begin() as conn:
                    stories.fold_pending(conn)
            except Killed:
                pass
            else:
                break
        assert set(heads(desk).values()) == {None}
    assert len(seen) > 5
    assert set(heads(desk).values()) == {"3"}


_VARIANTS = [
    STORY,
    STORY + " today",
    STORY + " today again",
    STORY.replace("Lyon", "Nice"),
    LONG,
    LONG.replace("deux portes", "deux tiroirs"),
    FORM.format("Julie"),
    FORM.format("Karim"),
    FORM.format("JULIE") + " encore",
    "court",
]
_STEPS = st.lists(
    st.tuples(
        st.sampled_from("abcdef"), st.sampled_from(range(len(_VARIANTS))), st.integers(1, 4), st.booleans()
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_STEPS, st.randoms(use_true_random=False))
def test_stories_depend_on_what_is_there_and_not_on_how_it_came(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int, int, bool]],
    chance: random.Random,
) -> None:
    """Fold after every edit, deletion and correction; or the final posts at once, in any order: the same."""
    folder = tmp_path_factory.mktemp("order")
    final: dict[str, Post] = {}
    shutil.copy(sqlite_template, folder / "one.db")
    with open_database(f"sqlite:///{folder / 'one.db'}") as opened:
        desk = Desk.open(opened)
        for name, variant, days, deleted in steps:
            given = copy(name, text=_VARIANTS[variant], days_ago=days, deleted=deleted)
            desk.store(given)
            if deleted:
                final.pop(name, None)
            else:
                final[name] = given
            if chance.random() < 0.6:
                desk.fold()
        desk.fold()
        stepwise = {name: head for name, head in heads(desk).items() if head}
    shutil.copy(sqlite_template, folder / "two.db")
    with open_database(f"sqlite:///{folder / 'two.db'}") as opened:
        desk = Desk.open(opened)
        posts = list(final.values())
        chance.shuffle(posts)
        for some in itertools.batched(posts, 2) if hasattr(itertools, "batched") else [posts]:
            desk.store(*some)
        desk.fold()
        assert heads(desk) == stepwise
