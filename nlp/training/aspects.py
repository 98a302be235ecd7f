"""Labels of some touchpoints only, from sets that were made for other aspects.

A set that marks "price" and "service" says nothing of invoices: what its categories do not cover stays unknown.
The restaurants and laptops of M-ABSA are left out: they repeat SemEval's, which only evaluates.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

SEED = 7
CATEGORIES: dict[str, dict[str, str]] = {
    "phone": {
        "Logistics": "delivery",
        "Price": "price",
        "Seller Service": "customer_service",
        "After-sales Service": "after_sales",
        **dict.fromkeys(
            ("Product Quality", "Camera", "Battery/Longevity", "Screen", "Performance", "Ease of Use", "Signal",
             "System", "Audio/Sound", "Shooting Functions", "Appearance Design", "Product Configuration"),
            "product",
        ),
    },
    "food": {
        "food quality": "product",
        "food style_options": "product",
        "food prices": "price",
        "amazon prices": "price",
        "shipment": "delivery",
    },
    "hotel": {
        "service": "staff",
        "location": "premises",
        "rooms": "premises",
        "room_amenities": "premises",
        "facilities": "premises",
        "hotel prices": "price",
        "hotel comfort": "premises",
        "hotel cleanliness": "premises",
        "food_drinks": "product",
    },
    "restaurant": {
        "food": "product",
        "staff": "staff",
        "service": "staff",
        "price": "price",
        "place": "premises",
        "ambience": "premises",
    },
}  # fmt: skip
"""Domain → beginning of a category → touchpoint."""
MARKED_ALWAYS = {"price", "delivery", "staff"}
"""Where one of these is not marked it is not there; a missing mark of the product says little."""
FRENCH_RESTAURANTS = {"aspect_price": "price", "aspect_food": "product", "aspect_service": "staff"}


def touchpoint_of(category: str, domain: str) -> str | None:
    """The touchpoint of a category, None where it has none."""
    return next((name for begin, name in CATEGORIES[domain].items() if category.startswith(begin)), None)


def known(found: list[tuple[str, str]], covered: set[str]) -> str:
    """The `known` column: each covered touchpoint that is marked, and those that are surely not there."""
    sides: dict[str, set[str]] = {name: set() for name in sorted(covered)}
    for name, polarity in found:
        sides[name].add(polarity)
    told = {name: side for name, side in sides.items() if side or name in MARKED_ALWAYS}
    return json.dumps({"touchpoints": {name: _together(side) for name, side in told.items()}})


def _together(polarities: set[str]) -> str:
    if not polarities:
        return "absent"
    return next(iter(polarities)) if len(polarities) == 1 else "mixed"


def marked_sentences(path: Path, domains: list[str], per_domain: int) -> pd.DataFrame:
    """Sentences of M-ABSA or MAMS, at most `per_domain` of a domain and language."""
    rows = pd.read_parquet(path).query("split == 'train' and domain in @domains and source != 'MAMS-ATSA'")
    rows = rows.sample(frac=1, random_state=SEED)
    rows = rows[rows.groupby(["domain", "lang"]).cumcount() < per_domain].copy()
    marks = []
    for domain, aspects in zip(rows.domain, rows.aspects, strict=True):
        pairs = [(touchpoint_of(a["category"] or "", domain), a["polarity"]) for a in json.loads(aspects)]
        marks.append(known([(n, p) for n, p in pairs if n], set(CATEGORIES[domain].values())))
    return rows[["text", "lang"]].assign(source="aspects_" + rows.domain, known=marks)


def french_restaurants(path: Path) -> pd.DataFrame:
    """French restaurant reviews with the polarity of price, food and service."""
    rows = pd.read_parquet(path).query("split == 'train'")
    marks = []
    for _, row in rows.iterrows():
        found = [
            (name, row[column]) for column, name in FRENCH_RESTAURANTS.items() if isinstance(row[column], str)
        ]
        marks.append(known(found, set(FRENCH_RESTAURANTS.values())))
    stars = rows.stars.fillna(0).round().astype(int)
    return rows[["text", "lang"]].assign(source="aspects_restaurants_fr", known=marks, stars=stars)


def irony(path: Path) -> pd.DataFrame:
    """English posts that are ironic or not."""
    rows = pd.read_parquet(path).query("split != 'test'")
    marks = [json.dumps({"sarcasm": int(label == "irony")}) for label in rows.label]
    return rows[["text", "lang"]].assign(source="tweets_irony", known=marks)


def rows(data: Path, per_domain: int) -> pd.DataFrame:
    """All of them, for training: `text`, `lang`, `source`, `known`, `split` and, where known, `stars`."""
    parts = [
        marked_sentences(data / "aspects_mabsa.parquet", ["phone", "food", "hotel"], per_domain),
        marked_sentences(data / "aspects_mams.parquet", ["restaurant"], per_domain),
        french_restaurants(data / "aspects_restaurants_fr.parquet"),
        irony(data / "tweets_irony.parquet"),
    ]
    return pd.concat(parts).assign(split="train")
