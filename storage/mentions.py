"""The mentions: storing pages of them, what is still to be annotated, and the lists that people look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from collectors.post import OwnerReply, PostKind, Question, Rating
from nlp.annotation import Annotation
from storage import annotations as opinions
from storage import dirty, overruling
from storage.database import in_chunks
from storage.pages import FUTURE, Stored, key_of, store_page
from storage.tables import AnnotationRow, Mention, MentionBrand, Revision, Source, TouchpointOpinionRow

__all__ = [
    "FUTURE",
    "MentionView",
    "PendingMention",
    "SourceCount",
    "Stored",
    "count",
    "count_pending",
    "counts_by_source",
    "get",
    "latest",
    "locate",
    "pending",
    "revisions",
    "set_relevance",
    "store_page",
    "unread",
    "walk",
]


@dataclass(frozen=True, slots=True)
class PendingMention:
    """A text that a model has not read yet. Give `id` and `revision` back to `annotations.save`."""

    id: int
    revision: int
    title: str | None
    text: str
    language: str | None
    """As the source declares it."""


@dataclass(frozen=True, slots=True)
class MentionView:
    """A mention as people look at it. Texts are not masked: mask them before display.

    `moment` is when it was published, or else first seen; `dated` says which. `copies` counts the
    near-duplicates that tell its story, itself included; `annotation` is the current model's, if it has one.
    """

    id: int
    source_id: int
    source: str
    source_kind: str
    external_id: str
    kind: PostKind
    title: str | None
    text: str
    language: str | None
    rating: Rating | None
    moment: datetime
    dated: bool
    first_seen_at: datetime
    deleted_at: datetime | None
    revision: int
    url: str | None
    author_key: str | None
    author_name: str | None
    owner_reply: OwnerReply | None
    reach: int
    copies: int
    segments: dict[str, str]
    annotation: Annotation | None
    answers: tuple[Rating, ...] = ()
    """To the other questions of a survey."""


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many mentions of a brand one source has, from which day to which."""

    source_id: int
    source: str
    source_kind: str
    mentions: int
    first_day: date
    last_day: date


def pending(conn: Connection, model: str, limit: int, *, after: int = 0) -> list[PendingMention]:
    """Mentions whose present wording `model` has not read: with a text, not deleted, in the order of their ids.

    To walk through many, give the last id as `after`: it costs as much at the end as at the beginning.
    """
    query = (
        select(Mention.id, Mention.revision, Mention.title, Mention.text, Mention.language)
        .where(_unread(conn, model), Mention.id > after)
        .order_by(Mention.id)
        .limit(limit)
    )
    return [PendingMention(*row) for row in conn.execute(query)]


def count_pending(conn: Connection, model: str) -> int:
    """How many mentions `pending` would give."""
    return conn.execute(select(func.count()).select_from(Mention).where(_unread(conn, model))).scalar_one()


def set_relevance(conn: Connection, verdicts: Iterable[tuple[int, int, bool]]) -> None:
    """Say whether mentions are about brands, as (mention id, brand id, relevant); marks the days.

    An edited mention is taken for relevant again until it is judged anew. What a person said wins over both.
    """
    row = MentionBrand
    for chunk in in_chunks(verdicts):
        for mention_id, brand_id, relevant in chunk:
            link = and_(row.mention_id == mention_id, row.brand_id == brand_id, row.relevant != relevant)
            conn.execute(update(row).where(link).values(relevant=relevant))
        overruling.uphold(conn, [mention_id for mention_id, _, _ in chunk])
        dirty.mark(conn, [mention_id for mention_id, _, _ in chunk])


def unread(conn: Connection, brand_id: int, start: date, end: date) -> bool:
    """Whether the current model has not read some mention of the brand of these days: the figures lack it."""
    model = opinions.current_model(conn)
    query = (
        select(Mention.id)
        .join(MentionBrand, MentionBrand.mention_id == Mention.id)
        .where(MentionBrand.relevant, *_period(brand_id, start, end), _unread(conn, model.name if model else ""))
    )
    return conn.execute(query.limit(1)).first() is not None


def latest(
    conn: Connection,
    brand_id: int | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    seen_since: datetime | None = None,
    source_id: int | None = None,
    language: str | None = None,
    sentiment: str | None = None,
    touchpoint: str | None = None,
    polarities: Sequence[str] | None = None,
    fold: bool = True,
    also: Sequence[ColumnElement[bool]] = (),
    limit: int = 50,
) -> list[MentionView]:
    """The newest mentions (of a brand), newest first; deleted and irrelevant ones are left out.

    `start` and `end` are days, both included; `seen_since` is about when we first saw it. `language` is the
    one the model found, else the declared one; `sentiment` a label; `touchpoint` (and `polarities` of it)
    what the annotation says. With `fold`, one of each story only: its head, wherever that counts.
    `also` are conditions of other modules of storage, on Mention and AnnotationRow.
    """
    model = opinions.current_model(conn)
    query = _views(brand_id, model.id if model else None).where(
        *_period(brand_id, start, end),
        Mention.deleted_at.is_(None),
        *also,
    )
    if seen_since is not None:
        query = query.where(Mention.first_seen_at >= seen_since)
    if source_id is not None:
        query = query.where(Mention.source_id == source_id)
    if language is not None:
        query = query.where(func.coalesce(AnnotationRow.language, Mention.language) == language)
    if sentiment is not None:
        query = query.where(AnnotationRow.sentiment == sentiment)
    if touchpoint is not None:
        query = query.where(_speaks_of(touchpoint, polarities))
    if fold:
        query = query.where(or_(Mention.story_id == Mention.id, Mention.story_id.is_(None)))
    return _read_views(conn, query.limit(limit), model)


def walk(
    conn: Connection,
    brand_id: int | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    batch: int = 500,
) -> Iterator[MentionView]:
    """All mentions (of a brand) in the order of their ids, near-duplicates too, a batch in memory at a time."""
    model = opinions.current_model(conn)
    query = _views(brand_id, model.id if model else None).where(
        *_period(brand_id, start, end), Mention.deleted_at.is_(None)
    )
    last = 0
    while views := _read_views(
        conn, query.where(Mention.id > last).order_by(None).order_by(Mention.id).limit(batch), model
    ):
        yield from views
        last = views[-1].id


def get(conn: Connection, mention_id: int) -> MentionView | None:
    """One mention, even a deleted one."""
    model = opinions.current_model(conn)
    query = _views(None, model.id if model else None).where(Mention.id == mention_id)
    return next(iter(_read_views(conn, query, model)), None)


def locate(conn: Connection, reference: str) -> int | None:
    """The number of a mention given by it, or as "source/external id"; either part may hold a stroke."""
    if reference.isascii() and reference.isdigit() and len(reference) < 19:
        return conn.execute(select(Mention.id).where(Mention.id == int(reference))).scalar()
    parts = reference.split("/")
    for cut in range(1, min(len(parts), 100)):
        source, external_id = "/".join(parts[:cut]), key_of("/".join(parts[cut:]))
        query = select(Mention.id).join(Source, Source.id == Mention.source_id).where(Source.name == source)
        if (found := conn.execute(query.where(Mention.external_id == external_id)).scalar()) is not None:
            return found
    return None


def count(conn: Connection, brand_id: int | None = None) -> int:
    """How many mentions there are (of a brand), near-duplicates counted each, without deleted ones."""
    if brand_id is None:
        return conn.execute(select(func.count()).where(Mention.deleted_at.is_(None))).scalar_one()
    query = (
        select(func.count())
        .join_from(MentionBrand, Mention, Mention.id == MentionBrand.mention_id)
        .where(MentionBrand.brand_id == brand_id, MentionBrand.relevant, Mention.deleted_at.is_(None))
    )
    return conn.execute(query).scalar_one()


def counts_by_source(
    conn: Connection, brand_id: int, start: date | None = None, end: date | None = None
) -> list[SourceCount]:
    """How many mentions of a brand each source has, the largest first; near-duplicates counted each."""
    query = (
        select(
            Source.id,
            Source.name,
            Source.kind,
            func.count(),
            func.min(MentionBrand.day, type_=MentionBrand.day.type),
            func.max(MentionBrand.day, type_=MentionBrand.day.type),
        )
        .join_from(MentionBrand, Mention, Mention.id == MentionBrand.mention_id)
        .join(Source, Source.id == Mention.source_id)
        .where(MentionBrand.relevant, Mention.deleted_at.is_(None), *_period(brand_id, start, end))
        .group_by(Source.id, Source.name, Source.kind)
        .order_by(func.count().desc(), Source.name)
    )
    return [SourceCount(*row) for row in conn.execute(query)]


def revisions(conn: Connection, mention_id: int) -> list[tuple[int, str | None, str, datetime]]:
    """Older wordings as (revision, title, text, when it was replaced), oldest first."""
    query = (
        select(Revision.revision, Revision.title, Revision.text, Revision.replaced_at)
        .where(Revision.mention_id == mention_id)
        .order_by(Revision.revision)
    )
    return [(number, title, text, at) for number, title, text, at in conn.execute(query)]


def rating_of(row: Row[Any]) -> Rating | None:
    """The rating in a row that has the four rating columns."""
    if row.rating is None:
        return None
    return Rating(row.rating, row.rating_worst, row.rating_best, Question(row.rating_question))


def answers_of(row: Row[Any]) -> tuple[Rating, ...]:
    """The answers to a survey's other questions, in a row that has that column."""
    return tuple(
        Rating(value, worst, best, Question(asked)) for asked, (value, worst, best) in (row.answers or {}).items()
    )


def _unread(conn: Connection, model: str) -> ColumnElement[bool]:
    found = opinions.find_model(conn, model)
    read = exists().where(
        AnnotationRow.mention_id == Mention.id,
        AnnotationRow.model_id == (found.id if found else None),
        AnnotationRow.revision == Mention.revision,
    )
    return and_(Mention.has_text, Mention.deleted_at.is_(None), ~read)


def _period(brand_id: int | None, start: date | None, end: date | None) -> list[ColumnElement[bool]]:
    day = Mention.day if brand_id is None else MentionBrand.day
    conditions: list[ColumnElement[bool]] = []
    if brand_id is not None:
        conditions.append(MentionBrand.brand_id == brand_id)
    if start is not None:
        conditions.append(day >= start)
    if end is not None:
        conditions.append(day <= end)
    return conditions


def _speaks_of(touchpoint: str, polarities: Sequence[str] | None) -> ColumnElement[bool]:
    opinion = TouchpointOpinionRow
    spoken = exists().where(
        opinion.mention_id == Mention.id,
        opinion.model_id == AnnotationRow.model_id,
        opinion.touchpoint == touchpoint,
    )
    return spoken if polarities is None else spoken.where(opinion.polarity.in_(polarities))


def _views(brand_id: int | None, model_id: int | None) -> Select[Any]:
    """The columns of a view, newest first; the brand's days come from one index when a brand is given."""
    member = aliased(Mention)
    copies = (
        select(func.count())
        .where(member.story_id == Mention.story_id, member.deleted_at.is_(None))
        .scalar_subquery()
        .label("copies")
    )
    query = (
        select(Mention, Source.name.label("source"), Source.kind.label("source_kind"), copies, *opinions.COLUMNS)
        .join(Source, Source.id == Mention.source_id)
        .outerjoin(
            AnnotationRow,
            and_(
                AnnotationRow.mention_id == Mention.id,
                AnnotationRow.model_id == model_id,
                AnnotationRow.revision == Mention.revision,
            ),
        )
    )
    if brand_id is None:
        return query.order_by(Mention.day.desc(), Mention.moment.desc(), Mention.id.desc())
    return (
        query.join(MentionBrand, MentionBrand.mention_id == Mention.id)
        .where(MentionBrand.relevant)
        .order_by(MentionBrand.day.desc(), Mention.moment.desc(), Mention.id.desc())
    )


def _read_views(conn: Connection, query: Select[Any], model: opinions.Model | None) -> list[MentionView]:
    rows = conn.execute(query).all()
    touchpoints = opinions.touchpoints_of(conn, model.id, [row.id for row in rows]) if model else {}
    return [_view(row, model, touchpoints.get(row.id, ())) for row in rows]


def _view(row: Row[Any], model: opinions.Model | None, touchpoints: Sequence[Any]) -> MentionView:
    annotated = model is not None and row.a_revision is not None
    return MentionView(
        id=row.id,
        source_id=row.source_id,
        source=row.source,
        source_kind=row.source_kind,
        external_id=row.external_id,
        kind=PostKind(row.kind),
        title=row.title,
        text=row.text,
        language=(row.a_language if annotated else None) or row.language,
        rating=rating_of(row),
        answers=answers_of(row),
        moment=row.moment,
        dated=row.published_at is not None,
        first_seen_at=row.first_seen_at,
        deleted_at=row.deleted_at,
        revision=row.revision,
        url=row.url,
        author_key=row.author_key,
        author_name=row.author_name,
        owner_reply=OwnerReply(row.reply_text, row.reply_at) if row.reply_text is not None else None,
        reach=row.reach,
        copies=row.copies or 1,
        segments=row.segments,
        annotation=opinions.read(row, model.name, touchpoints) if annotated and model else None,
    )
