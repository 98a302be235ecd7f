"""The text of an article, out of the page that it stands on."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from collectors.markup import to_text

_LONGEST = 3_000_000
"""Characters of a page that are looked at: pages that are longer hold data, not words."""
_SHORTEST = 80
"""Characters: less than that is a notice about cookies or a paywall, not an article."""
_STUMBLES = (
    etree.LxmlError, AttributeError, AssertionError, IndexError, KeyError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What the extraction is known to raise on pages that are none."""


@dataclass(frozen=True, slots=True)
class Article:
    """What a page says: its text in paragraphs, its headline and its author where it names them."""

    text: str
    title: str | None = None
    author: str | None = None


def extract(page: str, url: str = "") -> Article | None:
    """The article on a page of HTML, without menus, notices and readers' comments. None where there is none.

    Never raises. `url` is where the page came from.
    """
    from trafilatura import bare_extraction  # noqa: PLC0415 - takes 1 s to import: only those who read articles pay

    try:
        found = bare_extraction(
            page[:_LONGEST], url=url or None, include_comments=False, include_tables=False, with_metadata=True
        )
    except _STUMBLES:
        return None
    text = to_text(getattr(found, "text", None) or "")
    if len(text) < _SHORTEST:
        return None
    title, author = getattr(found, "title", None), getattr(found, "author", None)
    return Article(text, to_text(title or "", limit=1000) or None, to_text(author or "", limit=200) or None)
