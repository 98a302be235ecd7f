"""The shape of what a source yields: one public review, post, comment, article or survey answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class PostKind(StrEnum):
    """What sort of text a post is."""

    REVIEW = "review"
    POST = "post"
    COMMENT = "comment"
    ARTICLE = "article"
    SURVEY = "survey"
    VISIT = "visit"
    TRANSCRIPT = "transcript"


class Question(StrEnum):
    """What a rating answers. The scale's orientation is in the rating's `worst` and `best`."""

    SATISFACTION = "satisfaction"
    RECOMMENDATION = "recommendation"
    EFFORT = "effort"


@dataclass(frozen=True, slots=True)
class Rating:
    """An answer on its own scale. `worst` may exceed `best`: CES 1.0 runs from 5 (a struggle) to 1 (easy)."""

    value: float
    worst: float = 1.0
    best: float = 5.0
    question: Question = Question.SATISFACTION

    def __post_init__(self) -> None:
        low, high = sorted((self.worst, self.best))
        if low == high or not low <= self.value <= high:
            raise ValueError(f"rating {self.value:g} is not on the scale {self.worst:g} to {self.best:g}")

    @property
    def normalised(self) -> float:
        """The answer from 0 (worst) to 1 (best)."""
        return (self.value - self.worst) / (self.best - self.worst)


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote it, as the source shows them. Storage keeps a keyed pseudonym only, unless told otherwise."""

    id: str | None = None
    name: str | None = None
    url: str | None = None
    followers: int | None = None


@dataclass(frozen=True, slots=True)
class OwnerReply:
    """The brand's public answer. `at` is UTC, or None where the source does not say."""

    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """How far it went. None is "not said by the source", 0 is "none"."""

    views: int | None = None
    likes: int | None = None
    shares: int | None = None
    comments: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """One thing somebody published. Times are aware and UTC; texts are plain text, not HTML.

    `external_id` is stable and unique within its source: the same post fetched twice has the same id.
    `published_at` is None where the source gives no (usable) date: the date it was first seen is used then.
    `answers` are those to a survey's other questions, one for each kind that `rating` does not answer.
    `deleted` marks a tombstone: the source says that the post is gone.
    """

    kind: PostKind
    external_id: str
    text: str
    title: str | None = None
    parent_id: str | None = None
    author: Author = Author()
    language: str | None = None
    rating: Rating | None = None
    answers: tuple[Rating, ...] = ()
    published_at: datetime | None = None
    updated_at: datetime | None = None
    url: str | None = None
    owner_reply: OwnerReply | None = None
    reach: Reach = Reach()
    segments: dict[str, str] = field(default_factory=dict)
    deleted: bool = False
    raw: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.external_id:
            raise ValueError("a post needs an external_id")
        if self.answers:
            asked = {rating.question for rating in (self.rating, *self.answers) if rating}
            if len(asked) <= len(self.answers):
                raise ValueError("a post has one answer to each question, the first of them as its rating")
        for moment in (self.published_at, self.updated_at, self.owner_reply.at if self.owner_reply else None):
            if moment is not None and moment.utcoffset() is None:
                raise ValueError("a post's times carry a time zone")
