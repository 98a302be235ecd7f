"""The opinion model as the jobs use it: known at once, loaded only for a text to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from nlp.annotation import Annotation
from nlp.opinion import OpinionModel, load, read_card
from service.errors import ServiceError


class Reader:
    """A model: a folder, one of the hub that was downloaded, or None, the shipped one.

    A folder that is not written from the root on is looked for in `home` first. Loading takes two seconds, so a
    pass that brought nothing skips it. Raises ServiceError where there is no such model.
    """

    def __init__(self, model: str | None = None, home: Path | None = None) -> None:
        self.model = model
        if model is not None and home is not None and (home / Path(model).expanduser()).is_dir():
            self.model = str(home / Path(model).expanduser())
        with _remedy():
            self.card = read_card(self.model)
        self.name = self.card.name

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        """One annotation for each text, in order."""
        return self._loaded.annotate(texts, languages)

    @cached_property
    def _loaded(self) -> OpinionModel:
        with _remedy():
            return load(self.model)


@contextmanager
def _remedy() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        usual = "correct [nlp] model in oyez.toml, or leave it out"
        remedy = getattr(error, "remedy", usual)
        raise ServiceError(f"the opinion model cannot be read: {error}", remedy) from error
