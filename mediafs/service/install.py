"""Write units where systemd finds them, take them away, and ask it about them.

Only files that carry our mark are ever changed. systemctl is asked only where a manager runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import platformdirs

from indexer.errors import UsageRefused
from indexer.paths import display
from mediafs.service.units import MARK, PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SYSTEM_UNITS: Final = Path("/etc/systemd/system")
_SYSTEM_RUNS: Final = Path("/run/systemd/system")
_REMEDY: Final = "see who may write there (with --system it is root)"
_ASKED: Final = ("LoadState", "UnitFileState", "ActiveState", "SubState", "Result")


@dataclass(frozen=True, slots=True)
class Manager:
    """The systemd of a user, or of the whole machine."""

    is_system: bool = False

    @property
    def folder(self) -> Path:
        """Where its units are written."""
        if self.is_system:
            return _SYSTEM_UNITS
        return platformdirs.user_config_path("systemd", appauthor=False) / "user"

    @property
    def runs(self) -> bool:
        """Whether it is there to be asked."""
        if self.is_system:
            return _SYSTEM_RUNS.is_dir()
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        return bool(runtime) and (Path(runtime or "") / "systemd" / "private").exists()

    def command(self, *arguments: str) -> list[str]:
        """Of systemctl, as a person types it too."""
        return ["systemctl", *([] if self.is_system else ["--user"]), *arguments]

    def ask(self, *arguments: str) -> str:
        """What systemctl answers. Raises UsageRefused with what it complains about."""
        command = self.command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[0]
            raise UsageRefused(f"`{' '.join(command)}` failed: {said}")
        return done.stdout

    def states(self, units: Iterable[str]) -> dict[str, dict[str, str]]:
        """Of each unit how it is: LoadState, UnitFileState, ActiveState, SubState, Result."""
        asked = list(units)
        if not asked:
            return {}
        said = self.ask("show", "--property", ",".join(("Id", *_ASKED)), "--", *asked)
        found = {}
        for block in said.split("\n\n"):
            fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            found[fields.pop("Id", "")] = fields
        return found


def check_systemd() -> None:
    """Raise UsageRefused where nothing runs units."""
    if shutil.which("systemctl") is None:
        raise UsageRefused(
            "This machine has no systemd, for which `mediafs service` writes its units; have "
            "`mediafs watch` and `mediafs mount --foreground` started by what it has instead."
        )


def installed(manager: Manager) -> list[Path]:
    """The units that are ours, by name."""
    found = sorted(manager.folder.glob(f"{PREFIX}*"))
    return [path for path in found if path.is_file() and _is_ours(path)]


def write(manager: Manager, units: Mapping[str, str]) -> list[Path]:
    """Write what differs; those that were written. Raises UsageRefused."""
    written = []
    for name, text in units.items():
        path = manager.folder / name
        if path.exists() and not _is_ours(path):
            raise UsageRefused(
                f"{display(path)} was not written by mediafs; move it away, or leave it and make "
                "the service by hand (`mediafs service install --dry-run` prints the units)."
            )
        if not path.exists() or path.read_text("utf-8") != text:
            _put(path, text)
            written.append(path)
    return written


def remove(paths: Iterable[Path]) -> None:
    """Take units away. Raises UsageRefused."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise UsageRefused(
                f"{display(path)} cannot be removed ({exc.strerror}); {_REMEDY}."
            ) from exc


def _put(path: Path, text: str) -> None:
    # In one step: systemd may read it at any moment.
    draft = path.with_name(f".{path.name[:200]}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise UsageRefused(
            f"{display(path)} cannot be written ({exc.strerror}); {_REMEDY}."
        ) from exc


def _is_ours(path: Path) -> bool:
    try:
        return path.read_text("utf-8", "replace").startswith(MARK)
    except OSError:
        return False
