"""`config.json` of the shipped folder: the Hugging Face part, and what calibration measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nlp.annotation import TOUCHPOINTS
from nlp.training.network import POLARITIES

NAME = "oyez-opinion-1"
VERSION = "1.1.0"

UNCALIBRATED: dict[str, Any] = {
    "temperature": {"stars": {"any": 1.0}, "sentiment": {"any": 1.0}},
    "thresholds": {
        **dict.fromkeys(TOUCHPOINTS, 0.5),
        "effort": 0.5,
        "recommend": 0.5,
        "churn": 0.5,
        "sarcasm": 0.5,
    },
    "recommendation": {"weight": [[0.0] * 12] * 3, "bias": [0.0] * 3},
    "systematic_error": {"nps": 20.0, "csat": 10.0, "net_sentiment": 10.0, "ces": 0.5},
    "quantification": {},
    "unknown": [],
}
"""What stands in the file until `calibrate` and `quantify` have measured something better."""

LABELS = {
    "stars": ["1", "2", "3", "4", "5"],
    "sentiment": ["negative", "neutral", "positive"],
    "touchpoints": list(TOUCHPOINTS),
    "touchpoint_polarity": list(POLARITIES),
    "effort": ["none", "low", "high"],
    "recommend": ["none", "no", "yes"],
    "churn": ["no", "yes"],
    "sarcasm": ["no", "yes"],
}


def write(base: Path, out: Path, measured: dict[str, Any]) -> None:
    """Write `OUT/config.json`."""
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = ["OyezOpinion"]
    config["id2label"] = dict(enumerate(f"{label} stars" for label in LABELS["stars"]))
    config["label2id"] = {label: number for number, label in config["id2label"].items()}
    config["opinion"] = {"name": NAME, "version": VERSION, "labels": LABELS, **measured}
    text = json.dumps(config, indent=1, ensure_ascii=False)
    (out / "config.json").write_text(text + "\n", encoding="utf-8")


def read(out: Path) -> dict[str, Any]:
    """What `OUT/config.json` says was measured, or the uncalibrated values."""
    path = out / "config.json"
    if not path.exists():
        return dict(UNCALIBRATED)
    opinion = json.loads(path.read_text(encoding="utf-8"))["opinion"]
    return {key: opinion.get(key, usual) for key, usual in UNCALIBRATED.items()}
