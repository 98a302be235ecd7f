"""Step 2: run the frozen lower layers once and keep their outputs on disk in half precision.

Texts are sorted by length and written in pieces; a run that was stopped goes on after its last piece.
`lower.f16` holds one row of H numbers for each piece of each text, `index.npz` where each text begins.
"""

# A recipe step reports on stdout.
# ruff: noqa: T201
from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerFast

from nlp.training.network import Lower, load_encoder

PIECES_PER_BATCH = 6_000
WATCHED = 1_500
"""How many held-out texts are cached too, to watch the training."""


@dataclass(frozen=True)
class Cache:
    """The lower layers' outputs: `states` [all pieces, H], `starts` [N + 1], `rows` [N] into the examples."""

    states: NDArray[np.float16]
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
    """Row numbers to cache: all of "train", the held-out readings, and a sample of the other held-out texts."""
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


def padded(texts: list[list[int]], pad: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Piece numbers and mask, both [B, T]."""
    pieces = torch.full((len(texts), max(map(len, texts))), pad)
    for row, text in enumerate(texts):
        pieces[row, : len(text)] = torch.tensor(text)
    return pieces, (pieces != pad).long()


def index(work: Path, base: Path) -> tuple[list[list[int]], NDArray[np.int64], NDArray[np.int64]]:
    """Pieces of the chosen texts by rising length, their starts in the cache and their row numbers."""
    examples = pd.read_parquet(work / "examples.parquet")
    rows = chosen(examples)
    pieces = pieces_of(examples.iloc[rows], base)
    order = np.argsort([len(p) for p in pieces], kind="stable")
    pieces, rows = [pieces[i] for i in order], rows[order]
    starts = np.concatenate([[0], np.cumsum([len(p) for p in pieces])])
    np.savez(work / "index.npz", starts=starts, rows=rows, pieces=np.concatenate(pieces))
    return pieces, starts, rows


def fill(work: Path, base: Path, threads: int) -> None:
    """Run what is not done yet, batch by batch."""
    torch.set_num_threads(threads)
    lower = Lower(load_encoder(base)).eval()
    pieces, starts, _ = index(work, base)
    mark = work / "cached.txt"
    done = int(mark.read_text()) if mark.exists() else 0
    mode = "r+" if done else "w+"
    states = np.memmap(work / "lower.f16", np.float16, mode, shape=(int(starts[-1]), 384))
    began, first = time.monotonic(), done
    for number, batch in enumerate(batches(np.diff(starts), PIECES_PER_BATCH)):
        if batch.start < done:
            continue
        coded, mask = padded(pieces[batch])
        with torch.inference_mode():
            out = lower(coded, mask)
        states[starts[batch.start] : starts[batch.stop]] = out[mask.bool()].half().numpy()
        if number % 20 == 0 or batch.stop == len(pieces):
            states.flush()
            mark.write_text(str(batch.stop))
            pace = (batch.stop - first) / (time.monotonic() - began)
            print(f"{batch.stop}/{len(pieces)} texts, {pace:.1f} texts/s", flush=True)


def load(work: Path) -> Cache:
    """Open what `fill` wrote."""
    found = np.load(work / "index.npz")
    starts = found["starts"]
    states = np.memmap(work / "lower.f16", np.float16, "r", shape=(int(starts[-1]), 384))
    return Cache(states, starts, found["rows"])


def main() -> None:
    """Fill `WORK/lower.f16`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    fill(arguments.work, arguments.base, arguments.threads)


if __name__ == "__main__":
    main()
