"""What somebody wrote in a mail, without the mail it answers and without a signature, in French and English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from bs4 import BeautifulSoup, ParserRejectedMarkup, Tag

_MOST_HTML = 2_000_000
_QUOTED = (
    "blockquote[type=cite], .gmail_quote, .gmail_attr, .yahoo_quoted, .moz-cite-prefix, .protonmail_quote,"
    " .OutlookMessageHeader, blockquote.gmail_quote"
)
_SIGNED = (
    ".gmail_signature, .moz-signature, .moz-txt-sig, #Signature, #signature, #ms-outlook-mobile-signature,"
    " .AppleMailSignature, .protonmail_signature_block"
)
_ANSWERED_BELOW = "#divRplyFwdMsg, #appendonsend, #mail-editor-reference-message-container"
"""Outlook: all that follows one of these is the message that is answered."""
_PASSED_ON = re.compile(
    r"-{2,}\s*(?:forwarded message|message transféré|message transmis|original message forwarded)\b",
    re.IGNORECASE,
)
_ATTRIBUTION = re.compile(
    r"(?:le|on|el|am|il)\b.{4,250}(?:a écrit|wrote|escribió|schrieb|ha scritto)\b.{0,80}:", re.IGNORECASE
)
_ORIGINAL = re.compile(r"[-_ ]{2,}\s*(?:message d['’]origine|original message)\s*[-_ ]*", re.IGNORECASE)
_FROM = re.compile(r"\*?(?:de|from|expéditeur|von)\s?:\*?\s+\S", re.IGNORECASE)
_SENT = re.compile(r"\*?(?:envoyé|sent|date|gesendet)(?:\s+le)?\s?:", re.IGNORECASE)
_TO = re.compile(r"\*?(?:à|to|objet|subject|destinataire|an)\s?:", re.IGNORECASE)
_RULE = re.compile(r"[-_]{5,}")
_DEVICE = re.compile(
    r"(?:envoyé (?:de|depuis|à partir d|via|avec)|sent (?:from|via|with) (?:my|yahoo|outlook|proton|mail|samsung)"
    r"|télécharge[rz] outlook|obtenir outlook|get outlook|provenance\s?: courrier|gesendet von)",
    re.IGNORECASE,
)
_FAREWELL = re.compile(
    r"(?:(?:très |bien )?cordialement|cdlt|sincèrement|(?:sincères |meilleures )?salutations(?: distinguées)?"
    r"|respectueusement|bonne (?:journée|soirée)|(?:best|kind|warm)? ?regards|(?:yours )?sincerely"
    r"|yours (?:truly|faithfully))(?: à vous| à toi| à tous)?\s*[,.!]*",
    re.IGNORECASE,
)
_MOST_AFTER_FAREWELL = 8
_LONGEST_OF_SIGNATURE = 60


def without_quotes_html(html: str) -> str:
    """HTML without what mail programs mark as quoted or as a signature; unchanged where that leaves nothing."""
    if len(html) > _MOST_HTML or not re.search(r"quote|cite|signature|divRplyFwdMsg|appendonsend", html):
        return html
    try:
        page = BeautifulSoup(html, "lxml")
        for found in page.select(_QUOTED):
            if not found.decomposed and not _PASSED_ON.search(found.get_text(" ")[:500]):
                found.decompose()
        for found in page.select(_SIGNED):
            if not found.decomposed:
                found.decompose()
        for found in page.select(_ANSWERED_BELOW):
            _drop_from(found)
        left = str(page)
    except (ParserRejectedMarkup, RecursionError):
        return html
    return left if page.get_text(strip=True) else html


def _drop_from(found: Tag) -> None:
    if found.decomposed:
        return
    for after in list(found.find_next_siblings()):
        after.decompose()
    found.decompose()


def without_quotes(text: str, *, forwards: bool = False) -> str:
    """The lines that the author wrote; with `forwards`, the message that is passed on is kept as well.

    Lines that begin with ">" go, with the line that says whose they are; answers between them stay. From a block
    of "De : … Envoyé : …", from a line of "Le … a écrit :" that nothing marked follows, and from a signature on,
    all goes.
    """
    lines = [line.rstrip() if line != "-- " else line for line in text.replace("\r\n", "\n").split("\n")]
    lines = _until_answered(lines, forwards=forwards)
    lines = [line for line in lines if forwards or not line.lstrip().startswith(">")]
    lines = _until_signature(lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip()


def _until_answered(lines: Sequence[str], *, forwards: bool) -> list[str]:
    kept: list[str] = []
    last_marked = max((at for at, line in enumerate(lines) if line.lstrip().startswith(">")), default=-1)
    at = 0
    while at < len(lines):
        if span := _attribution(lines, at):
            if last_marked < at + span:
                break
            at += span
            continue
        if not forwards and _PASSED_ON.match(lines[at].strip()):
            return [*kept, *lines[at:]]
        if not forwards and (_ORIGINAL.fullmatch(lines[at].strip()) or _is_header_block(lines, at)):
            while kept and (not kept[-1].strip() or _RULE.fullmatch(kept[-1].strip())):
                kept.pop()
            break
        kept.append(lines[at])
        at += 1
    return kept


def _attribution(lines: Sequence[str], at: int) -> int:
    """Over how many lines from here on it is said whose the quoted lines are; 0 where it is not."""
    joined = ""
    for span, line in enumerate(lines[at : at + 3], 1):
        joined = f"{joined} {line.strip()}".strip()
        if not line.strip() or len(joined) > 400:
            return 0
        if _ATTRIBUTION.fullmatch(joined):
            return span
    return 0


def _is_header_block(lines: Sequence[str], at: int) -> bool:
    """Outlook's "De : … Envoyé : … À : … Objet : …" above what is answered."""
    if not _FROM.match(lines[at].strip()):
        return False
    following = [line.strip() for line in lines[at + 1 : at + 6]]
    return any(map(_SENT.match, following)) and any(map(_TO.match, following))


def _until_signature(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for at, line in enumerate(lines):
        if _DEVICE.match(line.strip()) and len(line) < 120:
            continue
        begins = not kept
        if not begins and line.rstrip() == "--":
            break
        kept.append(line)
        if not begins and _FAREWELL.fullmatch(line.strip()) and _is_signature(lines, at + 1):
            break
    return kept


def _is_signature(lines: Sequence[str], start: int) -> bool:
    """Whether so little follows a farewell that it is a name, a post and a telephone number."""
    following = (line for at in range(start, len(lines)) if (line := lines[at].strip()))
    filled = list(islice(following, _MOST_AFTER_FAREWELL + 1))
    return len(filled) <= _MOST_AFTER_FAREWELL and not any(
        len(line) > _LONGEST_OF_SIGNATURE or re.match(r"p\.?\s?s\b", line, re.IGNORECASE) for line in filled
    )
