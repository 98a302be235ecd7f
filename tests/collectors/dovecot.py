"""A real IMAP server (Debian's dovecot-imapd) on loopback, for as long as a test needs it."""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "avis", 'sésame "ouvre" \\ toi'
CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
listen = 127.0.0.1
protocols = imap
mail_location = maildir:{folder}/mail
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
default_login_user = {login}
default_internal_user = {internal}
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def why_not() -> str | None:
    """Why there is no such server here; None where there is one."""
    if shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        return "dovecot is not installed (apt-get install dovecot-imapd)"
    return None if os.getuid() == 0 else "dovecot serves several users and is only started as root here"


@dataclass(frozen=True, slots=True)
class Dovecot:
    """A running server. Messages are put into its folders through a session of its own."""

    folder: Path
    port: int
    tls_port: int

    @property
    def authority(self) -> Path:
        """The certificate to trust."""
        return self.folder / "cert.pem"

    @contextmanager
    def session(self, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """A mail program's own view, folder opened for writing."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.authenticate("PLAIN", lambda _: b"\0" + USER.encode() + b"\0" + PASSWORD.encode())
        client.select(folder)
        try:
            yield client
        finally:
            client.logout()

    def put(self, *messages: bytes, folder: str = "INBOX") -> None:
        """Put messages into a folder, which is made where there is none."""
        with self.session() as client:
            client.create(folder)
            for message in messages:
                kind, said = client.append(
                    folder, None, None, message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                )
                assert kind == "OK", said

    def flags(self) -> list[bytes]:
        """The flags of all messages of the inbox."""
        with self.session() as client:
            return [item for item in client.fetch("1:*", "(FLAGS)")[1] if isinstance(item, bytes)]


@contextmanager
def serve(folder: Path) -> Iterator[Dovecot]:
    """Run a server whose mails lie in `folder`, which must be short: sockets have short names."""
    port, tls_port = _free_ports()
    names = {"user": "nobody", "group": "nogroup", "login": "dovenull", "internal": "dovecot"}
    folder.mkdir(mode=0o755, exist_ok=True)
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "nobody", "nogroup")
    escaped = PASSWORD.replace(":", "")
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{escaped}::::::\n", encoding="utf-8")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=test",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    config = folder / "dovecot.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, tls_port=tls_port, **names))
    process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", config], stderr=subprocess.PIPE)
    try:
        _wait(port, process, folder / "log")
        yield Dovecot(folder, port, tls_port)
    finally:
        process.terminate()
        process.wait(20)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        if process.poll() is not None:
            said = process.stderr.read().decode() if process.stderr else ""
            raise AssertionError(f"dovecot ended: {said}{log.read_text() if log.exists() else ''}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("dovecot does not answer")
