"""What the list of excludes keeps out, and what it lets in."""

from __future__ import annotations

import pytest

from indexer.scan.exclude import DEFAULTS, compile_excludes

DEFAULT = compile_excludes()


@pytest.mark.parametrize(
    "name",
    ["._IMG_1.JPG", ".DS_Store", "Thumbs.db", "THUMBS.DB", "Icon\r", "a.crdownload", "desktop.ini"],
)
def test_junk_is_excluded_whatever_its_case(name):
    assert DEFAULT.of_file(name) in DEFAULTS


@pytest.mark.parametrize(
    "name",
    ["IMG_1.JPG", "Icon", "IMG_1.AAE", "Thumbs.db.jpg", "my.DS_Store", "a\nb.jpg", "x.part.jpg"],
)
def test_everything_else_is_seen(name):
    assert DEFAULT.of_file(name) is None


@pytest.mark.parametrize(
    "path",
    [
        "/photos/@eaDir",
        "/photos/.git",
        "/p/System Volume Information",
        "/p/$RECYCLE.BIN",
        "/p/My.photoslibrary/database",
        "/p/MY.PhotosLibrary/Database",
        "/p/My.photoslibrary/resources/caches",
        "/p/x.lrdata",
    ],
)
def test_folders_of_programs_are_not_entered(path):
    assert DEFAULT.of_folder(path) is not None


@pytest.mark.parametrize(
    "path",
    [
        "/photos/database",
        "/p/My.photoslibrary",
        "/p/My.photoslibrary/originals",
        "/p/My.photoslibrary/resources/renders",
        "/p/My.photoslibrary/originals/database",
        "/p/eaDir",
        "/p/git",
    ],
)
def test_folders_with_pictures_are_entered(path):
    assert DEFAULT.of_folder(path) is None


def test_a_folder_pattern_does_not_keep_out_a_file_of_that_name():
    assert DEFAULT.of_file("@eaDir") is None


def test_a_name_pattern_keeps_out_folders_too():
    assert compile_excludes(("private",)).of_folder("/p/private") == "private"


def test_a_star_does_not_cross_folders():
    assert compile_excludes(("a*/b/",)).of_folder("/p/ax/y/b") is None


def test_a_question_mark_is_one_character():
    excludes = compile_excludes(("IMG_?.jpg",))

    assert excludes.of_file("IMG_1.jpg") == "IMG_?.jpg"
    assert excludes.of_file("IMG_12.jpg") is None


def test_what_means_something_elsewhere_is_plain_here():
    excludes = compile_excludes(("a+(b).{2}|c$", "[raw]"))

    assert excludes.of_file("a+(b).{2}|c$") is not None
    assert excludes.of_file("[raw]") is not None
    assert excludes.of_file("r") is None
    assert excludes.of_file("aab..") is None


def test_a_default_can_be_taken_away():
    assert compile_excludes(without=("Thumbs.db",)).of_file("Thumbs.db") is None


def test_an_empty_list_excludes_nothing():
    excludes = compile_excludes(without=DEFAULTS)

    assert excludes.of_file(".DS_Store") is None
    assert excludes.of_folder("/p/@eaDir") is None


def test_no_default_pattern_is_given_twice_or_empty():
    assert len(set(DEFAULTS)) == len(DEFAULTS)
    assert all(pattern.strip(" \n") for pattern in DEFAULTS)
