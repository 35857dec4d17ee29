"""A real Samba shares a mount: every spelling of a name is found, nothing can be changed.

The share has the settings that docs recommend. smbd runs for the test alone: its own folders,
loopback, a port of its own, guests only, told to nobody.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(
        shutil.which("smbd") is None or shutil.which("smbclient") is None,
        reason="samba or smbclient is not installed",
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start smbd"),
]

NAME = "Café IMG_1.jpg"
DAY = "originals/2019/2019-07-14"
NAMES = 300
GLOBAL = """
[global]
    server role = standalone server
    interfaces = 127.0.0.1
    bind interfaces only = yes
    smb ports = {port}
    disable netbios = yes
    multicast dns register = no
    disable spoolss = yes
    load printers = no
    usershare max shares = 0
    map to guest = Bad User
    guest account = nobody
    private dir = {folder}
    lock directory = {folder}
    state directory = {folder}
    cache directory = {folder}
    pid directory = {folder}
    ncalrpc dir = {folder}/n
    log file = {folder}/log
[photos]
    path = {path}
    guest ok = yes
    force user = {owner}
    read only = yes
"""
RECOMMENDED = """
    case sensitive = yes
    ea support = no
    store dos attributes = no
"""


class Samba:
    """One smbd with one share, and what a client says of it."""

    def __init__(self, folder: Path, shown: Path, settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._shown = shown
        self._folder = folder
        self._settings = folder / "smb.conf"
        owner = pwd.getpwuid(os.geteuid()).pw_name
        text = GLOBAL.format(port=self._port, folder=folder, path=shown, owner=owner)
        self._settings.write_text(text + settings)
        # A session of its own: each connection is a process, and all of them must go.
        self._process = subprocess.Popen(
            ["smbd", "--foreground", "--no-process-group", f"--configfile={self._settings}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait_listening(self) -> None:
        """Until it takes connections."""
        until(lambda: self._is_listening() or self._process.poll() is not None, self._log)
        assert self._process.poll() is None, self._log()

    def _log(self) -> str:
        return (self._folder / "log").read_text()

    def _is_listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1).close()
        except OSError:
            return False
        return True

    def ask(self, *commands: str) -> subprocess.CompletedProcess[str]:
        """What smbclient says to these commands."""
        return subprocess.run(
            [
                "smbclient", "//127.0.0.1/photos", "-N", "-p", str(self._port),
                f"--configfile={self._settings}", "-c", "; ".join(commands),
            ],
            capture_output=True, check=False, text=True, timeout=30,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip

    def get(self, path: str, to: Path) -> bytes:
        """The bytes of a file, under a name that the client spells."""
        to.unlink(missing_ok=True)
        said = self.ask(f'get "{path}" "{to}"')
        assert said.returncode == 0, said.stdout
        return to.read_bytes()

    def cost(self, *commands: str) -> dict[str, int]:
        """The questions that the mount is asked meanwhile."""
        before = self._counters()
        self.ask(*commands)
        return {name: count - before[name] for name, count in self._counters().items()}

    def _counters(self) -> dict[str, int]:
        told = json.loads((self._shown / ".mediafs/status.json").read_bytes())
        return dict(told["counters"])

    def close(self) -> None:
        """End every process of it, at once: nothing that it keeps is wanted."""
        until(self._is_killed, "smbd does not end")
        self._process.wait()

    def _is_killed(self) -> bool:
        """Again and again: a process of it may have been about to start another."""
        if not self._is_alive():
            return True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return False

    def _is_alive(self) -> bool:
        """Whether a process of its session runs; a dead one may wait for long to be taken away."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, _, _, session = stat.read_bytes().rpartition(b")")[2].split()[:4]
                if int(session) == self._process.pid and state not in {b"Z", b"X"}:
                    return True
        return False


@pytest.fixture
def samba(library) -> Iterator[Samba]:
    with library.maker.db:
        file = library.file("a.jpg", os.urandom(300_000), f"{DAY}/{NAME}")
        for number in range(NAMES):
            library.maker.place(f"{DAY}/{number:04}.jpg", file)
    library.mount()
    # Short: there are sockets in it.
    with tempfile.TemporaryDirectory(prefix="smbd") as folder:
        made = Samba(Path(folder), library.at, RECOMMENDED)
        try:
            made.wait_listening()
            yield made
        finally:
            made.close()


def test_every_spelling_of_a_name_gives_its_bytes(library, samba, tmp_path):
    source = (library.top / "a.jpg").read_bytes()
    path = f"{DAY}/{NAME}"
    decomposed = unicodedata.normalize("NFD", path)
    spellings = (path, path.upper(), path.lower(), decomposed, decomposed.upper())

    assert len(set(spellings)) == 5
    for spelling in spellings:
        assert samba.get(spelling, tmp_path / "copy") == source


def test_every_name_is_listed_once_as_it_is(samba):
    listed = samba.ask(f'cd "{DAY.upper()}"', "ls").stdout

    lines = [line for line in listed.splitlines() if ".jpg" in line]
    assert sorted(line.split(" N ")[0].strip() for line in lines) == sorted(
        [NAME, *(f"{number:04}.jpg" for number in range(NAMES))]
    )


def test_nothing_can_be_changed(library, samba, tmp_path):
    (tmp_path / "new").write_bytes(b"new")
    path = f"{DAY}/0001.jpg"

    for command in (
        f'put "{tmp_path}/new" "{DAY}/new.jpg"',
        f'put "{tmp_path}/new" "{path}"',
        f'del "{path}"',
        f'rename "{path}" "{DAY}/other.jpg"',
        f'mkdir "{DAY}/folder"',
    ):
        assert "NT_STATUS_" in samba.ask(command).stdout, command

    assert len(os.listdir(library.at / DAY)) == NAMES + 1
    assert (library.at / path).stat().st_size == 300_000


def test_a_name_that_is_not_there_costs_one_lookup(samba):
    samba.ask(f'ls "{DAY}/0001.jpg"')

    cost = samba.cost(*(f'get "{DAY}/nothing {number}.jpg" /dev/null' for number in range(5)))

    # Left to look for other spellings itself, Samba lists the folder for each of them.
    assert cost["lookups"] <= 5 + 5  # and what the kernel forgot of the folders above
    assert cost["listings"] == 0
