"""Units for systemd: names and words by its rules, and its own word that they are right."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediafs.service import units
from mediafs.service.escape import command_line, escaped_path, quoted, unit_name
from mediafs.service.fstab import line, ours
from mediafs.service.units import Service

needs_escape = pytest.mark.skipif(
    shutil.which("systemd-escape") is None, reason="systemd-escape is not here"
)


def _can_verify() -> bool:
    """Whether systemd's errors can be told from those of units that ours name: from 250 on."""
    if shutil.which("systemd-analyze") is None:
        return False
    helps = subprocess.run(
        ["systemd-analyze", "--help"], capture_output=True, text=True, check=False
    )
    return "--recursive-errors" in helps.stdout


needs_analyze = pytest.mark.skipif(
    not _can_verify(), reason="systemd-analyze is not here or older than 250"
)

NASTY = "/mnt/my ph'otos %h $HOME ${HOME} \\x20 \" ; #\t\n é"
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
PATHS = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=20),
    max_size=4,
).map(lambda parts: "/" + "/".join(part for part in parts if part not in {".", ".."}))


# ---------------------------------------------------------------------------- words


def split(text):
    """The words of a command line as systemd.service(5) tells it, nothing expanded."""
    words, rest = [], text
    while rest := rest.lstrip(" "):
        if rest[0] == '"':
            word, rest = inside(rest[1:])
            assert rest[:1] in {"", " "}, "a quote ends a word"
        else:
            word, _, rest = rest.partition(" ")
            assert not set(word) & set("\\\"'"), word
        words.append(word)
    return words


def inside(text):
    word, place = "", 0
    while text[place] != '"':
        if text[place] == "\\":
            if text[place + 1] == "x":
                word += chr(int(text[place + 2 : place + 4], 16))
                place += 4
                continue
            assert text[place + 1] in '\\"'
            place += 1
        word += text[place]
        place += 1
    return word, text[place + 1 :]


@given(words=st.lists(WORDS, min_size=1, max_size=5))
def test_a_command_line_is_read_as_the_words_that_were_meant(words):
    program, *arguments = split(command_line("/usr/bin/mediafs", *words))

    assert program == "/usr/bin/mediafs"
    assert [word.replace("%%", "%").replace("$$", "$") for word in arguments] == words
    assert all(word.count("%") % 2 == word.count("$") % 2 == 0 for word in arguments)


def test_a_word_that_stands_for_something_is_quoted():
    assert quoted(";") == '";"'
    assert quoted("") == '""'
    assert quoted("/plain/path") == "/plain/path"


@pytest.mark.parametrize("text", ["caf\udce9", "a\0b"])
def test_what_systemd_cannot_hold_is_refused(text):
    with pytest.raises(ValueError):
        quoted(text)


# ---------------------------------------------------------------------------- names


def test_a_units_name_tells_of_the_path():
    assert unit_name("mediafs-mount-", "/mnt/my photos/", ".service") == (
        "mediafs-mount-mnt-my\\x20photos.service"
    )
    assert escaped_path("/") == "-"
    assert escaped_path("/.hidden/a-b") == "\\x2ehidden-a\\x2db"


def test_a_name_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="too long"):
        unit_name("mediafs-mount-", "/" + "a" * 250, ".service")


@needs_escape
@given(paths=st.lists(PATHS.filter(lambda path: "\n" not in path), min_size=1, max_size=20))
def test_paths_are_escaped_as_systemd_does_it(paths):
    asked = subprocess.run(
        ["systemd-escape", "--path", "--", *paths], capture_output=True, check=False
    )

    if asked.returncode == 0:  # it refuses some that we let systemd itself refuse
        said = asked.stdout.decode().rstrip("\n").split(" ")
        assert [escaped_path(path) for path in paths] == said


# ---------------------------------------------------------------------------- whole units


def everything(service, mountpoint):
    return {
        units.mount_name(mountpoint): units.mount(service, mountpoint, "allow_other,umask=022"),
        units.WATCH: units.watcher(service),
        units.REINDEX: units.reindex(service),
        units.TIMER: units.timer("hourly"),
    }


@needs_analyze
@pytest.mark.parametrize("is_system", [False, True], ids=["user", "system"])
@pytest.mark.parametrize("mountpoint", ["/mnt/photos", NASTY])
def test_systemd_finds_nothing_wrong_with_them(tmp_path, is_system, mountpoint):
    program = tmp_path / "a b$c%d é" / "mediafs"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    service = Service(
        str(program), NASTY + "/catalog.db", {"MEDIAFS_CONFIG": NASTY}, is_system=is_system,
        user="root" if is_system else None,
    )  # fmt: skip
    files = []
    for name, text in everything(service, mountpoint).items():
        files.append(tmp_path / name)
        files[-1].write_text(text, "utf-8")

    scope = [] if is_system else ["--user"]
    said = subprocess.run(
        ["systemd-analyze", "verify", *scope, "--man=no", "--recursive-errors=no", *files],
        capture_output=True, text=True, check=False,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip

    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@needs_analyze
def test_systemd_would_have_found_something(tmp_path):
    """What the test above believes in."""
    file = tmp_path / "mediafs-watch.service"
    service = Service("/no/such/mediafs", "/catalog.db")
    file.write_text(units.watcher(service).replace("Type=notify", "Type=nonsense"), "utf-8")

    said = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", file],
        capture_output=True, text=True, check=False,
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip

    assert "nonsense" in said.stderr


def test_nothing_takes_from_a_mount_what_fusermount_and_its_readers_need():
    """Setuid, and the namespace of everybody else: systemd.exec(5) tells what each implies."""
    text = units.mount(Service("/usr/bin/mediafs", "/catalog.db"), "/mnt/photos")

    settings = {line.partition("=")[0] for line in text.splitlines()}
    assert not {
        name
        for name in settings
        if name.startswith(("NoNew", "Private", "Protect", "Restrict", "SystemCall", "Memory"))
    } - {"RestartPreventExitStatus"}


# ---------------------------------------------------------------------------- fstab


def test_a_line_of_fstab_is_six_fields_whatever_the_paths():
    made = line("/home/me/my catalog.db", NASTY, "allow_other,uid=1000")

    fields = made.split(" ")
    assert len(fields) == 6
    assert fields[0] == "/home/me/my\\040catalog.db"
    assert undone(fields[1]) == NASTY
    assert fields[2:] == [
        "mediafs", "ro,allow_other,uid=1000,_netdev,nofail,x-systemd.automount", "0", "0",
    ]  # fmt: skip


def undone(field):
    first, *rest = field.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)


def test_of_mounts_options_only_those_for_us_are_left():
    said = "rw,noexec,user=me,x-systemd.automount,nofail,_netdev,allow_other,uid=5,comment=a,odd"

    assert ours(said) == ["allow_other", "uid=5", "odd"]
