"""Complaints: every negative passage sorted by what it complains of, and how many people say each.

An opinion on a touchpoint that is new, edited or made by another model has no complaint yet, since its row is
written anew: that is the whole bookkeeping. `sort_pending` gives it the complaint that its words name, which is
the same one whenever and however often it is done; `find_new` looks at what is left for complaints that several
people share, and marks the rest as about none. Killed in between, they go on where they were.

A complaint is one for all brands, so that theirs can be compared; counts are of one brand, by day, and made with
its rollups: every change marks its days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, exists, func, insert, or_, select, update

from nlp.complaints import FEWEST, Complaint, Complaints, Passage, discover, known
from storage import brands, dirty
from storage.annotations import CURRENT, Quote
from storage.database import insert_rows, take_turns
from storage.tables import (
    AnnotationRow,
    ComplaintDay,
    ComplaintRow,
    Mention,
    MentionBrand,
    Source,
    TouchpointOpinionRow,
)

AT_ONCE = 2_000
"""Passages sorted in one transaction."""
LOOKED_AT = 3_000
"""Passages without a complaint, the newest of their touchpoint and language, among which new ones are found."""
NONE = 0
"""The complaint of a passage that is about none."""
NEGATIVE = ("negative", "mixed")

_Topic = tuple[str, str]
"""Touchpoint and language, "" where that is unknown."""
_opinion = TouchpointOpinionRow
_language: ColumnElement[str] = func.coalesce(AnnotationRow.language, "")
_ANNOTATED = (AnnotationRow.mention_id == _opinion.mention_id) & (AnnotationRow.model_id == _opinion.model_id)
_WAITING = (
    _opinion.model_id == CURRENT,
    _opinion.complaint_id.is_(None),
    _opinion.polarity.in_(NEGATIVE),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people (stories, of one brand) complain of it; `id` and `label` are those of a complaint."""

    id: int
    label: str
    touchpoint: str
    language: str
    people: int


def sort_pending(conn: Connection, now: datetime, after: int = 0, limit: int = AT_ONCE) -> tuple[int, int]:
    """Sort passages of the next mentions after that id by the complaints that are known.

    Returns how many were looked at, 0 at the end, and the id to go on after. What is about none stays for
    `find_new`.
    """
    take_turns(conn, "complaints")
    query = select(*_COLUMNS).join(AnnotationRow, _ANNOTATED).where(*_WAITING, _opinion.mention_id > after)
    rows = conn.execute(query.order_by(_opinion.mention_id, _opinion.place).limit(limit)).all()
    _sort(conn, rows, now)
    # Passages of the last mention that are behind the limit are left to `find_new`, which settles all.
    return len(rows), rows[-1].mention_id if rows else after


def waiting(conn: Connection) -> list[_Topic]:
    """The touchpoints and languages in which passages are still without a complaint."""
    query = select(_opinion.touchpoint, _language).join(AnnotationRow, _ANNOTATED).where(*_WAITING)
    return [
        (touchpoint, language)
        for touchpoint, language in conn.execute(query.distinct().order_by(_opinion.touchpoint, _language))
    ]


def find_new(conn: Connection, topic: _Topic, now: datetime) -> int:
    """Find new complaints among what is about none so far, and settle what waits; how many were found.

    Only what counts is looked at: of each story its head, of mentions that are about a brand and not deleted.
    """
    take_turns(conn, "complaints")
    rest = _rest(conn, topic)
    found = discover([Passage(_person(row), row.quote) for row in rest], topic[1], _names(conn))
    _keep(conn, topic, found, now)
    if found:
        _sort(conn, rest, now)
    while waits := conn.execute(_of_topic(topic).where(*_WAITING).limit(AT_ONCE)).all():
        _sort(conn, waits, now, settle=True)
    return len(found)


def count_again(conn: Connection, brand_id: int, days: Sequence[date]) -> None:
    """Count the brand's complaints of these days again: `storage.rollups` does, with all else that they hold."""
    complaint = func.coalesce(_opinion.complaint_id, NONE)
    query = (
        select(MentionBrand.day, _opinion.touchpoint, _language, complaint, func.count(Mention.id.distinct()))
        .join_from(_opinion, Mention, Mention.id == _opinion.mention_id)
        .join(MentionBrand, MentionBrand.mention_id == Mention.id)
        .join(AnnotationRow, _ANNOTATED & (AnnotationRow.revision == Mention.revision))
        .where(*_counted(brand_id), MentionBrand.day.in_(days))
        .group_by(MentionBrand.day, _opinion.touchpoint, _language, complaint)
    )
    names = ("day", "touchpoint", "language", "complaint_id", "people")
    rows = [{"brand_id": brand_id, **dict(zip(names, row, strict=True))} for row in conn.execute(query)]
    conn.execute(delete(ComplaintDay).where(ComplaintDay.brand_id == brand_id, ComplaintDay.day.in_(days)))
    insert_rows(conn, ComplaintDay, rows)


def count(conn: Connection, brand_id: int, start: date, end: date) -> list[Counted]:
    """The brand's complaints from `start` to `end`, the most frequent first; of id `NONE` what is about none."""
    day, label = ComplaintDay, func.coalesce(ComplaintRow.label, "")
    query = (
        select(day.complaint_id, label, day.touchpoint, day.language, func.sum(day.people))
        .outerjoin(ComplaintRow, ComplaintRow.id == day.complaint_id)
        .where(day.brand_id == brand_id, day.day.between(start, end))
        .group_by(day.complaint_id, label, day.touchpoint, day.language)
    )
    counted = [Counted(*row) for row in conn.execute(query)]
    return sorted(counted, key=lambda one: (-one.people, one.touchpoint, one.language, one.id))


def since(conn: Connection, brand_id: int) -> dict[int, date]:
    """The first day on which somebody complained of it about the brand, by the complaint's id."""
    day = ComplaintDay
    first = func.min(day.day, type_=day.day.type)
    query = select(day.complaint_id, first).where(day.brand_id == brand_id).group_by(day.complaint_id)
    return {row[0]: row[1] for row in conn.execute(query)}


def examples(conn: Connection, brand_id: int, start: date, end: date, wanted: int = 10) -> dict[int, list[Quote]]:
    """The surest passages of each complaint about the brand from `start` to `end`, at most `wanted` of each."""
    surest = func.row_number().over(
        partition_by=_opinion.complaint_id, order_by=(_opinion.confidence.desc(), Mention.id)
    )
    ranked = (
        select(
            Mention.id,
            _opinion.touchpoint,
            _opinion.polarity,
            _opinion.confidence,
            _opinion.quote,
            AnnotationRow.language,
            Mention.day,
            Source.name.label("source"),
            Mention.url,
            _opinion.complaint_id,
            surest.label("place"),
        )
        .join_from(_opinion, Mention, Mention.id == _opinion.mention_id)
        .join(MentionBrand, MentionBrand.mention_id == Mention.id)
        .join(AnnotationRow, _ANNOTATED & (AnnotationRow.revision == Mention.revision))
        .join(Source, Source.id == Mention.source_id)
        .where(*_counted(brand_id), MentionBrand.day.between(start, end), _opinion.complaint_id != NONE)
        .subquery()
    )
    found: dict[int, list[Quote]] = defaultdict(list)
    query = select(ranked).where(ranked.c.place <= wanted)
    for row in conn.execute(query.order_by(ranked.c.complaint_id, ranked.c.place)):
        found[row.complaint_id].append(Quote(*row[:9]))
    return found


def about(conn: Connection, mention_ids: Sequence[int]) -> list[int]:
    """The complaints that these mentions are about."""
    query = select(_opinion.complaint_id).where(
        _opinion.mention_id.in_(mention_ids), _opinion.complaint_id != NONE
    )
    return sorted({id_ for id_ in conn.execute(query.distinct()).scalars() if id_ is not None})


def drop_unshared(conn: Connection, ids: Iterable[int]) -> None:
    """Drop those of these complaints that too few people are left to share; what is about them waits anew.

    The label of one that was found is made of people's words: it stays as long as `FEWEST` of them say it.
    """
    found = select(ComplaintRow.id).where(ComplaintRow.id.in_(list(ids)), ComplaintRow.key.not_like("=%"))
    for id_ in conn.execute(found).scalars().all():
        query = select(Mention.author_key, Mention.id.label("mention_id"))
        query = query.join(_opinion, _opinion.mention_id == Mention.id).where(_opinion.complaint_id == id_)
        left = conn.execute(query).all()
        if len({_person(row) for row in left}) < FEWEST:
            dirty.mark(conn, {row.mention_id for row in left})
            conn.execute(update(_opinion).where(_opinion.complaint_id == id_).values(complaint_id=None))
            conn.execute(delete(ComplaintDay).where(ComplaintDay.complaint_id == id_))
            conn.execute(delete(ComplaintRow).where(ComplaintRow.id == id_))


_COLUMNS = (
    _opinion.mention_id,
    _opinion.model_id,
    _opinion.place,
    _opinion.touchpoint,
    _language.label("language"),
    _opinion.quote,
)


def _counted(brand_id: int) -> tuple[Any, ...]:
    return (
        MentionBrand.brand_id == brand_id,
        MentionBrand.relevant,
        Mention.deleted_at.is_(None),
        or_(Mention.story_id.is_(None), Mention.story_id == Mention.id),
        _opinion.model_id == CURRENT,
        _opinion.polarity.in_(NEGATIVE),
        _opinion.quote != "",
    )


def _of_topic(topic: _Topic) -> Any:
    query = select(*_COLUMNS, Mention.author_key).join_from(_opinion, Mention, Mention.id == _opinion.mention_id)
    query = query.join(AnnotationRow, _ANNOTATED)
    return query.where(_opinion.touchpoint == topic[0], _language == topic[1], _opinion.model_id == CURRENT)


def _rest(conn: Connection, topic: _Topic) -> list[Any]:
    """What counts, and is about no complaint or not sorted yet, the newest mentions first."""
    relevant = exists().where(MentionBrand.mention_id == Mention.id, MentionBrand.relevant)
    query = _of_topic(topic).where(
        func.coalesce(_opinion.complaint_id, NONE) == NONE,
        _opinion.polarity.in_(NEGATIVE),
        Mention.deleted_at.is_(None),
        or_(Mention.story_id.is_(None), Mention.story_id == Mention.id),
        relevant,
    )
    return list(conn.execute(query.order_by(_opinion.mention_id.desc(), _opinion.place).limit(LOOKED_AT)))


def _person(row: Any) -> str:
    return row.author_key or f"mention {row.mention_id}"


def _names(conn: Connection) -> set[str]:
    """The names of the brands, and whatever else these are called."""
    found = set()
    for brand in brands.all_brands(conn, active_only=False):
        found |= {brand.name, *brand.settings.get("aliases", ()), *brand.settings.get("competitors", ())}
    return found


def _sort(conn: Connection, rows: Iterable[Any], now: datetime, *, settle: bool = False) -> None:
    """Write down what these passages complain of; with `settle` also that it is nothing known."""
    by_topic: dict[_Topic, list[Any]] = defaultdict(list)
    for row in rows:
        by_topic[row.touchpoint, row.language].append(row)
    changes = []
    for topic, members in sorted(by_topic.items()):
        ids = _ids(conn, topic)
        sorter = Complaints(topic[1], ids)
        keys = [sorter.of(row.quote) for row in members]
        if common := {key for key in keys if key is not None} - ids.keys():
            _keep(conn, topic, [known(topic[1])[key] for key in sorted(common)], now)
            ids = _ids(conn, topic)
        for row, key in zip(members, keys, strict=True):
            if key is not None or settle:
                what = NONE if key is None else ids[key]
                changes.append({"mention": row.mention_id, "model": row.model_id, "at": row.place, "what": what})
    if changes:
        conn.execute(_WRITE, changes)
        dirty.mark(conn, {change["mention"] for change in changes})


def _ids(conn: Connection, topic: _Topic) -> dict[str, int]:
    """The complaints by their keys, the oldest first."""
    query = select(ComplaintRow.key, ComplaintRow.id).order_by(ComplaintRow.id)
    rows = conn.execute(query.where(ComplaintRow.touchpoint == topic[0], ComplaintRow.language == topic[1]))
    return {row.key: row.id for row in rows}


def _keep(conn: Connection, topic: _Topic, new: Iterable[Complaint], now: datetime) -> None:
    """Keep new complaints, in their order."""
    for one in new:
        row = {"touchpoint": topic[0], "language": topic[1], "key": one.key, "label": one.label, "found_at": now}
        conn.execute(insert(ComplaintRow).values(row))


_WRITE = (
    update(_opinion)
    .where(
        _opinion.mention_id == bindparam("mention"),
        _opinion.model_id == bindparam("model"),
        _opinion.place == bindparam("at"),
    )
    .values(complaint_id=bindparam("what"))
)
