"""What forum software puts around the words of an author."""

from __future__ import annotations

import re

_FRAMES = re.compile(
    r"""(?:<!--\ SC_ON\ -->.*  # Reddit: "submitted by … [link] [comments]"; phpBB: "Statistics"
    | submitted\ by(?:&\#32;|\s){0,9}<a\ href="https://www\.reddit\.com/user/.*
    | <p>[^<]{0,60}<a\ [^>]{0,300}memberlist\.php[^>]{0,300}>[^<]{0,200}</a>[^<]{0,200}</p>\s{0,99}<hr\s?/?>
    | <br\s?/?>\s{0,99}<br\s?/?>\s{0,99}<i>[^<]{0,100}\d\d:\d\d</i>  # Machina: "Posted by … - date"
    )\s*$""",
    re.DOTALL | re.VERBOSE,
)
"""What forum software puts around an item's own words."""
_QUOTE = re.compile(
    r"""<blockquote\b[^>]{0,300}>(?:\s|<div>){0,99}<cite\b(?:(?!<blockquote\b).)*?</blockquote>
    | <aside\ class="(?:quote|onebox)\b(?:(?!<aside\b).)*?</aside>  # Discourse, which shows linked pages, too
    """,
    re.DOTALL | re.VERBOSE,
)
"""Another person's words, quoted in a forum."""
_MOST_QUOTES = 20


def own_words(markup: str) -> str:
    """Leave out what the forum added and what others said: opinions in it are not the author's."""
    if "<cite" in markup or "<aside" in markup:
        for _ in range(_MOST_QUOTES):
            markup, found = _QUOTE.subn("", markup)
            if not found:
                break
    return _FRAMES.sub("", markup)
