"""A search on loopback that answers as Hacker News' does, and a configuration that asks it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from collectors.query import fold
from tests.collectors.replay import Reply, Request, Site
from tests.service.workspaces import NOW

SEARCH = "/api/v1/search_by_date"


def hit(number: int, text: str, *, days_ago: float = 1.0) -> dict[str, Any]:
    """A comment."""
    moment = NOW - timedelta(days=days_ago)
    return {
        "objectID": str(number),
        "author": f"user{number}",
        "comment_text": text,
        "created_at_i": int(moment.timestamp()),
        "_tags": ["comment"],
    }


def serve(site: Site, hits: list[dict[str, Any]], *, most: int = 1000) -> None:
    """Answer searches for words that stand anywhere in a text: less exactly than a query says."""

    def answer(request: Request) -> Reply:
        found = [one for one in hits if _found(request.query, one)]
        found.sort(key=lambda one: -one["created_at_i"])
        return Reply(json.dumps({"hits": found[:most], "nbHits": len(found)}).encode())

    site.route(SEARCH, answer)


def _found(query: Mapping[str, str], one: Mapping[str, Any]) -> bool:
    bounds = dict(re.findall(r"created_at_i([<>]=)(\d+)", query["numericFilters"]))
    within = int(bounds[">="]) <= one["created_at_i"] <= int(bounds.get("<=", 10**12))
    words = [word for word in fold(query["query"]).replace('"', "").split() if not word.startswith("-")]
    return within and all(word in fold(one["comment_text"]) for word in words)


def toml(site: Site, *, brands: str = '[[brands]]\nname = "Lila"\n', source: str = "", options: str = "") -> str:
    """A configuration with one such source, HN."""
    return (
        f'[http]\nallowed_hosts = ["127.0.0.1"]\nmin_delay = 0\nretries = 0\n{brands}'
        f'[[sources]]\nname = "HN"\nkind = "hacker_news"\n{source}'
        f'[sources.options]\nsite = "{site.url("")}"\noverlap_hours = 0\n{options}'
    )


def asked(site: Site) -> list[str]:
    """What was searched for, in this order."""
    return [request.query["query"] for request in site.asked(SEARCH)]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
