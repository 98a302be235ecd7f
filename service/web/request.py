"""What every page knows of the one request: its workspace, the reader's language, and where a form came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, HTTPException, Request

from service import words
from service.workspace import Workspace
from storage import brands

LARGEST_FORM = 64 << 10
"""Bytes that a form may send."""


@dataclass(frozen=True, slots=True)
class OneReader:
    """The one request: its workspace and the reader's language (asked for, remembered, preferred, configured)."""

    ws: Workspace
    language: str

    def render(self, template: str, known: list[brands.Brand], current: int | None, **shown: Any) -> str:
        """A page, with the brands to go to above it."""
        made = words.environment(self.language, self.ws.config.web.timezone)
        links = [{"name": b.name, "href": f"/brands/{b.id}", "current": b.id == current} for b in known]
        return made.get_template(template).render(brands=links, **shown)


def _reader(request: Request) -> OneReader:
    ws: Workspace = request.app.state.workspace
    for wish in (request.query_params.get("lang"), request.cookies.get("lang")):
        if wish in words.LANGUAGES:
            return OneReader(ws, wish)
    header = request.headers.get("accept-language")
    return OneReader(ws, words.preferred(header) if header else ws.config.web.language)


Reader = Annotated[OneReader, Depends(_reader)]


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form that our own page sent.

    A page of another site may make a browser send us a form too, so the request must say that it comes from
    here: by Sec-Fetch-Site (W3C Fetch Metadata), or by its Origin where a browser sends none, as over plain HTTP.
    """
    if not _from_here(request):
        raise HTTPException(403, "this form was not sent by a page of ours")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            raise HTTPException(413, "the form is too large")
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100))
    except ValueError as error:
        raise HTTPException(422, "the form has too many fields") from error


Form = Annotated[dict[str, str], Depends(_form)]


def _from_here(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    ws: Workspace = request.app.state.workspace
    ours = {request.headers.get("host", ""), urlsplit(ws.config.web.url or "").netloc} - {""}
    return urlsplit(request.headers.get("origin", "")).netloc in ours


def leading(known: list[brands.Brand]) -> list[brands.Brand]:
    """Brands that have competitors before those that are only compared with, each by name."""
    return sorted(known, key=lambda brand: (not brand.settings.get("competitors"), brand.name.casefold()))
