"""HTML to plain text."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Mapping

from lxml import etree

_HIDDEN = frozenset({"script", "style", "noscript", "template", "head", "iframe", "object", "svg", "select"})
_PARAGRAPHS = frozenset({"p", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table"})
_LINES = frozenset(
    {"div", "br", "hr", "li", "dl", "dt", "dd", "tr", "section", "article", "header", "footer", "figure"}
    | {"figcaption", "aside", "main", "address", "form", "fieldset"}
)
_PARAGRAPH, _LINE = "\x02", "\x01"
"""Marks that no text holds: control characters were taken out of it."""
_GAP = re.compile(r"[\n\x01\x02][\s\x01\x02]*")
"""Where a line ends; spaces before it are taken off when the text is tidied."""
_SPACES = re.compile(r"[^\S\n]+")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_TAG = re.compile(r"<[a-zA-Z/!?]")
_SMILEY = re.compile(r"\b(?:emoji|smil)", re.IGNORECASE)
"""How Discourse, WordPress, phpBB, SMF and vBulletin name the class of a smiley that is a picture."""
_LONGEST_SMILEY = 40
_ESCAPED_TAG = re.compile(
    r"&lt;/?(?:p|br|div|span|a|b|i|em|strong|ul|ol|li|img|blockquote|h[1-6])\b[^<]{0,300}?&gt;"
)

MAX_TEXT = 200_000
"""Longest text kept, in characters: a whole book in one post is cut here."""


def to_text(markup: str, *, limit: int = MAX_TEXT) -> str:
    """The visible text of a piece of HTML: paragraphs and lines become newlines, scripts go, entities are read.

    Never raises; at most `limit` characters. Plain text comes back as it is, its spaces tidied.
    """
    markup = _UNPRINTABLE.sub("", markup[: limit * 8])
    if not _TAG.search(markup):
        return _tidy(html.unescape(markup), limit)
    return _tidy(_GAP.sub(_gap, _reader.read(markup)), limit)


def printable(text: str) -> str:
    """Plain text without what neither a database nor UTF-8 can hold: control characters, halves of characters."""
    return _UNPRINTABLE.sub("", text)


def unescape_twice(markup: str) -> str:
    """HTML that was escaped once too often (`&lt;p&gt;`) made HTML again; anything else unchanged."""
    return html.unescape(markup) if _ESCAPED_TAG.search(markup) and not _TAG.search(markup) else markup


class _Text:
    """Collects text from parser events, so that no depth of nesting can exhaust the stack."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.parts: list[str] = []
        self._hidden = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        if tag == "img" and _SMILEY.search(attributes.get("class", "")):
            self.data(attributes.get("alt", "")[:_LONGEST_SMILEY])
        self._break(tag)

    def end(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        if tag not in {"br", "hr"}:
            self._break(tag)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.parts.append(_PARAGRAPH)
        elif tag in _LINES:
            self.parts.append("\n" if tag == "br" else _LINE)
        elif tag in {"td", "th"}:
            self.parts.append(" ")

    def data(self, text: str) -> None:
        if not self._hidden:
            self.parts.append(text.replace("\n", " ") if self.parts else text.lstrip().replace("\n", " "))

    def comment(self, text: str) -> None:
        """Comments are not text."""

    def close(self) -> None:
        """All is in `parts`."""


class _Reader(threading.local):
    """A parser for each thread: to make one takes longer than to read a comment with it."""

    def __init__(self) -> None:
        self._text = _Text()
        self._parser = etree.HTMLParser(target=self._text, huge_tree=True, recover=True)

    def read(self, markup: str) -> str:
        """The text of this markup, with the marks of its lines and paragraphs."""
        self._text.clear()
        try:
            self._parser.feed(markup)
            self._parser.close()
        except etree.XMLSyntaxError:
            pass  # nothing but broken tags: what was read so far is the text
        return "".join(self._text.parts)


_reader = _Reader()


def _gap(match: re.Match[str]) -> str:
    """Elements that end and begin side by side make one gap, not two."""
    gap = match[0]
    return "\n\n" if _PARAGRAPH in gap or gap.count("\n") > 1 else "\n"


def _tidy(text: str, limit: int) -> str:
    lines = [_SPACES.sub(" ", line).strip() for line in text.replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:limit]
