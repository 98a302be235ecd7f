"""The texts that train and that are watched, as word pieces, by rising length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

WATCHED = 400
"""How many held-out texts are coded too, to watch the training."""


@dataclass(frozen=True)
class Texts:
    """Texts by rising length: `pieces` [all pieces], `starts` [N + 1], `rows` [N] into the examples."""

    pieces: NDArray[np.int32]
    starts: NDArray[np.int64]
    rows: NDArray[np.int64]


def window(examples: pd.DataFrame) -> NDArray[np.int64]:
    """How many word pieces of each text are read: readings are kept whole, for their quotes."""
    return np.where(examples["read"] != "", 160, 96)


def pieces_of(examples: pd.DataFrame, base: Path) -> list[list[int]]:
    """The piece numbers of each text, cut to its window with the end mark kept."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base)
    coded = tokenizer(list(examples.text), truncation=True, max_length=160)["input_ids"]
    end = tokenizer.eos_token_id
    return [c if len(c) <= w else [*c[: w - 1], end] for c, w in zip(coded, window(examples), strict=True)]


def chosen(examples: pd.DataFrame) -> NDArray[np.int64]:
    """Row numbers: all of "train", the held-out readings, and a sample of the other held-out texts."""
    train = np.flatnonzero(examples.split == "train")
    held = np.flatnonzero((examples.split == "dev") & (examples.sentiment >= 0))
    read = held[(examples["read"].to_numpy() != "")[held]]
    other = np.setdiff1d(held, read)
    return np.concatenate([train, read, np.random.default_rng(0).permutation(other)[:WATCHED]])


def batches(lengths: NDArray[np.int64], budget: int) -> list[slice]:
    """Slices of texts sorted by length, each of at most `budget` pieces with its padding."""
    out, begin = [], 0
    for end in range(1, len(lengths) + 1):
        if end == len(lengths) or lengths[end] * (end + 1 - begin) > budget:
            out.append(slice(begin, end))
            begin = end
    return out


def padded(texts: Texts, places: NDArray[np.int64], pad: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Piece numbers and mask of some texts, both [B, T]."""
    parts = [texts.pieces[texts.starts[place] : texts.starts[place + 1]] for place in places]
    pieces = torch.full((len(parts), max(map(len, parts))), pad)
    for row, part in enumerate(parts):
        pieces[row, : len(part)] = torch.from_numpy(part.astype(np.int64))
    return pieces, (pieces != pad).long()


def index(work: Path, base: Path) -> Texts:
    """The chosen texts, coded; done once and kept in `index.npz`."""
    path = work / "index.npz"
    if path.exists():
        found = np.load(path)
        return Texts(found["pieces"], found["starts"], found["rows"])
    examples = pd.read_parquet(work / "examples.parquet")
    rows = chosen(examples)
    pieces = pieces_of(examples.iloc[rows], base)
    order = np.argsort([len(p) for p in pieces], kind="stable")
    pieces, rows = [pieces[i] for i in order], rows[order]
    starts = np.concatenate([[0], np.cumsum([len(p) for p in pieces])])
    np.savez(path, starts=starts, rows=rows, pieces=np.concatenate(pieces).astype(np.int32))
    return index(work, base)
