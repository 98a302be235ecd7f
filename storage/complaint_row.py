"""The tables of complaints, reached through `storage.tables`."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.base import CLUSTERED, Base, key, to
from storage.types import BigId

UNSORTED = text("complaint_id IS NULL AND polarity IN ('negative', 'mixed')")
"""Opinions on touchpoints that still have to be sorted by what they complain of."""


class ComplaintRow(Base):
    """What people complain of about a touchpoint in a language, whichever brand: see `nlp.complaints`.

    Older ones come first when a passage is sorted. `key` and `label` never change.
    """

    __tablename__ = "complaints"
    __table_args__ = (UniqueConstraint("touchpoint", "language", "key"),)

    id: Mapped[int] = key()
    touchpoint: Mapped[str]
    language: Mapped[str]
    key: Mapped[str]
    label: Mapped[str]
    found_at: Mapped[datetime]


class ComplaintDay(Base):
    """How many people complained of it on a day about a brand: made again with the day's rollups.

    `complaint_id` 0 is what is about none, or not sorted yet.
    """

    __tablename__ = "complaint_days"
    __table_args__ = CLUSTERED

    brand_id: Mapped[int] = to("brands.id", primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    touchpoint: Mapped[str] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(BigId, primary_key=True)
    people: Mapped[int]
