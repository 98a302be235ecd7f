"""Keys of sources: the options name where a key lies, and only a source that is built to be read gets to see it.

`env:NAME` is an environment variable, `file:PATH` the first line of a file. The reference may be printed, logged
and stored; the key never is: it is held in a `SecretStr`, which shows asterisks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, SecretStr, ValidationInfo

REVEAL = "reveal"
"""Where the context of a validation holds the function that follows a reference."""

Reveal = Callable[[str], str]
_REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+")


def is_reference(value: str) -> bool:
    """Whether `value` says where a secret lies, rather than being one."""
    return _REFERENCE.fullmatch(value) is not None


def only_reference(value: str) -> str:
    """`value` itself. Raises ValueError, which does not repeat it, where it is no reference."""
    if not is_reference(value):
        # The value itself may be the secret: it must not be repeated in the message.
        raise ValueError("a secret is written as env:NAME or file:PATH, never in clear")
    return value


def _follow(value: object, info: ValidationInfo) -> SecretStr:
    """The key that a reference leads to; without a context, the reference itself: it is only checked then."""
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise ValueError("a secret is written as env:NAME or file:PATH")
    reference = only_reference(value)
    reveal: Reveal | None = (info.context or {}).get(REVEAL)
    return SecretStr(reveal(reference) if reveal else reference)


Secret = Annotated[SecretStr, BeforeValidator(_follow)]
"""An option that holds a key, as in `key: Secret = Field(description=…)`.

Written as env:NAME or file:PATH; a built source reads it with `options.key.get_secret_value()`. Programs may give
a `SecretStr`.
"""


def references(options: type[BaseModel], given: Mapping[str, Any]) -> Iterator[str]:
    """The references among the options `given`: those of fields that hold a `Secret`."""
    for name, field in options.model_fields.items():
        value = given.get(name)
        if _holds_secret(field.annotation) and isinstance(value, str) and is_reference(value):
            yield value


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))
