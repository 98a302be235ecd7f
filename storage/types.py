"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, String
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator

BigId = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key. SQLite numbers only INTEGER keys by itself, and those have 64 bits there."""


def plain(text: str) -> str:
    """The text without what no database keeps: NUL bytes, and halves of surrogate pairs (as "?")."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def plain_json(value: Any) -> Any:
    """The same for every key and string inside a JSON value."""
    match value:
        case str():
            return plain(value)
        case dict():
            return {plain(str(key)): plain_json(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain_json(inner) for inner in value]
    return value


def _plain_or_none(text: str | None) -> str | None:
    return None if text is None else plain(text)


class PlainText(TypeDecorator[str]):
    """Text of any length, passed through `plain` on its way in."""

    impl = String
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """Make the text fit to be stored. (A processor and not `process_bind_param`: it runs for every cell.)"""
        return _plain_or_none


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, in UTC on both sides. SQLite keeps it without its zone, as sortable text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Refuse a naive moment: nobody knows when that is. Raises ValueError."""
        finish = self.impl_instance.bind_processor(dialect)

        def process(value: datetime | None) -> Any:
            if value is None:
                return None
            if value.tzinfo is not UTC:
                if value.tzinfo is None:
                    raise ValueError(f"{value} carries no time zone")
                value = value.astimezone(UTC)
            return finish(value) if finish else value

        return process

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):
    """A JSON value, passed through `plain_json` on its way in; None is SQL's NULL.

    JSON and not JSONB on PostgreSQL: a document comes back with its keys in their order.
    """

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Make the strings inside fit to be stored."""
        return plain_json(value) if value else value
