"""8-bit matrix products whose scales are fixed beforehand.

The usual dynamic quantisation scales a whole batch at once, so that a text's neighbours in the batch
change its annotation. Here each input channel has its own scale, measured once on real texts, and the
weights take it back (SmoothQuant): nothing depends on the batch, and nothing is measured at run time.
Weights keep 7 bits: 8 would overflow the 16-bit sums of older processors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Array = NDArray[Any]
BALANCE = 0.8
"""How much of the difference between channels the weights take over from the inputs (SmoothQuant's alpha)."""
LARGEST_WEIGHT = 63


@dataclass(frozen=True)
class Product:
    """y = ((q - zero) · weight) * gain with q = round(x / scale) + zero.

    `scale` [K inputs], `zero` one whole number, `weight` [K, N] of whole numbers, `gain` [N outputs].
    """

    scale: Array
    zero: Array
    weight: Array
    gain: Array


def quantised(weight: Array, low: Array, high: Array) -> Product:
    """The 8-bit form of x · weightᵀ, for inputs whose channels lie between `low` and `high` [K]."""
    span = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1e-6)
    even = span**BALANCE / np.maximum(np.abs(weight).max(0), 1e-6) ** (1 - BALANCE)
    lowest, highest = min((low / even).min(), 0), (high / even).max()
    step = (highest - lowest) / 255
    moved = weight.astype(np.float64) * even * step
    gain = np.abs(moved).max(1) / LARGEST_WEIGHT
    return Product(
        scale=(even * step).astype(np.float32),
        zero=np.rint(-lowest / step).astype(np.uint8),
        weight=np.rint(moved / gain[:, None]).T.astype(np.int8),
        gain=gain.astype(np.float32),
    )


class Ranges:
    """Smallest and largest input of each channel of each linear layer, as texts pass through."""

    def __init__(self, network: nn.Module) -> None:
        self.found: dict[str, Array] = {}
        self._hooks = [
            module.register_forward_pre_hook(self._observer(name))
            for name, module in network.named_modules()
            if isinstance(module, nn.Linear) and ".layers." in f".{name}"
        ]

    def _observer(self, name: str) -> Any:
        def observe(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            flat = inputs[0].flatten(0, 1)
            low, high = flat.amin(0).numpy(), flat.amax(0).numpy()
            self.found[f"{name}.low"] = np.minimum(low, self.found.get(f"{name}.low", low))
            self.found[f"{name}.high"] = np.maximum(high, self.found.get(f"{name}.high", high))

        return observe


def measure(
    lower: nn.Module, upper: nn.Module, texts: Iterable[list[int]]
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The ranges of both halves over some tokenised texts."""
    below, above = Ranges(lower), Ranges(upper)
    with torch.inference_mode():
        for text in texts:
            pieces = torch.tensor([text])
            mask = torch.ones_like(pieces)
            upper(lower(pieces, mask), mask)
    return below.found, above.found
