"""Step 3: write the network as `model.onnx`, in 8 bits, into the shipped folder."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import onnx
import pandas as pd
import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from nlp.training import card, graph
from nlp.training.network import MIDDLE, TASKS, Lower, Upper, load_encoder
from nlp.training.quantise import measure

SAMPLE = 200
"""Texts on which the ranges of the 8-bit products are measured."""


def assemble(base: Path, checkpoint: Path | None) -> tuple[Lower, Upper]:
    """The two halves, with trained upper layers when a checkpoint is given."""
    torch.manual_seed(0)
    encoder = load_encoder(base)
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True) if checkpoint else {"depth": MIDDLE}
    lower, upper = Lower(encoder, saved["depth"]), Upper(encoder, saved["depth"])
    if checkpoint is not None:
        upper.load_state_dict(saved["upper"])
    return lower.eval(), upper.eval()


def arrays(half: nn.Module) -> dict[str, graph.Array]:
    """The weights by name."""
    return {name: value.numpy() for name, value in half.state_dict().items()}


def sample(examples: Path, base: Path) -> list[list[int]]:
    """Tokenised training texts to measure the ranges of the 8-bit products on."""
    rows = pd.read_parquet(examples).query("split == 'train'").sample(SAMPLE, random_state=0)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(base)
    pieces: list[list[int]] = tokenizer(list(rows.text), truncation=True, max_length=160)["input_ids"]
    return pieces


def main() -> None:
    """Write `model.onnx` and the tokenizer into the shipped folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument(
        "--checkpoint", type=Path, help="what `train` wrote; without it the upper part is untrained"
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--out", type=Path, required=True, help="the shipped folder")
    parser.add_argument("--single", action="store_true", help="single precision instead of 8 bits, to compare")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    lower, upper = assemble(arguments.base, arguments.checkpoint)
    below, above = arrays(lower), arrays(upper)
    if not arguments.single:
        texts = sample(arguments.work / "examples.parquet", arguments.base)
        ranges = measure(lower, upper, texts)
        below, above = below | ranges[0], above | ranges[1]
    model = graph.write(below, above, list(TASKS), heads=12, epsilon=1e-12)
    onnx.save(model, arguments.out / "model.onnx")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(arguments.base / name, arguments.out / name)
    card.write(arguments.base, arguments.out, card.read(arguments.out))


if __name__ == "__main__":
    main()
