"""Posts said on a day, with what a model would say of them, put through the real storage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from collectors.post import Author, OwnerReply, Post, PostKind, Rating, Reach
from nlp.annotation import Annotation, Recommendation, Sentiment, Stars, TouchpointOpinion
from storage import annotations, brands, mentions, rollups, sources, stories
from storage.brands import Brand, BrandSpec
from storage.database import open_database

MODEL = "test-model"
CARD = {
    "systematic_error": {"nps": 2.0, "csat": 2.0, "net_sentiment": 2.0},
    "quantification": {
        "csat": {"4": {"shifts": [0.0], "slope": 1.3, "doubt": 0.3}},
        "rating": {"shifts": [0.0], "slope": 1.2, "doubt": 0.2},
    },
}
NOW = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)  # a Wednesday of week 47


@dataclass
class Said:
    """A post and what the model will say of it."""

    post: Post
    annotation: Annotation


@dataclass
class Stage:
    """Say things, then `play` them into the database."""

    url: str
    said: dict[str, list[Said]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.database = open_database(self.url)
        self.database.upgrade()
        self.numbers = count(1)
        with self.database.begin() as conn:
            ids = brands.sync(conn, [BrandSpec("Nova", {"competitors": ["Rival"]}), BrandSpec("Rival")])
            self.sources = {name: sources.ensure(conn, name, "feeds") for name in ("shop", "forum")}
            annotations.register_model(conn, MODEL, CARD)
            found = {brand.name: brand for brand in brands.all_brands(conn)}
        assert set(ids) == set(found)
        self.brand: Brand = found["Nova"]
        self.rival: Brand = found["Rival"]

    def close(self) -> None:
        self.database.close()

    def say(
        self,
        mood: float,
        day: date,
        text: str | None = None,
        *,
        source: str = "shop",
        stars: int | None = None,
        touchpoints: Sequence[tuple[str, str, str]] = (),
        language: str = "fr",
        author: str | None = None,
        reach: int | None = None,
        churn: float | None = None,
        sarcasm: float | None = None,
        replied: bool = False,
        kind: PostKind = PostKind.SURVEY,
        id_: str | None = None,
    ) -> str:
        """A mention of mood -1 (surely negative) to 1, and its external id."""
        number = next(self.numbers)
        at = datetime.combine(day, time(8), UTC) + timedelta(seconds=number)
        post = Post(
            kind=kind,
            external_id=id_ or f"{source}-{number}",
            text=text if text is not None else f"Texte {number}",
            author=Author(name=author),
            rating=Rating(stars) if stars else None,
            published_at=at,
            url=f"https://{source}.example/{number}",
            owner_reply=OwnerReply("Merci", at) if replied else None,
            reach=Reach(views=reach),
        )
        self.said.setdefault(source, []).append(
            Said(post, _annotation(mood, language, touchpoints, churn, sarcasm))
        )
        return post.external_id

    def play(self, now: datetime = NOW, brand: Brand | None = None) -> None:
        """Store, annotate, fold and roll up all that was said since the last time."""
        said, self.said = self.said, {}
        brand_id = (brand or self.brand).id
        with self.database.begin() as conn:
            for source, lines in said.items():
                mentions.store_page(
                    conn,
                    self.sources[source],
                    [line.post for line in lines],
                    brand_ids_of=lambda _post: [brand_id],
                    pseudonym=lambda name: f"key of {name}",
                    now=now,
                )
            by_text = {line.post.text: line.annotation for lines in said.values() for line in lines}
            pending = mentions.pending(conn, MODEL, 100_000)
            annotations.save(conn, MODEL, [(m.id, m.revision, by_text[m.text]) for m in pending], now)
            while stories.fold_pending(conn):
                pass
            rollups.refresh(conn)


def _annotation(
    mood: float,
    language: str,
    touchpoints: Sequence[tuple[str, str, str]],
    churn: float | None,
    sarcasm: float | None,
) -> Annotation:
    low, high = max(0.0, -mood), max(0.0, mood)
    rest = 1 - low - high
    return Annotation(
        MODEL,
        language=language,
        sentiment=Sentiment(low, rest, high),
        stars=Stars((low, 0.0, rest, 0.0, high)),
        recommendation=Recommendation(low, rest, high),
        churn_intent=churn,
        sarcasm=sarcasm,
        touchpoints=tuple(TouchpointOpinion(t, p, 0.9, q) for t, p, q in touchpoints),  # type: ignore[arg-type]
    )
