"""`mediafs service`: what it writes where, that it can be repeated, and that it really runs."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess

import pytest

needs_systemctl = pytest.mark.skipif(
    shutil.which("systemctl") is None, reason="systemd is not here"
)


@pytest.fixture
def at(tmp_path):
    (tmp_path / "mount here").mkdir()
    return tmp_path / "mount here"


def written(mediafs):
    folder = mediafs.home / "config" / "systemd" / "user"
    return {path.name: path.read_text("utf-8") for path in folder.glob("*")}


def kinds(mediafs):
    return {name if "mount" not in name else "the mount" for name in written(mediafs)}


def command(text, which="ExecStart"):
    """What systemd would start, for a unit without anything odd in it."""
    (line,) = (one for one in text.splitlines() if one.startswith(f"{which}="))
    return shlex.split(line.partition("=")[2].lstrip("-"))


@needs_systemctl
def test_units_are_written_once_and_said_what_to_do_with(home, at):
    first = home("service", "install", at)
    second = home("service", "install", at)

    assert kinds(home) == {"the mount", "mediafs-watch.service"}
    assert first.out.count("Wrote ") == 2
    assert "systemctl --user enable --now 'mediafs-mount-" in first.out
    assert "loginctl enable-linger" in first.out
    assert "Everything is as it was written before." in second.out


@needs_systemctl
def test_a_timer_takes_the_watchers_place_and_the_other_way_round(home, at):
    home("service", "install", at)
    home("service", "install", "--timer", "*:0/15")
    assert kinds(home) == {"the mount", "mediafs-reindex.service", "mediafs-reindex.timer"}
    assert "OnCalendar=*:0/15" in written(home)["mediafs-reindex.timer"]

    ran = home("service", "install")

    assert kinds(home) == {"the mount", "mediafs-watch.service"}
    assert ran.out.count("Removed ") == 2


@needs_systemctl
def test_uninstall_takes_away_what_is_ours_alone(home, at):
    home("service", "install", at)
    folder = home.home / "config" / "systemd" / "user"
    (folder / "mediafs-mine.service").write_text("[Unit]\n", "utf-8")

    home("service", "uninstall")

    assert set(written(home)) == {"mediafs-mine.service"}
    assert "No unit of mediafs" in home("service", "uninstall").out


@needs_systemctl
def test_a_unit_that_somebody_else_wrote_is_not_touched(home):
    folder = home.home / "config" / "systemd" / "user"
    folder.mkdir(parents=True)
    (folder / "mediafs-watch.service").write_text("[Unit]\n", "utf-8")

    ran = home("service", "install", code=3)

    assert "was not written by mediafs" in ran.sentence
    assert written(home) == {"mediafs-watch.service": "[Unit]\n"}


def test_a_dry_run_prints_the_units_and_writes_nothing(home, at):
    ran = home("service", "install", at, "--dry-run")

    assert ran.out.count("[Service]") == 2
    assert not written(home)


def test_what_the_environment_said_is_written_down(home):
    ran = home("service", "install", "--dry-run", env={"MEDIAFS_JOBS": "2", "MEDIAFS_X": "a b"})

    assert "Environment=MEDIAFS_JOBS=2\n" in ran.out
    assert 'Environment="MEDIAFS_X=a b"\n' in ran.out
    assert f"Environment=XDG_STATE_HOME={home.state}\n" in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("/nowhere/at/all",), 30, "make it with `mkdir"),
        (("-o", "allow_nobody"), 3, "is not known"),
        (("--dry-run", b"/tmp/caf\xe9"), 3, "it must be UTF-8"),
        (("--fstab",), 3, "Name the mount point too"),
        (("--dry-run", "--timer", ""), 3, "tells systemd no times"),
        (("--dry-run", "--timer", "hourly\nExecStart=/x"), 3, "tells systemd no times"),
    ],
)
def test_what_would_fail_at_the_next_boot_is_refused_now(home, arguments, code, says):
    if shutil.which("systemctl") is None and code == 30:
        pytest.skip("systemd is not here")

    assert says in home("service", "install", *arguments, code=code).sentence


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_times_that_systemd_does_not_understand_are_refused(home):
    ran = home("service", "install", "--dry-run", "--timer", "now and then", code=3)

    assert "tells systemd no times" in ran.sentence


def test_service_alone_says_in_one_sentence_that_something_is_missing(home):
    assert home("service", code=3).sentence.startswith("mediafs: Missing command")


@needs_systemctl
def test_a_service_without_a_catalog_is_refused(mediafs):
    ran = mediafs("service", "install", code=10)

    assert "There is no catalog at" in ran.sentence


def test_where_there_is_no_systemd_one_sentence_says_so(home, tmp_path):
    ran = home("service", "install", env={"PATH": str(tmp_path)}, code=3)

    assert "This machine has no systemd" in ran.sentence


@needs_systemctl
def test_status_lists_what_is_installed(home, at):
    assert "Nothing is installed" in home("service", "status").out
    home("service", "install", at)

    said = home("service", "status").out

    assert "mediafs-watch.service: " in said
    assert "journalctl --user -u 'mediafs-*'" in said


@pytest.mark.mounted
@needs_systemctl
def test_the_mounts_unit_really_mounts_and_ends(home, at, tmp_path, wait):
    """Its own command line, with nothing in the environment but what it names and HOME."""
    home._mounts.append(at)  # taken away whatever happens
    home("service", "install", at, "-o", "umask=077")
    (text,) = (text for name, text in written(home).items() if "mount" in name)
    env = {"PATH": os.defpath, "HOME": str(home.home)} | dict(
        shlex.split(line.partition("=")[2])[0].split("=", 1)
        for line in text.splitlines()
        if line.startswith("Environment=")
    )
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(address))
        listening.settimeout(30)
        started = command(text)
        process = subprocess.Popen(started, env=env | {"NOTIFY_SOCKET": str(address)})
        try:
            said = listening.recv(100)
            listed = {path.name for path in at.iterdir()}
            subprocess.run(command(text, "ExecStop"), env=env, check=True)
            code = process.wait(30)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)

    assert said == b"READY=1"
    assert {"originals", "by-date", "README.txt"} <= listed
    assert code == 0
    assert not os.path.ismount(at)


@needs_systemctl
def test_the_timers_unit_really_reindexes(home, photos):
    home("service", "install", "--timer", "daily")
    started = command(written(home)["mediafs-reindex.service"])
    assert started[-4:] == ["reindex", "--quiet", "--settle", "10"]
    photos.jpeg("second.jpg")

    done = subprocess.run(started, env=home.env, check=True, capture_output=True, text=True)

    assert "1 file was perhaps still being written" in done.stdout
