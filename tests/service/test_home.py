"""The home folder, its key and its lock; secrets by reference."""

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.errors import ServiceError
from service.home import Home, find_home
from service.secret import reveal


def test_the_option_wins_over_the_environment_and_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "oyez.toml").touch()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("OYEZ_HOME", str(tmp_path / "named"))
    assert find_home(tmp_path / "chosen").path == tmp_path / "chosen"
    assert find_home().path == tmp_path / "named"
    monkeypatch.delenv("OYEZ_HOME")
    assert find_home().path == tmp_path / "here"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert find_home().path == tmp_path / "data" / "oyez"


def test_the_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    key = home.pseudonym_key()
    assert len(key) == 32
    assert home.pseudonym_key() == key
    assert stat.S_IMODE((home.path / "pseudonym.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700


def test_two_who_make_the_key_at_once_get_the_same_one(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys, pathlib, service.home as home; print(home.Home(pathlib.Path(sys.argv[1])).pseudonym_key())",
        str(tmp_path),
    ]
    with ThreadPoolExecutor(4) as pool:
        keys = {
            run.stdout
            for run in pool.map(lambda _: subprocess.run(command, capture_output=True, check=True), range(4))
        }
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["pseudonym.key"]


def test_a_damaged_key_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "pseudonym.key").write_text("abcd")
    with pytest.raises(ServiceError, match="32 bytes"):
        Home(tmp_path).pseudonym_key()
    assert (tmp_path / "pseudonym.key").read_text() == "abcd"


def test_only_one_holds_a_lock(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.lock("run") as first, home.lock("run") as second, home.lock("other") as other:
        assert (first, second, other) == (True, False, True)
    with home.lock("run") as again:
        assert again


def test_a_secret_is_found_where_its_reference_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OYEZ_TEST_SECRET", "s3cret")
    (tmp_path / "key.txt").write_text("k3y\nsecond line\n")
    assert reveal("env:OYEZ_TEST_SECRET", tmp_path) == "s3cret"
    assert reveal("file:key.txt", tmp_path) == "k3y"


@pytest.mark.parametrize("reference", ["env:OYEZ_NOT_SET", "file:absent", "file:empty"])
def test_a_secret_that_is_not_there_names_its_reference(tmp_path: Path, reference: str) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(ServiceError) as caught:
        reveal(reference, tmp_path)
    assert reference.split(":")[1] in str(caught.value)
    assert caught.value.remedy
