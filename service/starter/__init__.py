"""The `oyez.toml` that `oyez init` writes, in French or English."""

from __future__ import annotations

import json
from importlib import resources


def starter(brand: str, language: str) -> str:
    """A commented and valid configuration that listens to `brand`; `language` is "fr" or "en"."""
    text = (resources.files(__name__) / f"oyez.{language}.toml").read_text(encoding="utf-8")
    # A JSON string is a TOML basic string, DEL excepted, which no brand has in its name.
    return text.replace('"BRAND"', json.dumps(brand, ensure_ascii=False).replace("\x7f", ""))
