"""Texts that say nothing: only punctuation, links, addresses of people, or characters that cannot be seen.

A network answers whatever it is given, and its answer to "?" or to a bare link is but an echo of its training.
Such a text has no opinion, so it is neutral; of its stars and its recommendation nothing is known, so each is
as likely as any other. (A blank text gets nulls: there was no answer at all.) Emoji, emoticons, numbers and
hashtags do speak, and are left to the model.
"""

from __future__ import annotations

import re
import unicodedata

from nlp.annotation import Recommendation, Sentiment, Stars

NEUTRAL = Sentiment(0.0, 1.0, 0.0)
ANY_STARS = Stars((0.2, 0.2, 0.2, 0.2, 0.2))
ANY_RECOMMENDATION = Recommendation(1 / 3, 1 / 3, 1 / 3)

_NOISE = re.compile(r"(?:https?://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|@\w+")
_EMOTICON = re.compile(r"[:;=][-'^]?[()\[\]*/|]|<3|\^_*\^|\+\+")
_SPEAKING = ("L", "N", "So", "Sk")
"""Unicode's letters, numbers and pictures, and the marks of skin colour and the like."""


def speaks(text: str) -> bool:
    """Whether a text has anything in it that could be an opinion. Looks no further than needed."""
    rest = _NOISE.sub(" ", text)
    return any(unicodedata.category(one).startswith(_SPEAKING) for one in rest) or bool(_EMOTICON.search(rest))
