"""What it means: figures with intervals, scores, scorecards, alert rules, reports.

`intervals` → `figures` → `indicators` are the formulas, `change`, `effects`, `score` and `surges` what is built
on them: pure functions of `storage.tally.Tally`. `scorecards`, `pain_points`, `complaints`, `quotes`, `rules`
and `weekly` read storage. Every figure is explained for its readers in `docs/figures.md`.
"""
