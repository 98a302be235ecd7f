"""Grow one database from a file, in steps, and print what each stage costs at each size.

    python benchmarks/pipeline.py --data ../shared/data/stars_fr.parquet --home /tmp/oyez-pipeline

At each size (1,000, 10,000 and 70,000 rows, then the whole file, as far as it goes) the new rows are imported,
annotated, folded and counted, and every brand is scored over the year before its newest mention. A stage is
given in rows per second over the rows that were new at that size, and as the ratio of its cost per row to that
at the first size: 1.0 is flat, 2.0 is twice as dear. Scoring is given per scorecard. The run may be killed and
started again with the same --home: it goes on where it was, but the figures of the size at hand are then of the
rest only.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from reputation.periods import Period
from reputation.scorecards import scorecard
from service import annotating, importing, jobs, logs
from service.workspace import Workspace, open_workspace
from storage import brands, mentions

SIZES = (1_000, 10_000, 70_000)


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def import_rows(ws: Workspace, data: Path, first: int, last: int) -> None:
    """Import the rows from `first` up to `last`, as a source of their own."""
    part = ws.home.path / f"rows-{first}-{last}.parquet"
    table = pq.read_table(data).slice(first, last - first)
    # A review of no named company is counted for the site it comes from, so that every row has a brand.
    brand = pc.coalesce(table["company"], table["source"])
    pq.write_table(table.set_column(table.schema.get_field_index("company"), "company", brand), part)
    options = {"brand_column": "company"}
    importing.import_file(ws, importing.plan(str(part), name=part.stem, brand=None, options=options))


def score_all(ws: Workspace) -> tuple[float, float]:
    """Seconds of one scorecard: the mean over all brands, and that of the brand with most mentions."""
    took: list[tuple[int, float]] = []
    with ws.database.read() as conn:
        for brand in brands.all_brands(conn):
            newest = mentions.latest(conn, brand.id, limit=1)[0].moment.date()
            year = Period(newest - timedelta(364), newest)
            seconds = timed(lambda brand=brand, year=year: scorecard(conn, brand, year))
            took.append((mentions.count(conn, brand.id), seconds))
    return sum(seconds for _, seconds in took) / len(took), max(took)[1]


def grow(data: Path, home: Path) -> None:
    """Measure every size and print one line for each as it is done."""
    rows = pq.ParquetFile(data).metadata.num_rows
    sizes = [size for size in SIZES if size < rows] + [rows]
    head = ("import/s", "annotate/s", "fold/s", "roll up/s", "scorecard", "largest")
    print(f"{'rows':>8}" + "".join(f"{name:>12}" for name in head))
    first: dict[str, float] = {}
    before = 0
    with open_workspace(home) as ws:
        ws.home.create()
        for size in sizes:
            cost = {
                "import": timed(lambda first=before, last=size: import_rows(ws, data, first, last)),
                "annotate": timed(lambda: annotating.annotate(ws)),
                "fold": timed(lambda: annotating.fold(ws)),
                "roll up": timed(lambda: jobs.roll_up(ws)),
            }
            mean, largest = score_all(ws)
            new = size - before
            before = size
            print(
                f"{size:>8}"
                + "".join(f"{new / seconds:>12.1f}" for seconds in cost.values())
                + f"{1000 * mean:>9.1f} ms{1000 * largest:>9.1f} ms",
                flush=True,
            )
            per_row = {stage: seconds / new for stage, seconds in cost.items()} | {"scorecard": mean}
            first = first or per_row
            ratios = ", ".join(f"{stage} {per_row[stage] / first[stage]:.2f}" for stage in per_row)
            print(f"         cost a row, against the first size: {ratios}", flush=True)
        megabytes = sum(file.stat().st_size for file in home.glob("oyez.db*")) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"database {megabytes:.0f} MB, peak memory {peak:.0f} MB")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, required=True, help="a Parquet file of reviews with a column company"
    )
    parser.add_argument("--home", type=Path, required=True, help="a folder for the database, kept afterwards")
    arguments = parser.parse_args()
    logs.configure(level=30)
    grow(arguments.data, arguments.home)


if __name__ == "__main__":
    main()
