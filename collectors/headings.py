"""Headers of tables and wordings of questions, made comparable."""

from __future__ import annotations

import re
import unicodedata


def words(name: str) -> str:
    """A header in plain words: "dateDePublication" and "Date_de publication" are both "date de publication"."""
    split = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+|#", plain.lower()))
