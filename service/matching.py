"""Which brands a post is about: the one brand of its source, else those that it names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from collectors.post import Post
from service.config import BrandConfig

BrandIds = Callable[[Post], Sequence[int]]


class BrandMatcher:
    """Finds the brands named in a text, whatever the case and the accents ("LeBonCoin", "leboncoin")."""

    def __init__(self, brands: Sequence[BrandConfig]) -> None:
        self._brands = [
            (brand.name, _words([brand.name, *brand.aliases]), _words(brand.context), _words(brand.excluded))
            for brand in brands
        ]
        self._by_name = {fold(name): brand.name for brand in brands for name in (brand.name, *brand.aliases)}

    def named_in(self, text: str) -> list[str]:
        """The brands whose name or alias stands in the text as whole words, and whose other words allow it."""
        folded = fold(text)
        return [
            brand
            for brand, names, context, excluded in self._brands
            if names
            and names.search(folded)
            and (context is None or context.search(folded))
            and not (excluded and excluded.search(folded))
        ]

    def called(self, name: str) -> str | None:
        """The brand that goes by exactly this name or alias."""
        return self._by_name.get(fold(name).strip())


def brand_ids(brands: Sequence[BrandConfig], ids: Mapping[str, int]) -> BrandIds:
    """The rule of a source: its only brand; of several, the one its data names, else those the text names."""
    if len(brands) == 1:
        only = (ids[brands[0].name],)
        return lambda _post: only
    matcher = BrandMatcher(brands)

    def named(post: Post) -> Sequence[int]:
        said = post.segments.get("brand")
        if said and (brand := matcher.called(said)):
            return (ids[brand],)
        return [ids[brand] for brand in matcher.named_in(f"{post.title or ''}\n{post.text}")]

    return named


def fold(text: str) -> str:
    """The text without case and accents, for comparing names."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _words(names: Sequence[str]) -> re.Pattern[str] | None:
    """A pattern for any of the names as whole words, longest first; None where there are none."""
    folded = sorted({fold(name).strip() for name in names} - {""}, key=len, reverse=True)
    if not folded:
        return None
    either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in folded)
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)")
