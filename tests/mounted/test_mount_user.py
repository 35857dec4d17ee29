"""A mount made by an ordinary user, through fusermount3.

In a process that has mounts of its own, so that this machine's /etc/fuse.conf and /dev/fuse stay
as they are.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from make_catalog import CatalogMaker
from others import NOBODY, as_user, needs_root, reachable_folder, with_own_mounts

from indexer.roots import host

if TYPE_CHECKING:
    from collections.abc import Iterator

SOMEBODY = 4322
FUSE_CONF = Path("/etc/fuse.conf")
pytestmark = [
    needs_root,
    pytest.mark.skipif(shutil.which("fusermount3") is None, reason="there is no fusermount3"),
    pytest.mark.skipif(not FUSE_CONF.exists(), reason=f"there is no {FUSE_CONF}"),
]


class Account:
    """An ordinary user with a home, a photograph and a catalog."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.at = home / "mount"
        self.top = home / "photos"
        self.at.mkdir()
        self.top.mkdir()
        maker = CatalogMaker(home / "catalog.db")
        root = maker.root(self.top)
        for name, mode in (("a.jpg", 0o644), ("b.jpg", 0o600), ("closed/c.jpg", 0o644)):
            (self.top / name).parent.mkdir(exist_ok=True)
            (self.top / name).write_bytes(name.encode())
            (self.top / name).chmod(mode)
        (self.top / "closed").chmod(0o700)
        give_away(home, *home.rglob("*"))  # before they are seen: it changes their ctime
        for name in ("a.jpg", "b.jpg", "closed/c.jpg"):
            maker.place(f"originals/{Path(name).name}", maker.seen(root, self.top, name))
        maker.db.execute("UPDATE root SET host = ?", (host(),))
        maker.publish()
        maker.close()
        give_away(*home.glob("catalog.db*"))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`mediafs` as this user."""
        home = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            [sys.executable, "-m", "mediafs", "--catalog", str(self.home / "catalog.db"), *arguments],
            check=False, capture_output=True, text=True, env=home, cwd=Path(__file__).parents[2],
            user=NOBODY, group=NOBODY, extra_groups=[],
        )  # fmt: skip

    def photo(self, name: str) -> Path:
        return self.at / "originals" / name


@pytest.fixture
def account() -> Iterator[Account]:
    with reachable_folder() as home:
        yield Account(home)


def give_away(*paths: Path) -> None:
    for path in paths:
        os.chown(path, NOBODY, NOBODY)


def may_mount(account: Account, config: str) -> None:
    """Let every user of these mounts use FUSE, under this /etc/fuse.conf, and this Python."""
    own = account.home / "system"
    new_folder(own)
    for number, needed in enumerate((sys.base_prefix, sys.prefix, Path(__file__).parents[2])):
        make_reachable(Path(needed).resolve(), own / str(number))
    os.mknod(own / "fuse", stat.S_IFCHR, os.stat("/dev/fuse").st_rdev)
    (own / "fuse").chmod(0o666)
    (own / "fuse.conf").write_text(config)
    subprocess.run(["mount", "--bind", own / "fuse", "/dev/fuse"], check=True)
    subprocess.run(["mount", "--bind", own / "fuse.conf", FUSE_CONF], check=True)


def make_reachable(needed: Path, aside: Path) -> None:
    """Put an open folder in place of the one that keeps others from it, with `needed` in it."""
    closed = next((f for f in reversed(needed.parents) if not f.stat().st_mode & 0o001), None)
    if closed is not None:
        aside.mkdir()
        subprocess.run(["mount", "--bind", closed, aside], check=True)
        new_folder(closed)
        needed.mkdir(parents=True)
        inside = aside / needed.relative_to(closed)
        subprocess.run(["mount", "--bind", inside, needed], check=True)


def new_folder(at: Path) -> None:
    at.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", at], check=True)


def in_a_mount(account: Account, config: str, *options: str, ask):
    """What `ask` gives while the user's mount stands, and what mounting said."""

    def alone():
        may_mount(account, config)
        said = account.run("mount", *options, str(account.at))
        try:
            return said.returncode, said.stderr, None if said.returncode else ask()
        finally:
            if not said.returncode:
                assert account.run("umount", str(account.at)).returncode == 0

    try:
        return with_own_mounts(alone)
    except (subprocess.CalledProcessError, PermissionError) as exc:
        pytest.skip(f"no mounts of its own can be had here: {exc}")


def outcome(photo: Path, uid: int) -> bytes | str:
    try:
        return as_user(photo.read_bytes, uid, uid)
    except OSError as exc:
        return type(exc).__name__


def test_it_is_closed_to_everybody_else_even_to_root(account):
    def ask():
        photo = account.photo("a.jpg")
        return [outcome(photo, uid) for uid in (NOBODY, SOMEBODY, 0)]

    code, _, outcomes = in_a_mount(account, "", ask=ask)

    assert code == 0
    assert outcomes == [b"a.jpg", "PermissionError", "PermissionError"]


def test_others_are_refused_where_the_machine_does_not_let_users_let_them_in(account):
    config = "#user_allow_other\n"

    code, said, _ = in_a_mount(account, config, "-o", "allow_other", ask=lambda: None)

    assert code != 0
    assert len(said.splitlines()) == 1
    assert "user_allow_other" in said
    assert "/etc/fuse.conf" in said


def test_others_see_what_the_sources_let_them_and_the_user_is_told(account):
    def ask():
        names = ("a.jpg", "b.jpg", "c.jpg")
        return {
            uid: [outcome(account.photo(name), uid) for name in names]
            for uid in (NOBODY, SOMEBODY, 0)
        }

    code, said, outcomes = in_a_mount(
        account, "user_allow_other\n", "-o", "allow_other", ask=ask
    )  # fmt: skip

    everything = [b"a.jpg", b"b.jpg", b"closed/c.jpg"]
    assert code == 0
    assert outcomes[NOBODY] == outcomes[0] == everything
    assert outcomes[SOMEBODY] == [b"a.jpg", "PermissionError", "PermissionError"]
    assert len(said.splitlines()) == 1
    assert "1 file lies below folders closed to others" in said
    assert str(account.top / "closed") in said
