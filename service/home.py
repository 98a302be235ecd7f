"""The home folder: `oyez.toml`, the database when it is SQLite, the pseudonym key and the lock of a run.

Which folder that is: `--home`, else the environment variable OYEZ_HOME, else the current folder when it holds an
`oyez.toml`, else `~/.local/share/oyez` (under XDG_DATA_HOME where that is set).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.errors import ServiceError

CONFIG_NAME = "oyez.toml"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder and the files in it."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.path / CONFIG_NAME

    @property
    def database(self) -> Path:
        """The SQLite database, unless the configuration names another one."""
        return self.path / "oyez.db"

    @property
    def reports(self) -> Path:
        """Where reports are written unless the user says otherwise."""
        return self.path / "reports"

    def create(self) -> None:
        """Make the folder, readable by its owner only, if it is not there.

        Raises ServiceError when that cannot be done.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(
                f"the home folder {self.path} cannot be made: {error.strerror}",
                "choose a folder that you may write to with --home",
            ) from error

    def pseudonym_key(self) -> bytes:
        """The key of the pseudonyms, 32 bytes; made at first use, for this home only, and readable by its owner.

        Raises ServiceError when it cannot be read or made, or has been cut short: a new key would give every
        author a second name.
        """
        path = self.path / "pseudonym.key"
        try:
            if not path.exists():
                self.create()
                _write_once(path, secrets.token_hex(_KEY_BYTES))
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise ServiceError(
                f"the key {path} cannot be used: {error}", "restore it from your backup"
            ) from error
        if len(key) != _KEY_BYTES:
            raise ServiceError(f"the key {path} is not {_KEY_BYTES} bytes long", "restore it from your backup")
        return key

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """Hold the lock `name` while the block runs, if nobody else does: gives whether it was had.

        The kernel lets go of it when the process ends, however it ends.
        """
        self.create()
        with (self.path / f"{name}.lock").open("a") as file:
            if not _try_lock(file.fileno()):
                yield False
                return
            yield True


def find_home(chosen: Path | None = None) -> Home:
    """The home folder to use; it need not exist yet."""
    if chosen is not None:
        return Home(chosen.expanduser().absolute())
    if named := os.environ.get("OYEZ_HOME"):
        return Home(Path(named).expanduser().absolute())
    if Path(CONFIG_NAME).is_file():
        return Home(Path.cwd())
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Home(Path(data).expanduser().absolute() / "oyez")


def _write_once(path: Path, text: str) -> None:
    """Write a private file that is complete or absent, and never replace one that another process made first."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _try_lock(descriptor: int) -> bool:
    import fcntl  # noqa: PLC0415 (not on Windows, where only runs need it)

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
