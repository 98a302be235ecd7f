"""Options in the short forms that people write them in."""

from __future__ import annotations

from pydantic import BeforeValidator


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


def _named(value: object) -> object:
    value = _listed(value)
    return {str(one): "" for one in value} if isinstance(value, list | tuple) else value


SEVERAL = BeforeValidator(_listed)
"""For a tuple: one value alone is a list of one."""
NAMED = BeforeValidator(_named)
"""For a dict from numbers to the names to show: one number, or a list of them, have no names ("")."""
