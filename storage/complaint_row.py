"""The table of complaints, reached through `storage.tables`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint, text
from sqlalchemy.orm import Mapped

from storage.base import Base, key

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
