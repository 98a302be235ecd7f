"""What brands' own answers taught of the figures that a model infers, and the answers it is learned from.

A calibration belongs to one brand and one model: another model has its own errors, and learns anew. It is put
over the sums of the rollups when a figure is made, so nothing is counted again. Each one put or dropped is in the
audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, select

from collectors.post import Rating
from nlp.annotation import Annotation
from storage import annotations as opinions
from storage import audit, corrections
from storage.database import insert_rows, take_turns
from storage.mentions import answers_of, rating_of
from storage.tables import AnnotationRow, Mention, MentionBrand, Overruled
from storage.tables import Calibration as Row


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was learned of one figure: how far the brand leans, as an angle, and the doubt left."""

    figure: str
    shift: float
    doubt: float
    learned_at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answered:
    """A text as the current model itself reads it, with the answers that its author gave."""

    said: Annotation
    answers: tuple[Rating, ...]


def of(conn: Connection, brand_id: int) -> list[Calibration]:
    """What the brand's answers taught of the current model, by the name of the figure."""
    query = select(Row.figure, Row.shift, Row.doubt, Row.learned_at, Row.detail)
    query = query.where(Row.brand_id == brand_id, Row.model_id == opinions.CURRENT)
    return [Calibration(*row) for row in conn.execute(query.order_by(Row.figure))]


def put(conn: Connection, brand_id: int, learned: Iterable[Calibration], *, actor: str, now: datetime) -> None:
    """Keep what was learned of the current model in place of what was before.

    Raises LookupError while no model is registered.
    """
    take_turns(conn, "calibrations")
    model = opinions.current_model(conn)
    if model is None:
        raise LookupError("no opinion model is registered")
    conn.execute(delete(Row).where(Row.brand_id == brand_id, Row.model_id == model.id))
    rows = [
        {
            "brand_id": brand_id,
            "model_id": model.id,
            "figure": one.figure,
            "shift": one.shift,
            "doubt": one.doubt,
            "learned_at": one.learned_at,
            "detail": one.detail,
        }
        for one in learned
    ]
    insert_rows(conn, Row, rows)
    shifts = {row["figure"]: row["shift"] for row in rows}
    audit.record(conn, actor, "calibrate", {"brand": brand_id, "model": model.name, "shifts": shifts}, now)


def reset(conn: Connection, brand_id: int, *, actor: str, now: datetime) -> list[str]:
    """Drop what was learned of the brand, for every model; the names of the figures."""
    take_turns(conn, "calibrations")
    figures = select(Row.figure).where(Row.brand_id == brand_id).distinct().order_by(Row.figure)
    known = list(conn.execute(figures).scalars())
    if known:
        conn.execute(delete(Row).where(Row.brand_id == brand_id))
        audit.record(conn, actor, "reset calibration", {"brand": brand_id, "figures": known}, now)
    return known


def answered(conn: Connection, brand_id: int) -> Iterator[Answered]:
    """The brand's texts whose authors also gave an answer, one for each story, in the order they came.

    Only those that the current model has read in their present wording; relevant and not deleted. What the model
    said counts, not what somebody corrected.
    """
    query = (
        select(
            AnnotationRow.mention_id,
            AnnotationRow.model_id,
            Overruled.mention_id.label("overruled"),
            Mention.rating,
            Mention.rating_worst,
            Mention.rating_best,
            Mention.rating_question,
            Mention.answers,
            *opinions.COLUMNS,
        )
        .join_from(Mention, MentionBrand, MentionBrand.mention_id == Mention.id)
        .join(
            AnnotationRow, (AnnotationRow.mention_id == Mention.id) & (AnnotationRow.revision == Mention.revision)
        )
        .outerjoin(
            Overruled,
            (Overruled.mention_id == Mention.id) & (Overruled.model_id == AnnotationRow.model_id),
        )
        .where(
            AnnotationRow.model_id == opinions.CURRENT,
            MentionBrand.brand_id == brand_id,
            MentionBrand.relevant,
            Mention.deleted_at.is_(None),
            Mention.rating.is_not(None),
            or_(Mention.story_id.is_(None), Mention.story_id == Mention.id),
        )
        .order_by(Mention.id)
    )
    for row in conn.execute(query).all():
        rating = rating_of(row)
        if rating is not None:
            said = (
                opinions.read(row, "")
                if row.overruled is None
                else opinions.said_by_model(conn, row.model_id, row)
            )
            yield Answered(said, (rating, *answers_of(row)))


def judged(conn: Connection, brand_id: int) -> Iterator[tuple[Annotation, dict[str, str]]]:
    """What the model said of mentions that were drawn by lot and judged by hand, and what they are, by field."""
    for one in corrections.judged(conn, brand_id):
        if one.drawn:
            yield one.said, one.truth
