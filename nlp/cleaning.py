"""Text as sources give it → text that is safe to store, show and annotate. No word is changed."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 100_000
"""What is longer is cut: no opinion is that long, and a page stored by mistake should not stop the rest."""

_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
# Zero-width joiner (U+200D) and variation selectors stay: emoji are made of them. Direction overrides go:
# they can make a text read other than it is ("Trojan Source", CVE-2021-42574).
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200c\u200e\u200f\u202a-\u202e"
                     r"\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff]")  # fmt: skip
_SPACES = re.compile(r"[^\S\n]+")
_LINE_EDGES = re.compile(r" ?\n ?")
_BLANK_LINES = re.compile(r"\n{3,}")
_OF_THE_THREAD = re.compile(
    r"\s*(?:(?:re|ré|tr|fwd?)\s*:|comment(?:aire)?s? (?:on|sur)\b|(?:by|par)\s*:)", re.IGNORECASE
)


def clean(text: str, *, fix_mojibake: bool = False) -> str:
    """The same text in NFC without NULs, controls, lone surrogates, invisible marks or runs of white space.

    Line breaks become "\\n", at most two in a row; at most `MAX_CHARACTERS` characters are kept. Cleaning a clean
    text changes nothing. `fix_mojibake` also repairs text read with the wrong encoding ("dÃ©Ã§u" → "déçu"), for
    imports and mail: on text that is right it is a risk without a gain.
    """
    text = text[: 2 * MAX_CHARACTERS]
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()[:MAX_CHARACTERS].rstrip()
    if not text.isascii():
        # Two halves of an emoji, as JSON escapes give them, become one character; a half alone goes below.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if fix_mojibake:
            import ftfy  # noqa: PLC0415 - half a second to import, for imports and mail only

            text = ftfy.fix_encoding(text)
    text = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    text = _BLANK_LINES.sub("\n\n", _LINE_EDGES.sub("\n", _SPACES.sub(" ", text)))
    return unicodedata.normalize("NFC", text).strip()[:MAX_CHARACTERS].rstrip()


def own_title(title: str | None, text: str) -> str:
    """The title, where it is the author's own words beside the text; else an empty string.

    A reply bears its thread's title ("Re: …", "Comment on …", "Commentaire sur …"): the opinion in that is
    somebody else's. A post without a title of its own often repeats how its text begins.
    """
    if not title or not text or _OF_THE_THREAD.match(title):
        return "" if text else title or ""
    start = title.strip().rstrip(".… ").casefold()
    return "" if text.lstrip().casefold().startswith(start) else title
