"""The web application: `create_app` gives what `oyez serve` runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError

from service import words
from service.reports import render_html
from service.web import accuracy, mention
from service.web.overview import overview
from service.web.request import Reader, leading
from service.workspace import Workspace
from storage import brands, reports

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Sent with every answer: a page runs no script at all, whatever a text from outside holds. Other sites are not
told where a reader comes from; without any referrer, our own forms would bear no origin to check."""
LONGEST_PERIOD = 3650

router = APIRouter(default_response_class=HTMLResponse)


def create_app(ws: Workspace) -> FastAPI:
    """The pages over one workspace: brands, mentions, accuracy, frozen reports, and the two health checks."""
    app = FastAPI(title="Oyez", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.workspace = ws
    app.mount("/static", StaticFiles(directory=str(resources.files("service.web") / "static")), name="static")
    for part in (router, mention.router, accuracy.router):
        app.include_router(part)
    app.middleware("http")(_guard)
    # A stranger's page whose name is made to lead here would read the figures through the reader's browser.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_known_hosts(ws))
    return app


def _known_hosts(ws: Workspace) -> list[str]:
    """The names that the pages answer to; any of them where a proxy stands before us."""
    web = ws.config.web
    if web.allow_network:
        return ["*"]
    own = urlsplit(web.url).hostname if web.url else None
    return ["localhost", "127.0.0.1", "[::1]", web.host, *([own] if own else [])]


async def _guard(request: Request, proceed: Callable[[Request], Awaitable[Response]]) -> Response:
    answer = await proceed(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if (wish := request.query_params.get("lang")) in words.LANGUAGES:
        answer.set_cookie("lang", wish, samesite="lax", httponly=True, max_age=365 * 86400)
    return answer


@router.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """The process answers."""
    return "ok"


@router.get("/readyz", response_class=PlainTextResponse)
def readyz(reader: Reader) -> str:
    """The database answers too; 503 when it does not."""
    try:
        with reader.ws.database.read() as conn:
            brands.all_brands(conn)
    except SQLAlchemyError as error:
        raise HTTPException(503, "the database does not answer") from error
    return "ready"


@router.get("/", response_model=None)
def home(reader: Reader) -> str | RedirectResponse:
    """The first brand's overview, or how to begin when there is none."""
    with reader.ws.database.read() as conn:
        known = leading(brands.all_brands(conn))
    return RedirectResponse(f"/brands/{known[0].id}") if known else reader.render("empty.html", [], None)


@router.get("/brands/{brand_id}")
def brand_page(reader: Reader, brand_id: int, days: Annotated[int, Query(ge=1, le=LONGEST_PERIOD)] = 30) -> str:
    """The overview of one brand over the last `days` days."""
    with reader.ws.database.read() as conn:
        known = leading(brands.all_brands(conn))
        brand = next((brand for brand in known if brand.id == brand_id), None)
        if brand is None:
            raise HTTPException(404, "there is no such brand")
        shown = overview(conn, brand, days, reader.ws.clock.now(), reader.language)
    return reader.render("overview.html", known, brand_id, **shown)


@router.get("/reports/{report_id}")
def report_page(reader: Reader, report_id: int) -> str:
    """A frozen report, as it was written."""
    try:
        with reader.ws.database.read() as conn:
            report = reports.get(conn, report_id)
    except LookupError as error:
        raise HTTPException(404, "there is no such report") from error
    return render_html(report.document, reader.language, zone=reader.ws.config.web.timezone)
