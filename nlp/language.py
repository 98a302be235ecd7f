"""Which language a text is written in, among the few that are configured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from threading import Lock
from typing import Any

_LETTERS = re.compile(r"[^\W\d_]+")
_NOISE = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|[@#]\w+")
_LONGEST = 1_000
"""The beginning of a text says it."""
_lock = Lock()


def detect(text: str, candidates: Sequence[str] = ("fr", "en")) -> str | None:
    """The ISO 639-1 code of the text's language among `candidates`, or None where no word tells.

    Raises ValueError for a candidate the model does not know.
    """
    sample = _NOISE.sub(" ", text[: 2 * _LONGEST])[:_LONGEST]
    if not _LETTERS.search(sample):
        return None
    if len(candidates) == 1:
        return candidates[0]
    language, _ = _identifier(tuple(candidates)).classify(sample)
    return str(language)


@lru_cache(maxsize=8)
def _identifier(candidates: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - unpacks its model at import

    with _lock:
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
        identifier.set_languages(candidates)
        return identifier
