"""What is told, in French or English: short, with what happened, where, the words, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from reputation.rules import MANY
from reputation.silences import RULE as QUIET
from service.channels import Message
from service.workspace import Workspace
from storage import reports

_WORDS: dict[str, dict[str, str]] = {
    "fr": {
        "negative_subject": "{brand} : un avis {severity} sur {source}",
        "negative_what": "Un avis {severity} sur {brand} a été publié sur {source} le {date}{stars}.",
        "spike_subject": "{brand} : {negative} avis négatifs le {day}, contre {usual} d'habitude",
        "spike_what": "Le {day}, {negative} avis négatifs sur {brand} ; ce jour-là en compte {usual} d'habitude.",
        "many_subject": "{brand} : {more} autres alertes",
        "many_what": "La règle « {name} » a trouvé d'un coup plus qu'il n'est utile d'envoyer sur {brand} : les "
        "{told} alertes les plus graves vous ont été envoyées, {more} autres sont notées sans message.",
        "quiet_subject": "{brand} : la source {source} est muette depuis le {since}",
        "quiet_what": "La source {source}, qui donne d'habitude {usual} mentions par jour, n'a rien donné depuis "
        "le {since} ; elle est pourtant lue sans erreur. Un tel silence arrive par hasard moins d'une fois sur "
        "3 000.",
        "do_quiet": "Que faire : ouvrez le site, voyez s'il a déménagé ou changé, puis essayez « oyez sources "
        "preview {source} ». Tant qu'elle se tait, ses chiffres ne disent rien de bon ni de mauvais.",
        "do_many": "Que faire : voyez-les dans les mentions de la marque, ou avec « oyez alerts ».",
        "stars": " (note : {stars} sur 5)",
        "quote": "« {text} »",
        "why": "Pourquoi cette alerte : {reasons}.",
        "read": "À lire ici : {url}",
        "do_negative": "Que faire : lisez l'avis, répondez en public sous 24 h, proposez une solution en privé.",
        "do_churn": "Ce client dit qu'il part : appelez-le avant de répondre en public.",
        "do_spike": "Que faire : lisez les avis de ce jour, cherchez leur cause commune, prévenez l'équipe.",
        "pages": "Le tableau de bord : {url}",
        "report_subject": "{brand} : rapport de la semaine {period}",
        "report_what": "Le rapport de {brand} pour la semaine {period} est dans la version HTML de ce message.",
        "low": "négatif",
        "medium": "très négatif",
        "high": "très négatif et urgent",
        "critical": "grave et urgent",
        "low_rating": "note basse",
        "negative_text": "texte négatif",
        "sarcasm": "ironie",
        "churn_intent": "le client dit qu'il part",
        "wide_reach": "très vu",
        "many_copies": "repris plusieurs fois",
    },
    "en": {
        "negative_subject": "{brand}: a {severity} mention on {source}",
        "negative_what": "A {severity} mention of {brand} was published on {source} on {date}{stars}.",
        "spike_subject": "{brand}: {negative} negative mentions on {day}, against {usual} as a rule",
        "spike_what": "On {day}, {negative} negative mentions of {brand}; that weekday usually has {usual}.",
        "many_subject": "{brand}: {more} more alerts",
        "many_what": "The rule “{name}” found more on {brand} at once than is of use to send: the {told} gravest "
        "alerts were sent to you, {more} more are noted without a message.",
        "quiet_subject": "{brand}: the source {source} has been silent since {since}",
        "quiet_what": "The source {source}, which usually gives {usual} mentions a day, has given none since "
        "{since}, although it is read without an error. By chance such a silence comes less than once in "
        "3,000.",
        "do_quiet": "What to do: open the site, see whether it has moved or changed, then try `oyez sources "
        "preview {source}`. As long as it is silent, its figures say nothing good and nothing bad.",
        "do_many": "What to do: see them among the brand's mentions, or with `oyez alerts`.",
        "stars": " (rated {stars} of 5)",
        "quote": "“{text}”",
        "why": "Why this alert: {reasons}.",
        "read": "Read it here: {url}",
        "do_negative": "What to do: read it, answer in public within 24 hours, offer a solution in private.",
        "do_churn": "This customer says that they are leaving: call them before you answer in public.",
        "do_spike": "What to do: read that day's mentions, look for their common cause, tell the team.",
        "pages": "The dashboard: {url}",
        "report_subject": "{brand}: report on week {period}",
        "report_what": "The report on {brand} for week {period} is in the HTML version of this message.",
        "low": "negative",
        "medium": "very negative",
        "high": "very negative and urgent",
        "critical": "grave and urgent",
        "low_rating": "low rating",
        "negative_text": "negative text",
        "sarcasm": "irony",
        "churn_intent": "the customer says they are leaving",
        "wide_reach": "widely seen",
        "many_copies": "repeated several times",
    },
}


def compose(ws: Workspace, message_id: str, payload: Mapping[str, Any]) -> Message:
    """The message of one row of the outbox: an alert, or a report that was frozen."""
    if payload["type"] == "report":
        return _report(ws, message_id, payload)
    name = payload["detail"].get("name")
    configured = next((alert.language for alert in ws.config.alerts if alert.name == name), None)
    language = configured or ws.config.web.language
    subject, lines = alert_text(payload, language, pages=ws.config.web.url)
    page = "".join(f"<p>{_linked(line)}</p>" for line in lines)
    data = {"id": message_id, "language": language, "text": "\n".join(lines), **payload}
    return Message(message_id, subject, "\n\n".join(lines) + "\n", page, data)


def alert_text(payload: Mapping[str, Any], language: str, *, pages: str | None = None) -> tuple[str, list[str]]:
    """The subject and the paragraphs of an alert, from what the outbox holds of it."""
    words, detail = _WORDS[language], payload["detail"]
    if payload["rule"] == "spike":
        facts = {**detail, "usual": _number(detail["usual"], language)}
        lines = [words["spike_what"].format(**facts), words["do_spike"]]
        subject = words["spike_subject"].format(**facts)
    elif payload["rule"] == QUIET:
        facts = {**detail, "usual": _number(detail["usual_per_day"], language)}
        lines = [words["quiet_what"].format(**facts), words["do_quiet"].format(**facts)]
        subject = words["quiet_subject"].format(**facts)
    elif payload["rule"] == MANY:
        lines = [words["many_what"].format(**detail), words["do_many"]]
        subject = words["many_subject"].format(**detail)
    else:
        subject, lines = _negative(payload, words, language)
    return subject, [*lines, words["pages"].format(url=pages)] if pages else lines


def _negative(payload: Mapping[str, Any], words: Mapping[str, str], language: str) -> tuple[str, list[str]]:
    detail, mention = payload["detail"], payload["detail"]["mention"]
    stars = mention.get("stars")
    facts = {
        "brand": payload["brand"],
        "source": mention["source"],
        "date": mention["date"],
        "severity": words[payload["severity"]],
        "stars": words["stars"].format(stars=_number(stars, language)) if stars is not None else "",
    }
    reasons = ", ".join(words[reason] for reason in detail["reasons"])
    lines = [
        words["negative_what"].format(**facts),
        words["quote"].format(text=mention["text"]),
        words["why"].format(reasons=reasons),
    ]
    if mention.get("url"):
        lines.append(words["read"].format(url=mention["url"]))
    lines.append(words["do_churn"] if "churn_intent" in detail["reasons"] else words["do_negative"])
    return words["negative_subject"].format(**facts), lines


def _report(ws: Workspace, message_id: str, payload: Mapping[str, Any]) -> Message:
    from service.reports import render_html  # noqa: PLC0415 (draws charts: slow to import)

    with ws.database.read() as conn:
        report = reports.get(conn, payload["report_id"])
    words = _WORDS[payload["language"]]
    return Message(
        message_id,
        words["report_subject"].format(**payload),
        words["report_what"].format(**payload) + "\n",
        render_html(report.document, payload["language"]),
        {"id": message_id, **payload, "document": report.document},
    )


def _number(value: float, language: str) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",") if language == "fr" else text


def _linked(line: str) -> str:
    """A paragraph as HTML, its web address made a link."""
    before, mark, address = line.partition("http")
    if not mark or not address.startswith(("://", "s://")):
        return escape(line)
    target = escape(mark + address)
    return f'{escape(before)}<a href="{target}">{target}</a>'
