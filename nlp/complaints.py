"""What people complain of, from the words of their complaints: "no reply", "it became dearer", and the like.

A passage is about the first complaint that its words name: one of those that every business knows
(`nlp.complaint_words`), else one that was found among the passages that none of these covers, the oldest first.
What a complaint is never changes, new ones are only added behind the others, and no model takes part: so the
same passage is always about the same complaint, whatever comes later and whichever model cut the passage out.

New ones are found by covering: of all words and pairs of words that at least `FEWEST` people use, take the one
that covers most passages not covered yet, again and again. Words are compared by their stem, without case,
accents and endings (after Savoy's light stemmers for French and English, 1999 and 2006); names, and words that
say nothing by themselves, define nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import combinations

from nlp.complaint_words import EMPTY, KNOWN, VAGUE

FEWEST = 3
"""People who must say it before it is a complaint of its own, and 2 of whom must share the words that name it."""
LONGEST_LABEL = 6
"""Words of a label."""
WORDS_READ = 40
"""Of a passage: quotes are shorter, whatever a corrected one says."""
LABEL_SHARED = 2

_WORD = re.compile(r"[^\W\d_]+")
_MARKS = re.compile(r"[\u0300-\u036f]+")
_ELIDED = re.compile(r"\b([cdjlmnst]|qu) (?=[aàâeéèêhiîoôuy])")
_ENTRY = re.compile(r"^\S.*(?:\n .*)*", re.MULTILINE)
_ENDINGS = (
    "issement", "atrice", "aient", "ateur", "ation", "ement", "able", "ance", "ante", "ence", "euse",
    "ness", "ais", "ait", "ant", "ent", "eur", "iez", "ing", "ive", "ed", "ee", "er", "ez", "if", "ir",
    "ly", "e",
)  # fmt: skip
"""The longest first."""
_SHORTEST_STEM = 4
_ONE_SOUND = ("nd", "nt", "ns")
"""How the stems of one verb end: "répondre" and "réponse", "attendre" and "attente"."""

Key = tuple[str, ...]
"""The stems that define a complaint that was found, one or two, sorted."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of a complaint and whose they are: nobody's second passage makes a second person."""

    person: str
    text: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """`key` defines it for good; `label` names it for people, in the language of the passages."""

    key: str
    label: str


class Complaints:
    """The complaints of one touchpoint in one language, to sort passages by.

    `found` are the keys of those that were found, the oldest first.
    """

    def __init__(self, language: str, found: Iterable[str] = ()) -> None:
        self.language = language
        self._found = [(frozenset(key.split()), key) for key in found]

    def of(self, text: str) -> str | None:
        """The key of the complaint that a passage is about; None where it is about none of them."""
        stems = {stem for stem, _ in _stems(text, self.language)}
        known = _known(self.language)
        ranks = [known[stem] for stem in stems if stem in known]
        if ranks:
            return min(ranks)[1].key
        return next((key for needed, key in self._found if needed <= stems), None)


def known(language: str) -> Mapping[str, Complaint]:
    """The complaints that every business knows, by key; none for a language other than French and English."""
    return {complaint.key: complaint for _, complaint in _known(language).values()}


def discover(passages: Sequence[Passage], language: str, names: Collection[str] = ()) -> list[Complaint]:
    """The complaints among passages that are about none yet, the widest first.

    None is defined by a word of `names` (of brands), nor by one that is written like a name.
    """
    read = [_Read(passage.person, _stems(passage.text, language)) for passage in passages]
    barred = {stem for name in names for stem, _ in _stems(name, "")} | _names(read) | _vague(language)
    covers = _candidates(read, barred)
    found = []
    while covers:
        best = max(covers, key=lambda key: (len(key) * len(covers[key]), key))
        members = covers.pop(best)
        if len({read[place].person for place in members}) >= FEWEST:
            label = _label(best, [read[place] for place in sorted(members)])
            found.append(Complaint(" ".join(best), _ELIDED.sub(r"\1’", label) if language == "fr" else label))
            covers = {key: rest for key, places in covers.items() if len(rest := places - members) >= FEWEST}
    return found


@dataclass(frozen=True, slots=True)
class _Read:
    person: str
    words: list[tuple[str, str]]
    """Stem ("" where a word says nothing by itself) and word, in order."""


def _candidates(read: Sequence[_Read], barred: Collection[str]) -> dict[Key, set[int]]:
    """The passages that hold each word, or pair of words, that enough of them hold."""
    places: dict[Key, set[int]] = defaultdict(set)
    for place, one in enumerate(read):
        for stem, _ in one.words:
            if stem and stem not in barred:
                places[stem,].add(place)
    frequent = {key: found for key, found in places.items() if len(found) >= FEWEST}
    pairs: dict[Key, set[int]] = defaultdict(set)
    for place, one in enumerate(read):
        said = sorted({stem for stem, _ in one.words if (stem,) in frequent})
        for pair in combinations(said, 2):
            pairs[pair].add(place)
    return frequent | {key: found for key, found in pairs.items() if len(found) >= FEWEST}


def _label(key: Key, members: Sequence[_Read]) -> str:
    """The words around the key that most people share; else the key's own words, each as it is mostly written."""
    voices: dict[str, set[str]] = defaultdict(set)
    for member in members:
        for run in _runs(member.words, key):
            voices[" ".join(word.casefold() for _, word in run)].add(member.person)
    shared = {words: len(people) for words, people in voices.items() if len(people) >= LABEL_SHARED}
    if shared:
        return max(shared, key=lambda words: (shared[words] * len(words.split()), words))
    written = Counter((stem, word.casefold()) for member in members for stem, word in member.words if stem in key)
    return ", ".join(max((n, word) for (stem, word), n in written.items() if stem == part)[1] for part in key)


def _runs(words: Sequence[tuple[str, str]], key: Key) -> Iterator[Sequence[tuple[str, str]]]:
    """The runs of words that hold the key and neither begin nor end with a word that says nothing."""
    for start, (first, _) in enumerate(words):
        for end in range(start + 1, min(start + LONGEST_LABEL, len(words)) + 1):
            run = words[start:end]
            if first and run[-1][0] and set(key) <= {stem for stem, _ in run}:
                yield run


def _names(read: Sequence[_Read]) -> set[str]:
    """The stems of words that bear a capital more often than not, where a passage is not all capitals."""
    capital: Counter[str] = Counter()
    small: Counter[str] = Counter()
    for one in read:
        if all(word.isupper() for _, word in one.words):
            continue
        for place, (stem, word) in enumerate(one.words):
            if not word[0].isupper():
                small[stem] += 1
            elif place:
                capital[stem] += 1
    return {stem for stem, times in capital.items() if times > small[stem]}


def _stems(text: str, language: str) -> list[tuple[str, str]]:
    empty = _empty()
    found = _WORD.findall(text)[:WORDS_READ]
    return [("" if len(plain := _plain(word)) < 3 or plain in empty else _stem(plain), word) for word in found]


@lru_cache(maxsize=50_000)
def _plain(word: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFKD", word)).casefold()


def _stem(word: str) -> str:
    if len(word) > _SHORTEST_STEM and word[-1] in "sx":
        word = word[:-1]
    if word.endswith(("dre", "ttre")):
        return _shortened(word[:-2])
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            word = word[: -len(ending)]
            break
    return _shortened(word)


def _shortened(word: str) -> str:
    """The stem without what differs between forms of one word: a doubled last letter, and `_ONE_SOUND`."""
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if len(word) > _SHORTEST_STEM and word.endswith(_ONE_SOUND) else word


@cache
def _known(language: str) -> dict[str, tuple[int, Complaint]]:
    """Stem → rank and complaint: the first that names it."""
    found: dict[str, tuple[int, Complaint]] = {}
    for rank, entry in enumerate(_ENTRY.findall(KNOWN.get(language, ""))):
        key, label, words = (part.strip() for part in entry.split("|"))
        for word in words.split():
            found.setdefault(_stem(_plain(word)), (rank, Complaint(f"={key}", label)))
    return found


@cache
def _empty() -> frozenset[str]:
    return frozenset(_plain(word) for words in EMPTY.values() for word in words.split())


@cache
def _vague(language: str) -> frozenset[str]:
    return frozenset(_stem(_plain(word)) for word in VAGUE.get(language, "").split())
