"""What a service's own search understands of a query, and the query in its words.

    said = dialects.render(self.query, dialects.X)
    for search in said.searches: ...        # their answers together hold all that the query matches

A search may find more than the query (what could not be said is in `said.unsaid`), never knowingly less: every
post is checked with the query itself before it is stored. A service without OR is asked several searches. How
services fold accents and stem words is theirs to say, and few do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from collectors.query import All, Either, Near, Node, Not, Query, Text, Words
from collectors.source import SourceError

__all__ = [
    "BLUESKY",
    "DISCOURSE",
    "GDELT",
    "GOOGLE_NEWS",
    "HACKER_NEWS",
    "LEMMY",
    "MASTODON",
    "PLAIN",
    "REDDIT",
    "STACK_EXCHANGE",
    "WORDPRESS",
    "YOUTUBE",
    "Dialect",
    "Rendering",
    "X",
    "render",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a search understands. None is "not at all".

    `both` stands between words that must all be there; `one_of` between alternatives; `without` before a word
    that must not be there, `without_phrases` where it may be a phrase; `phrase` says how words are kept together,
    `{}` being the words; `star` how an open ending is written ("" where a part of a word is found anyway);
    `near` how NEAR is, `{n}` and `{words}` being its parts; `group` how alternatives are held together, so that
    a source may add words of its own to a search; `nested` whether AND may stand within OR. `longest`: characters
    of one search.
    """

    both: str | None = " "
    one_of: str | None = None
    without: str | None = None
    without_phrases: bool = True
    phrase: str | None = '"{}"'
    star: str | None = None
    near: str | None = None
    group: str = "({})"
    nested: bool = True
    longest: int = 1_000


PLAIN = Dialect(phrase=None)
"""Words that must all be there: what any search can."""
HACKER_NEWS = Dialect(without="-", without_phrases=False)
"""Algolia with advancedSyntax=true (https://www.algolia.com/doc/api-reference/api-parameters/advancedSyntax)."""
MASTODON = Dialect()
"""https://docs.joinmastodon.org/user/network/#search. Its - is not used: it leaves out all forms of a word."""
REDDIT = Dialect(both=" AND ", one_of=" OR ", without="NOT ", longest=512)
"""https://support.reddithelp.com, "Available search features": AND, OR and NOT in capitals, (…) and "…"."""
X = Dialect(one_of=" OR ", without="-", longest=512)
"""https://docs.x.com/x-api/posts/search/integrate/build-a-query: 512 characters for recent search."""
BLUESKY = Dialect()
"""The lexicon of app.bsky.feed.searchPosts leaves the syntax open: only words and phrases are relied on."""
GDELT = Dialect(one_of=" OR ", without="-", near='near{n}:"{words}"', nested=False)
"""https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts: (a OR b) holds words and phrases alone."""
STACK_EXCHANGE = Dialect()
"""`q` of /search/advanced is "an undocumented algorithm" (https://api.stackexchange.com/docs/advanced-search)."""
DISCOURSE = Dialect()
"""Its search joins all words; phrases stand in quotes. It has neither OR nor NOT."""
LEMMY = Dialect(both=None, phrase="{}", star="")
"""One pattern: the words in this order, whatever stands between them and around."""
YOUTUBE = Dialect(one_of="|", without="-", group="{}", nested=False)
"""`q` of search.list (https://developers.google.com/youtube/v3/docs/search/list)."""
WORDPRESS = Dialect(phrase=None, star="")
"""WP_Query's `s`: every word as a part of the text. Its phrases know one blank alone, its - longer words too."""
GOOGLE_NEWS = Dialect(one_of=" OR ", without="-")
"""As Google's web search."""

MOST_SEARCHES = 30
"""A query that would need more searches at one service is refused."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """The searches whose answers together hold all that the query matches; and what they could not say."""

    searches: tuple[str, ...]
    unsaid: tuple[str, ...] = ()


def render(query: Query, dialect: Dialect) -> Rendering:
    """The query in a service's words.

    Raises SourceError where the service cannot be asked for it at all.
    """
    writer = _Writer(dialect)
    searches = writer.searches(query.root)
    if not searches or len(searches) > MOST_SEARCHES:
        unsaid = f"some of which it cannot be told: {', '.join(writer.unsaid)[:200]}"
        problem = unsaid if not searches else f"which would take {len(searches)} searches"
        raise SourceError(
            f"this service cannot be asked for the query {str(query)[:200]!r}, {problem}",
            remedy="give this source a simpler `query` of its own, such as the brand's name",
            permanent=True,
        )
    return Rendering(tuple(dict.fromkeys(searches)), tuple(dict.fromkeys(writer.unsaid)))


@dataclass
class _Writer:
    """Widens the query to what the dialect can say, then writes it. Widening never loses a match."""

    dialect: Dialect
    unsaid: list[str] = field(default_factory=list)

    def searches(self, root: Node) -> list[str]:
        """As few searches as can be; none where nothing can be searched for."""
        wide = self.widen(root)
        if wide is None or wide.matches(Text("")):
            return []
        if self.dialect.one_of is None:
            return [self.search(self.cut(leaves)) for leaves in self.alternatives(wide)]
        whole = wide if self.dialect.nested else self.flat(wide)
        if len(self.search(whole)) <= self.dialect.longest:
            return [self.search(whole)]
        return self.packed([self.cut(leaves) for leaves in self.alternatives(whole)])

    # -- widening: what cannot be said is left out, and what is left finds more -------------------------------

    def widen(self, node: Node) -> Node | None:
        """The query without what the dialect cannot say; None is "everything"."""
        match node:
            case Words():
                return self._words(node)
            case Near():
                return self._near(node)
            case Not():
                return self._not(node)
            case Either(parts):
                found = [self.widen(part) for part in parts]
                return None if None in found else _one(Either, [part for part in found if part is not None])
            case All(parts):
                kept = [wide for part in parts if (wide := self.widen(part)) is not None]
                return _one(All, kept) if kept else None

    def _words(self, words: Words) -> Node | None:
        """The words as they are, or, where that cannot be said, each by itself, up to its `*` or not at all."""
        is_open = ["*" in piece for piece in words.pieces]
        one_word = len(words.pieces) == 1
        if not any(is_open) and (one_word or self.dialect.phrase is not None):
            return words
        if one_word and words.pieces[0].endswith("*") and self.dialect.star is not None:
            return words
        self.unsaid.append(str(words))
        beginnings = [piece.partition("*") for piece in words.pieces]
        kept = [start + star for start, star, _ in beginnings if not star or self.dialect.star is not None]
        return _one(All, [Words((piece,)) for piece in kept]) if kept else None

    def _near(self, near: Near) -> Node | None:
        sides = (near.left, near.right)
        simple = all(len(side) == 1 and len(side[0].pieces) == 1 and "*" not in str(side[0]) for side in sides)
        if self.dialect.near is not None and simple:
            return near
        self.unsaid.append(str(near))
        return self.widen(All(tuple(_one(Either, list(side)) for side in sides)))

    def _not(self, node: Not) -> Node | None:
        """Words that can be left out exactly as they stand; leaving out less finds more."""
        parts = node.part.parts if isinstance(node.part, Either) else (node.part,)
        kept: list[Node] = [Not(part) for part in parts if isinstance(part, Words) and self._can_leave_out(part)]
        self.unsaid += [f"NOT {part}" for part in parts if Not(part) not in kept]
        return _one(All, kept) if kept else None

    def _can_leave_out(self, words: Words) -> bool:
        if self.dialect.without is None or "*" in str(words):
            return False
        return len(words.pieces) == 1 or (self.dialect.without_phrases and self.dialect.phrase is not None)

    def flat(self, node: Node) -> Node:
        """Without AND inside OR: of what must all be there, the longest word alone."""
        if not isinstance(node, All):
            return self._flat_either(node)
        return _one(All, [self._flat_either(part) for part in node.parts])

    def _flat_either(self, node: Node) -> Node:
        if not isinstance(node, Either):
            return node
        return _one(Either, [self._longest(part) for part in node.parts])

    def _longest(self, node: Node) -> Node:
        if not isinstance(node, All):
            return node
        self.unsaid.append(str(node))
        found = [part for part in node.parts if isinstance(part, Words | Near)]
        if found:
            return max(found, key=lambda part: len(str(part)))
        groups = [part for part in node.parts if isinstance(part, Either)]
        return self._flat_either(min(groups, key=lambda part: len(part.parts)))

    # -- several searches --------------------------------------------------------------------------------------

    def alternatives(self, node: Node) -> Iterator[list[Node]]:
        """The searches as lists of what must all be there. Of several OR, the shortest is unfolded alone."""
        if isinstance(node, Either):
            for part in node.parts:
                yield from self.alternatives(part)
        elif isinstance(node, All):
            yield from self._product(node)
        else:
            yield [node]

    def _product(self, node: All) -> Iterator[list[Node]]:
        groups = [list(self.alternatives(part)) for part in node.parts]
        always = [leaf for group in groups if len(group) == 1 for leaf in group[0]]
        open_groups = sorted((group for group in groups if len(group) > 1), key=len)
        if len(open_groups) > 1:
            self.unsaid.append(str(node))
        for group in open_groups[:1] or [[[]]]:
            for leaves in group:
                yield [*always, *leaves]

    def cut(self, leaves: Sequence[Node]) -> Node:
        """What one search says of these: as many as the service takes, the longest words first."""
        wanted = sorted(leaves, key=lambda leaf: (isinstance(leaf, Not), -len(str(leaf))))
        most = len(wanted) if self.dialect.both is not None else 1
        while most > 1 and len(self.search(_one(All, wanted[:most]))) > self.dialect.longest:
            most -= 1
        self.unsaid += [str(leaf) for leaf in wanted[most:]]
        kept = [leaf for leaf in leaves if leaf in wanted[:most]]
        return _one(All, sorted(kept, key=lambda leaf: isinstance(leaf, Not)))

    def packed(self, nodes: Sequence[Node]) -> list[str]:
        """As few searches as hold these alternatives, each within the longest."""
        found: list[str] = []
        pack: list[Node] = []
        for node in nodes:
            mixes = self.dialect.nested or not isinstance(node, All)
            if pack and not (mixes and len(self.search(_one(Either, [*pack, node]))) <= self.dialect.longest):
                found.append(self.search(_one(Either, pack)))
                pack = []
            pack.append(node)
            if not mixes:
                found.append(self.search(node))
                pack = []
        return [*found, self.search(_one(Either, pack))] if pack else found

    # -- writing -----------------------------------------------------------------------------------------------

    def search(self, node: Node) -> str:
        """A whole search; alternatives are held together, so that words can be added behind them."""
        return self._grouped(node) if isinstance(node, Either) else self.write(node)

    def write(self, node: Node) -> str:
        """What was widened, in the dialect's own words."""
        match node:
            case Words():
                return self._written(node)
            case Near(left, right, distance):
                words = f"{left[0].pieces[0]} {right[0].pieces[0]}"
                return (self.dialect.near or "").format(n=distance, words=words)
            case Not(part):
                return f"{self.dialect.without}{self.write(part)}"
            case Either(parts):
                return (self.dialect.one_of or "").join(map(self._grouped, parts))
            case All(parts):
                return (self.dialect.both or "").join(map(self._grouped, parts))

    def _written(self, words: Words) -> str:
        text = " ".join(words.pieces)
        bare, star = text.removesuffix("*"), self.dialect.star if text.endswith("*") else ""
        alone = (bare.isalnum() or star) and bare.upper() not in {"AND", "OR", "NOT", "NEAR"}
        return f"{bare}{star}" if alone or self.dialect.phrase is None else self.dialect.phrase.format(bare)

    def _grouped(self, node: Node) -> str:
        return self.dialect.group.format(self.write(node)) if isinstance(node, Either | All) else self.write(node)


def _one(kind: type[Either] | type[All], parts: Sequence[Node]) -> Node:
    """The parts under one operator, opened where they are of its sort."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else kind(unique)
