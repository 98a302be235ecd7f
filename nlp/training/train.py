"""Step 2: train the upper layers and the heads, all tasks together.

A checkpoint is written every few minutes; a run that was stopped goes on from it with the same batches.
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
from torch import Tensor

from nlp.training import labels as labelling
from nlp.training.network import MIDDLE, Lower, Upper, load_encoder
from nlp.training.objective import Labels, loss
from nlp.training.texts import Texts, batches, index, padded

PIECES_PER_BATCH = 3_000
READ_REPEATS = 4
"""A reading is seen so many times a pass: there are few, and they carry most tasks."""
SLOWER_BELOW = 0.9
"""Each layer learns at this share of the rate of the one above it."""
HEADS_FASTER = 10
"""How much higher the learning rate of the new heads is than that of the layers."""
SAVE_EVERY = 600
"""Seconds between checkpoints, each with a look at the held-out texts."""


@dataclass
class Material:
    """Everything a batch is made of. Rows are places in `texts`."""

    texts: Texts
    whole: dict[str, Tensor]
    marks: list[NDArray[np.float32] | None]
    train: NDArray[np.bool_]
    idiom: NDArray[np.bool_]

    def batch(self, places: NDArray[np.int64]) -> tuple[Tensor, Tensor, Labels]:
        """Pieces and mask, both [B, T], and labels."""
        pieces, mask = padded(self.texts, places)
        found = labelling.batch_labels(self.whole, self.marks, torch.from_numpy(places), pieces.shape[1])
        return pieces, mask, found


def gather(work: Path, base: Path) -> Material:
    """Code the texts and join the labels to them."""
    texts = index(work, base)
    examples = pd.read_parquet(work / "examples.parquet").iloc[texts.rows]
    marks = labelling.quoted_pieces(examples, base)
    train, idiom = (examples.split == "train").to_numpy(), (examples.source == "idioms").to_numpy()
    return Material(texts, labelling.whole_text(examples), marks, train, idiom)


def schedule(material: Material, passes: float, seed: int) -> list[NDArray[np.int64]]:
    """The batches of all passes: texts of like length together, in random order."""
    rng = np.random.default_rng(seed)
    lengths = np.diff(material.texts.starts)
    train = np.flatnonzero(material.train)
    read = train[material.whole["read"].numpy()[train]]
    places = np.concatenate([train, *[read] * (READ_REPEATS - 1)])
    out: list[NDArray[np.int64]] = []
    for number in range(int(np.ceil(passes))):
        # A little noise in the lengths keeps neighbours from meeting in every pass.
        order = places[np.argsort(lengths[places] * rng.uniform(0.85, 1.15, len(places)))]
        ceilings = np.maximum.accumulate(lengths[order])
        cuts = [order[part] for part in batches(ceilings, PIECES_PER_BATCH)]
        share = min(passes - number, 1.0)
        out += [cuts[i] for i in rng.permutation(len(cuts))[: round(share * len(cuts))]]
    return out


def polish(material: Material, count: int, seed: int) -> list[NDArray[np.int64]]:
    """More batches for the end: every third of idioms alone, which are too few to be heard among the rest."""
    idioms = np.flatnonzero(material.idiom)
    rng = np.random.default_rng(seed)
    rest = schedule(material, 1, seed + 1)[:count]
    return [rng.choice(idioms, 300, replace=False) if n % 3 == 2 else rest[n] for n in range(count)]


class Trainer:
    """The network, its optimiser and how many steps are done; saved and restored together."""

    def __init__(self, lower: Lower, upper: Upper, rate: float, path: Path) -> None:
        self.lower, self.upper, self.path, self.done = lower.eval().requires_grad_(False), upper, path, 0
        groups, self.rates = [], []
        for height, layer in enumerate(reversed(upper.layers.layers)):
            groups.append({"params": list(layer.parameters())})
            self.rates.append(rate * SLOWER_BELOW**height)
        heads = [p for name, p in upper.named_parameters() if not name.startswith("layers.")]
        groups.append({"params": heads})
        self.rates.append(HEADS_FASTER * rate)
        self.adam = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
        if path.exists():
            saved = torch.load(path, weights_only=True)
            upper.load_state_dict(saved["upper"])
            self.adam.load_state_dict(saved["adam"])
            self.done = saved["step"]

    def save(self) -> None:
        """Write the checkpoint; the old one stays whole until the new one is."""
        fresh = self.path.with_suffix(".new")
        weights, depth = self.upper.state_dict(), self.upper.depth
        torch.save({"upper": weights, "depth": depth, "adam": self.adam.state_dict(), "step": self.done}, fresh)
        fresh.replace(self.path)

    def read(self, pieces: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """What the network says of some texts."""
        with torch.no_grad():
            low = self.lower(pieces, mask)
        return self.upper(low, mask)  # type: ignore[no-any-return]

    def step(self, pieces: Tensor, mask: Tensor, labels: Labels, share: float) -> float:
        """One step at a share of the full learning rates; the loss."""
        for group, rate in zip(self.adam.param_groups, self.rates, strict=True):
            group["lr"] = rate * share
        value = loss(self.read(pieces, mask), labels)
        self.adam.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.upper.parameters(), 1.0)
        self.adam.step()
        self.done += 1
        return value.item()


def start_from(upper: Upper, earlier: Path) -> None:
    """Take over what an earlier stage trained; the layers it had frozen stay as they came."""
    saved = torch.load(earlier, weights_only=True)
    lift = saved.get("depth", MIDDLE) - upper.depth
    moved = {_lifted(name, lift): value for name, value in saved["upper"].items()}
    upper.load_state_dict(upper.state_dict() | moved)


def _lifted(name: str, lift: int) -> str:
    if not name.startswith("layers.layers."):
        return name
    number, rest = name.removeprefix("layers.layers.").split(".", 1)
    return f"layers.layers.{int(number) + lift}.{rest}"


def rate_at(step: int, steps: int) -> float:
    """Share of the full learning rate: a short climb, then a straight way down."""
    climb = max(1, steps // 20)
    return min(step / climb, (steps - step) / (steps - climb))


@torch.inference_mode()
def watch(trainer: Trainer, material: Material) -> str:
    """How the held-out texts fare, in one line."""
    trainer.upper.eval()
    held = np.flatnonzero(~material.train)
    counts = torch.zeros(8)
    for part in batches(np.diff(material.texts.starts)[held], 8_000):
        pieces, mask, found = material.batch(held[part])
        out = trainer.read(pieces, mask)
        away = (out["stars"].argmax(1) + 1 - found.stars).abs()[found.stars > 0]
        right = out["sentiment"].argmax(1) == found.sentiment
        said, true = (out["touchpoints"].argmax(-1) > 0)[found.read], (found.touchpoints > 0)[found.read]
        sums = [(away == 0).sum(), (away <= 1).sum(), len(away), right.sum(), len(right)]
        counts += torch.tensor([*sums, (said & true).sum(), said.sum(), true.sum()])
    trainer.upper.train()
    exact, near, rated, right, felt, hit, said, true = counts
    return (
        f"exact {exact / rated:.3f}, within one {near / rated:.3f}, sentiment {right / felt:.3f}, "
        f"touchpoints {2 * hit / (said + true):.3f}"
    )


def train(trainer: Trainer, material: Material, steps: list[NDArray[np.int64]], minutes: float) -> None:
    """Go on with the schedule for at most `minutes`."""
    began = saved = time.monotonic()
    first, recent = trainer.done, 0.0
    while trainer.done < len(steps) and time.monotonic() - began < minutes * 60:
        batch = material.batch(steps[trainer.done])
        value = trainer.step(*batch, share=rate_at(trainer.done + 1, len(steps) + 1))
        recent = 0.98 * recent + 0.02 * value if recent else value
        if trainer.done % 50 == 0:
            pace = (trainer.done - first) / (time.monotonic() - began)
            print(f"{trainer.done}/{len(steps)} loss {recent:.3f} {pace:.2f} steps/s", flush=True)
        if time.monotonic() - saved > SAVE_EVERY:
            trainer.save()
            print(f"saved; held out: {watch(trainer, material)}", flush=True)
            saved = time.monotonic()
    trainer.save()
    print(f"{trainer.done}/{len(steps)} saved; held out: {watch(trainer, material)}", flush=True)


def main() -> None:
    """Train, or go on training, to `WORK/checkpoint.pt`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--open", type=int, default=4, help="how many of the 12 layers are trained, from the top")
    parser.add_argument("--start", type=Path, help="checkpoint of an earlier stage with fewer open layers")
    parser.add_argument("--passes", type=float, default=2, help="how often each text is seen; parts count")
    parser.add_argument("--rate", type=float, default=1.5e-4, help="highest learning rate of the layers")
    parser.add_argument("--polish", type=int, default=0, help="steps at the end with a third of idioms")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1e6, help="stop after so long; run again to go on")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    material = gather(arguments.work, arguments.base)
    encoder, depth = load_encoder(arguments.base), 12 - arguments.open
    upper = Upper(encoder, depth).train()
    if arguments.start is not None:
        start_from(upper, arguments.start)
    trainer = Trainer(Lower(encoder, depth), upper, arguments.rate, arguments.work / "checkpoint.pt")
    steps = schedule(material, arguments.passes, arguments.seed)
    train(trainer, material, steps + polish(material, arguments.polish, arguments.seed), arguments.minutes)


if __name__ == "__main__":
    main()
