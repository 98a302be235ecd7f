"""Transcripts of calls: who speaks is told by the label before a turn, and the customer's words are the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from collectors.headings import words
from collectors.source import Fault

Row = tuple[int, Sequence[Any]]
_TURN = re.compile(
    r"^[ \t]*(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?[\])]?[ \t]*[-–]?[ \t]*)?"
    r"(?P<speaker>[^\W\d_][^:;,=|\x22\t\n\[\]()<>]{0,39}?)[ \t]*(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?[\])]?)?[ \t]*:"
    r"[ \t]*(?P<said>.*)$"
)
_CUSTOMER = re.compile(
    r"\b(?:client|cliente|customer|caller|appelant|appelante|user|usager|abonne|abonnee|consumer|assure|assuree"
    r"|patient|patiente|acheteur|consommateur|visitor|guest|societaire)\b"
)
_AGENT = re.compile(
    r"\b(?:agent|conseiller|conseillere|advisor|adviser|operator|operateur|operatrice|teleconseiller"
    r"|teleconseillere|representative|rep|csr|support|bot|assistant|hotesse|technicien|service|system|systeme|svi|ivr)\b"
)
_TURNS = ("turns", "utterances", "transcript", "messages", "dialogue", "segments", "conversation", "tours")
_SPEAKERS = ("speaker", "role", "locuteur", "participant", "channel", "intervenant", "author")
_SAID = ("text", "texte", "content", "utterance", "message", "words", "transcript")
_MOST_LINES = 20_000


def is_customer(label: str, customer: str | None, labels: Iterable[str] = ()) -> bool | None:
    """Whether a label means the customer; None where that cannot be told.

    `customer` is the label that the user set; else known words tell, and where only agents are known among all
    `labels`, the others are customers.
    """
    if customer is not None:
        return words(label) == words(customer)
    plain = words(label)
    if _CUSTOMER.search(plain) and not re.search(r"\b(?:service|support)\b", plain):
        return True
    if _AGENT.search(plain):
        return False
    known = [words(other) for other in labels]
    if any(_CUSTOMER.search(other) for other in known):
        return False
    return True if any(_AGENT.search(other) for other in known) else None


def turns(text: str) -> list[tuple[str, str]]:
    """The (speaker, words) of a text whose turns begin with a label and a colon; [] where there are none.

    A line without a label goes on with the turn before.
    """
    found: list[tuple[str, str]] = []
    for line in text.split("\n")[:_MOST_LINES]:
        turn = _TURN.match(line[:2_000])
        if turn and len(turn["speaker"].split()) <= 4:
            found.append((turn["speaker"].strip(), line[turn.start("said") :].strip()))
        elif found and line.strip():
            speaker, said = found[-1]
            found[-1] = speaker, f"{said} {line.strip()}".strip()
    return found


def customer_words(spoken: Sequence[tuple[str, str]], customer: str | None) -> str | None:
    """What the customer said, a line for each turn; None where nobody is known as the customer."""
    labels = {label for label, _ in spoken}
    told = {label: is_customer(label, customer, labels) for label in labels}
    if not any(told.values()):
        return None
    return "\n".join(said for label, said in spoken if told[label] and said)


def looks_like_transcript(text: str) -> bool:
    """Whether a text is one transcript: most lines begin with a label, and some label is a known role."""
    lines = [line for line in text.split("\n") if line.strip()][:40]
    labels = [turn["speaker"] for line in lines if (turn := _TURN.match(line[:2_000]))]
    known = {label for label in labels if is_customer(label, None) is not None}
    begins = bool(lines) and _TURN.match(lines[0][:2_000]) is not None
    return begins and len(labels) >= 2 and 2 * len(labels) >= len(lines) and len(set(labels)) <= 8 and bool(known)


def spoken_text(record: dict[str, Any]) -> dict[str, Any]:
    """An object that lists its turns, with them written out as one text; any other object as it is."""
    for name in _TURNS:
        listed = record.get(name)
        if not isinstance(listed, list) or not listed or not all(isinstance(turn, dict) for turn in listed):
            continue
        speaker = next((key for key in _SPEAKERS if key in listed[0]), None)
        said = next((key for key in _SAID if key in listed[0]), None)
        if speaker and said:
            lines = [f"{turn.get(speaker)}: {' '.join(str(turn.get(said) or '').split())}" for turn in listed]
            rest = {key: value for key, value in record.items() if key != name}
            return rest | {"transcript": "\n".join(lines)}
    return record


def calls(
    rows: Iterable[Row],
    faults: list[Fault],
    unit: str,
    *,
    text: int,
    speaker: int | None,
    call: int | None,
    customer: str | None,
) -> Iterator[Row]:
    """Rows of turns made rows of calls, whose text is what the customer said; other cells are the first turn's.

    `text`, `speaker` and `call` are positions. Without a speaker's column, each row is a call whose text holds
    the turns. A call in which nobody is known as the customer is a fault.
    """
    for number, cells, spoken in _together(rows, text, speaker, call):
        said = customer_words(spoken, customer)
        if said is None:
            labels = ", ".join(sorted({label for label, _ in spoken})[:5]) or "no labels"
            problem = f"nobody is known as the customer ({labels}): set customer to the label of the customer"
            faults.append(Fault(f"{unit} {number}", problem))
            continue
        row = list(cells)
        row[text] = said or None
        yield number, row


def _together(
    rows: Iterable[Row], text: int, speaker: int | None, call: int | None
) -> Iterator[tuple[int, Sequence[Any], list[tuple[str, str]]]]:
    """Each call with its first row and its turns; turns of a call follow one another."""
    first: Row | None = None
    spoken: list[tuple[str, str]] = []
    for number, cells in rows:
        said = str(cells[text] or "")
        if speaker is None:
            yield number, cells, turns(said)
            continue
        if first is not None and (call is not None and cells[call] is not None and cells[call] != first[1][call]):
            yield *first, spoken
            first, spoken = None, []
        first = first or (number, cells)
        spoken.append((str(cells[speaker] or ""), " ".join(said.split())))
    if first is not None:
        yield *first, spoken
