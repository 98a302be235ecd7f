"""A rating as people and pages write it, on its own scale: "4,5/5", "8 sur 10", "★★★★☆", "80 %", 4."""

from __future__ import annotations

import math
import re

from collectors.post import Rating

_NUMBER = r"(\d{1,4}(?:[.,]\d{1,6})?)"
_UNIT = r"(?:étoiles?|etoiles?|stars?|points?|pts?)"
_OF = re.compile(
    rf"[^\d.,+−-]{{0,30}}{_NUMBER}\s*{_UNIT}?\s*(?:/|sur|out of|of|de|von)\s*{_NUMBER}\s*{_UNIT}?\.?",
    re.IGNORECASE,
)
_STARS = re.compile(rf"[^\d.,+−-]{{0,30}}{_NUMBER}\s*(?:étoiles?|etoiles?|stars?|★|⭐)\.?", re.IGNORECASE)
_PERCENT = re.compile(rf"{_NUMBER}\s*%")
_PLAIN = re.compile(rf"[+-]?{_NUMBER}")
_GLYPHS = re.compile(r"([★⭐🌟\ufe0f\s]*)(½?)([☆✩\ufe0f\s]*)")
_FULL = re.compile(r"[★⭐🌟]")
_EMPTY = re.compile(r"[☆✩]")
_LONGEST = 80


def parse_rating(value: object, worst: object = None, best: object = None) -> Rating | None:
    """Read a rating; None where there is none to be had: words, "0 of 0", "☆☆☆☆☆", NaN, a value off its scale.

    A scale written with the value ("8/10", "80 %") counts before `worst` and `best`, which count before
    schema.org's default of 1 to 5 (https://schema.org/ratingValue). A scale of which only the best is known
    starts at 1 up to 5 and at 0 above; "0/5" makes it start at 0. `worst` may exceed `best`.
    """
    number = _plain_number(value)
    if number is not None:
        return _on_scale(number, _plain_number(worst), _plain_number(best))
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    if found := _OF.fullmatch(text):
        return _out_of(_decimal(found[1]), _decimal(found[2]))
    if found := _PERCENT.fullmatch(text):
        return _rating(_decimal(found[1]), 0.0, 100.0)
    if found := _STARS.fullmatch(text):
        return _on_scale(_decimal(found[1]), _plain_number(worst), _plain_number(best))
    return _glyphs(text)


def _decimal(digits: str) -> float:
    return float(digits.replace(",", "."))


def _plain_number(value: object) -> float | None:
    """A finite number, or a text that is nothing but one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e9 and math.isfinite(value) else None
    if isinstance(value, str) and len(value) <= _LONGEST and _PLAIN.fullmatch(value.strip()):
        return _decimal(value.strip())
    return None


def _on_scale(number: float, worst: float | None, best: float | None) -> Rating | None:
    if best is None:
        best = 5.0
    if worst is None:
        worst = 1.0 if 1 < best <= 5 else 0.0
    return _rating(number, worst, best)


def _out_of(number: float, best: float) -> Rating | None:
    return _rating(number, 0.0 if best > 5 or number < 1 else 1.0, best) if best > 0 else None


def _glyphs(text: str) -> Rating | None:
    found = _GLYPHS.fullmatch(text)
    if not found:
        return None
    full, empty = len(_FULL.findall(found[1])), len(_EMPTY.findall(found[3]))
    value = full + (0.5 if found[2] else 0.0)
    total = full + (1 if found[2] else 0) + empty if empty else 5
    return _out_of(value, float(total)) if value else None


def _rating(value: float, worst: float, best: float) -> Rating | None:
    try:
        return Rating(value, worst, best)
    except ValueError:
        return None
