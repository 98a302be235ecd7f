"""Step 1: join the labelled sets into one table of examples, `examples.parquet`.

Columns: `text`, `lang`, `source`, `group` (the company or journey stage, "" where unknown), `split`
("train", "dev"), `stars` (1-5, 0 where unknown), `sentiment` (0 negative, 1 neutral, 2 positive, -1
where unknown), `score` (0-10, NaN where unknown) and `read` (the careful reading as JSON, "" where none).

Whole sources and companies are held out as "dev", so that what is measured is not learned by heart.
`insurance_mt_from_fr` is left out: it is the machine translation, row by row, of the French insurers'
reviews, and would let the held-out insurers in. Nothing below `evaluation_only/` is ever read here.
"""

# A recipe step reports on stdout.
# ruff: noqa: T201
from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from nlp.training import aspects, idioms

SEED = 7
COLUMNS = ["text", "lang", "source", "group", "split", "stars", "sentiment", "score", "read", "known"]
SENTIMENTS = {"negative": 0, "mixed": 1, "neutral": 1, "objective": 1, "positive": 2}
LEFT_OUT = {"insurance_mt_from_fr"}
HELD_OUT_SOURCES = {
    "google_play",
    "trustpilot_banks_credit",
    "tripadvisor_hotel",
    "trustpilot_us",
    "trustpilot_travel_mixed",
    "amazon_general",
}
HELD_OUT_COMPANIES = {
    # insurers
    "MACIF", "AXA", "MAAF", "Néoliane Santé", "Harmonie Mutuelle", "Cardif", "Mgen", "Generali", "SwissLife",
    "Crédit Mutuel",
    # banks
    "Younited Credit", "Cofidis", "Boursorama Banque",
    # shops
    "labonneallure.fr", "www.darty.com", "www.decathlon.fr", "www.intersport.fr", "www.cdiscount.com",
    "lepetitballon.com", "nutrimuscle.com", "monwhisky.fr", "boutique.lushan.fr", "oeforgood.com",
    "cafe-en-grain.com",
}  # fmt: skip


def star_reviews(data: Path) -> pd.DataFrame:
    """All reviews with stars, marked "train" or "dev"."""
    rows = pd.concat([pd.read_parquet(data / f"stars_{lang}.parquet") for lang in ("fr", "en")])
    rows = rows[~rows.source.isin(LEFT_OUT)].copy()
    rows["group"] = rows.company.fillna("")
    held = rows.source.isin(HELD_OUT_SOURCES) | rows.group.isin(HELD_OUT_COMPANIES)
    rows["split"] = np.where(held, "dev", "train")
    # Three stars say "neutral" less surely than a person does: the loss softens it (see `objective`).
    rows["sentiment"] = rows.stars.map({1: 0, 2: 0, 3: 1, 4: 2, 5: 2})
    return rows


def balanced(rows: pd.DataFrame, per_language: int) -> pd.DataFrame:
    """About `per_language` rows of each language, with the same ceiling for each (source, star) cell."""
    parts = []
    for _, part in rows.groupby("lang"):
        cells = part.groupby(["source", "stars"]).size()
        ceiling = next((c for c in range(20, 20_000, 20) if cells.clip(upper=c).sum() >= per_language), 20_000)
        shuffled = part.sample(frac=1, random_state=SEED)
        parts.append(shuffled[shuffled.groupby(["source", "stars"]).cumcount() < ceiling])
    return pd.concat(parts)


def posts(data: Path, per_source: int) -> pd.DataFrame:
    """Posts and reviews with a sentiment but no stars; the validation part of UMSAB is "dev"."""
    tweets = pd.read_parquet(data / "tweets_sentiment.parquet")
    tweets["split"] = np.where((tweets.source == "umsab") & (tweets.split != "train"), "dev", "train")
    polar = pd.read_parquet(data / "polarity.parquet")
    polar = polar[polar.domain != "news"].copy()
    polar["source"] = np.where(polar.source == "vader_gold", "vader_" + polar.domain, polar.source)
    polar["split"] = np.where(polar.split == "test", "dev", "train")
    rows = pd.concat([tweets, polar])
    rows["sentiment"] = rows.label.map(SENTIMENTS)
    rows["source"] = rows.source + np.where(rows.source == "umsab", "_" + rows.lang, "")
    rows = rows.sample(frac=1, random_state=SEED)
    dev = rows[(rows.split == "dev") & rows.source.str.startswith("umsab")]
    train = rows[rows.split == "train"]
    return pd.concat([train[train.groupby("source").cumcount() < per_source], dev])


def read_lines(path: Path) -> pd.DataFrame:
    """A table of JSON lines, every value as it stands there."""
    with path.open(encoding="utf-8") as lines:
        return pd.DataFrame([json.loads(line) for line in lines], dtype=object)


def readings(data: Path, stars: pd.DataFrame) -> pd.DataFrame:
    """The careful readings of touchpoints, with the stars of the same text where it has some."""
    read = read_lines(data / "touchpoints_read.jsonl")
    rows = read[["text", "lang", "source", "overall"]].copy()
    rows["read"] = [json.dumps(one, ensure_ascii=False) for one in read.to_dict("records")]
    rows["sentiment"] = rows.overall.map(SENTIMENTS)
    known = stars.drop_duplicates("text").set_index("text")
    for column, missing in (("stars", 0), ("group", "")):
        rows[column] = rows.text.map(known[column]).fillna(missing)
    # One in ten of the rest decides thresholds; gold_dev stays untouched for the report.
    tenth = np.random.default_rng(SEED).random(len(rows)) < 0.1
    held = rows.source.isin(HELD_OUT_SOURCES) | rows.group.isin(HELD_OUT_COMPANIES)
    rows["split"] = np.where(tenth | held, "dev", "train")
    return rows


def answers(data: Path) -> pd.DataFrame:
    """Real answers to "would you recommend": never train the encoder, only the small last step."""
    telecom = pd.read_parquet(data / "recommend_telecom.parquet").rename(columns={"journey_stage": "group"})
    airlines = pd.read_parquet(data / "recommend_airlines.parquet").rename(columns={"company": "group"})
    booking = pd.read_parquet(data / "recommend_booking.parquet")
    named = {"telecom_survey": telecom, "airlines": airlines, "booking": booking.assign(group=booking.lang)}
    rows = pd.concat([part.assign(source=source) for source, part in named.items()])
    return rows.assign(split="dev")


def gather(data: Path, per_language: int, per_source: int) -> pd.DataFrame:
    """The whole table of examples, shuffled, in `COLUMNS`."""
    stars = star_reviews(data)
    read = readings(data, stars)
    stars = stars[~stars.text.isin(set(read.text))]
    dev = stars[stars.split == "dev"]
    dev = dev.sample(frac=1, random_state=SEED).groupby(["source", "group"]).head(400)
    parts = [
        balanced(stars[stars.split == "train"], per_language),
        dev,
        posts(data, per_source),
        read,
        answers(data),
        idioms.rows(),
        aspects.rows(data, per_source // 2),
    ]
    rows = pd.concat(parts)[COLUMNS]
    rows = rows.fillna({"stars": 0, "sentiment": -1, "group": "", "read": "", "known": ""}).astype(
        {"stars": int, "sentiment": int}
    )
    rows = rows[rows.text.str.strip().str.len() > 0]
    measured = set(rows.text[rows.split == "dev"]) | set(read_lines(data / "gold_dev.jsonl").text)
    rows = rows[(rows.split == "dev") | ~rows.text.isin(measured)]
    return rows.sample(frac=1, random_state=SEED).reset_index(drop=True)


def main() -> None:
    """Write `WORK/examples.parquet`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--per-language", type=int, default=20_000, help="star reviews of each language")
    parser.add_argument("--per-source", type=int, default=3_000, help="posts of each source")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    rows = gather(arguments.data, arguments.per_language, arguments.per_source)
    rows.to_parquet(arguments.work / "examples.parquet")
    print(rows.groupby(["split", "lang"]).size().to_string())


if __name__ == "__main__":
    main()
