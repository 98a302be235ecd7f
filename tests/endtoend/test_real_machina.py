"""A forum of django-machina itself, read through `oyez collect` from the forum's address alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, counts
from machina_server import Machina, machina

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("machina")]


@pytest.fixture
def forum(tmp_path: Path) -> Iterator[Machina]:
    with machina(tmp_path) as running:
        yield running


def test_topics_and_each_new_last_post_come_in_once(forum: Machina, desk: Desk) -> None:
    desk.watch("Lila", forum=("forum", {"url": forum.url}))
    forum.write("Lila en panne", "Plus de courant depuis **hier** & personne ne répond.", name="Léa")
    forum.write("Facture", "Ma facture a doublé.", name="Bob")
    assert counts(desk.collect()["forum"]) == [2, 0, 0, 0]
    found = desk.export()
    assert set(found) == {"Plus de courant depuis hier & personne ne répond.", "Ma facture a doublé."}
    assert found["Ma facture a doublé."]["title"] == "Facture"
    assert found["Ma facture a doublé."]["segments"] == {"board": "Énergie"}

    assert counts(desk.collect()["forum"])[:2] == [0, 0]
    assert desk.export() == found

    forum.write("Lila en panne", "Pareil à Lyon.", name="Ana")
    assert counts(desk.collect()["forum"])[:2] == [1, 0]
    assert set(desk.export()) == {*found, "Pareil à Lyon."}
