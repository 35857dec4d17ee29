"""Which files each view shows, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import digest, view_file

from indexer.model import Role, ShotId
from mediafs.views import (
    by_date,
    by_device,
    by_source,
    duplicates,
    edits,
    originals,
    quarantine,
    unknown_time,
)
from mediafs.views.bundle import Library, ViewShot
from mediafs.views.namer import Namer
from mediafs.views.publish import VIEWS, placements

if TYPE_CHECKING:
    from indexer.catalog.viewed import ViewFile


def member(name: str, number: int, role: Role, **changes: object) -> ViewFile:
    return view_file(name, number, role=role, shot=ShotId(1), **changes)


def shot(*members: ViewFile, day: str | None = "2019-07-14", **changes: object) -> ViewShot:
    unknown = None if day else "no-tag"
    device = str(changes.get("device", "Apple iPhone 12"))
    return ViewShot(ShotId(1), members or (view_file(),), day, unknown, device)


def library(*shots: ViewShot, loose: tuple[ViewFile, ...] = (), raw: str = "beside") -> Library:
    return Library(shots, loose, raw)


def shown(bundles) -> list[tuple[str, list[str]]]:
    return [(b.directory, [f.name.decode() for f in b.files]) for b in bundles]


def tree(of: Library) -> set[str]:
    found = [f"{p.directory.decode()}/{p.name.decode()}" for p in placements(of, Namer([]))]
    assert len(set(found)) == len(found), "two files under one name"
    return set(found)


HEIC = member("IMG_1.HEIC", 1, Role.ORIGINAL)
MOV = member("IMG_1.MOV", 2, Role.LIVE_VIDEO, of_file=1)
JPG = member("IMG_1.JPG", 3, Role.RAW_COMPANION, of_file=1)
EDIT = member("IMG_E1.JPG", 4, Role.EDIT, of_file=1)
AAE = member("IMG_1.AAE", 5, Role.SIDECAR, of_file=1)
COPY = member("IMG_1 (1).HEIC", 6, Role.IDENTICAL, blake3=digest(1), of_file=1)
SMALL = member("small.jpg", 7, Role.RESIZED, of_file=1)
EVERYTHING = shot(HEIC, MOV, JPG, EDIT, AAE, COPY, SMALL)


def test_by_date_shows_what_a_person_looks_at_and_no_copies():
    assert shown(by_date.view(library(EVERYTHING))) == [
        ("by-date/2019/2019-07-14", ["IMG_1.HEIC", "IMG_1.MOV", "IMG_1.JPG"]),
        ("by-date/2019/2019-07-14", ["IMG_E1.JPG"]),
    ]


def test_by_date_shows_nothing_without_a_date():
    assert shown(by_date.view(library(shot(day=None)))) == []


def test_originals_show_what_to_back_up():
    assert shown(originals.view(library(EVERYTHING))) == [
        ("originals/2019/2019-07-14", ["IMG_1.HEIC", "IMG_1.MOV", "IMG_1.JPG", "IMG_1.AAE"])
    ]


def test_a_raw_companion_may_be_wanted_as_a_duplicate():
    wanted = library(shot(HEIC, JPG), raw="duplicate")

    assert shown(originals.view(wanted)) == [("originals/2019/2019-07-14", ["IMG_1.HEIC"])]
    assert "duplicates/raw-companion/2019/2019-07-14 IMG_1/IMG_1.JPG" in tree(wanted)


def test_undated_originals_are_in_originals_too():
    assert shown(originals.view(library(shot(day=None)))) == [
        ("originals/unknown-time", ["IMG_0001.JPG"])
    ]


def test_a_sidecar_without_its_picture_is_kept():
    orphan = view_file("x.AAE", 9, shot=None, role=None)

    assert shown(originals.view(library(loose=(orphan,)))) == [
        ("originals/unknown-time", ["x.AAE"])
    ]


def test_equal_sidecars_without_their_pictures_are_one_original_and_its_duplicates():
    one = view_file("x.AAE", 8, shot=None, role=None, blake3=digest(8))
    other = view_file("y.AAE", 9, shot=None, role=None, blake3=digest(8))

    found = tree(library(loose=(one, other)))
    assert {path for path in found if not path.startswith("by-source")} == {
        "originals/unknown-time/x.AAE",
        "duplicates/identical/unknown-time/x/x.AAE",
        "duplicates/identical/unknown-time/x/y.AAE",
    }


def test_what_is_no_photograph_is_in_by_source_alone():
    notes = view_file("notes.txt", 9, shot=None, role=None)

    assert tree(library(loose=(notes,))) == {"by-source/photos/notes.txt"}


def test_duplicates_show_the_kept_file_with_what_it_stands_for():
    found = {path for path in tree(library(EVERYTHING)) if path.startswith("duplicates")}

    assert found == {
        "duplicates/identical/2019/2019-07-14 IMG_1/IMG_1.HEIC",
        "duplicates/identical/2019/2019-07-14 IMG_1/IMG_1 (1).HEIC",
        "duplicates/resized/2019/2019-07-14 IMG_1/IMG_1.HEIC",
        "duplicates/resized/2019/2019-07-14 IMG_1/small.jpg",
    }


def test_a_shot_without_copies_has_no_duplicates():
    assert duplicates.groups(shot(HEIC, MOV, JPG, EDIT, AAE), "beside") == []


def test_the_second_of_two_equal_edits_is_a_duplicate_of_the_first():
    again = member("IMG_E1 copy.JPG", 8, Role.EDIT, blake3=digest(4), of_file=4)

    [group] = duplicates.groups(shot(HEIC, EDIT, again), "beside")
    assert (group.reason, group.kept, group.others) == ("identical", EDIT, (again,))


def test_a_damaged_member_is_no_duplicate():
    broken = member("IMG_1.JPG", 8, Role.REENCODED, damage="truncated", of_file=1)

    assert duplicates.groups(shot(HEIC, broken), "beside") == []


def test_a_name_of_255_bytes_may_have_duplicates():
    long = member("x" * 250 + ".HEIC", 1, Role.ORIGINAL)
    copy = member("y" * 250 + ".HEIC", 2, Role.IDENTICAL, blake3=digest(1), of_file=1)

    names = {part for path in tree(library(shot(long, copy))) for part in path.split("/")}
    assert max(map(len, names)) == 255


def test_unknown_times_stand_under_their_reason():
    assert shown(unknown_time.view(library(shot(day=None)))) == [
        ("unknown-time/no-tag", ["IMG_0001.JPG"])
    ]


def test_edits_stand_by_the_day_of_their_shot():
    assert shown(edits.view(library(EVERYTHING))) == [("edits/2019/2019-07-14", ["IMG_E1.JPG"])]


@pytest.mark.parametrize(("day", "folder"), [("2019-07-14", "2019-07"), (None, "unknown-time")])
def test_shots_stand_under_their_camera_by_month(day, folder):
    assert shown(by_device.view(library(shot(HEIC, day=day)))) == [
        (f"by-device/Apple iPhone 12/{folder}", ["IMG_1.HEIC"])
    ]


def test_one_camera_that_is_written_in_two_ways_has_one_folder():
    shots = [
        shot(view_file(f"IMG_{i}.JPG", i), device=name)
        for i, name in enumerate(("samsung SM-G900", "SAMSUNG SM-G900"), 1)
    ]
    folders = {p.split("/")[1] for p in tree(library(*shots)) if p.startswith("by-device")}

    assert folders == {"samsung SM-G900"}


@pytest.mark.parametrize(
    ("make", "model", "name"),
    [
        ("Canon", "Canon EOS 6D", "Canon EOS 6D"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        (None, "iPhone 12", "iPhone 12"),
        ("Apple", None, "Apple"),
        (None, None, "unknown device"),
        ("\xa0", "X", "\xa0 X"),
    ],
)
def test_a_device_is_named_as_people_name_it(make, model, name):
    assert by_device.device_name(make, model) == name


def test_by_source_shows_every_file_where_it_lies():
    files = (view_file(b"caf\xe9\n", 9, shot=None, folder=b"a/b"),)

    [placed] = by_source.placed(library(loose=files))
    assert (placed.directory, placed.name) == (b"by-source/photos/a/b", b"caf\xe9\n")


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("a.jpg", {}, None),
        ("a.jpg", {"damage": "truncated"}, "truncated"),
        ("a.jpg", {"state": "unreadable", "blake3": None}, "unreadable"),
        ("a.jpg", {"extension": "png"}, "wrong-extension"),
        ("a.JPEG", {"extension": "jpg"}, None),
        ("jpg", {"extension": "png"}, None),
        ("a.2019", {"extension": "jpg"}, None),
    ],
)
def test_what_cannot_be_trusted_is_kept_apart_by_its_reason(name, changes, reason):
    assert quarantine.why(view_file(name, **changes)) == reason


def test_halves_and_sidecars_keep_the_stem_of_their_shot():
    one = shot(member("IMG_1.HEIC", 1, Role.ORIGINAL), member("film.MOV", 2, Role.LIVE_VIDEO))
    found = tree(library(one))

    assert "originals/2019/2019-07-14/IMG_1.MOV" in found


def test_a_sidecar_that_names_its_files_ending_keeps_that_form():
    json = member("IMG_1.HEIC.json", 9, Role.SIDECAR, of_file=1)

    assert "originals/2019/2019-07-14/IMG_1.HEIC.json" in tree(library(shot(HEIC, json)))


def test_equal_sidecars_of_two_shots_of_a_day_are_both_shown():
    shots = [
        shot(
            member(f"IMG_{i}.HEIC", i, Role.ORIGINAL),
            member(f"IMG_{i}.AAE", 10 + i, Role.SIDECAR, blake3=digest(99), of_file=i),
        )
        for i in (1, 2)
    ]
    day = "originals/2019/2019-07-14"

    assert {f"{day}/IMG_1.AAE", f"{day}/IMG_2.AAE"} <= tree(library(*shots))


def test_the_views_are_those_that_are_promised():
    assert VIEWS == (
        "by-date",
        "originals",
        "duplicates",
        "unknown-time",
        "edits",
        "by-device",
        "by-source",
        "quarantine",
    )
