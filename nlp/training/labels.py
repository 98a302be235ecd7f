"""Turn the table of examples into label tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import PreTrainedTokenizerFast

from nlp.annotation import TOUCHPOINTS
from nlp.training.network import POLARITIES
from nlp.training.objective import READ_TASKS, UNKNOWN, Labels

CODES = {"effort": {None: 0, "low": 1, "high": 2}, "recommend": {None: 0, "no": 1, "yes": 2}}
POLARITY = {**{name: number for number, name in enumerate(POLARITIES)}, "neutral": 3, "conflict": 3}


def of_readings(examples: pd.DataFrame) -> list[dict[str, Any] | None]:
    """The readings as dictionaries, None where there is none."""
    return [json.loads(text) if text else None for text in examples["read"]]


def whole_text(examples: pd.DataFrame) -> dict[str, torch.Tensor]:
    """Labels of whole texts, everything of `Labels` but the quotes."""
    readings = of_readings(examples)
    out = {
        "stars": torch.tensor(examples.stars.to_numpy()),
        "sentiment": torch.tensor(examples.sentiment.to_numpy()),
        "read": torch.tensor([reading is not None for reading in readings]),
        "touchpoints": torch.full((len(examples), len(TOUCHPOINTS)), UNKNOWN),
    }
    out |= {task: torch.full((len(examples),), UNKNOWN) for task in READ_TASKS}
    for row, (reading, partly) in enumerate(zip(readings, examples["known"], strict=True)):
        if reading is not None:
            out["touchpoints"][row] = 0
            found = {task: codes[reading.get(task)] for task, codes in CODES.items()}
            found |= {task: int(bool(reading.get(task))) for task in ("churn", "sarcasm")}
            said = reading["touchpoints"]
        else:
            found = json.loads(partly) if partly else {}
            said = found.pop("touchpoints", {})
        for task, value in found.items():
            out[task][row] = value
        for name, value in said.items():
            polarity = value if isinstance(value, str) else value["polarity"]
            out["touchpoints"][row, TOUCHPOINTS.index(name)] = POLARITY[polarity]
    return out


def quoted_pieces(examples: pd.DataFrame, base: Path) -> list[np.ndarray[Any, Any] | None]:
    """For each reading a [K, T] array that marks the pieces inside each touchpoint's quote."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base)
    out: list[np.ndarray[Any, Any] | None] = []
    for text, reading in zip(examples.text, of_readings(examples), strict=True):
        if reading is None:
            out.append(None)
            continue
        places = tokenizer(text, truncation=True, max_length=160, return_offsets_mapping=True)["offset_mapping"]
        marks = np.zeros((len(TOUCHPOINTS), len(places)), np.float32)
        for name, value in reading["touchpoints"].items():
            begin = text.find(value["quote"])
            end = begin + len(value["quote"])
            inside = [begin >= 0 and a < end and b > begin and b > a for a, b in places]
            marks[TOUCHPOINTS.index(name)] = inside
        out.append(marks)
    return out


def batch_labels(
    whole: dict[str, torch.Tensor], marks: list[np.ndarray[Any, Any] | None], rows: torch.Tensor, length: int
) -> Labels:
    """The labels of some rows, with quotes padded to `length` pieces."""
    quotes = torch.zeros(len(rows), len(TOUCHPOINTS), length)
    for place, row in enumerate(rows.tolist()):
        found = marks[row]
        if found is not None:
            quotes[place, :, : found.shape[1]] = torch.from_numpy(found)
    return Labels(**{name: values[rows] for name, values in whole.items()}, quotes=quotes)
