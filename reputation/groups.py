"""The scorecard of one group of rows, for `oyez analyze --by`: no database, no period, no change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reputation.effects import touchpoint_figures
from reputation.figures import SystematicError
from reputation.indicators import DIGITS, UNKNOWN, indicators
from storage.tally import Tally


def group_scorecard(
    name: str, tally: Tally, by_touchpoint: Mapping[str, Tally], error: SystematicError = UNKNOWN
) -> dict[str, Any]:
    """The public JSON of one group: its name, rows, indicators (null where nothing was answered), touchpoints.

    `by_touchpoint` holds, for each touchpoint, the tally of the rows that touch it.
    """
    figures = {
        key: figure.to_json(DIGITS.get(key, 1)) if figure else None
        for key, figure in indicators(tally, error).items()
    }
    touchpoints = [found.to_json() for found in touchpoint_figures(tally, by_touchpoint, error)]
    return {"group": name, "n": round(tally.mentions), **figures, "touchpoints": touchpoints}
