"""Understands what is waiting: cleans, tells the language, annotates in batches of like length, folds, sorts."""

from __future__ import annotations

import threading
from dataclasses import asdict, replace

from nlp import language
from nlp.annotation import Annotation
from nlp.cleaning import clean, own_title
from service import progress, relevance
from service.workspace import Workspace
from storage import annotations as opinions
from storage import complaints, mentions, stories
from storage.mentions import PendingMention

AT_ONCE = 4096
"""Mentions taken from the database together and sorted by length, so that a batch holds texts of like length."""


def annotate(
    ws: Workspace, *, stop: threading.Event | None = None, advance: progress.Advance = progress.nothing
) -> int:
    """Annotate all mentions that the model has not read, one commit a batch; how many there were.

    Once none is left, the model's annotations become the figures, should they not be so already.
    Raises ServiceError when the configured model is not there.
    """
    model = _registered(ws)
    with ws.database.begin() as conn:
        opinions.register_model(conn, model, asdict(ws.model.card))
    judge = relevance.Judge(ws)
    done = after = 0
    while batch := _waiting(ws, model, after):
        after = batch[-1].id
        for part in _of_like_length(batch, ws.config.nlp.batch_size):
            if stop is not None and stop.is_set():
                return done
            texts = {mention.id: text_of(mention.title, mention.text) for mention in part}
            verdicts = judge.verdicts(texts)
            read = _read(ws, part, texts, relevance.likeliest(verdicts))
            with ws.database.begin() as conn:
                done += opinions.save(conn, model, read, ws.clock.now())
                mentions.set_relevance(conn, [(v.mention_id, v.brand_id, v.relevant) for v in verdicts])
            advance(len(part))
    with ws.database.begin() as conn:
        opinions.activate(conn, model)
    return done


def waiting(ws: Workspace) -> int:
    """How many mentions the model has not read."""
    with ws.database.read() as conn:
        return mentions.count_pending(conn, _registered(ws))


def fold(ws: Workspace, *, stop: threading.Event | None = None) -> int:
    """Put the mentions that are in no story yet into one; how many there were."""
    done = 0
    while stop is None or not stop.is_set():
        with ws.database.begin() as conn:
            folded = stories.fold_pending(conn)
        done += folded
        if not folded:
            break
    return done


def sort_complaints(ws: Workspace, *, stop: threading.Event | None = None) -> int:
    """Sort the negative passages that are new by what they complain of; how many there were."""
    done, after = 0, 0
    while stop is None or not stop.is_set():
        with ws.database.begin() as conn:
            looked_at, after = complaints.sort_pending(conn, ws.clock.now(), after)
        done += looked_at
        if not looked_at:
            break
    with ws.database.read() as conn:
        topics = complaints.waiting(conn)
    for topic in topics:
        if stop is not None and stop.is_set():
            break
        with ws.database.begin() as conn:
            complaints.find_new(conn, topic, ws.clock.now())
    return done


def text_of(title: str | None, text: str) -> str:
    """What the model reads of a mention: its own title, if it has one, and its text, cleaned."""
    return clean(f"{own_title(title, text)}\n{text}")


def _registered(ws: Workspace) -> str:
    """What the database knows the configured model by."""
    return opinions.registered_name(ws.model.name, ws.model.card.version)


def _waiting(ws: Workspace, model: str, after: int) -> list[PendingMention]:
    with ws.database.read() as conn:
        return mentions.pending(conn, model, AT_ONCE, after=after)


def _of_like_length(batch: list[PendingMention], size: int) -> list[list[PendingMention]]:
    ordered = sorted(batch, key=lambda mention: len(mention.text) + len(mention.title or ""))
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]


def _read(
    ws: Workspace, part: list[PendingMention], texts: dict[int, str], relevant: dict[int, float]
) -> list[tuple[int, int, Annotation]]:
    spoken = [_language(ws, mention.language, texts[mention.id]) for mention in part]
    found = ws.model.annotate(list(texts.values()), spoken)
    return [
        (m.id, m.revision, replace(annotation, relevance=relevant.get(m.id)))
        for m, annotation in zip(part, found, strict=True)
    ]


def _language(ws: Workspace, declared: str | None, text: str) -> str | None:
    """What the text itself shows; where it is too short to tell, what the source declares."""
    known = ws.config.nlp.languages
    base = (declared or "").replace("_", "-").split("-")[0].lower()
    return language.detect(text, known) or (base if base in known else None)
