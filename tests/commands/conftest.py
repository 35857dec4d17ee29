"""mediafs as a person runs it: a process, its exit code, what it prints and what it leaves.

Every command runs with a home of its own. Whatever catalog a test leaves must satisfy
`mediafs check`; no run may show a traceback.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import make_library
import pretend_camera
import pytest
from can_mount import check_can_mount
from waiting import PATIENCE_SECONDS, until

from indexer.catalog import open_reader, tree
from indexer.errors import FuseMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMAND = (sys.executable, "-m", "mediafs")
# Root without capabilities is an owner like any other.
WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.path.is_relative_to(Path(__file__).parent) and item.get_closest_marker("mounted"):
        try:
            check_can_mount()
        except FuseMissing as exc:
            pytest.skip(str(exc))


# ---------------------------------------------------------------------------- the command


@dataclass(frozen=True)
class Ran:
    """What one run of mediafs said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out.splitlines()[-1])

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def sentence(self) -> str:
        """The one line that an error is."""
        said = [line for line in self.err.splitlines() if line.startswith("mediafs: ")]
        assert len(said) == 1, self.err
        assert self.err.splitlines()[-1] == said[0]
        return said[0]


class Entry(NamedTuple):
    """A file of the tree: the same inode, source and bytes, or another file."""

    inode: int
    source: str
    blake3: str


class Mediafs:
    """One home, one catalog and the commands that are run with them."""

    def __init__(self, home: Path, prefix: tuple[str, ...] = ()) -> None:
        self.home = home
        self.catalog = home / "data" / "catalog.db"
        self.state = home / "state"
        self.prefix = prefix
        self._processes: list[subprocess.Popen[str]] = []
        self._unchecked: set[Path] = set()
        self._catalogs = {self.catalog}
        self._mounts: list[Path] = []
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MEDIAFS_", "XDG_"))
        } | {
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / "xdg-data"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "XDG_STATE_HOME": str(self.state),
            "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_RUNTIME_DIR": str(home / "run"),
        }

    def __call__(
        self,
        *arguments: str | bytes | Path,
        code: int | None = 0,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        catalog: Path | None = None,
        is_named: bool = True,
        command: tuple[str, ...] = COMMAND,
    ) -> Ran:
        """Run to the end; fail unless the exit code is this one (None: any)."""
        process = self.start(
            *arguments, env=env, cwd=cwd, catalog=catalog, is_named=is_named, command=command
        )
        ran = self.finish(process)
        if code is not None:
            assert ran.code == code, f"exit {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def start(
        self,
        *arguments: str | bytes | Path,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
        catalog: Path | None = None,
        is_named: bool = True,
        command: tuple[str, ...] = COMMAND,
    ) -> subprocess.Popen[str]:
        """Run in the background; the catalog is named by a flag unless that is what is tested."""
        self._catalogs.add(catalog or self.catalog)
        named = ("--catalog", catalog or self.catalog) if is_named else ()
        process = subprocess.Popen(
            [*self.prefix, *command, *named, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            env=self.env | (env or {}),
            cwd=cwd or self.home,
            process_group=0,
        )
        self._processes.append(process)
        return process

    def finish(self, process: subprocess.Popen[str]) -> Ran:
        with process:
            out, err = process.communicate(timeout=2 * PATIENCE_SECONDS)
        assert "Traceback" not in err, err
        assert "Exception ignored" not in err, err
        return Ran(process.returncode, out, err)

    def index(self, *arguments: str | bytes | Path, code: int | None = 0, **how: Any) -> Any:
        """What `index --json` says."""
        return self("index", "--json", *arguments, code=code, **how).json

    def mount(self, at: Path, **how: Any) -> Path:
        at.mkdir(exist_ok=True)
        self._mounts.append(at)
        self("mount", at, **how)
        return at

    def leaves_no_good_catalog(self, path: Path | None = None) -> None:
        """The test spoils this catalog; `check` is not asked about it."""
        self._unchecked.add(path or self.catalog)

    def tree(self, catalog: Path | None = None) -> dict[str, Entry]:
        """Every file of the tree by its path, from the catalog's tables."""
        db = open_reader(catalog or self.catalog)
        try:
            return dict(_files_below(db, tree.TREE_ROOT, ""))
        finally:
            db.close()

    def shots(self, catalog: Path | None = None) -> list[dict[str, Any]]:
        """Every shot without its number, in the order of its original's path."""
        found = self("shots", "--json", catalog=catalog).lines
        for shot in found:
            del shot["shot"]
        return sorted(found, key=lambda shot: shot["original"])

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            with process:  # closes its pipes
                pass
        try:
            for at in self._mounts:
                if at in mount_points():
                    self("umount", at)
        finally:  # nothing must stay mounted, also where `umount` is what is broken
            for at in self._mounts:
                if at in mount_points():
                    subprocess.run(["fusermount3", "-uz", at], check=True)
        for catalog in self._catalogs - self._unchecked:
            if catalog.exists():
                self("check", catalog=catalog)


def _files_below(db: Any, directory: Any, path: str) -> Iterator[tuple[str, Entry]]:
    after = 0
    while found := tree.listing(db, directory, after, 100):
        for entry in found:
            after = entry.cookie
            name = f"{path}/{os.fsdecode(entry.name)}".lstrip("/")
            below = tree.directory_of_inode(entry.attributes.inode)
            if below is not None:
                yield from _files_below(db, below, name)
                continue
            file = tree.file_of_inode(entry.attributes.inode)
            about = file and tree.about(db, file)
            assert about
            blake3 = about.blake3.hex() if about.blake3 else ""
            yield name, Entry(entry.attributes.inode, os.fsdecode(about.source), blake3)


@pytest.fixture
def mediafs(tmp_path: Path) -> Iterator[Mediafs]:
    (tmp_path / "home").mkdir()
    made = Mediafs(tmp_path / "home")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Mediafs]:
    """mediafs without privileges: modes count, as they do for everybody but root."""
    prefix = WITHOUT_PRIVILEGES if os.geteuid() == 0 else ()
    if prefix and subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        pytest.skip("setpriv cannot take root's privileges away here")
    (tmp_path / "home").mkdir()
    made = Mediafs(tmp_path / "home", prefix)
    try:
        yield made
    finally:
        for folder, _, _ in os.walk(tmp_path):
            os.chmod(folder, 0o700)
        made.close()


# ---------------------------------------------------------------------------- waiting


@pytest.fixture
def wait() -> Callable[[Callable[[], bool], str], None]:
    return until


@pytest.fixture
def heard() -> Callable[[subprocess.Popen[str], str], None]:
    """Read a process's stderr until a line begins like this."""

    def until(process: subprocess.Popen[str], start: str) -> None:
        assert process.stderr
        for line in process.stderr:
            if line.startswith(start):
                return
        pytest.fail(f"it ended without saying {start!r}")

    return until


def processes_of(home: Path) -> list[int]:
    """Every process that was started with this home, however it was started."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                if f"HOME={home}\0".encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
    return found


@pytest.fixture
def left_over() -> Callable[[Path], list[int]]:
    return processes_of


def mount_points() -> set[Path]:
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    return {Path(line.split()[4].replace("\\040", " ")) for line in lines}


# ---------------------------------------------------------------------------- photographs


class Photos:
    """Tiny real files in a folder, one line each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def put(self, name: str | bytes, data: bytes) -> Path:
        path = self.folder / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def jpeg(self, name: str | bytes, taken: str = "2019-07-14 16:02:11.48") -> Path:
        """A photograph; the same name and time make the same bytes."""
        return self.put(name, jpeg(os.fsdecode(name), taken))

    def heic(self, name: str) -> Path:
        shot, look = shot_of(name, pretend_camera.IPHONE)
        return self.put(name, pretend_camera.heic(look, pretend_camera.exif(shot)))

    def movie(self, name: str) -> Path:
        shot, look = shot_of(name, pretend_camera.IPHONE)
        return self.put(name, pretend_camera.iphone_movie(look, shot))

    def many(self, count: int) -> None:
        make_library.bulk(self.folder / "many", count)

    def files(self) -> list[Path]:
        """What `find -type f` finds."""
        found = subprocess.run(
            ["find", self.folder, "-type", "f", "-print0"], check=True, capture_output=True
        )
        return [Path(os.fsdecode(path)) for path in found.stdout.split(b"\0") if path]

    def state(self) -> dict[Path, tuple[object, ...]]:
        """All that a program could have changed: bytes, names, times, modes, owners."""
        return {
            path: _state(path)
            for folder, folders, files in os.walk(self.folder)
            for path in (Path(folder, name) for name in ("", *folders, *files))
        }


def _state(path: Path) -> tuple[object, ...]:
    info = path.lstat()
    digest = None
    if stat.S_ISREG(info.st_mode):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    kept = (info.st_mode, info.st_uid, info.st_gid, info.st_nlink, info.st_size, info.st_ino)
    return (*kept, info.st_mtime_ns, info.st_ctime_ns, digest)


def shot_of(name: str, camera: Any, taken: str = "2019-07-14 16:02:11.48") -> tuple[Any, Any]:
    name = os.fsencode(name).decode("utf-8", "backslashreplace")
    shot = pretend_camera.Shot(1, name, camera, datetime.fromisoformat(taken))
    return shot, pretend_camera.picture(1, name, (96, 64))


def jpeg(name: str, taken: str = "2019-07-14 16:02:11.48") -> bytes:
    shot, look = shot_of(name, pretend_camera.CANON, taken)
    return pretend_camera.camera_jpeg(look, pretend_camera.exif(shot))


@pytest.fixture
def photos(tmp_path: Path) -> Photos:
    return Photos(tmp_path / "photos")


@pytest.fixture
def make_photos(tmp_path: Path) -> Callable[[str], Photos]:
    """More folders of photographs."""
    return lambda name: Photos(tmp_path / name)


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str, str], Path]:
    """An executable file with this Python program."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!{sys.executable}\n{text}", "utf-8")
        path.chmod(0o755)
        return path

    return write


class Indexed(NamedTuple):
    """A library that has been indexed, to be looked at and not changed."""

    mediafs: Mediafs
    library: make_library.Library
    first: dict[str, Any]

    def path(self, name: str) -> Path:
        return self.library.root / name


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Indexed]:
    folder = tmp_path_factory.mktemp("indexed")
    library = make_library.make(folder / "library", size=(160, 120))
    (folder / "home").mkdir()
    made = Mediafs(folder / "home")
    try:
        yield Indexed(made, library, made.index(library.root, code=2))
    finally:
        made.close()


@pytest.fixture(scope="session")
def mounted(indexed: Indexed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The indexed library under a mount; `indexed` takes it away."""
    return indexed.mediafs.mount(tmp_path_factory.mktemp("mounted") / "at")


@pytest.fixture
def special(photos: Photos) -> Callable[[str], Path]:
    """A FIFO, a socket or a device where a photograph might be."""

    def make(kind: str) -> Path:
        path = photos.folder / f"{kind}.jpg"
        match kind:
            case "fifo":
                os.mkfifo(path)
            case "socket":
                with socket.socket(socket.AF_UNIX) as server:
                    server.bind(str(path))
            case "device":
                try:
                    os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero
                except PermissionError:
                    pytest.skip("only root makes devices")
        return path

    return make


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A tmpfs of this size; needs root."""
    made: list[Path] = []

    def make(size: str) -> Path:
        path = tmp_path / f"disk-{len(made)}"
        path.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "mediafs-test", path],
            check=False, capture_output=True,
        )  # fmt: skip
        if mounted.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {os.fsdecode(mounted.stderr).strip()}")
        made.append(path)
        return path

    try:
        yield make
    finally:
        for path in made:
            subprocess.run(["umount", path], check=True)


@pytest.fixture
def home(mediafs: Mediafs, photos: Photos) -> Mediafs:
    """A catalog of one photograph."""
    photos.jpeg("first.jpg")
    mediafs.index(photos.folder)
    return mediafs
