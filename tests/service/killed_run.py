"""One pass in its own process, so that a test can kill it: `python -m tests.service.killed_run HOME MOMENT`."""

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from nlp.annotation import Annotation
from service import logs
from service.home import Home
from service.jobs import run_once
from service.oyez_toml import load
from service.workspace import Workspace
from tests.service.workspaces import FrozenClock, WordModel


class SlowModel(WordModel):
    """Takes its time, so that a kill may come in between."""

    def annotate(self, texts: Sequence[str], languages: Sequence[str | None] | None = None) -> list[Annotation]:
        time.sleep(0.05)
        return super().annotate(texts, languages)


def main(home: str, moment: str) -> None:
    logs.configure()
    folder = Home(Path(home))
    with Workspace(folder, load(folder.config), FrozenClock(datetime.fromisoformat(moment))) as ws:
        ws.model = SlowModel()
        summary = run_once(ws)
        assert summary is not None
        assert not summary.failed_sources, summary.failed_sources


if __name__ == "__main__":
    main(*sys.argv[1:])
