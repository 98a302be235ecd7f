"""What all tables share: names of constraints, types of columns, keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Boolean, Float, ForeignKey, MetaData
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

from storage.types import BigId, Json, PlainText, UtcDateTime


class Base(DeclarativeBase):
    """All tables, with constraint names that do not depend on the database."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: PlainText,
        datetime: UtcDateTime,
        float: Float,
        bool: Boolean,
        dict[str, Any]: Json,
    }


CLUSTERED = {"sqlite_with_rowid": False}
"""For tables with a key of several columns: SQLite keeps the rows in its order, and no second tree."""


def key() -> MappedColumn[int]:
    """A primary key that counts."""
    return mapped_column(BigId, primary_key=True)


def to(column: str, **options: Any) -> MappedColumn[Any]:
    """A reference to the key of another table, given as "table.column"."""
    return mapped_column(BigId, ForeignKey(column), **options)
