"""The page of one mention: what the model reads in it, and the form to say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from nlp.annotation import Annotation
from nlp.correction import FIELDS, RELEVANCE, TOUCHPOINT, said
from nlp.masking import mask
from service import correcting
from service.correcting import Hand
from service.errors import ServiceError
from service.web.request import Form, Reader, leading
from service.workspace import Workspace
from storage import brands, corrections, mentions
from storage.brands import Brand
from storage.corrections import Corrected
from storage.mentions import MentionView

AUTHOR = "web"
"""Who corrects in the pages, which do not ask yet who comes."""
AS_READ = ""
"""What a field of the form says where the model's word is to count."""

router = APIRouter(default_response_class=HTMLResponse)


@router.get("/mentions/{mention_id}")
def mention_page(reader: Reader, mention_id: int, saved: int | None = None) -> str:
    """One mention, what was understood of it, and the form to correct that."""
    with reader.ws.database.read() as conn:
        view = _view(conn, mention_id)
        linked = brands.of_mention(conn, mention_id)
        known = leading(brands.all_brands(conn))
        shown = {
            "mention": _shown(view),
            "fields": _fields(conn, view),
            "relevances": _relevances(conn, view, linked),
        }
    current = next((brand.id for brand, _ in linked), None)
    return reader.render("mention.html", known, current, saved=saved, **shown)


@router.post("/mentions/{mention_id}")
def correct(reader: Reader, mention_id: int, form: Form) -> RedirectResponse:
    """Put what the form says and withdraw what it no longer says; "undo" withdraws everything."""
    ws = reader.ws
    with ws.database.read() as conn:
        _view(conn, mention_id)
        made = {_input(one): one for one in corrections.of_mention(conn, mention_id)}
        linked = {f"{RELEVANCE}-{brand.id}": brand for brand, _ in brands.of_mention(conn, mention_id)}
    if "undo" in form:
        correcting.remove(ws, mention_id, (), author=AUTHOR)
        return _back(mention_id)
    known: dict[str, Brand | None] = {name: None for name in FIELDS if name != RELEVANCE} | linked
    changed = {name: value for name, value in form.items() if name in known and _changes(made.get(name), value)}
    try:
        for brand in (None, *linked.values()):
            mine = {
                RELEVANCE if brand else name: value for name, value in changed.items() if known[name] is brand
            }
            _apply(ws, mention_id, mine, brand)
    except ServiceError as error:
        raise HTTPException(422, str(error)) from error
    return _back(mention_id)


def _apply(ws: Workspace, mention_id: int, values: Mapping[str, str], brand: Brand | None) -> None:
    """Correct fields of the text (of no brand), or its relevance to a brand."""
    said_now = {field: value for field, value in values.items() if value != AS_READ}
    if said_now:
        correcting.put(ws, mention_id, said_now, Hand(AUTHOR, brand))
    if gone := [field for field in values if field not in said_now]:
        correcting.remove(ws, mention_id, gone, author=AUTHOR, brand=brand)


def _changes(made: Corrected | None, value: str) -> bool:
    """Whether a value of the form says anything new: of an older text's correction, that it still holds."""
    if made is None:
        return value != AS_READ
    return value != made.value or made.outdated


def _back(mention_id: int) -> RedirectResponse:
    return RedirectResponse(f"/mentions/{mention_id}?saved=1", status_code=303)


def _view(conn: Connection, mention_id: int) -> MentionView:
    view = mentions.get(conn, mention_id)
    if view is None or view.deleted_at is not None:
        raise HTTPException(404, "there is no such mention")
    return view


def _input(one: Corrected) -> str:
    """The name of a correction's field in the form."""
    return one.field if one.brand_id is None else f"{one.field}-{one.brand_id}"


def _shown(view: MentionView) -> dict[str, Any]:
    return {
        "id": view.id,
        "title": mask(view.title) if view.title else None,
        "text": mask(view.text),
        "language": view.language,
        "stars": 1 + 4 * view.rating.normalised if view.rating else None,
        "source": view.source,
        "at": view.moment,
        "copies": view.copies,
        "href": view.url if view.url and urlsplit(view.url).scheme in ("http", "https") else None,
        "quotes": [
            {"touchpoint": o.touchpoint, "polarity": o.polarity, "quote": mask(o.quote)}
            for o in (view.annotation.touchpoints if view.annotation else ())
            if o.quote
        ],
        "correctable": bool(view.text.strip() or (view.title or "").strip()),
    }


def _fields(conn: Connection, view: MentionView) -> list[dict[str, Any]]:
    """Each field with what the model says and what was corrected; the touchpoints that it names come first."""
    model = corrections.said(conn, view.id) or Annotation("")
    made = {_input(one): one for one in corrections.of_mention(conn, view.id)}
    rows = [
        {
            "name": name,
            "touchpoint": name.removeprefix(TOUCHPOINT) if name.startswith(TOUCHPOINT) else None,
            "values": values,
            "said": said(model, name),
            "made": made.get(name),
        }
        for name, values in FIELDS.items()
        if name != RELEVANCE
    ]
    return sorted(rows, key=lambda row: bool(row["touchpoint"]) and row["said"] == "none" and row["made"] is None)


def _relevances(conn: Connection, view: MentionView, linked: list[tuple[Brand, bool]]) -> list[dict[str, Any]]:
    made = {_input(one): one for one in corrections.of_mention(conn, view.id)}
    return [
        {
            "name": f"{RELEVANCE}-{brand.id}",
            "brand": brand.name,
            "values": FIELDS[RELEVANCE],
            "made": (one := made.get(f"{RELEVANCE}-{brand.id}")),
            "said": one.before if one else "yes" if relevant else "no",
        }
        for brand, relevant in linked
    ]
