"""What a source is, and how one is found by its name.

A kind of source is one file, `collectors/sources/<kind>.py`, holding one subclass of `Source`: its `Options`
(what the user may set), `parse` (a saved answer → posts, offline) and `pages` (a cursor → pages of posts,
through the one HTTP door). The module's docstring is its page in the documentation.

A source that asks a service's search has an option `query: QueryText` (`collectors.query`); left out by the user,
it is the query of the source's brands. It asks what its service understands of it, and posts that the service
gave and the query does not match are not stored:

    said = dialects.render(self.query, dialects.MASTODON)     # raises SourceError where it cannot be said
    for search in said.searches: ...                          # each with its own place in the cursor

A source that has only a part of what the service searched (a title, an excerpt) overrides `wants`.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

from collectors import sources
from collectors.post import Post, Question
from collectors.query import Query, QueryError
from collectors.query import parse as parse_query
from collectors.quota import Quota

if TYPE_CHECKING:
    from collectors.http import Http

Cursor = dict[str, Any]
"""Where a source stopped, as plain JSON; `{}` at the very first time. Only the source reads it."""


class SourceError(Exception):
    """A source could not be read. `remedy` tells the user what to do; `permanent` that waiting will not help."""

    def __init__(self, problem: str, *, remedy: str = "", permanent: bool = False) -> None:
        super().__init__(problem)
        self.remedy = remedy
        self.permanent = permanent


class ParseError(SourceError):
    """The answer is not what this kind of source gives."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One item of an answer that could not be used: the rest goes on."""

    item: str
    problem: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as received, to be kept compressed and replayed."""

    url: str
    body: bytes
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SurveyQuestion:
    """A question that ratings of a source answer, as it was worded, and the scale that it was read on.

    `worst` exceeds `best` where a low answer is the good one (CES 1.0: 1 is little effort).
    """

    asked: str
    question: Question
    worst: float
    best: float


@dataclass(frozen=True, slots=True)
class Page:
    """What one request gave: posts, items left out, the cursor to save with them, the answer they came from.

    `questions` are those of a survey, where it is one.
    """

    posts: list[Post]
    cursor: Cursor
    faults: list[Fault] = field(default_factory=list)
    answer: Answer | None = None
    questions: tuple[SurveyQuestion, ...] = ()
    spent: float = 0
    """Units of the service's quota that it cost, where there is one (`collectors.quota`)."""
    left: float | None = None
    """Units that are left, where the service says so."""


class SourceOptions(BaseModel):
    """Base of every source's options: unknown keys are refused, each field has a description.

    A key or a password is a `collectors.secret.Secret`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Source(ABC):
    """One configured source. Subclasses set `kind`, `title` and `Options` and are found by their file's name."""

    kind: ClassVar[str]
    title: ClassVar[str]
    verified: ClassVar[bool] = True
    """False where no real answer was at hand to test the parser with."""
    off_because: ClassVar[str] = ""
    """Why sources of this kind are off until the user accepts its terms; empty where they are on."""
    Options: ClassVar[type[SourceOptions]]

    def __init__(self, options: SourceOptions) -> None:
        self.options = options

    @cached_property
    def query(self) -> Query | None:
        """What is searched for; None for a source that is no search. Raises SourceError where it is wrong."""
        text = getattr(self.options, "query", None)
        try:
            return parse_query(text) if isinstance(text, str) else None
        except QueryError as error:
            raise SourceError(f"query: {error}", remedy="correct the query", permanent=True) from error

    def wants(self, post: Post) -> bool:
        """Whether a post that the service found is what was searched for: by its title and its text."""
        return post.deleted or self.query is None or self.query.matches(f"{post.title or ''}\n{post.text}")

    def quota(self) -> Quota | None:
        """What the service allows in a day or the like; None where it says nothing, or says it in headers."""
        return None

    def under_way(self, cursor: Cursor) -> bool | None:
        """Whether a cursor is that of a walk that has not come to its end; None where that cannot be told.

        As written it knows the cursors of `collectors.walks`.
        """
        listings = cursor.get("listings")
        return any("at" in state for state in listings.values()) if isinstance(listings, dict) else None

    def reread(self, answer: Answer) -> Page:
        """Read a kept answer again as a visit would have read it: as written, `parse`.

        Raises SourceError where a visit asks for more than the answer holds: it cannot be read again without.
        """
        return self.parse(answer)

    def rereading(self, cursor: Cursor) -> Callable[[Answer], Page]:
        """How a source that stands at `cursor` reads kept answers again: as written, by `reread` alone."""
        return self.reread

    @classmethod
    @abstractmethod
    def parse(cls, answer: Answer) -> Page:
        """Read one saved answer, offline.

        Raises ParseError when the answer is not of this kind at all; an item that cannot be used is a Fault.
        """

    @abstractmethod
    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Fetch what is new after `cursor`, oldest request first; at most back to `since` where given.

        Every page carries the cursor that is right once its posts are stored: a crash repeats a page at most.
        Raises SourceError.
        """


def note(kind: type[Source], *, accepted: bool = False) -> str:
    """What a user should know of this kind: that it is unverified; unless `accepted`, that it is off and why."""
    off = f"off: {kind.off_because}" if kind.off_because and not accepted else ""
    return "; ".join(part for part in ("" if kind.verified else "unverified", off) if part)


def kinds() -> list[str]:
    """The names of all kinds of sources, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(sources.__path__))


@cache
def find(kind: str) -> type[Source]:
    """The class of one kind of source.

    Raises SourceError, naming the kinds there are, when there is none of that name.
    """
    if kind not in kinds():
        raise SourceError(
            f"there is no kind of source called {kind!r}",
            remedy=f"use one of: {', '.join(kinds())}",
            permanent=True,
        )
    module = importlib.import_module(f"collectors.sources.{kind}")
    return next(
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Source) and vars(value).get("kind") == kind
    )
