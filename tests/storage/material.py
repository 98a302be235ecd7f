"""Posts, annotations and a desk that stores them, for the tests of this floor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from collectors.post import Author, Post, PostKind, Rating
from nlp.annotation import Annotation, Effort, Recommendation, Sentiment, Stars, TouchpointOpinion
from storage import annotations as opinions
from storage import brands, mentions, rollups, sources, stories
from storage.database import Database
from storage.mentions import Stored
from storage.tables import Base

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOW.date()
ALWAYS = (date(2000, 1, 1), date(2100, 1, 1))
STORY = (
    "The airline cancelled every flight to Lyon this weekend and left two thousand travellers at the airport "
    "without a word, a hotel or a meal, its own staff say"
)


def post(external_id: str = "1", text: str = "Livraison rapide, merci", **parts: Any) -> Post:
    """A review of the day before `NOW`, with four stars."""
    parts = {"published_at": NOW - timedelta(days=1), "rating": Rating(4), "kind": PostKind.REVIEW} | parts
    return Post(external_id=external_id, text=text, **parts)


def annotation(model: str = "m", **parts: Any) -> Annotation:
    """A positive one, with an opinion of the delivery."""
    parts = {
        "language": "fr",
        "sentiment": Sentiment(0.1, 0.2, 0.7),
        "stars": Stars((0.05, 0.05, 0.1, 0.3, 0.5)),
        "recommendation": Recommendation(0.1, 0.2, 0.7),
        "churn_intent": 0.05,
        "touchpoints": (TouchpointOpinion("delivery", "positive", 0.9, "Livraison rapide"),),
    } | parts
    return Annotation(model=model, **parts)


EVERYTHING = annotation(
    explicit_recommendation="yes",
    effort=Effort(4.5, 0.75),
    sarcasm=0.125,
    relevance=0.875,
    touchpoints=(
        TouchpointOpinion("delivery", "negative", 0.75, "trois semaines"),
        TouchpointOpinion("delivery", "positive", 0.5, "livreur aimable"),
        TouchpointOpinion("price", "mixed", 0.25, ""),
    ),
)


@dataclass
class Desk:
    """One brand, one source and one model in a database."""

    database: Database
    brand: int
    source: int

    @classmethod
    def open(cls, database: Database) -> Desk:
        with database.begin() as conn:
            brand = brands.ensure(conn, "Acme")
            source = sources.ensure(conn, "shop", "review_pages")
            opinions.register_model(conn, "m", {})
        return cls(database, brand, source)

    def store(self, *posts: Post, conn: Connection | None = None, **how: Any) -> Stored:
        """Store a page, about Acme where nothing else is said."""
        how = {"brand_ids_of": lambda _: [self.brand], "pseudonym": lambda n: f"~{n}", "now": NOW} | how
        source = how.pop("source", self.source)
        if conn is not None:
            return mentions.store_page(conn, source, posts, **how)
        with self.database.begin() as own:
            return mentions.store_page(own, source, posts, **how)

    def annotate(self, **parts: Any) -> int:
        """Let the model read all that is pending."""
        with self.database.begin() as conn:
            waiting = mentions.pending(conn, "m", 100_000)
            return opinions.save(conn, "m", [(m.id, m.revision, annotation(**parts)) for m in waiting], NOW)

    def fold(self) -> None:
        """Fold all that is not folded."""
        with self.database.begin() as conn:
            while stories.fold_pending(conn):
                pass

    def count_up(self) -> int:
        """Refresh all rollups."""
        with self.database.begin() as conn:
            return rollups.refresh(conn)

    def work(self) -> None:
        """Annotate, fold and roll up."""
        self.annotate()
        self.fold()
        self.count_up()

    def tally(self, **how: Any) -> Any:
        """The brand's sums of all time."""
        with self.database.read() as conn:
            return rollups.read(conn, self.brand, *ALWAYS, **how)

    def mention(self, external_id: str = "1") -> Any:
        """The row of a mention, as it is stored."""
        from storage.tables import Mention

        with self.database.read() as conn:
            return conn.execute(select(Mention).where(Mention.external_id == external_id)).one()

    def another_source(self, name: str) -> int:
        with self.database.begin() as conn:
            return sources.ensure(conn, name, "feeds")

    def another_brand(self, name: str) -> int:
        with self.database.begin() as conn:
            return brands.ensure(conn, name)


def contents(database: Database, without: Iterable[str] = ("runs", "alembic_version")) -> dict[str, list[Any]]:
    """All rows of all tables, to compare two databases; marks are compared as the days they name."""
    found: dict[str, list[Any]] = {}
    with database.read() as conn:
        for table in Base.metadata.sorted_tables:
            if table.name in without:
                continue
            rows = [tuple(map(repr, row)) for row in conn.execute(select(table))]
            if table.name == "dirty_days":
                rows = list({row[1:] for row in rows})
            found[table.name] = sorted(rows)
    return found


def edited(original: Post, **changes: Any) -> Post:
    """The same post, changed."""
    return replace(original, **changes)


def author(name: str) -> Author:
    return Author(id=f"id-{name}", name=name, url=f"https://example.org/{name}", followers=12)


def texts(database: Database, query: Any) -> Sequence[Any]:
    with database.read() as conn:
        return conn.execute(query).all()
