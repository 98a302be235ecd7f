"""Words for people: catalogues, and numbers and dates as each language writes them.

The messages' English is their key; `service/locale/<language>.po` holds the others. Pages, mails and reports are
all rendered by the environment made here, so that a figure looks the same wherever it is shown.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

LANGUAGES: tuple[str, ...] = ("en", "fr")
"""The languages of the interface; the first is the one of the messages themselves."""


def _(message: str) -> str:
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


NAMES: dict[str, str] = {
    "information": _("Information and promises"),
    "price": _("Price"),
    "ordering": _("Ordering"),
    "delivery": _("Delivery"),
    "product": _("Product"),
    "website_app": _("Website and app"),
    "premises": _("Premises"),
    "staff": _("Staff"),
    "customer_service": _("Customer service"),
    "billing": _("Billing"),
    "after_sales": _("After-sales"),
    "loyalty": _("Loyalty"),
    "rating": _("Rating level"),
    "volume": _("Volume"),
    "recency": _("Recency"),
    "response": _("Responses"),
    "nps": _("NPS"),
    "csat": _("CSAT"),
    "ces": _("Effort (CES)"),
    "net_sentiment": _("Net sentiment"),
    "churn_intent": _("Intent to leave"),
    "sentiment": _("Sentiment"),
    "stars": _("Stars"),
    "recommendation": _("Recommendation"),
    "effort": _("Effort"),
    "detractor": _("Detractor"),
    "passive": _("Passive"),
    "promoter": _("Promoter"),
    "yes": _("Yes"),
    "no": _("No"),
    "polarity": _("Good and bad told apart"),
    "stars.exact": _("Stars exactly right"),
    "stars.within_1": _("Stars right, or one off"),
    "stars.mae": _("Mean error in stars"),
    "stars.ece": _("Calibration error of the stars"),
    "sentiment.accuracy": _("Sentiment right"),
    "sentiment.macro_f1": _("Sentiment, mean F1 of the moods"),
    "sentiment.ece": _("Calibration error of the sentiment"),
    "touchpoints.f1": _("Touchpoints, F1"),
    "touchpoints.precision": _("Touchpoints named that are there"),
    "touchpoints.recall": _("Touchpoints there that are named"),
    "touchpoints.polarity": _("Their tone right"),
    "confidence": _("How sure the model is"),
    "right": _("How often it is right"),
    "fr": _("French"),
    "en": _("English"),
    "negative": _("Negative"),
    "neutral": _("Neutral"),
    "positive": _("Positive"),
    "mixed": _("Mixed"),
    "negative_mention": _("Negative mention"),
    "spike": _("Spike of negative mentions"),
    "gone_quiet": _("Source gone quiet"),
    "many": _("More alerts at once"),
    "low": _("Low"),
    "medium": _("Medium"),
    "high": _("High"),
    "critical": _("Critical"),
}
"""How the identifiers of figures, touchpoints, moods, rules and severities are written for people."""


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of one language; the messages as they are where there is none."""
    source = resources.files("service") / "locale" / f"{language}.po"
    if not source.is_file():
        return NullTranslations()
    with source.open("rb") as lines:
        catalogue = read_po(lines, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def preferred(accept_language: str | None) -> str:
    """The interface's language for an Accept-Language header (RFC 9110, section 12.5.4); English at last."""
    wishes: list[tuple[float, str]] = []
    for part in (accept_language or "").split(","):
        tag, _sep, quality = part.strip().partition(";q=")
        try:
            wishes.append((float(quality or 1), tag[:2].lower()))
        except ValueError:
            continue
    best = max((wish for wish in wishes if wish[1] in LANGUAGES), key=lambda wish: wish[0], default=None)
    return best[1] if best else LANGUAGES[0]


def environment(language: str, zone: str = "UTC") -> jinja2.Environment:
    """Templates in one language, with the filters `number`, `signed`, `day`, `moment`, `quoted` and `name`.

    Everything is escaped: texts from outside are hostile. Raises ZoneInfoNotFoundError for an unknown zone.
    """
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("service"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    tz = ZoneInfo(zone)

    def number(value: float, digits: int = 0) -> str:
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        shown = format_decimal(round(value, digits) + 0.0, format=pattern, locale=language)
        return shown.replace("-", "\u2212")

    def signed(value: float, digits: int = 1) -> str:
        sign = "+" if round(value, digits) > 0 else ""
        return sign + number(value, digits)

    def day(value: date | str, form: str = "d MMMM y") -> str:
        moment = date.fromisoformat(value[:10]) if isinstance(value, str) else value
        return format_date(moment, form, locale=language)

    def moment(value: datetime | str | None) -> str:
        if value is None:
            return ""
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return format_datetime(at.astimezone(tz), "d MMM y HH:mm", locale=language)

    def name(key: str) -> str:
        return str(catalogue.ugettext(NAMES[key])) if key in NAMES else key

    def quoted(text: str) -> str:
        return f"«\u202f{text}\u202f»" if language == "fr" else f"“{text}”"

    filters: dict[str, Any] = {
        "quoted": quoted,
        "number": number,
        "signed": signed,
        "day": day,
        "moment": moment,
        "name": name,
    }
    made.filters.update(filters)
    made.globals.update(language=language, languages=LANGUAGES)
    return made
