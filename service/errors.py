"""How a command or a job ends when it cannot go on: one line on what happened, one on what to do."""

from __future__ import annotations


class ServiceError(Exception):
    """A failure that the user can act on. `str()` says what happened, `remedy` what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


class ConfigError(ServiceError):
    """The configuration file cannot be used as it is. One line per mistake."""
