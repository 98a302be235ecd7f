"""Personal numbers and addresses taken out of texts before they are shown, and pseudonyms for authors.

What looks like a price, a date, a quantity or a link stays: a complaint about "1 200 000 €" keeps its sum.
Names of people inside texts are not found here.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

_LINK = r"(?P<link>(?:https?://|ftp://|www\.)\S+)"
_EMAIL = r"(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
_IBAN = r"(?P<iban>(?<!\w)[A-Za-z]{2}\d{2}(?:[ \u00a0]?[A-Za-z0-9]{4}){2,7}(?:[ \u00a0]?[A-Za-z0-9]{1,3})?(?!\w))"
_CARD = (
    r"(?P<card>(?<![\w.,])(?:\d{4}(?P<gap>[ \u00a0-]?)\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}"
    r"|3\d{3}[ \u00a0-]?\d{6}[ \u00a0-]?\d{5})(?!\w))"
)
_S = r"[ \u00a0\u202f.\-]?"
_PHONE = (
    r"(?P<phone>(?<![\w.,+/-])(?:"
    rf"(?:\+|00 ?)33{_S}(?:\(0\){_S})?[1-9](?:{_S}\d{{2}}){{4}}"
    rf"|0[1-9](?:{_S}\d{{2}}){{4}}|0{_S}?8\d{{2}}{_S}\d{{3}}{_S}\d{{3}}"
    rf"|\+\d{{1,3}}{_S}(?:\(\d{{1,4}}\){_S})?\d{{1,4}}(?:{_S}\d{{2,5}}){{2,5}}"
    r"|0\d{2,4}[ -]\d{3,4}[ -]\d{3,4}"
    r"|\(?[2-9]\d{2}\)?[ .-][2-9]\d{2}[.-]\d{4}"
    r")(?!\w|[.,]\d|[ \u00a0]?[€$£%]))"
)
_SOCIAL = r"(?P<social>(?<![\w.,])[12](?:[ ]?\d{2}){3}(?:[ ]?\d{3}){2}(?:[ ]?\d{2})?(?!\w))"
_CUE = (
    r"(?P<cue>\b(?:contrats?|dossiers?|sinistres?|clients?|commandes?|polices?|adhérents?|assurés?|sociétaires?"
    r"|factures?|tickets?|référence|réf|ref|suivi|colis|compte|contracts?|orders?|claims?|polic(?:y|ies)|accounts?"
    r"|invoices?|bookings?|cases?|references?|tracking|customers?|members?|numéros?|numbers?|n°|no\.|nr)"
    r"(?:\s{0,3}(?:n°|no\.?|nr\.?|num(?:éro|ber)?|id|code|réf(?:érence)?|ref(?:erence)?|de|du|est|is|client|le|[:#=])){0,5}\s{0,3})"
    r"(?P<named>(?<!\w)(?=[\w/-]*\d[\w/-]*\d[\w/-]*\d[\w/-]*\d)[A-Za-z0-9][A-Za-z0-9/-]{3,}[A-Za-z0-9](?![\w@]|[.,]\d))"
)
_CODE = r"(?P<code>(?<![\w.,/-])(?:[A-Z]{1,4}-?\d{6,}|\d{8,}[A-Z]{0,3})(?![\w/-]|[.,]\d))"
_PASSES = tuple(
    re.compile("|".join((_LINK, *kinds)), re.IGNORECASE)
    for kinds in ((_EMAIL,), (_IBAN,), (_PHONE, _CARD, _SOCIAL, _CUE, _CODE))
)
"""One after the other, so that what only looks like an IBAN hides nothing; each leaves links alone."""
_QUANTITY = re.compile(
    r"\s?(?:[€$£%]|e\b|eur|euros?\b|dollars?\b|pounds?\b|k€|km\b|kms\b|kg\b|m2|m²|h\b|heures?\b|jours?\b|mois\b|ans\b"
    r"|points?\b|fois\b|times\b|days\b|months\b|years\b|miles\b)",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:19|20)\d{2}[-/]?(?:0[1-9]|1[0-2])[-/]?(?:[0-2]\d|3[01])|\d{1,2}[-/]\d{1,2}(?:[-/](?:\d{4}|\d{2}))?"
    r"|\d{1,4}/(?:19|20)\d{2}"
)
"""Also short dates ("29/08") and references of laws ("261/2004")."""
_PLACEHOLDERS = {"email": "[e-mail]", "iban": "[IBAN]", "card": "[card]", "phone": "[phone]"}
_IBAN_LENGTHS = range(15, 35)


def mask(text: str) -> str:
    """The text with e-mail addresses, phone, IBAN, card, social security and contract numbers replaced.

    Placeholders are "[e-mail]", "[phone]", "[IBAN]", "[card]" and "[number]". Links are left as they are, and
    so are prices, dates, quantities and short public numbers ("3900"). Masking a masked text again does no harm:
    at most it finds a number that was glued to one masked before.
    """
    if "@" not in text and not any(map(str.isdigit, text)):
        return text
    for kinds in _PASSES:
        text = kinds.sub(_replace, text)
    return text


def pseudonym(name: str, key: bytes) -> str:
    """A stable stand-in for a name: 16 hexadecimal digits of keyed BLAKE2b, the same for the same key.

    Case, accents' encoding and runs of spaces do not matter. Without the key neither the name nor a list of
    guesses can be checked against it. Raises ValueError where the key has fewer than 16 or more than 64 bytes.
    """
    if not 16 <= len(key) <= 64:
        raise ValueError("the key of pseudonyms has 16 to 64 bytes")
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return blake2b(plain.encode("utf-8", "replace"), key=key, digest_size=8).hexdigest()


def _replace(found: re.Match[str]) -> str:
    kind, whole = found.lastgroup or "", found.group()
    match kind:
        case "link":
            return whole
        case "iban" if not _is_iban(whole):
            return whole
        case "card" if not _passes_luhn(whole):
            return "[number]" if _is_reference(found, whole) else whole
        case "named":
            known = mask(found["named"])  # "numéro 0612345678" is a phone number first
            if known == found["named"] and _is_reference(found, known):
                known = "[number]"
            return found["cue"] + known
        case "code" | "social" if not _is_reference(found, whole):
            return whole
    return _PLACEHOLDERS.get(kind, "[number]")


def _is_reference(found: re.Match[str], number: str) -> bool:
    """Whether a number names something, rather than counts or dates it."""
    round_sum = number.isdigit() and len(number.strip("0")) <= 2
    if round_sum or _QUANTITY.match(found.string, found.end()) or _DATE.fullmatch(number):
        return False
    start = found.start("named") if found["named"] else found.start()
    before = found.string[max(0, start - 3) : start].rstrip()[-1:]
    return before not in "€$£" or not before


def _is_iban(candidate: str) -> bool:
    """The check of ISO 13616: letters as numbers, the first four characters last, remainder 1 by 97."""
    compact = re.sub(r"\s", "", candidate).upper()
    if len(compact) not in _IBAN_LENGTHS:
        return False
    return int("".join(str(int(letter, 36)) for letter in compact[4:] + compact[:4])) % 97 == 1


def _passes_luhn(candidate: str) -> bool:
    """The check digit of ISO/IEC 7812."""
    digits = [int(letter) for letter in candidate if letter.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
