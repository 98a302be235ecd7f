"""Between training and export: the mean of the weights of two stages.

Weights that were fine-tuned from the same start lie in one valley, and their mean is better on texts unlike those
that trained (Wortsman et al. 2022, *Robust fine-tuning of zero-shot models*).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from nlp.training.network import Upper, load_encoder
from nlp.training.train import start_from


def weights(base: Path, checkpoint: Path, depth: int) -> dict[str, Tensor]:
    """What a stage made of the layers above `depth`; those it had frozen are the base's."""
    upper = Upper(load_encoder(base), depth)
    start_from(upper, checkpoint)
    return upper.state_dict()


def main() -> None:
    """Write the mean of some checkpoints, as deep as the deepest."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint to write")
    parser.add_argument("checkpoints", type=Path, nargs="+")
    arguments = parser.parse_args()
    depth = min(torch.load(path, weights_only=True)["depth"] for path in arguments.checkpoints)
    found = [weights(arguments.base, path, depth) for path in arguments.checkpoints]
    mean = {name: sum(one[name] for one in found) / len(found) for name in found[0]}
    torch.save({"upper": mean, "depth": depth}, arguments.out)


if __name__ == "__main__":
    main()
