"""Recognising the pages that sites show to robots instead of what was asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LOOKED_AT = 65_536

_ALWAYS: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("Cloudflare", rb"<title>\s*(?:just a moment|attention required!)|challenge-platform/h/[bg]/orchestrate"),
        ("DataDome", rb"geo\.captcha-delivery\.com|ct\.captcha-delivery\.com"),
        ("PerimeterX", rb"<title>\s*access to this page has been denied|id=[\"']px-captcha"),
        ("Imperva", rb"_Incapsula_Resource\?(?:CWUDNSAI|SWUDNSAI|SWJIYLWA)[^>]{0,200}incident_id"),
        ("AWS WAF", rb"awsWafCookieDomainList|gokuProps\s*="),
        ("Akamai", rb"<title>\s*access denied\s*</title>(?s:.){0,2000}reference(?:\s|&#32;)*(?:#|&#35;)"),
        ("Anubis", rb"id=[\"']anubis_(?:challenge|version)|<title>\s*making sure you(?:'|&#39;)re not a bot"),
        ("Reddit", rb"<h1>\s*whoa there, pardner!\s*</h1>"),
        ("an anti-robot check", rb"<title>\s*(?:verifying your browser|are you a robot|robot check)"),
        ("an anti-robot check", rb"http-equiv=[\"']refresh[\"'][^>]{0,80}url=/[^\"'>]{0,40}captcha"),
        ("an age gate", rb"<title>\s*reddit\.com: over 18\?"),
        ("a consent page", rb"<form[^>]{0,200}action=[\"']https://consent\.(?:google|youtube)\.[a-z.]+/save"),
    )
)  # fmt: skip
"""Marks that a page with real content does not carry, whatever its status."""


def blocked_by(headers: Mapping[str, str], body: bytes) -> str | None:
    """Who stands in the way, or None. Header names are in lower case; only HTML is looked at."""
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return "Cloudflare"
    start = body[:_LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"<") or start[:5].lower() == b"<?xml":
        return None
    return next((name for name, pattern in _ALWAYS if pattern.search(start)), None)
