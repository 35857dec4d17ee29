"""How a command starts: only what it needs is loaded; a mount that stays says what happens."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

FOR_READING = {"numpy", "PIL", "av", "rawpy", "pillow_heif", "imagehash"}
FOR_MOUNTING = {"trio", "pyfuse3"}
OTHERS = {"mediafs.update", "mediafs.watch", "mediafs.cli.doctor", "indexer.pipeline"}
FOR_BARS = {"rich", "mediafs.cli.bar"}


def loaded(mediafs, *arguments: str) -> set[str]:
    """The modules that a command loads."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "mediafs", "--catalog", mediafs.catalog,
         *arguments],
        check=True, capture_output=True, text=True, env=mediafs.env,
    )  # fmt: skip
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


@pytest.mark.parametrize(
    "arguments", [("status",), ("mount", "--help"), ("umount", "--help"), ("shots",)]
)
def test_a_command_loads_what_it_needs_alone(indexed, arguments):
    modules = loaded(indexed.mediafs, *arguments)

    assert "mediafs.cli" in modules
    assert not modules & (FOR_READING | FOR_MOUNTING | OTHERS)


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("shots",), ("log",), ("dupes",), ("umount", "--help"), ("decide", "--list"),
     ("reindex", "--quiet"), ("reindex", "--progress", "lines")],
    ids=" ".join,
)  # fmt: skip
def test_a_command_that_draws_no_bar_does_not_load_one(mediafs, photos, arguments):
    photos.jpeg("a.jpg")
    mediafs("index", photos.folder)

    assert not loaded(mediafs, *arguments) & FOR_BARS


def test_a_command_that_draws_a_bar_loads_it(mediafs, photos):
    mediafs("index", photos.folder)

    assert loaded(mediafs, "reindex", "--progress", "bar") >= FOR_BARS


def test_the_version_loads_no_command(mediafs):
    assert not {name for name in loaded(mediafs, "--version") if name.endswith(".cli.status")}


def test_help_lists_every_command_with_its_help(mediafs):
    from mediafs.cli import cli

    lines = mediafs("--help", is_named=False).out.splitlines()
    listed = dict(line.split(maxsplit=1) for line in lines[lines.index("Commands:") + 1 :])

    assert listed.keys() == cli.commands.keys()
    for name, help_line in listed.items():
        assert cli.commands[name].get_short_help_str(200).startswith(help_line.rstrip("."))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("mediafs st", "status"),
        ("mediafs mount --for", "--foreground"),
        ("mediafs --cat", "--catalog"),
    ],
)
def test_the_shell_completes_commands_and_their_options(mediafs, words, wanted):
    ran = mediafs(
        is_named=False,
        env={
            "_MEDIAFS_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        },
    )

    assert ran.out.split() == [f"plain,{wanted}"]


@pytest.mark.mounted
def test_a_mount_in_the_foreground_says_on_stderr_what_happens(indexed, tmp_path, heard):
    at = tmp_path / "at"
    at.mkdir()
    indexed.mediafs._mounts.append(at)  # taken away whatever happens
    process = indexed.mediafs.start("mount", "--foreground", at)
    heard(process, "INFO mediafs ")
    process.send_signal(signal.SIGTERM)
    ran = indexed.mediafs.finish(process)

    assert ran.code == 0
    said = ran.err.splitlines()
    assert said[0] == "INFO told to stop by SIGTERM"
    assert said[-1].startswith("INFO stopped and unmounted: ")
    assert ran.out == ""
