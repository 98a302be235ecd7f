"""Addresses as identities: the same page has one name, whoever linked to it and counted the clicks."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from w3lib.url import canonicalize_url, url_query_cleaner

_TRACKING = frozenset(
    {"fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "twclid", "ttclid", "igshid"}
    | {"li_fat_id", "mc_cid", "mc_eid", "xtor", "at_medium", "at_campaign", "_ga", "_gl", "_hsenc", "_hsmi"}
)
"""Parameters that only tell where a visitor comes from: of Google, Meta, Microsoft, AT Internet, Mailchimp, …"""
_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_")
"""Of Google Analytics and Matomo, which let sites make up more of them."""


def canonical(url: str) -> str:
    """The address without parameters that only track visitors, the others sorted, its fragment kept.

    For comparing, not for fetching: percent signs and the host's case are made alike, too. What cannot be read
    as an address stays as it is.
    """
    try:
        names = {name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)}
        tracking = [name for name in names if _only_tracks(name.lower())]
        if tracking:
            url = url_query_cleaner(url, tracking, remove=True, unique=False, keep_fragments=True)
        return canonicalize_url(url, keep_fragments=True)
    except ValueError:
        return url


def _only_tracks(name: str) -> bool:
    return name in _TRACKING or name.startswith(_TRACKING_PREFIXES)
