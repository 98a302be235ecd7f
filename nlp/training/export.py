"""Step 5: write the network as `model.onnx`, in 8 bits, into the shipped folder."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import onnx
import torch
from torch import nn

from nlp.training import card, graph
from nlp.training.network import TASKS, Lower, Upper, load_encoder


def assemble(base: Path, checkpoint: Path | None) -> tuple[Lower, Upper]:
    """The two halves, with trained upper layers when a checkpoint is given."""
    torch.manual_seed(0)
    encoder = load_encoder(base)
    lower, upper = Lower(encoder), Upper(encoder)
    if checkpoint is not None:
        upper.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True)["upper"])
    return lower.eval(), upper.eval()


def to_onnx(lower: Lower, upper: Upper, *, eight_bit: bool) -> onnx.ModelProto:
    """The whole network as one graph."""

    def arrays(half: nn.Module) -> dict[str, graph.Array]:
        return {name: value.numpy() for name, value in half.state_dict().items()}

    return graph.write(arrays(lower), arrays(upper), list(TASKS), heads=12, epsilon=1e-12, eight_bit=eight_bit)


def main() -> None:
    """Write `model.onnx` and the tokenizer into the shipped folder."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base model")
    parser.add_argument(
        "--checkpoint", type=Path, help="what `train` wrote; without it the upper part is untrained"
    )
    parser.add_argument("--out", type=Path, required=True, help="the shipped folder")
    parser.add_argument("--single", action="store_true", help="single precision instead of 8 bits, to compare")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    model = to_onnx(*assemble(arguments.base, arguments.checkpoint), eight_bit=not arguments.single)
    onnx.save(model, arguments.out / "model.onnx")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(arguments.base / name, arguments.out / name)
    card.write(arguments.base, arguments.out, card.read(arguments.out))


if __name__ == "__main__":
    main()
