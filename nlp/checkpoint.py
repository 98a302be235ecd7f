"""Any sequence-classification checkpoint in the Hugging Face layout, run through transformers and torch.

Two kinds are understood, by the labels in `config.json`:

- five classes, stars: "1 star" … "5 stars", the words from "very negative" to "very positive", or LABEL_0 …
  LABEL_4 in rising order. Sentiment is derived: 1-2 stars are negative, 3 neutral, 4-5 positive.
- three classes, sentiment: negative, neutral, positive, or LABEL_0 … LABEL_2 in that order. Stars stay null: a
  model that was not asked cannot tell one star from two.

Whatever such a model cannot know (recommendation, effort, intent to leave, touchpoints, …) is null, and as it has
no card, the figures made of it bear the widest systematic error (`reputation.figures.CAUTIOUS`). Nothing is
fetched: a model of the hub must have been downloaded before. Code that comes with a model is not run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp import wordless
from nlp.annotation import Annotation, Sentiment, Stars
from nlp.opinion import TEXTS_AT_ONCE, batches
from nlp.verdict import Card
from nlp.windows import Window, readable, windows

ARCHITECTURE = "ForSequenceClassification"
LONGEST = 512
"""Word pieces given to a model at once, unless it takes fewer; a window holds 160 of them."""
UNKNOWN = (
    "recommendation",
    "explicit_recommendation",
    "effort",
    "churn",
    "sarcasm",
    "touchpoints",
)
_WEIGHED = (".json", ".safetensors", ".bin", ".txt", ".model")
"""Endings of the files that make a model what it is."""
_STARS = re.compile(r"([1-5])(?:[ _-]*(?:stars?|étoiles?))?")
_MOODS: Mapping[int, tuple[str, ...]] = {
    5: ("very negative", "negative", "neutral", "positive", "very positive"),
    3: ("negative", "neutral", "positive"),
}
_SHORT: Mapping[str, str] = {"neg": "negative", "neu": "neutral", "pos": "positive"}


class CheckpointError(ValueError):
    """A checkpoint cannot be used; `remedy` says what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


class Checkpoint:
    """One checkpoint at work; `order` gives the output of each class, from the worst to the best."""

    def __init__(self, card: Card, network: Any, tokenizer: Any, order: Sequence[int]) -> None:
        self.card = card
        self.name = card.name
        self.network = network
        self.tokenizer = tokenizer
        self.order = list(order)
        room = getattr(network.config, "max_position_embeddings", None) or LONGEST
        self.longest = min(LONGEST, room, tokenizer.model_max_length)

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        """One annotation for each text, in order; `languages` are passed through."""
        spoken = languages if languages is not None else [None] * len(texts)
        if len(spoken) != len(texts):
            raise ValueError(f"{len(texts)} texts but {len(spoken)} languages")
        out: list[Annotation] = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[start : start + TEXTS_AT_ONCE]
            told = zip(some, spoken[start : start + TEXTS_AT_ONCE], self.read(some), strict=True)
            out += [self._judge(text, language, shares) for text, language, shares in told]
        return out

    def read(self, texts: Sequence[str]) -> list[NDArray[np.float64] | None]:
        """The probabilities of each text, worst class first: its windows' mean by length; None without words."""
        cut = sorted(windows(texts, self.tokenizer), key=lambda window: len(window.pieces))
        sums: dict[int, NDArray[np.float64]] = {}
        for batch in batches(cut):
            for window, shares in zip(batch, self._run(texts, batch), strict=True):
                sums[window.text] = sums.get(window.text, 0) + len(window.pieces) * shares
        return [sums[number] / sums[number].sum() if number in sums else None for number in range(len(texts))]

    def _run(self, texts: Sequence[str], batch: list[Window]) -> NDArray[np.float64]:
        """Probabilities of the windows of a batch, [N, classes]."""
        import torch  # noqa: PLC0415

        parts = [readable(texts[w.text])[w.offsets[0][0] : w.offsets[-1][1]] for w in batch]
        coded = self.tokenizer(parts, padding=True, truncation=True, max_length=self.longest, return_tensors="pt")
        with torch.inference_mode():
            logits = self.network(**coded).logits.double()
        shares: NDArray[np.float64] = torch.softmax(logits, -1).numpy()[:, self.order]
        return shares

    def _judge(self, text: str, language: str | None, shares: NDArray[np.float64] | None) -> Annotation:
        if shares is None:
            return Annotation(model=self.name, language=language)
        if not wordless.speaks(text):
            stars = wordless.ANY_STARS if len(shares) == 5 else None
            return Annotation(model=self.name, language=language, sentiment=wordless.NEUTRAL, stars=stars)
        p = [float(share) for share in shares]
        if len(p) == 3:
            return Annotation(model=self.name, language=language, sentiment=Sentiment(*p))
        return Annotation(
            model=self.name,
            language=language,
            sentiment=Sentiment(p[0] + p[1], p[2], p[3] + p[4]),
            stars=Stars((p[0], p[1], p[2], p[3], p[4])),
        )


def read_card(model: str | Path) -> Card:
    """The card of a checkpoint, without loading it: its name, and a version made of its files.

    Raises CheckpointError for what is no checkpoint that is understood, or is not there.
    """
    folder = locate(model)
    order_of(_config(folder))
    name = folder.name if Path(model).is_dir() else str(model)
    return Card(
        name=name.replace("@", "-"),
        version=_version(folder),
        temperature={},
        thresholds={},
        recommendation={},
        systematic_error={},
        unknown=UNKNOWN,
    )


def load(model: str | Path, *, threads: int | None = None) -> Checkpoint:
    """Open a checkpoint: a folder, or the id of one of the hub that was downloaded before.

    Raises CheckpointError where it cannot be used, torch being absent among the reasons.
    """
    folder, card = locate(model), read_card(model)
    if importlib.util.find_spec("torch") is None:
        raise CheckpointError(
            f"the model {card.name} needs torch, which is not installed",
            'pip install "oyez[torch]", or leave [nlp] model out to use the delivered one',
        )
    import torch  # noqa: PLC0415
    from transformers import AutoModelForSequenceClassification, AutoTokenizer  # noqa: PLC0415

    if wanted := threads or int(os.environ.get("OYEZ_NLP_THREADS", "0")):
        torch.set_num_threads(wanted)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if not tokenizer.is_fast:
        raise CheckpointError(
            f"{card.name} has no fast tokenizer (tokenizer.json)", "convert it, or take another"
        )
    network, told = AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
    )
    if missing := sorted(told["missing_keys"]):
        # Transformers would make up what is missing, and the model would answer by chance.
        raise CheckpointError(
            f"the weights of {card.name} lack {', '.join(missing[:3])}", "take a checkpoint that was fine-tuned"
        )
    return Checkpoint(card, network.eval(), tokenizer, order_of(_config(folder)))


def order_of(config: Mapping[str, Any]) -> list[int]:
    """The outputs of a checkpoint from the worst class to the best, by the labels in its configuration.

    Raises CheckpointError, with the labels found, for anything but five classes of stars or three of sentiment.
    """
    named = config.get("id2label")
    labels = {int(number): str(label) for number, label in named.items()} if isinstance(named, dict) else {}
    found = [labels[number] for number in sorted(labels)]
    kinds = config.get("architectures") or []
    if not any(str(kind).endswith(ARCHITECTURE) for kind in kinds):
        raise CheckpointError(
            f"it is no sequence classifier but {', '.join(map(str, kinds)) or 'of an unknown architecture'}",
            "name a checkpoint with a 5-star or a 3-class head",
        )
    ranks = [_rank(label, number, len(found)) for number, label in enumerate(found)]
    several = config.get("problem_type") == "multi_label_classification"
    if (
        len(found) not in _MOODS
        or several
        or sorted(r for r in ranks if r is not None) != list(range(len(found)))
    ):
        raise CheckpointError(
            f"its labels are not understood: {', '.join(found) or 'none'}{', several at once' * several}",
            'expected "1 star" to "5 stars", or negative, neutral and positive, as id2label in config.json',
        )
    return sorted(range(len(found)), key=lambda number: ranks[number] or 0)


def _rank(label: str, number: int, count: int) -> int | None:
    """The place of a label among `count`, from 0 for the worst; None for one that is not understood."""
    low = " ".join(re.sub(r"[_-]", " ", label.lower()).split())
    low = _SHORT.get(low, low)
    if low == f"label {number}":
        return number
    moods = _MOODS.get(count, ())
    if low in moods:
        return moods.index(low)
    stars = _STARS.fullmatch(low)
    return int(stars[1]) - 1 if stars and count == 5 else None


def locate(model: str | Path) -> Path:
    """The folder of a checkpoint: itself, or where the hub's download lies.

    Raises CheckpointError where neither is there.
    """
    folder = Path(model)
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise CheckpointError(f"{folder} holds no config.json", "name the folder of a model as [nlp] model")
        return folder
    from huggingface_hub import snapshot_download  # noqa: PLC0415
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(str(model), local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError) as error:
        raise CheckpointError(
            f"there is no model {str(model)!r}: neither a folder nor a downloaded model of the hub",
            f"correct [nlp] model, or download it once where there is a network: hf download {model}",
        ) from error


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{folder}/config.json cannot be read: {error}", "download the model again"
        ) from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{folder}/config.json is no object", "download the model again")
    return config


def _version(folder: Path) -> str:
    """The beginning of a SHA-256 over the model's files and their names: other weights are another version."""
    total = hashlib.sha256()
    for path in _weighed(folder):
        with path.open("rb") as file:
            total.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:12]


def _weighed(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if path.suffix in _WEIGHED and path.is_file())
