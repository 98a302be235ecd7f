"""The opinion model: what a French or English text says of a brand, offline.

>>> model = load()
>>> model.annotate(["Livraison rapide, je recommande"], ["fr"])[0].sentiment.label
'positive'
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nlp.annotation import Annotation
from nlp.verdict import Card, Seen, judge
from nlp.windows import Window, windows

if TYPE_CHECKING:
    import onnxruntime
    from transformers import PreTrainedTokenizerFast

SHIPPED = Path(__file__).parent / "models" / "oyez-opinion-1"
MIDDLE = "middle"
PIECES_PER_BATCH = 2_048
"""Word pieces in a batch, padding included: enough to keep the processor busy, small in memory."""
TEXTS_AT_ONCE = 2_048
"""Texts whose windows are sorted together; the rest waits, so that memory does not grow with the input."""


Part = TypeVar("Part")


class OpinionModel(Protocol):
    """What annotates texts."""

    name: str
    card: Card

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        """One annotation for each text, in order."""


class OnnxOpinionModel:
    """A model folder in the Hugging Face layout, run by ONNX Runtime."""

    def __init__(
        self, session: onnxruntime.InferenceSession, tokenizer: PreTrainedTokenizerFast, card: Card
    ) -> None:
        self.session = session
        self.tokenizer = tokenizer
        self.card = card
        self.name = card.name
        # The middle layer's states are large: they are computed and copied only when asked for.
        self.outputs = [output.name for output in session.get_outputs() if output.name != MIDDLE]

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        """One annotation for each text, in order; `languages` picks each text's calibration."""
        spoken = languages if languages is not None else [None] * len(texts)
        if len(spoken) != len(texts):
            raise ValueError(f"{len(texts)} texts but {len(spoken)} languages")
        out: list[Annotation] = []
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            some = texts[start : start + TEXTS_AT_ONCE]
            seen = self.see(some)
            out += [
                judge(self.card, text, language, parts)
                for text, language, parts in zip(some, spoken[start : start + TEXTS_AT_ONCE], seen, strict=True)
            ]
        return out

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of length 1, [N, 384]; an empty text has the zero vector."""
        out = np.zeros((len(texts), 384), np.float32)
        for row, annotation in enumerate(self.annotate(texts)):
            if annotation.embedding is not None:
                out[row] = annotation.embedding
        return out

    def see(self, texts: Sequence[str]) -> list[list[Seen]]:
        """What the network gives for each window of each text, in order."""
        return self._each_window(texts, self._judged)

    def middle(self, texts: Sequence[str]) -> list[list[tuple[Window, NDArray[np.float32]]]]:
        """The states of the middle layer, [T, 384] for each window of each text: they know a word's sense."""
        return self._each_window(texts, self._halfway)

    def _each_window(
        self, texts: Sequence[str], run: Callable[[list[Window]], Iterator[Part]]
    ) -> list[list[Part]]:
        cut = windows(texts, self.tokenizer)
        order = sorted(range(len(cut)), key=lambda number: len(cut[number].pieces))
        by_window: dict[int, Part] = {}
        for batch in batches([cut[number] for number in order]):
            for part in run(batch):
                by_window[order[len(by_window)]] = part
        out: list[list[Part]] = [[] for _ in texts]
        for number, window in enumerate(cut):
            out[window.text].append(by_window[number])
        return out

    def _judged(self, batch: list[Window]) -> Iterator[Seen]:
        found = self._run(batch, self.outputs)
        attention, embedding = found.pop("attention"), found.pop("embedding")
        for row, window in enumerate(batch):
            # Copies, so that a kept annotation does not hold the whole batch in memory.
            logits = {task: values[row].copy() for task, values in found.items()}
            inside = attention[row, :, 1 : len(window.pieces) + 1].copy()
            yield Seen(window, logits, inside, embedding[row].copy())

    def _halfway(self, batch: list[Window]) -> Iterator[tuple[Window, NDArray[np.float32]]]:
        states = self._run(batch, [MIDDLE])[MIDDLE]
        for row, window in enumerate(batch):
            yield window, states[row, 1 : len(window.pieces) + 1].copy()

    def _run(self, batch: list[Window], outputs: list[str]) -> dict[str, NDArray[np.float32]]:
        """One pass of the network, as far as these outputs need it."""
        begin, end, pad = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id, self.tokenizer.pad_token_id)
        longest = max(len(window.pieces) for window in batch) + 2
        pieces = np.full((len(batch), longest), pad, np.int64)
        for row, window in enumerate(batch):
            pieces[row, : len(window.pieces) + 2] = [begin, *window.pieces, end]
        mask = (pieces != pad).astype(np.int64)
        said = self.session.run(outputs, {"input_ids": pieces, "attention_mask": mask})
        return dict(zip(outputs, said, strict=True))


def batches(sorted_windows: list[Window]) -> Iterator[list[Window]]:
    """Runs of windows, sorted by rising length, that fit into `PIECES_PER_BATCH` with their padding."""
    batch: list[Window] = []
    for window in sorted_windows:
        if batch and (len(window.pieces) + 2) * (len(batch) + 1) > PIECES_PER_BATCH:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def read_card(model: str | Path | None = None) -> Card:
    """What a model says of itself, without loading it; None is the shipped one.

    Raises nlp.checkpoint.CheckpointError for a model of another kind that cannot be used.
    """
    if not _ours(model):
        from nlp import checkpoint  # noqa: PLC0415  it begins where this module ends

        return checkpoint.read_card(str(model))
    config: dict[str, Any] = json.loads((_folder(model) / "config.json").read_text(encoding="utf-8"))
    return Card.of(config["opinion"])


def load(model: str | Path | None = None, *, threads: int | None = None) -> OpinionModel:
    """Open a model; None is the shipped one. `threads` defaults to OYEZ_NLP_THREADS, then all cores.

    A folder in our own layout is run by ONNX Runtime; any other, or a model of the hub, is a `nlp.checkpoint`.
    """
    if not _ours(model):
        from nlp import checkpoint  # noqa: PLC0415

        return checkpoint.load(str(model), threads=threads)
    # Heavy imports wait until a model is really wanted: the command line must answer at once.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # that there is no torch is intended
    import onnxruntime  # noqa: PLC0415
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415

    folder = _folder(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or int(os.environ.get("OYEZ_NLP_THREADS", "0")) or os.cpu_count() or 1
    # Busy waiting between batches would take the processor from the other workers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    # Texts of any length come in and are cut into windows afterwards: no warning wanted.
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, model_max_length=1_000_000_000)
    return OnnxOpinionModel(session, tokenizer, read_card(folder))


def _ours(model: str | Path | None) -> bool:
    """Whether it is a model of this layout: the shipped one, or a folder with a `model.onnx`."""
    return model is None or (_folder(model) / "model.onnx").is_file()


def _folder(model: str | Path | None) -> Path:
    return SHIPPED if model is None else Path(model)
