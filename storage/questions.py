"""What surveys asked: the questions that the ratings of a source answer, and the scales they were read on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from collectors.post import Question
from collectors.source import SurveyQuestion
from storage.database import insert_into
from storage.tables import Mention, MentionBrand, Source
from storage.tables import SurveyQuestion as Row


@dataclass(frozen=True, slots=True)
class KeptQuestion:
    """A question, the source whose ratings answer it, and when it was last read."""

    source: str
    question: SurveyQuestion
    read_at: datetime


def keep(conn: Connection, source_id: int, questions: Iterable[SurveyQuestion], now: datetime) -> None:
    """Note what was asked; the scale of a question that is known is the one it was last read on."""
    for asked in questions:
        scale = {"worst": asked.worst, "best": asked.best, "read_at": now}
        row = {"source_id": source_id, "question": asked.question.value, "asked": asked.asked, **scale}
        statement = insert_into(conn, Row).values(row)
        conn.execute(
            statement.on_conflict_do_update(index_elements=["source_id", "question", "asked"], set_=scale)
        )


def kept(conn: Connection, brand_id: int | None = None) -> list[KeptQuestion]:
    """The questions of all sources, or of those that a brand has answers from, in the order of their names."""
    query = (
        select(Source.name, Row.asked, Row.question, Row.worst, Row.best, Row.read_at)
        .join(Source, Source.id == Row.source_id)
        .order_by(Source.name, Row.question, Row.asked)
    )
    if brand_id is not None:
        of_brand = (
            select(Mention.id)
            .join(MentionBrand, MentionBrand.mention_id == Mention.id)
            .where(
                MentionBrand.brand_id == brand_id, Mention.source_id == Row.source_id, Mention.rating.is_not(None)
            )
        )
        query = query.where(of_brand.exists())
    return [
        KeptQuestion(source, SurveyQuestion(asked, Question(question), worst, best), read_at)
        for source, asked, question, worst, best, read_at in conn.execute(query)
    ]
