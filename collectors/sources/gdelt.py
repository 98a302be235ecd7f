"""GDELT: the world's news on the web, in 65 languages, by the words they say.

**Covers** articles of the last three months that GDELT found, within 15 minutes or so, the newest first; needs no
key. GDELT gives headlines only: the text is fetched from the newspaper's own page, where its robots.txt allows it
and the article is not behind a paywall; otherwise the headline is kept alone. `full_text = false` fetches none.

**Dates** are those at which GDELT saw the article, to the quarter of an hour: it does not say when it was
published.

**Cannot:** more than 250 articles of one quarter of an hour; what was published before the last three months.

```toml
[[sources]]
name = "Press"
kind = "gdelt"
[sources.options]
languages = ["fr"]
countries = ["FR", "BE"]
```

`https://api.gdeltproject.org/api/v2/doc/doc` (https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/): one
request in 5 seconds; errors come as text with the status 200.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import Field

from collectors import dialects
from collectors.articles import extract
from collectors.dates import parse_date
from collectors.errors import HttpError
from collectors.json_answers import listing, mapping, read_items, text_of, web_address, words
from collectors.languages import language_code, language_name
from collectors.links import canonical
from collectors.markup import to_text
from collectors.post import Author, Post, PostKind
from collectors.query import QueryText
from collectors.source import Answer, Cursor, Page, ParseError, Source, SourceError, SourceOptions
from collectors.walks import Bounds, Token, walk_all

if TYPE_CHECKING:
    from collectors.http import Http

_MOST = 250
_PAUSE = 5.0
"""Seconds between two requests, as GDELT asks."""
_STEP = timedelta(minutes=15)
_REACHES_BACK = timedelta(days=90)
_REMEMBERED = 2_000
_AT_ONCE = 20
"""Articles whose texts are fetched before they are stored: a run that is cut off repeats no more."""
_LONGEST_MESSAGE = 500
_ESCAPE = re.compile(r"""\\(["\\/bfnrt']|u[0-9a-fA-F]{4})?""")
_COMPLAINT = "where it is about the query, give longer words or fewer alternatives; else it is asked again later"
_REMEDY = "save the answer of https://api.gdeltproject.org/api/v2/doc/doc?mode=artlist&format=json&query=…"


class Options(SourceOptions):
    """What to search for, and where."""

    query: QueryText = Field(description='What is searched for, as in: "Lila Énergie" AND (panne OR coupure).')
    languages: tuple[str, ...] = Field(
        default=(), description="Only articles in these languages: fr, en, …; none: in all."
    )
    countries: tuple[str, ...] = Field(
        default=(), description="Only newspapers of these countries, by their two letters in FIPS 10-4: FR, BE, …"
    )
    full_text: bool = Field(default=True, description="Fetch the articles' texts from the newspapers' pages.")
    first_days: float = Field(
        default=30.0, gt=0, le=90, description="How many days back the first visit reads, unless told otherwise."
    )
    overlap_hours: float = Field(
        default=6.0, ge=0, le=168, description="Hours before the last known article to look at again."
    )
    max_requests: int = Field(
        default=20, ge=1, description="Most searches a run, 250 articles each; the next run goes on from there."
    )
    url: str = Field(
        default="https://api.gdeltproject.org", description="Where the interface is; another only for tests."
    )


class Gdelt(Source):
    """Articles that match a search."""

    kind: ClassVar[str] = "gdelt"
    title: ClassVar[str] = "GDELT: news of the world"
    Options: ClassVar[type[SourceOptions]] = Options

    @classmethod
    def parse(cls, answer: Answer) -> Page:
        """Read a saved list of articles. Raises ParseError for any other answer, with what GDELT says in it."""
        posts, faults = read_items(_articles(answer), _post)
        return Page(posts, {}, faults, answer)

    def pages(self, http: Http, cursor: Cursor, *, since: datetime | None = None) -> Iterator[Page]:
        """Read each search from its newest article back to what is known; each article is given once.

        Besides the walks' marks the cursor holds what was `read` lately: a text is not fetched again.
        """
        options = cast("Options", self.options)
        bounds = Bounds(
            http.clock.now(), since, timedelta(hours=options.overlap_hours),
            timedelta(days=options.first_days), options.max_requests,
        )  # fmt: skip
        http.slow_down(options.url, _PAUSE)
        asks = {text: partial(self._search, http, text) for text in self._searches()}
        before, known = cursor, list(cursor.get("read", ()))
        for page in walk_all(cursor, asks, bounds):
            fresh = [post for post in page.posts if _mark(post) not in known]
            batches = iter(partial(_take, iter(fresh), _AT_ONCE), [])
            for number, batch in enumerate(batches):
                known = [*map(_mark, batch), *known][:_REMEMBERED]
                posts = [self._in_full(http, post) for post in batch] if options.full_text else batch
                answer = page.answer if number == 0 else None
                yield Page(posts, {**before, "read": known}, page.faults if number == 0 else [], answer)
            yield Page([], {**page.cursor, "read": known}, [] if fresh else page.faults)
            before = page.cursor

    def reread(self, answer: Answer) -> Page:
        """A kept list again, as far as it is all that a visit reads. Raises SourceError where it is not."""
        if cast("Options", self.options).full_text:
            raise SourceError("the articles' texts were fetched one by one and are not kept")
        return self.parse(answer)

    def wants(self, post: Post) -> bool:
        """Whether it matches the query, as far as its text is known: GDELT has searched all of it."""
        return not post.text or super().wants(post)

    def _searches(self) -> list[str]:
        """The query in GDELT's words, with the languages and countries added."""
        options = cast("Options", self.options)
        assert self.query is not None
        filters = [
            _one_of([_language_filter(code) for code in options.languages]),
            _one_of([f"sourcecountry:{code.lower()}" for code in options.countries]),
        ]
        searches = dialects.render(self.query, dialects.GDELT).searches
        return [" ".join(part for part in (text, *filters) if part) for text in searches]

    def _search(self, http: Http, text: str, until: Token | None) -> tuple[Page, Token | None]:
        """The newest articles seen up to `until` (YYYYMMDDHHMMSS), and where those before them end."""
        options = cast("Options", self.options)
        now = http.clock.now()
        params = {
            "query": text, "mode": "artlist", "format": "json", "maxrecords": _MOST, "sort": "datedesc",
            "startdatetime": _stamp(now - _REACHES_BACK), "enddatetime": until or _stamp(now),
        }  # fmt: skip
        response = http.get(f"{options.url.rstrip('/')}/api/v2/doc/doc", params=params)
        page = self.parse(response.answer())
        times = [post.published_at for post in page.posts if post.published_at]
        if len(_articles(response.answer())) < _MOST or not times:
            return page, None
        # Other articles of the last quarter of an hour may be missing, unless it alone fills the answer.
        oldest = min(times) if min(times) < max(times) else min(times) - _STEP
        return page, _stamp(oldest)

    def _in_full(self, http: Http, post: Post) -> Post:
        """The article with its text, or as it is where its page cannot or may not be read."""
        try:
            response = http.get(post.url or "", accept="text/html, application/xhtml+xml")
        except HttpError:
            return post  # refused, gone or broken: the headline stands alone, as the source's page says
        article = extract(response.text(), response.url)
        if article is None:
            return post
        return replace(post, text=article.text, author=Author(name=article.author))


def _take(posts: Iterator[Post], count: int) -> list[Post]:
    return list(islice(posts, count))


def _mark(post: Post) -> str:
    """What an article is remembered by."""
    return hashlib.sha256(post.external_id.encode()).hexdigest()[:12]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _one_of(filters: Sequence[str]) -> str:
    return f"({' OR '.join(filters)})" if len(filters) > 1 else "".join(filters)


def _language_filter(code: str) -> str:
    """Raises SourceError where there is no such language."""
    name = language_name(code)
    if name is None:
        raise SourceError(
            f"{code!r} is no language", remedy="languages are given by their code: fr, en, de, …", permanent=True
        )
    return f"sourcelang:{name.lower()}"


def _articles(answer: Answer) -> list[Any]:
    """The articles of an answer; nothing found is an empty object. Raises ParseError."""
    text = text_of(answer, "GDELT", _REMEDY)
    said = to_text(text) if text[:1] not in {"{", "["} else ""
    if 0 < len(said) <= _LONGEST_MESSAGE:
        raise ParseError(f"GDELT says: {said}", remedy=_COMPLAINT)
    try:
        # Headlines come with backslashes and control characters that JSON does not allow.
        repaired = _ESCAPE.sub(_repaired, text)
        content = json.loads(repaired, strict=False)
    except (ValueError, RecursionError) as error:
        raise ParseError("not an answer of GDELT: no JSON", remedy=_REMEDY) from error
    if not isinstance(content, dict) or not (content == {} or isinstance(content.get("articles"), list)):
        raise ParseError("JSON, but not a list of articles of GDELT", remedy=_REMEDY)
    return listing(mapping(content).get("articles"))


def _repaired(escape: re.Match[str]) -> str:
    """An escape that JSON knows; else the backslash itself, which says nothing before an apostrophe."""
    return "'" if escape[1] == "'" else escape[0] if escape[1] else r"\\"


def _post(item: dict[str, Any]) -> Post:
    """An article: a headline and where it stands. Raises ValueError without an address."""
    url = web_address(item.get("url"))
    if url is None:
        raise ValueError("no address: it could not be told from others")
    language = language_code(item.get("language"))
    outlet, country = words(item.get("domain"), 200), words(item.get("sourcecountry"), 100)
    return Post(
        kind=PostKind.ARTICLE,
        external_id=canonical(url)[:500],
        title=_tidy(to_text(words(item.get("title")) or ""), language) or None,
        text="",
        language=language,
        published_at=parse_date(item.get("seendate")),
        url=url,
        segments={name: value for name, value in (("outlet", outlet), ("country", country)) if value},
    )


def _tidy(headline: str, language: str | None) -> str:
    """A headline without the blanks that GDELT puts around every sign; in French some belong there."""
    signs = r"[,.)\]…]" if language == "fr" else r"[,.)\]…;:!?]"
    return re.sub(r"([(\[]) ", r"\1", re.sub(rf" +({signs})", r"\1", headline))
