"""What a survey asked, told from its wording in French or English and from its answers: NPS, CSAT or CES.

With it goes the scale of the answers and its orientation.

- Recommendation (NPS): 0–10 (Reichheld 2003).
- Satisfaction (CSAT): 1–5, 1–7, 1–10, or whatever the answers span; the highest is the best.
- Effort: CES 1.0 asks how much effort it took, 1–5, 1 = little (Dixon 2010); CES 2.0 whether one agrees that it
  was made easy, 1–7, 7 = easy (CEB 2013). The wording counts before the length of the scale.

Answers in words ("Très satisfait", "Strongly agree") are read by their direction and strength, on 1–5, or on 1–7
where the column knows seven of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from collectors.headings import words
from collectors.post import Question, Rating
from collectors.ratings import parse_rating
from collectors.source import SourceError, SurveyQuestion
from collectors.surveys import Layout

Easy = Literal["low", "high"]

_RECOMMENDATION = re.compile(r"\b(?:nps|net promoter|recomm[ae]nd\w*|conseilleriez)\b")
_SATISFACTION = re.compile(r"\b(?:csat|satisf\w+|satisfied|insatisf\w+|dissatisf\w+)\b")
_EFFORT = re.compile(r"\b(?:efforts?|customer effort)\b")
_EASE = re.compile(r"\b(?:facile(?:ment)?|facilite\w*|easy|easily|easier|ease|aise|aisement|simple a)\b")
_DIFFICULTY = re.compile(r"\b(?:difficile(?:ment)?|complique|difficult|how hard)\b")
_CES = re.compile(r"\bCES\b(?!\s+[a-zà-ÿ])")
"""The name of the figure: "ces produits" is French for "these products"."""
_HOW_MUCH = re.compile(
    r"\b(?:how much|how many|combien|quels?|niveau|quantite|ampleur|amount|degree|low|high|faible|eleve)\b"
)
_NUMBERED = re.compile(r"\s*(-?\d{1,3})\s*(?:[-–—:=.(/]\s*|\s)[^\W\d].{0,80}", re.DOTALL)
_ANCHOR = re.compile(
    r"(?<![\d.,])(\d{1,2})\s*(?:=|:|-|–|étant|is|means|signifie|correspond à)\s*([^\d,;/()|]{3,40})"
)
_NO_SCALE = (
    r"(?!\s*[-/.]\s*\d|\s*(?:derni\w+\s+)?(?:h\b|j\b|mois|jours?|ans?\b|années?|semaines?|heures?|minutes?"
    r"|hours?|days?|weeks?|months?|years?))"
)
"""What follows a number of "2-3 jours", "12 mois", "03/12/2025"."""
_SPAN = re.compile(rf"\b(\d)\s*(?:-|–|à|a|to|/)\s*(\d{{1,3}})\b{_NO_SCALE}", re.IGNORECASE)
_OUT_OF = re.compile(rf"(?:\bsur|\bout of|(?<!\d)(?<!\d[hj])/)\s*(\d{{1,3}})\b{_NO_SCALE}", re.IGNORECASE)
_MOST_BEYOND = 0.2
"""Of the answers, at most this share lies beyond the scale in a header: codes such as 99 for "no answer"."""
_QUESTION_IS_LONG = 4
"""Words: fewer of them, as in "Ease of parking", name a thing and ask no question of effort."""

_NEUTRAL = re.compile(r"(?:ni |neither |neutr|moyennement )")
_DENIES = re.compile(r"\b(?:pas|not|non|peu|jamais)\b")
_NOT_VERY = re.compile(r"\b(?:pas|not) (?:tres|very|extremely|completely|tout a fait)\b")
_GOOD = re.compile(r"(?:satisf|facile|facilement|\beas[yi]|simple|d accord|\bagree|probable|\blikely)")
_BAD = re.compile(
    r"(?:insatisf|dissatisf|unsatisf|mecontent|difficil|difficult|\bhard|complique|disagree|desaccord"
    r"|unlikely|improbable)"
)
_STRONG = re.compile(
    r"\b(?:tres|very|extremely|extremement|strongly|tout a fait|pas du tout|not at all|completely|totally"
    r"|totalement|completement|fortement)\b"
)
_WEAK = re.compile(r"\b(?:plutot|somewhat|fairly|assez|slightly|un peu|peu|rather|moderement)\b")
_YES = frozenset({"oui", "yes", "conforme", "ok", "vrai", "true", "x", "c", "satisfaisant", "acquis"})
_NO = frozenset({"non", "no", "non conforme", "ko", "faux", "false", "nc", "insatisfaisant", "non acquis"})
_LONGEST_ANSWER = 48
_TELLING = 20
"""So many answers of which none is above 7 were given on 1–7 rather than on 1–10."""
_MOST_WORDS = 7


@dataclass(frozen=True, slots=True)
class Asked:
    """A column of answers: what it was asked as, what that is, on what scale, and why it is thought so."""

    column: str
    asked: str
    question: Question
    worst: float
    best: float
    why: str = ""

    @property
    def scale(self) -> str:
        """In words for people: "effort, 5 (worst) to 1 (best)"."""
        return f"{self.question.value}, {self.worst:g} (worst) to {self.best:g} (best)"

    def as_question(self) -> SurveyQuestion:
        """What is kept with the source."""
        return SurveyQuestion(self.asked, self.question, self.worst, self.best)

    def read(self, cell: object) -> Rating | None:
        """The answer in a cell; None where it is none of this scale."""
        return read_answer(cell, self.worst, self.best, self.question)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the user says of a column of answers; None is "as recognised"."""

    question: Question | None = None
    worst: float | None = None
    best: float | None = None
    easy: Easy | None = None


def parse_setting(said: str) -> Setting:
    """Read "effort 5-1": what was asked, then the worst and the best answer. Raises ValueError."""
    found = re.fullmatch(r"\s*([a-z]+)(?:\s+(-?\d{1,3})\s*(?:-|–|to|à)\s*(-?\d{1,3}))?\s*", said)
    if not found or found[1] not in list(Question):
        raise ValueError(f"{said!r} is not such as 'recommendation', 'satisfaction 1-7' or 'effort 5-1'")
    if found[2] is None:
        return Setting(Question(found[1]))
    worst, best = float(found[2]), float(found[3])
    if worst == best:
        raise ValueError(f"{said!r}: the worst and the best answer are the same")
    return Setting(Question(found[1]), worst, best)


def topic(heading: str) -> Question | None:
    """What a header or question asks for; None where it names none of the three."""
    plain = words(heading)
    if _RECOMMENDATION.search(plain):
        return Question.RECOMMENDATION
    if _EFFORT.search(plain) or _CES.search(heading) or plain in ("ces", "ces score", "score ces"):
        return Question.EFFORT
    if (_EASE.search(plain) or _DIFFICULTY.search(plain)) and len(plain.split()) >= _QUESTION_IS_LONG:
        return Question.EFFORT
    return Question.SATISFACTION if _SATISFACTION.search(plain) else None


def recognise(
    column: str,
    label: str,
    values: Sequence[object],
    setting: Setting | None = None,
    *,
    hints: Iterable[str] = (),
    layout: Layout | None = None,
) -> Asked:
    """How a column of answers is to be read, from its header, the question under it and a sample of its values.

    `hints` are further words on what was asked, such as "nps" in another column; `layout` is that of the tool
    that exported it. Raises SourceError where the worst and the best that are set are the same.
    """
    setting = setting or Setting()
    heading = " ".join(filter(None, (column, label)))
    hinted = [found for hint in hints if (found := topic(hint))]
    asked = topic(heading) or (hinted[0] if hinted else None)
    low, high, why = _ends(heading, values, asked)
    question = setting.question or (
        Question.SATISFACTION
        if asked is None or (asked is Question.RECOMMENDATION and (low, high) != (0.0, 10.0))
        else asked
    )
    worst, best = low, high
    if question is Question.EFFORT:
        easy, reason = (
            (setting.easy, "easy end as set") if setting.easy else _easy_end(heading, low, high, layout)
        )
        why = f"{why}; {reason}"
        worst, best = (high, low) if easy == "low" else (low, high)
    if setting.worst is not None or setting.best is not None:
        why = "scale as set"
        worst = worst if setting.worst is None else setting.worst
        best = best if setting.best is None else setting.best
    if worst == best:
        raise SourceError("a rating's worst and best are the same", remedy="set worst and best", permanent=True)
    return Asked(column, label or column, question, worst, best, why)


def _ends(heading: str, values: Sequence[object], asked: Question | None) -> tuple[float, float, str]:
    """The lowest and the highest answer there can be, and why."""
    numbers = [number for value in values if (number := _number(value)) is not None]
    smallest, largest = min(numbers, default=1.0), max(numbers, default=5.0)
    effort = asked is Question.EFFORT
    if written := _written_scale(heading, numbers, effort=effort):
        return *written, "scale from the header"
    levels = {level for value in values if (level := _level(value)) is not None}
    if levels and not numbers:
        return 1.0, 7.0 if _has_seven(levels) else 5.0, "scale from answers in words"
    if asked is Question.RECOMMENDATION and largest <= 10:
        return 0.0, 10.0, "the 0–10 of NPS"
    for value in [value for value in values if isinstance(value, str)][:50]:
        own = parse_rating(value)
        if own and not re.fullmatch(r"[\d.,+-]+", value.strip()):
            return own.worst, own.best, "scale written with the values"
    seven = effort or (asked is Question.SATISFACTION and len(numbers) >= _TELLING)
    best = next((end for end in (5.0, 7.0, 10.0, 20.0, 100.0) if largest <= end and (seven or end != 7)), largest)
    from_one = best <= 5 or asked is not None
    worst = 1.0 if from_one and smallest >= 1 and best <= 10 else 0.0
    return worst, best, f"scale from values between {smallest:g} and {largest:g}"


def _written_scale(heading: str, numbers: Sequence[float], *, effort: bool) -> tuple[float, float] | None:
    """The scale that a header writes, "1-5" or "sur 10", where the answers are on it."""
    found = [(float(low), float(high)) for low, high in _SPAN.findall(heading) if int(low) < int(high)]
    for best in map(float, _OUT_OF.findall(heading)):
        from_zero = min(numbers, default=1.0) < 1 or (best > 5 and not effort)
        found.append((0.0 if from_zero else 1.0, best))
    for low, high in found:
        if low < high and sum(not low <= number <= high for number in numbers) <= _MOST_BEYOND * len(numbers):
            return low, high
    return None


def _easy_end(heading: str, low: float, high: float, layout: Layout | None) -> tuple[Easy, str]:
    """Which end of an effort scale is easy, and why: anchors, then the wording, then the scale's length."""
    for number, meaning in _ANCHOR.findall(heading):
        level = _level(meaning.strip())
        if level is not None and level != 0 and float(number) in (low, high):
            high_is_easy = (float(number) == high) == (level > 0)
            return ("high" if high_is_easy else "low"), f"{number} = {meaning.strip()}"
    plain = words(heading)
    if _EASE.search(plain):
        return "high", "the higher the easier, as it is worded"
    if _DIFFICULTY.search(plain):
        return "low", "the higher the more difficult, as it is worded"
    if _EFFORT.search(plain) and _HOW_MUCH.search(plain):
        return "low", "the higher the more effort, as it is worded"
    if layout and layout.high_is_easy:
        return "high", f"{high:g} is easy, as {layout.tool} asks it"
    return ("low", "1 is easy, as in CES 1.0") if high <= 5 else ("high", f"{high:g} is easy, as in CES 2.0")


def read_answer(
    cell: object, worst: float, best: float, question: Question = Question.SATISFACTION
) -> Rating | None:
    """The answer in a cell, on the scale of its column: 4, "4/5", "9 - très probable", "Très satisfait".

    A scale written with the value ("8/10") counts before that of the column; None where there is no answer.
    """
    number = _number(cell)
    if number is not None and not isinstance(cell, str):
        return _on(number, worst, best, question)
    rating = parse_rating(cell, worst, best)
    if rating is not None:
        ends = rating.worst, rating.best
        if set(ends) == {worst, best}:  # a scale written with the value does not tell which end is best
            ends = worst, best
        return Rating(rating.value, *ends, question)
    if number is not None:
        return _on(number, worst, best, question)
    if {worst, best} == {0.0, 1.0}:
        said = yes_or_no(cell)
        return None if said is None else _on(worst + said * (best - worst), worst, best, question)
    level = _level(cell)
    if level is None:
        return None
    share = (level + 3) / 6 if abs(best - worst) == 6 else (0.0, 0.25, 0.5, 0.75, 1.0)[_fifth(level)]
    return _on(worst + share * (best - worst), worst, best, question)


def yes_or_no(value: object) -> float | None:
    """1 for "Oui" and "Conforme", 0 for "Non" and "Non conforme", None for anything else."""
    if isinstance(value, bool):
        return float(value)
    plain = words(value) if isinstance(value, str) and len(value) <= 20 else None
    return 1.0 if plain in _YES else 0.0 if plain in _NO else None


def is_answer(cell: object) -> bool:
    """Whether this may be an answer to a question with a scale."""
    return parse_rating(cell, 0, 100) is not None or _number(cell) is not None or _level(cell) is not None


def _on(value: float, worst: float, best: float, question: Question) -> Rating | None:
    try:
        return Rating(value, worst, best, question)
    except ValueError:
        return None


def _number(cell: object) -> float | None:
    """A plain number, or the one that begins "10 - Extremely likely"."""
    if (
        isinstance(cell, str)
        and (found := _NUMBERED.fullmatch(cell))
        and _level(cell[found.end(1) :]) is not None
    ):
        return float(found[1])
    rating = parse_rating(cell, 0, 1e6)
    return rating.value if rating and rating.best == 1e6 else None


def _fifth(level: int) -> int:
    return 2 + (level > 0) - (level < 0) + (level == 3) - (level == -3)


def _has_seven(levels: set[int]) -> bool:
    """Whether some side of the scale is told in three strengths, or the whole in more than five levels."""
    return len(levels) > 5 or any({side, 2 * side, 3 * side} <= levels for side in (1, -1))


def _level(cell: object) -> int | None:
    """Direction and strength of an answer in words, -3 ("pas du tout d'accord") to 3; None where it is none."""
    return _level_of(cell) if isinstance(cell, str) and len(cell) <= _LONGEST_ANSWER else None


@lru_cache(maxsize=4096)
def _level_of(cell: str) -> int | None:
    plain = words(cell)
    bad, good = _BAD.search(plain), _GOOD.search(plain)
    if len(plain.split()) > _MOST_WORDS or not (bad or good or plain.startswith("neutr")):
        return None
    if _NEUTRAL.match(plain):
        return 0
    denied = _DENIES.search(plain.replace("un peu", ""))
    weak = _WEAK.search(plain) or _NOT_VERY.search(plain)
    strength = 1 if weak else 3 if _STRONG.search(plain) else 2
    return -strength if bool(bad) != bool(denied) else strength
