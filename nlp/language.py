"""Which language a text is written in, among the few that are configured.

py3langid (a naive Bayes model over 4.5 MB of byte n-grams), helped out on very short texts by a list of words
that tell French from English. Measured on real reviews and posts, French and English as the candidates:

| characters | texts | py3langid | with the words | lingua 2.1 | lingua, low accuracy |
| ---------- | ----- | --------- | -------------- | ---------- | -------------------- |
| under 20   | 1,395 | 0.875     | 0.895          | 0.880      | 0.835                |
| 20 to 39   | 5,520 | 0.969     | 0.976          | 0.966      | 0.943                |
| 40 to 79   | 8,381 | 0.996     | 0.996          | 0.993      | 0.988                |

The labels are those of the sources: some "French" reviews of a bank are in English, so all four do better than
that. lingua is half as fast and weighs 96 MB installed. What is left under 20 characters is mostly not of one
language at all ("Service top", "ok ok ok").
"""

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
_SHORT = 60
"""Below this many characters the telling words are asked first."""
_FRENCH = (
    "le la les un une des du de et est pas je tu il elle nous vous ils mon ma mes ce cette ça avec pour sans sur"
    " très tres trop bien bon bonne merci rapide efficace recommande nickel facile eviter éviter fuir banque avis"
    " réactif reactif réactive reactive rien jamais livraison déçu decu deçu déçue nul nulle parfait parfaite"
    " horreur problème correcte oui allo allô aide svp stp panne fibre prix accueil équipe équipe génial genial"
)
_ENGLISH = (
    "the and is was are were very good great thank thanks you my it this that with for not of to fast easy nice"
    " quick quality product products best worst bad love poor money works work awful terrible amazing perfect"
    " customer response price value well really never always delivery sound happy recommend don't i"
)
_TELLING = {"fr": frozenset(_FRENCH.split()), "en": frozenset(_ENGLISH.split())}
_lock = Lock()


def detect(text: str, candidates: Sequence[str] = ("fr", "en")) -> str | None:
    """The ISO 639-1 code of the text's language among `candidates`, or None where no word tells.

    A text in a language that is no candidate gets the most likely candidate. Raises ValueError for a candidate
    the model does not know.
    """
    sample = _NOISE.sub(" ", text[: 2 * _LONGEST])[:_LONGEST]
    if not _LETTERS.search(sample):
        return None
    if len(candidates) == 1:
        return candidates[0]
    if len(sample) < _SHORT and (told := _told(sample, candidates)):
        return told
    language, _ = _identifier(tuple(candidates)).classify(sample)
    return str(language)


def _told(sample: str, candidates: Sequence[str]) -> str | None:
    """The candidate whose telling words are in the majority; None without one, or beside other languages."""
    if not set(candidates) <= _TELLING.keys():
        return None
    words = [word.casefold() for word in _LETTERS.findall(sample)]
    votes = sorted(((sum(word in _TELLING[code] for word in words), code) for code in candidates), reverse=True)
    return votes[0][1] if votes[0][0] > votes[1][0] else None


@lru_cache(maxsize=8)
def _identifier(candidates: tuple[str, ...]) -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - unpacks its model at import

    with _lock:
        identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
        identifier.set_languages(candidates)
        return identifier
