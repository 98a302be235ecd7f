"""Import the same file with Oyez and with obsei 1.1.1, in turn, and print rows per second and the ratio.

Both collect, clean, mask or pseudonymise, drop repeats and store; neither annotates. Each figure is a whole
process, start included, so that a user would see the same. The second pass imports the unchanged file again.

    python benchmarks/peers.py --data ../shared/data/stars_fr.parquet --rows 80000

obsei gets its own virtual environment (made in --peer-env at first use) and stores unencrypted, as it cannot
fetch its encryption extension without a network; that only helps it.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

PEER = "obsei==1.1.1"
PEER_CONFIGURATION = """\
version: 1
store: {path: obsei.duckdb, unencrypted: true}
privacy: {redact: true, regions: [global, eu]}
pipelines:
  - name: feedback
    sources:
      - key: reviews
        type: csv
        config: {path: reviews.csv, fields: {text: text, id: id, rating: stars, author: author}}
    sinks: []
"""


def write_reviews(data: Path, rows: int, path: Path) -> int:
    """A CSV of the first `rows` reviews; returns how many there were."""
    table = pq.read_table(data, columns=["text", "stars"]).slice(0, rows).to_pylist()
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["id", "text", "stars", "author"])
        out.writerows((n, row["text"], row["stars"], f"author {n % 5000}") for n, row in enumerate(table))
    return len(table)


def seconds(command: list[str], cwd: Path, env: dict[str, str] | None = None) -> float:
    """Wall-clock seconds of one whole process, which must succeed."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - start


def peer_command(folder: Path) -> str:
    """obsei's command in an environment of its own, which is made when missing."""
    if not (folder / "bin" / "obsei").exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", PEER], check=True)
    return str(folder / "bin" / "obsei")


def measure(data: Path, rows: int, peer_env: Path) -> None:
    """Run both on one file, twice each, and print the table."""
    peer = peer_command(peer_env)
    oyez = str(Path(sys.executable).with_name("oyez"))
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        n = write_reviews(data, rows, folder / "reviews.csv")
        (folder / "obsei.yaml").write_text(PEER_CONFIGURATION)
        environment = {
            **{k: v for k, v in os.environ.items() if k != "OBSEI_DB_KEY"},
            "OBSEI_PSEUDONYM_SALT": "0123456789abcdef0123456789abcdef",
        }
        ours = [oyez, "import", "reviews.csv", "--brand", "Benchmark", "--home", str(folder / "home")]
        print(f"{n} rows{'':22}{'obsei rows/s':>14}{'oyez rows/s':>14}{'ratio':>8}")
        for label in ("first import", "unchanged again"):
            theirs_took = seconds([peer, "run"], folder, environment)
            ours_took = seconds(ours, folder)
            print(f"{label:<28}{n / theirs_took:>14.0f}{n / ours_took:>14.0f}{theirs_took / ours_took:>8.1f}")


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a Parquet file with columns text and stars")
    parser.add_argument("--rows", type=int, default=80_000)
    parser.add_argument("--peer-env", type=Path, default=Path(tempfile.gettempdir()) / "oyez-peer-obsei")
    arguments = parser.parse_args()
    measure(arguments.data, arguments.rows, arguments.peer_env)


if __name__ == "__main__":
    main()
