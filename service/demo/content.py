"""Who says what, where and when: the texts of the folder `texts`, put on a calendar.

Everything follows from the reference day and the seed, so that two runs serve the same web to the byte.
All brands, products, people and places of sale are invented.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

TEXTS = Path(__file__).parent / "texts"
BRAND = "Halombre"
RIVALS = ("Lampivore", "Wattlebury")
CHANNELS = ("blog", "forum", "shop", "rivals", "app", "survey")
DAYS = 90
UNDATED = datetime(1970, 1, 1, tzinfo=UTC)
CRISIS_WEEKDAYS = (8, 17, 22, 20, 16, 10, 7)
"""How a bad week grows and dies down: the share of its posts from Monday to Sunday, in percent."""
HOURS = (1, 0, 0, 0, 0, 1, 2, 4, 6, 7, 7, 6, 7, 7, 5, 5, 5, 6, 8, 9, 10, 10, 7, 3)
"""How busy each hour of the day is, from midnight on."""

PRODUCTS = {
    "becasse": ("Bécasse", "liseuse articulée", "articulated reading lamp", "149.00"),
    "celadon": ("Céladon", "lampe à poser en céramique", "ceramic table lamp", "89.00"),
    "pampille": ("Pampille", "suspension en verre soufflé", "blown-glass pendant", "219.00"),
    "reverbere": ("Réverbère", "applique d’extérieur à détecteur", "outdoor wall light with sensor", "119.00"),
    "noctule": ("Noctule", "veilleuse rechargeable", "rechargeable night light", "39.00"),
    "grand-large": ("Grand Large", "lampadaire arc", "arc floor lamp", "329.00"),
}
"""Slug → name, what it is in French and in English, price in euros."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing somebody says. `when` is any, before, crisis, after or future; `mark` is "deleted" where it goes.

    `stars` run from 1 to 5, `score` from 0 to 10 (the survey's question on recommending). `on` lists the
    touchpoints the text speaks of. An item with a `thread` and a `title` opens it; the ones after it answer.
    `edited` holds the fields that its author changes before the second visit.
    """

    text: str
    channel: str = ""
    language: str = ""
    id: str = ""
    title: str | None = None
    stars: int | None = None
    score: int | None = None
    on: tuple[str, ...] = ()
    brand: str = BRAND
    product: str | None = None
    thread: str | None = None
    when: str = "any"
    reply: str | None = None
    edited: dict[str, Any] | None = None
    mark: str | None = None
    author: str = ""
    at: datetime = UNDATED


def crisis_week(today: date) -> tuple[date, date]:
    """Monday and Sunday of the week when deliveries went wrong: the last complete week but one.

    Its Wednesday lies 12 to 18 days before `today`.
    """
    monday = today - timedelta(days=today.weekday() + 14)
    return monday, monday + timedelta(days=6)


def schedule(today: date, seed: int = 1) -> list[Item]:
    """Everything that was said in the ninety days before `today`, oldest first."""
    names = json.loads((TEXTS / "names.json").read_text("utf-8"))
    items: list[Item] = []
    for language in ("fr", "en"):
        for channel in CHANNELS:
            dice = random.Random(f"{seed} {language} {channel}")  # noqa: S311 - a fixed cast, not a secret
            items.extend(_dated(_read(channel, language), names[language], today, dice))
    return sorted(items, key=lambda item: (item.at, item.id))


def first_visit(today: date) -> datetime:
    """The moment of the first of two visits: the morning after the crisis week."""
    return datetime.combine(crisis_week(today)[1] + timedelta(days=1), time(6), UTC)


def as_of(items: list[Item], today: date, visit: int) -> list[Item]:
    """What is to be seen at the first visit or at the second; by then one review is edited and another one gone.

    The item that is dated in the future stands there from the beginning.
    """
    if visit < 2:
        moment = first_visit(today)
        return [item for item in items if item.at <= moment or item.when == "future"]
    kept = [item for item in items if item.mark != "deleted"]
    return [replace(item, **item.edited) if item.edited else item for item in kept]


def _read(channel: str, language: str) -> Iterator[Item]:
    """The items of one file, undated; `{name}` stands for a story that several of them tell word for word."""
    path = TEXTS / language / f"{channel}.jsonl"
    if not path.exists():
        return
    stories = json.loads((TEXTS / "stories.json").read_text("utf-8"))
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        fields: dict[str, Any] = json.loads(line)
        fields["on"] = tuple(fields.get("on", ()))
        for name, story in stories.items():
            fields["text"] = fields["text"].replace(f"{{{name}}}", story)
        yield Item(**fields, channel=channel, language=language, id=f"{channel}-{language}-{number:03d}")


def _dated(items: Iterator[Item], names: list[str], today: date, dice: random.Random) -> Iterator[Item]:
    latest: dict[str, datetime] = {}
    for item in items:
        at = _moment(item.when, today, dice)
        if earlier := latest.get(item.thread or ""):
            answered = earlier + timedelta(hours=0.3 + dice.expovariate(1 / 9))
            answered = min(answered, earlier + (_midnight(today) - earlier) / 2)
            at = answered if item.when == "any" else max(at, answered)
        if item.thread:
            latest[item.thread] = at
        yield replace(item, at=at.replace(microsecond=0), author=dice.choice(names))


def _moment(when: str, today: date, dice: random.Random) -> datetime:
    monday, sunday = crisis_week(today)
    first = today - timedelta(days=DAYS)
    match when:
        case "crisis":
            day = monday + timedelta(days=dice.choices(range(7), CRISIS_WEEKDAYS)[0])
        case "before":
            day = first + timedelta(days=dice.randrange((monday - first).days))
        case "after":
            day = sunday + timedelta(days=dice.randint(1, (today - sunday).days - 1))
        case "future":
            day = today + timedelta(days=40)
        case _:
            day = first + timedelta(days=dice.randrange(DAYS))
    hour = dice.choices(range(24), HOURS)[0]
    return datetime.combine(day, time(hour, dice.randrange(60), dice.randrange(60)), UTC)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
