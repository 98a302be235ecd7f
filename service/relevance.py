"""Decides whether texts that only name a brand are about it, where its name has homonyms.

A review page of the brand is about it whatever it says. What a search found, or a source of several brands, is
only taken for it because the name stands there: for a brand with `homonyms = true` the text itself is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from collectors.source import SourceError, find
from nlp.annotation import Annotation
from nlp.opinion import OpinionModel
from nlp.relevance import BrandNames, RelevanceModel, load_relevance
from service.config import BrandConfig, SourceConfig
from service.workspace import Workspace
from storage import links

THRESHOLD = 0.5
"""A text that is less likely than that to be about the brand is kept, marked, and counts nowhere."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How likely a mention is about a brand."""

    mention_id: int
    brand_id: int
    chance: float

    @property
    def relevant(self) -> bool:
        """Whether it counts for the brand."""
        return self.chance >= THRESHOLD


def names_of(brand: BrandConfig) -> BrandNames:
    """How the configuration speaks of a brand."""
    return BrandNames(brand.name, tuple(brand.aliases), brand.about, tuple(brand.context), tuple(brand.excluded))


@dataclass
class Judge:
    """Asks the texts. The model is loaded when a first one has to be asked."""

    ws: Workspace
    _brands: dict[str, BrandConfig] = field(init=False)
    _sources: dict[str, SourceConfig] = field(init=False)

    def __post_init__(self) -> None:
        self._brands = {brand.name: brand for brand in self.ws.config.brands if brand.homonyms}
        self._sources = {source.name: source for source in self.ws.config.sources if _only_named(source)}

    def verdicts(self, texts: dict[int, str]) -> list[Verdict]:
        """Of these texts by mention, what is to be asked; a text of two such brands has two verdicts."""
        if not self._brands or not self._sources:
            return []
        with self.ws.database.read() as conn:
            asked = [
                link
                for link in links.of_mentions(conn, texts)
                if link.brand in self._brands and link.source in self._sources
            ]
        found: list[Verdict] = []
        for name in sorted({link.brand for link in asked}):
            mine = [link for link in asked if link.brand == name]
            said = self._model.chances([texts[link.mention_id] for link in mine], names_of(self._brands[name]))
            pairs = zip(mine, said, strict=True)
            found += [Verdict(link.mention_id, link.brand_id, float(chance)) for link, chance in pairs]
        return found

    @cached_property
    def _model(self) -> RelevanceModel:
        return load_relevance()


class AboutBrand:
    """An opinion model that also says of every text how likely it is about one brand."""

    def __init__(self, model: OpinionModel, names: BrandNames) -> None:
        self.model, self.names = model, names
        self.name, self.card = model.name, model.card

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        """Like the model's, with `relevance`; an empty text has none."""
        chances = self._relevance.chances(texts, self.names)
        read = self.model.annotate(texts, languages)
        return [
            replace(annotation, relevance=float(chance)) if text.strip() else annotation
            for text, chance, annotation in zip(texts, chances, read, strict=True)
        ]

    @cached_property
    def _relevance(self) -> RelevanceModel:
        return load_relevance()


def likeliest(verdicts: Sequence[Verdict]) -> dict[int, float]:
    """For each mention the chance of the brand it is likeliest about: what its annotation says."""
    best: dict[int, float] = {}
    for verdict in verdicts:
        best[verdict.mention_id] = max(verdict.chance, best.get(verdict.mention_id, 0.0))
    return best


def _only_named(source: SourceConfig) -> bool:
    """Whether its texts are taken for the brand's because they name it."""
    try:
        searches = "query" in find(source.kind).Options.model_fields
    except SourceError:
        return False
    return searches or len(source.brands) != 1
