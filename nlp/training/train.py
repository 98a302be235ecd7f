"""Step 3: train the upper layers and the heads on the cached lower ones, all tasks together.

A checkpoint is written every few minutes; a run that was stopped goes on from it with the same batches.
"""

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

from nlp.training import cache as caching
from nlp.training import labels as labelling
from nlp.training.network import Upper, load_encoder
from nlp.training.objective import Labels, loss

PIECES_PER_BATCH = 3_000
READ_REPEATS = 3
"""A reading is seen so many times a pass: there are few, and they carry most tasks."""


@dataclass
class Material:
    """Everything a batch is made of. Rows are places in the cache."""

    cache: caching.Cache
    whole: dict[str, Tensor]
    marks: list[NDArray[np.float32] | None]
    train: NDArray[np.bool_]

    def batch(self, places: NDArray[np.int64]) -> tuple[Tensor, Tensor, Labels]:
        """Cached states [B, T, H], mask [B, T] and labels."""
        starts = self.cache.starts
        lengths = starts[places + 1] - starts[places]
        low = torch.zeros(len(places), int(lengths.max()), self.cache.states.shape[1])
        mask = torch.zeros(low.shape[:2], dtype=torch.long)
        for row, (place, length) in enumerate(zip(places, lengths, strict=True)):
            states = self.cache.states[starts[place] : starts[place] + length]
            low[row, :length] = torch.from_numpy(states.astype(np.float32))
            mask[row, :length] = 1
        found = labelling.batch_labels(self.whole, self.marks, torch.from_numpy(places), low.shape[1])
        return low, mask, found


def gather(work: Path, base: Path) -> Material:
    """Open the cache and join the labels to it."""
    cache = caching.load(work)
    examples = pd.read_parquet(work / "examples.parquet").iloc[cache.rows]
    marks = labelling.quoted_pieces(examples, base)
    return Material(cache, labelling.whole_text(examples), marks, (examples.split == "train").to_numpy())


def schedule(material: Material, passes: int, seed: int) -> list[NDArray[np.int64]]:
    """The batches of all passes: texts of like length together, in random order."""
    rng = np.random.default_rng(seed)
    lengths = np.diff(material.cache.starts)
    train = np.flatnonzero(material.train)
    read = train[material.whole["read"].numpy()[train]]
    places = np.concatenate([train, *[read] * (READ_REPEATS - 1)])
    out: list[NDArray[np.int64]] = []
    for _ in range(passes):
        # A little noise in the lengths keeps neighbours from meeting in every pass.
        order = places[np.argsort(lengths[places] * rng.uniform(0.85, 1.15, len(places)))]
        ceilings = np.maximum.accumulate(lengths[order])
        cuts = [order[part] for part in caching.batches(ceilings, PIECES_PER_BATCH)]
        out += [cuts[i] for i in rng.permutation(len(cuts))]
    return out


def optimiser(upper: Upper, rate: float) -> torch.optim.AdamW:
    """AdamW with a ten times higher rate for the new heads."""
    layers = list(upper.layers.parameters())
    heads = [p for name, p in upper.named_parameters() if not name.startswith("layers.")]
    groups = [{"params": layers, "lr": rate}, {"params": heads, "lr": 10 * rate}]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01)


def rate_at(step: int, steps: int) -> float:
    """Share of the full learning rate: a short climb, then a straight way down."""
    climb = max(1, steps // 20)
    return min(step / climb, (steps - step) / (steps - climb))


@torch.inference_mode()
def watch(upper: Upper, material: Material) -> str:
    """How the held-out texts in the cache fare."""
    upper.eval()
    held = np.flatnonzero(~material.train)
    lengths = np.diff(material.cache.starts)[held]
    rows: list[Tensor] = []
    total, count = 0.0, 0
    for part in caching.batches(lengths, 8_000):
        low, mask, found = material.batch(held[part])
        out = upper(low, mask)
        total, count = total + float(loss(out, found)), count + 1
        said = out["touchpoints"].argmax(-1)
        hit = ((said > 0) & (found.touchpoints > 0)).sum(1) * found.read
        rows.append(
            torch.stack(
                [
                    found.stars.float(),
                    out["stars"].argmax(1) + 1.0,
                    found.sentiment.float(),
                    out["sentiment"].argmax(1).float(),
                    hit.float(),
                    (said > 0).sum(1) * found.read.float(),
                    (found.touchpoints > 0).sum(1).float(),
                ]
            )
        )
    upper.train()
    stars, star_said, felt, felt_said, hit, said, true = torch.cat(rows, 1)
    rated = stars > 0
    exact = (stars == star_said)[rated].float().mean()
    near = ((stars - star_said).abs() <= 1)[rated].float().mean()
    agree = (felt == felt_said).float().mean()
    f1 = 2 * hit.sum() / (said.sum() + true.sum()).clamp(min=1)
    return f"loss {total / count:.3f} exact {exact:.3f} within-1 {near:.3f} sentiment {agree:.3f} touchpoints {f1:.3f}"


def train(work: Path, base: Path, *, passes: int, rate: float, seed: int, threads: int, minutes: float) -> None:
    """Run the schedule from the last checkpoint on, for at most `minutes`."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    material = gather(work, base)
    steps = schedule(material, passes, seed)
    upper = Upper(load_encoder(base)).train()
    adam = optimiser(upper, rate)
    path, done = work / "checkpoint.pt", 0
    if path.exists():
        saved = torch.load(path, weights_only=True)
        upper.load_state_dict(saved["upper"])
        adam.load_state_dict(saved["adam"])
        done = saved["step"]
    began = last = time.monotonic()
    first = done
    full = [
        group["initial_lr"] if "initial_lr" in group else r
        for group, r in zip(adam.param_groups, (rate, 10 * rate), strict=True)
    ]
    running = 0.0
    while done < len(steps) and time.monotonic() - began < minutes * 60:
        for group, ceiling in zip(adam.param_groups, full, strict=True):
            group["lr"] = ceiling * rate_at(done + 1, len(steps) + 1)
        low, mask, found = material.batch(steps[done])
        value = loss(upper(low, mask), found)
        adam.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(upper.parameters(), 1.0)
        adam.step()
        done += 1
        running = 0.98 * running + 0.02 * float(value) if running else float(value)
        if time.monotonic() - last > 240 or done == len(steps):
            torch.save({"upper": upper.state_dict(), "adam": adam.state_dict(), "step": done}, path)
            last = time.monotonic()
            print(f"{done}/{len(steps)} saved; held out: {watch(upper, material)}", flush=True)
        elif done % 50 == 0:
            pace = (done - first) / (time.monotonic() - began)
            print(f"{done}/{len(steps)} loss {running:.3f} {pace:.2f} steps/s", flush=True)


def main() -> None:
    """Train, or go on training, to `WORK/checkpoint.pt`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--work", type=Path, required=True, help="folder for what the recipe makes")
    parser.add_argument("--passes", type=int, default=2, help="how often each text is seen")
    parser.add_argument("--rate", type=float, default=1.5e-4, help="highest learning rate of the layers")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=1e6, help="stop after so long; run again to go on")
    a = parser.parse_args()
    train(a.work, a.base, passes=a.passes, rate=a.rate, seed=a.seed, threads=a.threads, minutes=a.minutes)


if __name__ == "__main__":
    main()
