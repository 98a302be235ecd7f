"""The part of the model card that `quantify` measured, as Markdown."""

from __future__ import annotations

from typing import Any

NAMES = {"csat 4": "CSAT", "net_sentiment": "net sentiment", "nps": "NPS", "rating": "rating, stars"}
"""The figures told of, in this order; of CSAT, that of 4-5 stars."""


def markdown(reports: dict[str, dict[str, Any]]) -> str:
    """Errors before and after by figure, language and kind, rivals, and how often intervals held the truth."""
    shown = {name: reports[key] for key, name in NAMES.items()}
    mixes = {name: found["mixes"] for name, found in shown.items() if name != NAMES["rating"]}
    shares = sorted({share for found in mixes.values() for share in found}, key=float)
    tables = [
        table(
            [
                "Figure",
                "groups",
                "mean of probabilities",
                "put right",
                "expectation-maximisation",
                "adjusted count",
            ],
            [
                [
                    name,
                    found["groups"],
                    found["before"],
                    found["after"],
                    *_of(found["rivals"], "em", "adjusted count"),
                ]
                for name, found in shown.items()
            ],
        ),
        table(
            ["Figure", "part", "groups", "shifts", "slope", "mean of probabilities", "put right"],
            [
                [name, part, *_of(line, "groups", "shifts", "slope", "before", "after")]
                for name, found in shown.items()
                for part, line in found["parts"].items()
            ],
        ),
        table(
            ["Held the truth", *mixes],
            [
                ["companies left out", *(_held(shown[name]["companies"]) for name in mixes)],
                *(
                    [
                        f"mixes, {100 * float(share):.0f} % positive",
                        *(_held(found.get(share)) for found in mixes.values()),
                    ]
                    for share in shares
                ),
                *(
                    [f"mixes of {size} texts", *(f"{shown[name]['sizes'][size]:.3f}" for name in mixes)]
                    for size in ("30", "100", "300", "1000")
                ),
            ],
        ),
    ]
    return "\n\n".join(tables) + "\n"


def table(head: list[str], rows: list[list[Any]]) -> str:
    """One table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join("" if cell is None else str(cell) for cell in line) + " |" for line in lines
    )


def _of(found: dict[str, Any], *keys: str) -> list[Any]:
    return [", ".join(map(str, value)) if isinstance(value := found.get(key), list) else value for key in keys]


def _held(found: dict[str, Any] | None) -> str:
    return f"{found['held']:.3f} (width {found['width']})" if found else ""
