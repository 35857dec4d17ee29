"""The sources are untouched, proved from outside: bytes, names, modes, and every time.

Access times too: they are set to long before the mtimes, so that the kernel would renew them at
the first read that does not ask it to leave them (relatime).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from indexer.metadata.exiftool import ExifToolSession

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "media"
LONG_AGO_NS = 10**18  # 2001
TIMES_AND_MODES = (
    "st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size",
    "st_atime_ns", "st_mtime_ns", "st_ctime_ns",
)  # fmt: skip


class Witness:
    """What a tree was like before anybody looked at it, and whether it is so still."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._paths = [Path(folder, name) for folder, inner, names in os.walk(top)
                       for name in ("", *inner, *names)]  # fmt: skip
        self._digests = self._now()
        for path in sorted(self._paths, reverse=True):
            mtime_ns = path.lstat().st_mtime_ns
            os.utime(path, ns=(LONG_AGO_NS, mtime_ns), follow_symlinks=False)
        self._before = self._facts()
        self.files = len(self._digests)

    def differences(self) -> list[str]:
        """Each path and fact that is other than before; asks in an order that disturbs nothing."""
        now = self._facts()
        found = [
            f"{path}: {name} {old} -> {new}"
            for path in self._paths
            for name, old, new in zip(TIMES_AND_MODES, self._before[path], now[path], strict=True)
            if old != new
        ]
        found += [f"{path}: other bytes" for path, digest in self._now().items()
                  if self._digests[path] != digest]  # fmt: skip
        names = {Path(folder, name) for folder, inner, names in os.walk(self._top)
                 for name in ("", *inner, *names)}  # fmt: skip
        return found + [str(path) for path in names ^ set(self._paths)]

    def _facts(self) -> dict[Path, tuple[int, ...]]:
        return {
            path: tuple(getattr(path.lstat(), name) for name in TIMES_AND_MODES)
            for path in self._paths
        }

    def _now(self) -> dict[Path, str]:
        return {
            path: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self._paths
            if stat.S_ISREG(path.lstat().st_mode)
        }


@pytest.fixture(params=["library", "corpus"])
def sources(request, tmp_path, indexed):
    if request.param == "corpus" and not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    chosen = CORPUS if request.param == "corpus" else indexed.library.root
    shutil.copytree(chosen, tmp_path / "sources", symlinks=True)
    subprocess.run(["chmod", "-R", "u+w", tmp_path / "sources"], check=True)
    return tmp_path / "sources"


def test_this_disk_would_tell_of_a_read(tmp_path):
    """Otherwise the tests below prove nothing about access times."""
    path = tmp_path / "a"
    path.write_bytes(b"a")
    os.utime(path, ns=(LONG_AGO_NS, path.stat().st_mtime_ns))
    path.read_bytes()
    if path.stat().st_atime_ns == LONG_AGO_NS:
        pytest.skip("mounted noatime: access times prove nothing here")


def test_indexing_leaves_no_trace(mediafs, sources):
    witness = Witness(sources)
    mediafs("index", sources, code=2)
    mediafs("index", sources)
    mediafs("index", "--dry-run", sources)

    assert witness.differences() == []


@pytest.mark.parametrize("sources", ["library"], indirect=True)
def test_looking_at_every_file_through_every_command_leaves_no_trace(mediafs, sources):
    witness = Witness(sources)
    mediafs("index", sources, code=2)
    for command in ("status", "shots", "dupes", "check", "reindex"):
        mediafs(command)
    mediafs("explain", mediafs.shots()[0]["original"])

    assert witness.differences() == []


@pytest.mark.mounted
def test_reading_everything_through_the_mount_leaves_no_trace(mediafs, sources, tmp_path):
    witness = Witness(sources)
    mediafs("index", sources, code=2)
    at = mediafs.mount(tmp_path / "at")
    read = 0
    for folder, _, names in os.walk(at):
        for name in names:
            path = Path(folder, name)
            assert len(path.read_bytes()) == path.stat().st_size
            for attribute in os.listxattr(path):
                os.getxattr(path, attribute)
            read += 1
    subprocess.run(["tar", "cf", "/dev/null", "-C", at, "originals"], check=True)
    mediafs("umount", at)

    assert read > witness.files
    assert witness.differences() == []


def test_sources_that_may_not_be_written_at_all_are_indexed(plain, photos):
    photos.jpeg("a/b.jpg")
    photos.movie("a/c.mov")
    for path in (*photos.files(), photos.folder / "a", photos.folder):
        path.chmod(0o444 if path.is_file() else 0o555)

    assert plain.index(photos.folder)["new"] == 2


def test_sources_of_somebody_else_are_indexed(mediafs, photos):
    """O_NOATIME is the owner's to ask for; others read without it."""
    photos.jpeg("a/b.jpg")
    photos.movie("a/c.mov")
    try:
        for path in (*photos.files(), photos.folder / "a", photos.folder):
            os.chown(path, 12345, 12345)
    except PermissionError:
        pytest.skip("only root gives files away")
    mediafs.prefix = ("setpriv", "--bounding-set=-fowner", "--inh-caps=-all", "--")
    said = mediafs.index(photos.folder)

    assert (said["new"], said["failed"]) == (2, 0)
    assert all(shot["captured"]["local"] for shot in mediafs.shots())


# ---------------------------------------------------------------------------- ExifTool alone


@pytest.fixture
def ask():
    with ExifToolSession() as session:
        yield lambda *paths: session.ask([os.fsencode(path) for path in paths])


def test_exiftool_leaves_no_access_time(ask, photos):
    paths = [photos.jpeg("a.jpg"), photos.heic("b.heic"), photos.movie("c.mov")]
    witness = Witness(photos.folder)
    assert all(answer.raw for answer in ask(*paths))

    assert witness.differences() == []


def test_exiftool_never_writes_or_runs_whatever_it_is_told(photos, tmp_path):
    """Its Open, asked for what we never ask: to write, to append, to run."""
    path = photos.jpeg("a.jpg")
    before = path.read_bytes()
    config = Path(__file__).parents[2] / "indexer" / "metadata" / "read_only.pl"
    program = (
        f"BEGIN {{ $Image::ExifTool::configFile = '{config}' }} use Image::ExifTool;\n"
        "my ($tool, $path, $run) = (Image::ExifTool->new, @ARGV);\n"
        "foreach my $mode ('>', '>>', '+<', '+>') {\n"
        '    print "$mode opened\\n" if $tool->Open(\\*FH, $path, $mode);\n'
        "}\n"
        "$$tool{TRUST_PIPE} = 1;\n"
        'print "pipe opened\\n" if $tool->Open(\\*FH, $run);\n'
        "my $bytes = '';\n"
        "$tool->Open(\\*FH, $path) and binmode(FH) and seek(FH, 2, 0) and read(FH, $bytes, 2);\n"
        'print "read\\n" if $bytes eq "\\xff\\xe1";\n'
    )
    ran = subprocess.run(
        ["perl", *libraries(), "-e", program, path, f"touch {tmp_path}/executed |"],
        check=False, capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip

    assert (ran.stdout, ran.stderr) == ("read\n", "")
    assert path.read_bytes() == before
    assert not (tmp_path / "executed").exists()


def libraries() -> list[str]:
    """Where the Perl modules of a standalone ExifTool are; a packaged one's Perl finds alone."""
    script = os.environ.get("MEDIAFS_EXIFTOOL") or shutil.which("exiftool") or ""
    return ["-I", str(Path(os.path.realpath(script)).parent / "lib")]


def test_a_module_lying_in_the_current_folder_is_not_run(mediafs, photos):
    """ExifTool looks for modules in the current folder while it reads its config file."""
    photos.jpeg("a.jpg")
    for name in ("Fcntl", "Errno", "strict", "warnings"):
        photos.put(f"{name}.pm", b"open(F, '>executed'); 1;")
    mediafs("index", photos.folder, cwd=photos.folder)

    assert not (photos.folder / "executed").exists()


def test_an_exiftool_config_of_the_user_is_not_read(mediafs, photos):
    photos.jpeg("a.jpg")
    executed = mediafs.home / "executed"
    (mediafs.home / ".ExifTool_config").write_text(f"open(F, '>{executed}'); 1;")
    mediafs("index", photos.folder, cwd=mediafs.home)

    assert not executed.exists()
