"""The opinion model as the jobs use it: known at once, loaded only for a text to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property

from nlp.annotation import Annotation
from nlp.opinion import OpinionModel, load, read_card
from service.errors import ServiceError


class Reader:
    """A model folder (None: the shipped one). Loading takes two seconds, so a pass that brought nothing skips it.

    Raises ServiceError where the folder holds no model.
    """

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder
        with _remedy():
            self.card = read_card(folder)
        self.name = self.card.name

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        """One annotation for each text, in order."""
        return self._loaded.annotate(texts, languages)

    @cached_property
    def _loaded(self) -> OpinionModel:
        with _remedy():
            return load(self.folder)


@contextmanager
def _remedy() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ServiceError(
            f"the opinion model cannot be read: {error}", "correct [nlp] model in oyez.toml, or leave it out"
        ) from error
