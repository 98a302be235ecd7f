"""Which brands a post is about: what its data says, else the one brand of its source, else those it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from collectors.post import Post
from collectors.query import All, Not, Query, Text, any_of, either, fold, parse
from collectors.source import find
from service.config import BrandConfig, SourceConfig

BrandIds = Callable[[Post], Sequence[int]]


def query_of(brand: BrandConfig) -> Query | None:
    """What a text must say to be about a brand: its query, or its names with what must and must not be there.

    None for a name without a letter or digit.
    """
    if brand.query is not None:
        return parse(brand.query)
    names, context, excluded = either([brand.name, *brand.aliases]), either(brand.context), either(brand.excluded)
    if names is None:
        return None
    parts = [names.root, *([context.root] if context else []), *([Not(excluded.root)] if excluded else [])]
    return Query(All(tuple(parts))) if len(parts) > 1 else names


def options_of(source: SourceConfig, brands: Sequence[BrandConfig]) -> dict[str, Any]:
    """The options of a source; a search that is not told what to look for looks for its brands.

    Raises SourceError where there is no such kind.
    """
    asked = find(source.kind).Options.model_fields.get("query")
    if asked is None or not asked.is_required() or "query" in source.options:
        return source.options
    about = [query_of(brand) for brand in brands if not source.brands or brand.name in source.brands]
    query = any_of(one for one in about if one)
    return source.options | ({"query": str(query)} if query else {})


class BrandMatcher:
    """Finds the brands that a text is about, whatever the case and the accents ("LeBonCoin", "leboncoin")."""

    def __init__(self, brands: Sequence[BrandConfig]) -> None:
        self._queries = [(brand.name, query) for brand in brands if (query := query_of(brand))]
        self._by_name = {fold(name): brand.name for brand in brands for name in (brand.name, *brand.aliases)}

    def named_in(self, text: str) -> list[str]:
        """The brands whose query the text matches."""
        given = Text(text)
        return [brand for brand, query in self._queries if query.matches(given)]

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
