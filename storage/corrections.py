"""Corrections made by hand: putting and withdrawing them, and what they tell of the model.

A correction wins over every model until it is withdrawn: it outlives a new model, a re-annotation, and the
author's later edits of the text, after which it is shown as made on an older text. Each one put or withdrawn is
in the audit log. How it comes to count is the work of `storage.overruling` and `storage.annotations`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, or_, select, update
from sqlalchemy.orm import aliased

from nlp.annotation import Annotation
from nlp.correction import RELEVANCE, check
from storage import annotations as opinions
from storage import audit, dirty, overruling
from storage.database import in_chunks, take_turns
from storage.tables import AnnotationRow, Brand, Correction, Mention, MentionBrand, Source


class NotCorrectableError(ValueError):
    """A mention cannot be corrected so; the message says why."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """One correction; `outdated` says that the text was edited since.

    Of a relevance, `brand` is the one it is about, and `before` what was taken for true.
    """

    mention_id: int
    field: str
    brand_id: int | None
    brand: str | None
    value: str
    before: str | None
    outdated: bool
    drawn: bool
    author: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A mention with what a person says of it, by field, and what the current model itself said.

    `drawn` is whether it came to be judged by lot. Texts that were edited since are not among them.
    """

    mention_id: int
    source: str
    source_kind: str
    language: str | None
    truth: dict[str, str]
    said: Annotation
    drawn: bool


@dataclass(frozen=True, slots=True)
class RelevanceVerdict:
    """What a person said on whether a text is about a brand; `outdated` when the text was edited since."""

    mention_id: int
    title: str | None
    text: str
    relevant: bool
    outdated: bool


def put(
    conn: Connection,
    mention_id: int,
    field: str,
    value: str,
    *,
    author: str,
    now: datetime,
    brand_id: int | None = None,
    drawn: bool = False,
) -> None:
    """Say what a field of a mention is; it replaces an earlier correction of it and marks the days.

    `brand_id` is wanted of a relevance only, and only where the mention is linked to several brands. Raises
    LookupError when there is no such mention, ValueError for a field or value that is not of
    `nlp.correction.FIELDS`, NotCorrectableError where the mention has no text or is not linked to the brand.
    """
    check(field, value)
    take_turns(conn, "annotations")
    mention = conn.execute(select(Mention.revision, Mention.has_text).where(Mention.id == mention_id)).first()
    if mention is None:
        raise LookupError(f"there is no mention {mention_id}")
    if not mention.has_text:
        raise NotCorrectableError(f"mention {mention_id} has no text that a model could have misread")
    brand = _brand_of(conn, mention_id, brand_id) if field == RELEVANCE else None
    place = _place(mention_id, field, brand)
    old = conn.execute(select(Correction.value, Correction.before, Correction.drawn).where(*place)).first()
    before = old.before if old else _relevance(conn, mention_id, brand)
    conn.execute(delete(Correction).where(*place))
    row = {
        "value": value,
        "before": before,
        "revision": mention.revision,
        "drawn": drawn or bool(old and old.drawn),
    }
    identity = {"mention_id": mention_id, "field": field, "brand_id": brand}
    conn.execute(insert(Correction).values(**identity, **row, author=author, made_at=now))
    _take_effect(conn, mention_id, field)
    detail = {"mention": mention_id, "field": field, "value": value, "replaces": old.value if old else None}
    audit.record(conn, author, "correct", detail | ({"brand": brand} if brand else {}), now)


def withdraw(
    conn: Connection, mention_id: int, field: str, *, author: str, now: datetime, brand_id: int | None = None
) -> bool:
    """Take a correction back, so that the model's word counts again; False where there was none."""
    take_turns(conn, "annotations")
    place = _place(mention_id, field, brand_id)
    old = conn.execute(select(Correction.value, Correction.before).where(*place)).first()
    if old is None:
        return False
    conn.execute(delete(Correction).where(*place))
    if brand_id is not None and old.before is not None:
        link = MentionBrand.mention_id == mention_id, MentionBrand.brand_id == brand_id
        conn.execute(update(MentionBrand).where(*link).values(relevant=old.before == "yes"))
    _take_effect(conn, mention_id, field)
    detail = {"mention": mention_id, "field": field, "value": old.value}
    audit.record(conn, author, "withdraw correction", detail | ({"brand": brand_id} if brand_id else {}), now)
    return True


def of_mention(conn: Connection, mention_id: int) -> list[Corrected]:
    """What was corrected of a mention, or of another of its story, in the order in which it was."""
    return _read(conn, Correction.mention_id.in_(overruling.members(conn, [mention_id])))


def all_of(conn: Connection, brand_id: int | None = None, limit: int = 1_000) -> list[Corrected]:
    """The corrections (of a brand's mentions), the newest first."""
    conditions: list[ColumnElement[bool]] = []
    if brand_id is not None:
        linked = select(MentionBrand.mention_id).where(MentionBrand.brand_id == brand_id)
        conditions.append(Correction.mention_id.in_(linked))
        conditions.append(or_(Correction.brand_id.is_(None), Correction.brand_id == brand_id))
    return _read(conn, *conditions, newest_first=True, limit=limit)


def said(conn: Connection, mention_id: int) -> Annotation | None:
    """What the current model itself said of the mention's present wording, without corrections."""
    row = conn.execute(_read_by_current_model().where(Mention.id == mention_id)).first()
    return opinions.said_by_model(conn, row.model_id, row) if row else None


def judged(conn: Connection, brand_id: int | None = None) -> list[Judged]:
    """The mentions (of a brand) corrected on their present wording, with what the model itself said of them."""
    truth: dict[int, dict[str, str]] = defaultdict(dict)
    drawn: set[int] = set()
    for one in all_of(conn, brand_id, limit=1_000_000):
        if not one.outdated and one.field != RELEVANCE:
            truth[one.mention_id][one.field] = one.value
            drawn |= {one.mention_id} if one.drawn else set()
    found = []
    for ids in in_chunks(sorted(truth)):
        for row in conn.execute(_read_by_current_model().where(Mention.id.in_(ids)).order_by(Mention.id)):
            said_of_it = opinions.said_by_model(conn, row.model_id, row)
            found.append(
                Judged(
                    row.mention_id,
                    row.source,
                    row.source_kind,
                    row.a_language or row.declared,
                    truth[row.mention_id],
                    said_of_it,
                    row.mention_id in drawn,
                )
            )
    return found


def relevance(conn: Connection, brand_id: int) -> list[RelevanceVerdict]:
    """What people said on whether texts are about this brand, in the order of the mentions."""
    query = (
        select(Mention.id, Mention.title, Mention.text, Correction.value, Correction.revision, Mention.revision)
        .join_from(Correction, Mention, Mention.id == Correction.mention_id)
        .where(Correction.field == RELEVANCE, Correction.brand_id == brand_id, Mention.deleted_at.is_(None))
        .order_by(Mention.id)
    )
    return [
        RelevanceVerdict(id_, title, text, value == "yes", made_on != now_at)
        for id_, title, text, value, made_on, now_at in conn.execute(query)
    ]


def to_draw_from(conn: Connection, brand_id: int | None = None) -> list[int]:
    """The mentions that may be drawn by lot to be judged: read by the current model, one of each story."""
    query = _read_by_current_model().where(or_(Mention.story_id.is_(None), Mention.story_id == Mention.id))
    if brand_id is not None:
        link = MentionBrand
        linked = select(link.mention_id).where(link.brand_id == brand_id, link.relevant)
        query = query.where(Mention.id.in_(linked))
    return list(conn.execute(query.with_only_columns(Mention.id).order_by(Mention.id)).scalars())


def _place(mention_id: int, field: str, brand_id: int | None) -> tuple[ColumnElement[bool], ...]:
    brand = Correction.brand_id.is_(None) if brand_id is None else Correction.brand_id == brand_id
    return Correction.mention_id == mention_id, Correction.field == field, brand


def _brand_of(conn: Connection, mention_id: int, brand_id: int | None) -> int:
    """The brand that a relevance is about: the one that was named, or the only one."""
    linked = (
        conn.execute(select(MentionBrand.brand_id).where(MentionBrand.mention_id == mention_id)).scalars().all()
    )
    if brand_id in linked:
        return int(brand_id or 0)
    if brand_id is None and len(linked) == 1:
        return linked[0]
    why = (
        f"is linked to {len(linked)} brands: say which"
        if brand_id is None
        else "was not collected for that brand"
    )
    raise NotCorrectableError(f"mention {mention_id} {why}")


def _relevance(conn: Connection, mention_id: int, brand_id: int | None) -> str | None:
    link = MentionBrand.mention_id == mention_id, MentionBrand.brand_id == brand_id
    found = conn.execute(select(MentionBrand.relevant).where(*link)).scalar()
    return None if found is None else "yes" if found else "no"


def _take_effect(conn: Connection, mention_id: int, field: str) -> None:
    if field == RELEVANCE:
        dirty.mark(conn, [mention_id])
        overruling.uphold(conn, [mention_id])
    else:
        opinions.correct_anew(conn, overruling.members(conn, [mention_id]))


def _read_by_current_model() -> Select[Any]:
    """The mentions that the current model has read in their present wording."""
    return (
        select(
            AnnotationRow.mention_id,
            AnnotationRow.model_id,
            Source.name.label("source"),
            Source.kind.label("source_kind"),
            Mention.language.label("declared"),
            *opinions.COLUMNS,
        )
        .join_from(Mention, Source, Source.id == Mention.source_id)
        .join(
            AnnotationRow, (AnnotationRow.mention_id == Mention.id) & (AnnotationRow.revision == Mention.revision)
        )
        .where(AnnotationRow.model_id == opinions.CURRENT, Mention.deleted_at.is_(None))
    )


def _read(
    conn: Connection, *conditions: ColumnElement[bool], newest_first: bool = False, limit: int | None = None
) -> list[Corrected]:
    brand = aliased(Brand)
    query = (
        select(
            Correction.mention_id,
            Correction.field,
            Correction.brand_id,
            brand.name,
            Correction.value,
            Correction.before,
            Correction.revision != Mention.revision,
            Correction.drawn,
            Correction.author,
            Correction.made_at,
        )
        .join_from(Correction, Mention, Mention.id == Correction.mention_id)
        .outerjoin(brand, brand.id == Correction.brand_id)
        .where(*conditions)
        .limit(limit)
    )
    order: Sequence[Any] = (Correction.made_at, Correction.id)
    query = query.order_by(*(column.desc() for column in order)) if newest_first else query.order_by(*order)
    return [Corrected(*tuple(row)) for row in conn.execute(query)]
