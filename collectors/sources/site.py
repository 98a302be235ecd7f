"""Any web page, by a recipe of CSS selectors: what is an item, and where in it text, author, date and rating are.

Try a recipe first, on the page or on a saved copy: `oyez sources try URL --set item=.review --set text=.body`
shows the posts it finds, what each selector matched, and suggestions where one matched nothing. robots.txt is
obeyed; a site's terms are yours to read and keep to.

A selector may name an attribute: `time@datetime`, `a.title@href`; `@data-id` is one of the item itself. The next
page is a link (`next`) or an address with `{page}` (`page_url`). A rating may be words, "4/5", an attribute, or
as many stars as are matched. An item within another one answers it.

**Identity** is `id`, else the address (`link`), else a hash of author, date, title and the text's beginning.
**Deletions** are seen only with `complete_listing = true`.

```toml
[[sources]]
name = "Directory"
kind = "site"
[sources.options]
url = "https://directory.example.org/lila"
item = ".review"
text = ".review-text"
date = "time@datetime"
```
"""

from __future__ import annotations

from typing import ClassVar, cast
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from collectors import recipe
from collectors.listings import ListingOptions, ListingSource
from collectors.post import Post, PostKind
from collectors.source import Answer, Fault, Page, ParseError, SourceOptions

_SELECTORS = ("item", *recipe.FIELDS, "next")


class Options(ListingOptions):
    """The listing, and the recipe by which its pages are read."""

    item: str = Field(description="Selector of one review, comment or message.")
    text: str | None = Field(default=None, description="Selector of its text; without one, all its words.")
    title: str | None = Field(default=None, description="Selector of its title.")
    author: str | None = Field(default=None, description="Selector of who wrote it.")
    date: str | None = Field(default=None, description="Selector of its date, such as time@datetime.")
    rating: str | None = Field(default=None, description="Selector of its rating, or of each of its full stars.")
    link: str | None = Field(default=None, description="Selector of the link to it.")
    id: str | None = Field(default=None, description="Selector of what names it, such as @data-id.")
    next: str | None = Field(default=None, description="Selector of the link to the next page.")
    worst: float | None = Field(default=None, description="The worst rating, where the page does not write it.")
    best: float | None = Field(default=None, description="The best rating; else 5.")
    day_first: bool = Field(default=True, description="Whether 03/04/2026 is 3 April.")
    zone: str = Field(default="UTC", description="The time zone of times that carry none, as Europe/Paris.")
    post_kind: PostKind | None = Field(
        default=None, description="What the items are; else reviews with a rating, comments without."
    )

    @field_validator(*_SELECTORS)
    @classmethod
    def _is_selector(cls, said: str | None) -> str | None:
        if said is not None:
            recipe.selector(said)
        return said

    @field_validator("item")
    @classmethod
    def _is_element(cls, said: str) -> str:
        if recipe.selector(said).attribute or not recipe.selector(said).css:
            raise ValueError("an item is an element, not an attribute")
        return said

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone called {zone!r}; use a name such as Europe/Paris") from error
        return zone

    def recipe(self) -> recipe.Recipe:
        """The recipe that these options write down."""
        chosen = {name: recipe.selector(said) for name in recipe.FIELDS if (said := getattr(self, name))}
        default = PostKind.REVIEW if self.rating else PostKind.COMMENT
        return recipe.Recipe(
            item=recipe.selector(self.item),
            fields=chosen,
            following=recipe.selector(self.next) if self.next else None,
            worst=self.worst,
            best=self.best,
            day_first=self.day_first,
            zone=self.zone,
            kind=self.post_kind or default,
        )


class Site(ListingSource):
    """Items of web pages, found by selectors."""

    kind: ClassVar[str] = "site"
    title: ClassVar[str] = "Any web page (a recipe of CSS selectors)"
    Options: ClassVar[type[SourceOptions]] = Options

    def __init__(self, options: SourceOptions) -> None:
        super().__init__(options)
        self._recipe = cast("Options", options).recipe()

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Raises ParseError always: without its recipe nobody can tell what on a page is an item."""
        raise ParseError(
            "a page is read by a recipe, which a saved answer does not carry",
            remedy="try it with `oyez sources try FILE --set item=… --set text=…`",
            permanent=True,
        )

    def read(self, answer: Answer) -> tuple[list[Post], list[Fault], str | None]:
        """All items of a page, its faults, and the next page; a page where none is found is a fault."""
        found = recipe.read(self._recipe, answer)
        if not found.posts and not found.faults:
            problem = f"the recipe's item {self._recipe.item.css!r} matches nothing: has the page changed?"
            return [], [Fault(answer.url, problem)], None
        return found.posts, found.faults, found.following

    def look(self, answer: Answer) -> tuple[recipe.Reading, dict[str, list[str]]]:
        """What the recipe finds on a page, and suggestions for what it does not. Raises ParseError."""
        reading = recipe.read(self._recipe, answer)
        return reading, recipe.suggest(self._recipe, reading)
