"""Rollups: the sums from which every figure is made, one `Tally` per brand, source, day, language and touchpoint.

What counts: mentions that are about the brand, not deleted, and annotated by the current model in their
present wording; and rated ones without a text, which nobody needs to annotate. Near-duplicates count as one
opinion, that of their story's head, on the head's day and source, with the number of copies and the reach of
the whole story. Rows with touchpoint '' count every mention; rows with a touchpoint count those that speak
of it. Reading a year costs its days' rows, however many mentions it had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from operator import add, attrgetter
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select
from sqlalchemy.orm import aliased

from nlp.annotation import TouchpointOpinion
from storage import annotations as opinions
from storage import brands, complaints
from storage.database import in_chunks, insert_rows, take_turns
from storage.mentions import answers_of, rating_of
from storage.tables import AnnotationRow, DirtyDay, Mention, MentionBrand, Rollup, TouchpointOpinionRow
from storage.tally import TALLY_FIELDS, Tally, tally_mention

DAYS_AT_ONCE = 60

_Key = tuple[int, date, str, str]
"""Source, day, language, touchpoint."""

_values: Callable[[Tally], tuple[float, ...]] = attrgetter(*TALLY_FIELDS)
"""A tally as a row: many thousands are summed up, and tuples add ten times as fast."""
_SUMS = tuple(Rollup.__table__.c[name] for name in TALLY_FIELDS)


def dirty(conn: Connection) -> list[tuple[int, date]]:
    """The (brand, day) pairs that have to be counted again, in order."""
    query = select(DirtyDay.brand_id, DirtyDay.day).distinct().order_by(DirtyDay.brand_id, DirtyDay.day)
    return [(brand_id, day) for brand_id, day in conn.execute(query)]


def refresh(conn: Connection, limit: int | None = None) -> int:
    """Count the marked days again (at most `limit` of them); returns how many were.

    The old rows are replaced and the marks removed in the caller's transaction. A mark that another
    transaction adds meanwhile stays for the next time.
    """
    take_turns(conn, "rollups")
    marks: dict[int, dict[date, list[int]]] = defaultdict(lambda: defaultdict(list))
    query = select(DirtyDay.id, DirtyDay.brand_id, DirtyDay.day)
    for number, brand_id, day in conn.execute(query.order_by(DirtyDay.brand_id, DirtyDay.day)):
        marks[brand_id][day].append(number)
    left = limit
    done = 0
    for brand_id, days in marks.items():
        for chunk in in_chunks(list(days)[:left], DAYS_AT_ONCE):
            _count_again(conn, brand_id, chunk)
            for numbers in in_chunks(number for day in chunk for number in days[day]):
                conn.execute(delete(DirtyDay).where(DirtyDay.id.in_(numbers)))
            done += len(chunk)
            left = None if limit is None else limit - done
    return done


def read(
    conn: Connection,
    brand_id: int,
    start: date,
    end: date,
    *,
    source_id: int | None = None,
    language: str | None = None,
    touchpoint: str = "",
) -> Tally:
    """The sums from `start` to `end`, both included, over one slice; of `touchpoint` '' over all mentions."""
    rows = _read(conn, (), _slice(brand_id, start, end, source_id, language, touchpoint))
    return next(iter(rows))[1]


def by_day(
    conn: Connection,
    brand_id: int,
    start: date,
    end: date,
    *,
    source_id: int | None = None,
    language: str | None = None,
    touchpoint: str = "",
) -> dict[date, Tally]:
    """The same for each day that has any, in order."""
    where = _slice(brand_id, start, end, source_id, language, touchpoint)
    return {key[0]: tally for key, tally in _read(conn, (Rollup.day,), where)}


def by_source_and_day(
    conn: Connection,
    brand_id: int,
    start: date,
    end: date,
    *,
    source_id: int | None = None,
    language: str | None = None,
    touchpoint: str = "",
) -> dict[tuple[int, date], Tally]:
    """The same for each source's id and day."""
    where = _slice(brand_id, start, end, source_id, language, touchpoint)
    return {(key[0], key[1]): tally for key, tally in _read(conn, (Rollup.source_id, Rollup.day), where)}


def first_day(conn: Connection, brand_id: int) -> date | None:
    """The first day ever that counts anything of the brand."""
    query = select(func.min(Rollup.day, type_=Rollup.day.type))
    return conn.execute(query.where(Rollup.brand_id == brand_id, Rollup.touchpoint == "")).scalar()


def by_source(
    conn: Connection, brand_id: int, start: date, end: date, *, language: str | None = None, touchpoint: str = ""
) -> dict[int, Tally]:
    """The same for each source's id. Ratings are biased differently on each platform: look before pooling."""
    where = _slice(brand_id, start, end, None, language, touchpoint)
    return {key[0]: tally for key, tally in _read(conn, (Rollup.source_id,), where)}


def by_language(
    conn: Connection, brand_id: int, start: date, end: date, *, source_id: int | None = None, touchpoint: str = ""
) -> dict[str, Tally]:
    """The same for each language, '' where it is not known."""
    where = _slice(brand_id, start, end, source_id, None, touchpoint)
    return {key[0]: tally for key, tally in _read(conn, (Rollup.language,), where)}


def by_touchpoint(
    conn: Connection,
    brand_id: int,
    start: date,
    end: date,
    *,
    source_id: int | None = None,
    language: str | None = None,
) -> dict[str, Tally]:
    """The same for each touchpoint that is spoken of, without ''. One mention may be in several."""
    where = _slice(brand_id, start, end, source_id, language, None)
    return {key[0]: tally for key, tally in _read(conn, (Rollup.touchpoint,), where)}


def of_segment(
    conn: Connection, brand_id: int, start: date, end: date, segment: tuple[str, str]
) -> dict[tuple[int, date, str, str], Tally]:
    """The sums over a segment's mentions (its name and value), by source, day, language and touchpoint.

    Segments bear any name, so no rollup is kept by them: the mentions themselves are counted, at the cost of
    their number.
    """
    name, value = segment
    of_it = Mention.segments[name].as_string() == value
    found: dict[tuple[int, date, str, str], Tally] = {}
    for days in in_chunks((start + timedelta(n) for n in range((end - start).days + 1)), DAYS_AT_ONCE):
        found |= {key: Tally(*values) for key, values in _sums_of(conn, brand_id, days, of_it).items()}
    return found


def _slice(  # noqa: PLR0917  private, and always called with all of them
    brand_id: int, start: date, end: date, source_id: int | None, language: str | None, touchpoint: str | None
) -> list[Any]:
    spoken_of = Rollup.touchpoint != "" if touchpoint is None else Rollup.touchpoint == touchpoint
    where: list[Any] = [Rollup.brand_id == brand_id, spoken_of, Rollup.day.between(start, end)]
    if source_id is not None:
        where.append(Rollup.source_id == source_id)
    if language is not None:
        where.append(Rollup.language == language)
    return where


def _read(conn: Connection, keys: tuple[Any, ...], where: list[Any]) -> Iterator[tuple[tuple[Any, ...], Tally]]:
    sums = [func.coalesce(func.sum(column), 0.0) for column in _SUMS]
    for row in conn.execute(select(*keys, *sums).where(*where).group_by(*keys).order_by(*keys)):
        yield tuple(row[: len(keys)]), Tally(*row[len(keys) :])


def _sums_of(
    conn: Connection, brand_id: int, days: list[date], *conditions: Any
) -> dict[_Key, tuple[float, ...]]:
    """The sums over the mentions that count on these days, as rows, of those that meet the conditions."""
    sums: dict[_Key, tuple[float, ...]] = {}
    model = opinions.current_model(conn)
    model_id = model.id if model else None
    touchpoints = _touchpoints(conn, brand_id, days, model_id)
    copies = _copies(conn, brand_id, days)
    threshold = brands.satisfied_from(conn, brand_id)
    for row in conn.execute(_heads(brand_id, days, model_id).where(*conditions)):
        _add(sums, row, touchpoints.get(row.id, []), copies.get(row.id, (0, 0)), threshold)
    return sums


def _count_again(conn: Connection, brand_id: int, days: list[date]) -> None:
    sums = _sums_of(conn, brand_id, days)
    conn.execute(delete(Rollup).where(Rollup.brand_id == brand_id, Rollup.day.in_(days)))
    rows = [
        {
            "brand_id": brand_id,
            "source_id": source_id,
            "day": day,
            "language": language,
            "touchpoint": touchpoint,
            **dict(zip(TALLY_FIELDS, values, strict=True)),
        }
        for (source_id, day, language, touchpoint), values in sorted(sums.items())
    ]
    insert_rows(conn, Rollup, rows)
    complaints.count_again(conn, brand_id, days)


def _add(
    sums: dict[_Key, tuple[float, ...]],
    row: Row[Any],
    touchpoints: list[TouchpointOpinion],
    copies: tuple[int, int],
    satisfied_from: float,
) -> None:
    annotation = None
    if row.a_revision is not None:
        annotation = opinions.read(row, "", touchpoints)
    rating, answers = rating_of(row), answers_of(row)
    language = (annotation.language if annotation else None) or row.language or ""
    for touchpoint in {"", *(opinion.touchpoint for opinion in touchpoints)}:
        tally = tally_mention(
            annotation,
            rating,
            answers=answers,
            copies=1 + copies[0],
            reach=row.reach + copies[1],
            replied=row.reply_text is not None,
            touchpoint=touchpoint or None,
            satisfied_from=satisfied_from,
        )
        key, values = (row.source_id, row.day, language, touchpoint), _values(tally)
        sums[key] = tuple(map(add, sums[key], values)) if key in sums else values


def _heads(brand_id: int, days: list[date], model_id: int | None) -> Any:
    """The mentions that count on these days, with what the model said of them."""
    return (
        select(
            Mention.id,
            Mention.source_id,
            MentionBrand.day,
            Mention.language,
            Mention.rating,
            Mention.rating_worst,
            Mention.rating_best,
            Mention.rating_question,
            Mention.answers,
            Mention.reach,
            Mention.reply_text,
            *opinions.COLUMNS,
        )
        .join(MentionBrand, MentionBrand.mention_id == Mention.id)
        .outerjoin(
            AnnotationRow,
            and_(
                AnnotationRow.mention_id == Mention.id,
                AnnotationRow.model_id == model_id,
                AnnotationRow.revision == Mention.revision,
            ),
        )
        .where(
            *_counted(brand_id, days),
            Mention.deleted_at.is_(None),
            or_(Mention.story_id.is_(None), Mention.story_id == Mention.id),
            or_(AnnotationRow.mention_id.is_not(None), and_(~Mention.has_text, Mention.rating.is_not(None))),
        )
    )


def _touchpoints(
    conn: Connection, brand_id: int, days: list[date], model_id: int | None
) -> dict[int, list[TouchpointOpinion]]:
    opinion = TouchpointOpinionRow
    query = (
        select(opinion.mention_id, opinion.touchpoint, opinion.polarity, opinion.confidence)
        .join(MentionBrand, MentionBrand.mention_id == opinion.mention_id)
        .where(*_counted(brand_id, days), opinion.model_id == model_id)
    )
    found: dict[int, list[TouchpointOpinion]] = defaultdict(list)
    for mention_id, touchpoint, polarity, confidence in conn.execute(query):
        found[mention_id].append(TouchpointOpinion(touchpoint, polarity, confidence, ""))
    return found


def _copies(conn: Connection, brand_id: int, days: list[date]) -> dict[int, tuple[int, int]]:
    """For heads of these days that have them: how many other members their story has, and the reach of those."""
    member, head = aliased(MentionBrand), MentionBrand
    query = (
        select(Mention.story_id, func.count(), func.sum(Mention.reach))
        .join(head, head.mention_id == Mention.story_id)
        .join(member, and_(member.mention_id == Mention.id, member.brand_id == brand_id, member.relevant))
        .where(*_counted(brand_id, days), Mention.story_id != Mention.id, Mention.deleted_at.is_(None))
        .group_by(Mention.story_id)
    )
    return {
        story_id: (number, int(reach)) for story_id, number, reach in conn.execute(query) if story_id is not None
    }


def _counted(brand_id: int, days: list[date]) -> list[Any]:
    return [MentionBrand.brand_id == brand_id, MentionBrand.day.in_(days), MentionBrand.relevant]
