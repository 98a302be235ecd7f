"""Learns from a brand's own answers how far the model is off for it, keeps that, shows it and drops it."""

from __future__ import annotations

from typing import Any

from reputation import calibration
from reputation.scorecards import usual_error
from service.errors import ServiceError
from service.workspace import Workspace
from storage import brands, calibrations
from storage.brands import Brand
from storage.calibrations import Calibration


def calibrate(ws: Workspace, brand: Brand, *, actor: str, dry_run: bool = False) -> list[dict[str, Any]]:
    """What the brand's answered texts teach of each figure; it counts at once, unless this is a `dry_run`.

    It replaces what was learned before. Raises ServiceError where no text of the brand has both an answer and a
    reading by the current model.
    """
    now = ws.clock.now()
    with ws.database.begin() as conn:
        threshold = brands.satisfied_from(conn, brand.id)
        texts = ((one.said, one.answers) for one in calibrations.answered(conn, brand.id))
        found: dict[str, list[calibration.Pair]] = calibration.pairs(texts, satisfied_from=threshold)
        found["net_sentiment"] = calibration.judged(calibrations.judged(conn, brand.id))
        learned = calibration.learn(found, usual_error(conn, brand.id))
        if not learned:
            raise ServiceError(
                f"no text of {brand.name} has an answer beside it that was read",
                "bring answers and texts with `oyez import`, then `oyez annotate`",
            )
        if not dry_run:
            kept = [
                Calibration(one.figure, one.shift, one.doubt, now, one.to_json())
                for one in learned
                if one.shift is not None
            ]
            calibrations.put(conn, brand.id, kept, actor=actor, now=now)
    return [one.to_json() for one in learned]


def known(ws: Workspace, brand: Brand) -> list[dict[str, Any]]:
    """What was learned of the brand for the current model."""
    with ws.database.read() as conn:
        found = calibrations.of(conn, brand.id)
    return [one.detail | {"learned_at": one.learned_at.isoformat()} for one in found]


def reset(ws: Workspace, brand: Brand, *, actor: str) -> list[str]:
    """Drop what was learned of the brand; the names of the figures."""
    with ws.database.begin() as conn:
        return calibrations.reset(conn, brand.id, actor=actor, now=ws.clock.now())
