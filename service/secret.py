"""Secrets by reference: the configuration names where a secret lies, and only the code that needs it reads it.

`env:NAME` is an environment variable, `file:PATH` the first line of a file (relative to the home folder).
The reference may be printed, logged and stored; the secret never is.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from collectors.secret import is_reference, only_reference
from service.errors import ServiceError

__all__ = ["SecretReference", "is_reference", "reveal"]

SecretReference = Annotated[str, AfterValidator(only_reference)]
"""A key of the configuration that says where a secret lies."""


def reveal(reference: str, home: Path) -> str:
    """The secret that `reference` points to.

    Raises ServiceError, naming the reference and not the secret, when there is none.
    """
    source, _, name = reference.partition(":")
    if source == "env":
        if secret := os.environ.get(name):
            return secret
        raise ServiceError(
            f"the environment variable {name} is not set",
            f"set {name} for the process that runs oyez, or change the reference in oyez.toml",
        )
    path = home / Path(name).expanduser()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ServiceError(
            f"the secret file {path} cannot be read: {error.strerror}",
            "put the secret on its first line and let only the user that runs oyez read it (chmod 600)",
        ) from error
    if not lines or not lines[0].strip():
        raise ServiceError(f"the secret file {path} is empty", "put the secret on its first line")
    return lines[0].strip()
