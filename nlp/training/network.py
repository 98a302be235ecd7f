"""The network: multilingual-e5-small cut in two, and the heads on top.

The lower layers stay as they are and may be cached; the upper ones and the heads are trained together.
A first stage trains the upper four on cached states, a second one opens more of them.
Shapes: B texts, T pieces, H = 384 wide, K = 12 touchpoints.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertModel

from nlp.annotation import TOUCHPOINTS

MIDDLE = 8
"""After so many layers the states are shown to the heads a first time, and the first stage cuts here."""
TASKS = {"stars": 5, "sentiment": 3, "effort": 3, "recommend": 3, "churn": 2, "sarcasm": 2}
"""Classes of each head that reads the whole text, in the order of `config.json`'s labels."""
POLARITIES = ("absent", "negative", "positive", "mixed")


def padding_bias(mask: Tensor) -> Tensor:
    """Turn a [B, T] mask of ones and zeros into the [B, 1, 1, T] bias that attention adds."""
    return (1.0 - mask[:, None, None, :].float()) * -1e4


def masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean over real pieces: [B, T, H], [B, T] → [B, H]."""
    weight = mask.unsqueeze(-1).float()
    return (states * weight).sum(1) / weight.sum(1).clamp(min=1.0)


class Layers(nn.Module):
    """Consecutive encoder layers, [B, T, H] → [B, T, H]."""

    def __init__(self, layers: nn.ModuleList) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        """Run the layers one after the other."""
        *_, last = self.each(states, mask)
        return last

    def each(self, states: Tensor, mask: Tensor) -> list[Tensor]:
        """The given states and those after each layer."""
        bias, found = padding_bias(mask), [states]
        for layer in self.layers:
            out = layer(found[-1], attention_mask=bias)
            found.append(out[0] if isinstance(out, tuple) else out)
        return found


class Lower(nn.Module):
    """Embeddings and the layers that are not trained: piece numbers [B, T] → [B, T, H]."""

    def __init__(self, encoder: BertModel, depth: int = MIDDLE) -> None:
        super().__init__()
        self.embeddings = encoder.embeddings
        self.layers = Layers(encoder.encoder.layer[:depth])

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        """Embed and encode."""
        return self.layers(self.embeddings(input_ids=pieces), mask)


class Upper(nn.Module):
    """The trained layers and the heads.

    Every head looks at the text through its own attention, so that the touchpoints' attention can show
    where it looked: that is the quote.
    """

    def __init__(self, encoder: BertModel, depth: int = MIDDLE, dropout: float = 0.1) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.depth = depth
        self.layers = Layers(encoder.encoder.layer[depth:])
        self.queries = nn.Parameter(torch.randn(len(TASKS) + len(TOUCHPOINTS), width) * 0.02)
        self.heads = nn.ModuleDict({task: nn.Linear(3 * width, classes) for task, classes in TASKS.items()})
        self.touchpoint_weight = nn.Parameter(torch.randn(len(TOUCHPOINTS), 3 * width, len(POLARITIES)) * 0.02)
        self.touchpoint_bias = nn.Parameter(torch.zeros(len(TOUCHPOINTS), len(POLARITIES)))
        self.dropout = nn.Dropout(dropout)

    def forward(self, low: Tensor, mask: Tensor) -> dict[str, Tensor]:
        """Logits of each task [B, C], `touchpoints` [B, K, 4], `attention` [B, K, T], `embedding` [B, H]."""
        states = self.layers.each(low, mask)
        middle, high = states[MIDDLE - self.depth], states[-1]
        scores = torch.matmul(self.queries, high.transpose(1, 2)) / math.sqrt(high.shape[-1]) * 4.0
        attention = torch.softmax(scores + padding_bias(mask)[:, 0], dim=-1)
        seen = torch.matmul(attention, high)
        mean = masked_mean(high, mask)
        whole = torch.cat([mean, masked_mean(middle, mask)], dim=-1).unsqueeze(1).expand(-1, seen.shape[1], -1)
        features = self.dropout(torch.cat([seen, whole], dim=-1))
        out = {task: head(features[:, i]) for i, (task, head) in enumerate(self.heads.items())}
        topical = features[:, len(TASKS) :].transpose(0, 1)
        out["touchpoints"] = torch.bmm(topical, self.touchpoint_weight).transpose(0, 1) + self.touchpoint_bias
        out["attention"] = attention[:, len(TASKS) :]
        out["embedding"] = nn.functional.normalize(mean, dim=-1)
        return out


def load_encoder(folder: Path) -> BertModel:
    """The base encoder in single precision, from its Hugging Face folder.

    Without dropout: a text is seen twice or three times, and on a processor it costs a fifth of the time.
    """
    quiet = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    encoder: BertModel = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32, **quiet)
    return encoder
