"""Whatever a file is called: its name in the tree is legal everywhere, and nobody else's."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from builders import digest, view_file
from hypothesis import given
from hypothesis import strategies as st
from strategies import names

from indexer.model import Role, ShotId
from indexer.paths import to_str
from mediafs.views import originals
from mediafs.views.bundle import Library, ViewShot
from mediafs.views.namer import Namer
from mediafs.views.names import component, fold_name, is_true, legal, split
from mediafs.views.publish import placements

_RESERVED = {
    *("CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"),
    *(f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"),
}


def faults(name: str) -> list[str]:
    """What some system has against a name: said here once more, in other words."""
    return [
        what
        for what, is_so in {
            "is empty": not name,
            "is too long": len(name.encode("utf-8")) > 255,
            "is not NFC": unicodedata.normalize("NFC", name) != name,
            "has a forbidden character": any(c in '<>:"/\\|?*' for c in name),
            "has a control character": any(unicodedata.category(c) in ("Cc", "Cs") for c in name),
            "ends in a dot or blank": name != name.rstrip(". "),
            "is a device of Windows": name.partition(".")[0].rstrip(" ").upper() in _RESERVED,
            "is a double of macOS": name.startswith("._"),
            "is no name": name in (".", ".."),
        }.items()
        if is_so
    ]


@given(names())
def test_any_name_becomes_a_legal_one(name):
    assert faults(legal(to_str(name))) == []


@given(names())
def test_a_legal_name_is_left_alone(name):
    once = legal(to_str(name))

    assert legal(once) == once


@given(names(), st.text(max_size=12))
def test_a_directory_named_after_anything_is_legal(name, day):
    assert faults(component(day + to_str(name))) == []


_ROLES = st.sampled_from([Role.LIVE_VIDEO, Role.EDIT, Role.SIDECAR, Role.IDENTICAL, Role.RESIZED])
_DAYS = st.sampled_from(["2019-07-14", "2019-07-15", None])
_KINDS = st.sampled_from([("picture", "jpg"), ("video", "mkv"), ("sidecar", "aae"), ("raw", "")])


@st.composite
def shot_lists(draw: st.DrawFn) -> list[ViewShot]:
    """Shots of one or two days whose files are called anything."""
    made, number = [], 0
    for i in range(1, draw(st.integers(1, 5)) + 1):
        members = []
        for _ in range(draw(st.integers(1, 4))):
            number += 1
            kind, extension = draw(_KINDS)
            role = draw(_ROLES) if members else Role.ORIGINAL
            file = view_file(draw(names()), number, kind=kind, extension=extension, shot=ShotId(i))
            file = replace(file, role=role, folder=b"%d" % number)
            if role is Role.IDENTICAL:
                file = replace(file, blake3=members[0].blake3)
            elif role is Role.SIDECAR and draw(st.booleans()):
                file = replace(file, blake3=digest(99), extension="aae")
            members.append(file)
        day = draw(_DAYS)
        made.append(ViewShot(ShotId(i), tuple(members), day, None if day else "no-tag", "X"))
    return sorted(made, key=lambda shot: shot.original.blake3)


@given(shot_lists())
def test_all_names_of_a_tree_are_legal_and_unique_to_systems_without_case(shots):
    wanted = list(placements(Library(shots, [], "beside"), Namer([])))
    ours = [p for p in wanted if not p.directory.startswith(b"by-source/")]

    for placed in ours:
        parts = [*placed.directory.decode().split("/"), placed.name.decode()]
        assert [fault for part in parts for fault in faults(part)] == []
    paths = {(p.directory + b"/" + p.name).decode().casefold(): p.file for p in ours}
    for placed in ours:
        assert paths[(placed.directory + b"/" + placed.name).decode().casefold()] == placed.file


@given(shot_lists())
def test_every_name_tells_the_true_type(shots):
    files = {file.file: file for shot in shots for file in shot.members}
    wanted = placements(Library(shots, [], "beside"), Namer([]))

    for placed in wanted:
        extension = files[placed.file].extension
        if extension and not placed.directory.startswith(b"by-source/"):
            assert is_true(placed.name.decode().rpartition(".")[2], extension)


@given(shot_lists())
def test_the_files_of_a_shot_stand_side_by_side_under_one_stem(shots):
    library = Library(shots, [], "beside")
    names: dict[tuple[str, int], list[str]] = {}
    for placed in placements(library, Namer([])):
        where = placed.directory.decode("utf-8", "surrogateescape"), placed.file
        names.setdefault(where, []).append(fold_name(placed.name.decode("utf-8", "replace")))

    for bundle in originals.view(library):
        lead, *beside = (names[bundle.directory, file.file] for file in bundle.files)
        first = bundle.files[0]
        _, suffix = split(to_str(first.name), first.extension)
        stem = lead[0].removesuffix(fold_name(legal(f"x{suffix}")).removeprefix("x"))
        # Two of one ending: the second's piece of a digest takes from a stem that is too long.
        stem = stem if len(stem.encode()) < 180 else stem[:40]
        assert all(any(name.startswith(stem) for name in own) for own in beside)
