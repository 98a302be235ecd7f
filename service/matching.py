"""Which brands a post is about: what its data says, else the one brand of its source, else those it names."""

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


def brand_ids(
    brands: Sequence[BrandConfig], ids: Mapping[str, int], *, chosen: Sequence[str] = (), by_column: bool = False
) -> BrandIds:
    """The rule of a source: the brand its data names; else its only brand; else those that the text names.

    `brands` are all that are configured, `chosen` those the source says it is about (none: all of them), and
    only a source that chose one has an only brand. With `by_column` the user said which column names the brand:
    another name in it, even one that nobody configured, is then an answer.
    """
    everybody = BrandMatcher(brands)
    about = {name: ids[name] for name in chosen} or {brand.name: ids[brand.name] for brand in brands}
    among = BrandMatcher([brand for brand in brands if brand.name in about])
    only = tuple(about.values()) if len(chosen) == 1 else ()

    def named(post: Post) -> Sequence[int]:
        said = post.segments.get("brand", "")
        brand = everybody.called(said)
        if brand or (by_column and said.strip()):
            return (about[brand],) if brand in about else ()
        return only or [about[name] for name in among.named_in(f"{post.title or ''}\n{post.text}")]

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
