"""Languages by their code and by their English name."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(1)
def _names() -> dict[str, str]:
    from babel import Locale  # noqa: PLC0415 - reads its tables: only those who meet a name pay

    return {code: str(name) for code, name in Locale("en").languages.items() if len(code) == 2}


@lru_cache(1)
def _codes() -> dict[str, str]:
    return {name.lower(): code for code, name in _names().items()}


def language_code(name: object) -> str | None:
    """The code of a language named in English: fr of French; None where it is none."""
    return _codes().get(name.strip().lower()) if isinstance(name, str) else None


def language_name(code: str) -> str | None:
    """The English name of a language: French of fr and of fr-CA; None where there is no such code."""
    return _names().get(code.strip().lower().partition("-")[0])
