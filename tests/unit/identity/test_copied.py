"""Files that were copied or restored are known by head and tail: what that costs, and its limits."""

from __future__ import annotations

import os
import shutil

import pytest
from whole_runs import SAMPLE, SECOND, copy, counted, put, text


def test_a_library_copied_to_a_new_disk_costs_samples(index, library, disk, tmp_path):
    index(library)
    new = disk().mount(tmp_path / "new")
    copy(library, new)
    library.rename(library.with_name("unplugged"))
    said = index(new)

    assert counted(said, "new", "carried", "opened", "bytes_read") == (3, 3, 3, 3 * SAMPLE)
    assert counted(index(new), "unchanged", "opened") == (3, 0)
    assert index.rows(
        "SELECT file.state, digest_carried, verified_ns, count(DISTINCT content_id) FROM file"
        " JOIN folder USING (folder_id) WHERE root_id = 2"
    ) == [("present", 1, None, 3)]  # fmt: skip


def test_a_copied_library_is_known_by_its_files_digests(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    index(tmp_path / "new")

    twins = index.rows("SELECT name, count(DISTINCT content_id), count(*) FROM file GROUP BY name")
    assert twins == [(name, 1, 2) for name in (b"a.txt", b"b.txt", b"c.txt")]


def test_what_was_carried_over_lends_its_digest_again(index, library, tmp_path):
    for name in ("second", "third"):
        index(library)
        copy(library, tmp_path / name)
        shutil.rmtree(library)
        library = tmp_path / name

    assert counted(index(library), "carried", "bytes_read") == (3, 3 * SAMPLE)


def test_the_paranoid_read_a_copied_library_in_full(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    said = index(tmp_path / "new", paranoid=True)

    assert counted(said, "new", "carried", "opened") == (3, 0, 3)
    assert said["bytes_read"] == 3 * len(text(0))


@pytest.mark.parametrize("at", [0, -1], ids=["head", "tail"])
def test_a_copy_that_differs_at_its_ends_is_read(index, library, tmp_path, at):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    data = bytearray(text(0))
    data[at] ^= 1
    put(tmp_path / "new/a.txt", data)
    said = index(tmp_path / "new")

    assert counted(said, "new", "carried", "opened") == (3, 2, 3)
    assert said["bytes_read"] == 3 * SAMPLE + len(data)


def test_a_copy_under_another_name_is_read(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    (tmp_path / "new/a.txt").rename(tmp_path / "new/z.txt")

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 2)


def test_the_case_of_a_name_may_suffer_from_copying(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    (tmp_path / "new/a.txt").rename(tmp_path / "new/A.TXT")

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 3)


def test_a_copy_with_another_time_is_read_where_times_are_kept(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    os.utime(tmp_path / "new/a.txt", ns=(SECOND, 1_500_000_000 * SECOND + 1))

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 2)


def test_a_copy_of_what_is_there_is_read(index, library, tmp_path):
    """A backup is worth what reading it proves."""
    index(library)
    copy(library, tmp_path / "backup")
    said = index(tmp_path / "backup", role="backup")

    assert counted(said, "new", "carried", "bytes_read") == (3, 0, 3 * len(text(0)))


@pytest.mark.parametrize(("size", "carried"), [(SAMPLE, 0), (SAMPLE + 1, 1)])
def test_what_head_and_tail_cover_is_just_read(index, tmp_path, size, carried):
    put(tmp_path / "old/a.txt", text(1)[:size])
    index(tmp_path / "old")
    copy(tmp_path / "old", tmp_path / "new")
    shutil.rmtree(tmp_path / "old")

    assert counted(index(tmp_path / "new"), "carried", "bytes_read") == (carried, SAMPLE)


def test_two_contents_with_one_head_and_tail_recognise_nothing(index, library, tmp_path):
    """A copy that went bad in the middle is known: the sample can't tell which one this is."""
    bad = bytearray(text(0))
    bad[len(bad) // 2] ^= 1
    put(library / "bad.txt", bad)
    index(library)
    copy(library, tmp_path / "new")
    (tmp_path / "new/bad.txt").unlink()
    shutil.rmtree(library)
    said = index(tmp_path / "new")

    assert counted(said, "new", "carried") == (3, 2)
    assert said["bytes_read"] == 2 * SAMPLE + len(bad)


@pytest.mark.parametrize(
    "doubt", ["tried_ns = 1", "rotten_ns = 1, state = 'unreadable', says = 'rotten'"]
)
def test_what_verify_doubts_lends_nothing(index, library, tmp_path, doubt):
    index(library)
    index.write(f"UPDATE file SET {doubt} WHERE name = CAST('a.txt' AS BLOB)")
    copy(library, tmp_path / "new")
    shutil.rmtree(library)

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 2)


@pytest.mark.parametrize(
    "wrong", ["damage = 'truncated'", "sample = NULL", "reader = 0"], ids=lambda w: w.split()[0]
)
def test_a_content_that_is_not_whole_and_well_known_is_not_lent(index, library, tmp_path, wrong):
    index(library)
    index.write(f"UPDATE content SET {wrong}")
    copy(library, tmp_path / "new")
    shutil.rmtree(library)

    assert counted(index(tmp_path / "new"), "new", "carried") == (3, 0)


def test_a_file_that_is_restored_costs_a_sample_and_keeps_its_number(index, library, tmp_path):
    index(library)
    before = index.files()
    copy(library / "deep", tmp_path / "aside")
    shutil.rmtree(library / "deep")
    index()
    copy(tmp_path / "aside", library / "restored")
    said = index()

    assert counted(said, "new", "carried", "opened", "bytes_read") == (2, 2, 2, 2 * SAMPLE)
    assert index.states() == {"present": 3}
    assert index.files() == before


def test_two_copies_of_one_lost_file_are_two_files(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "aside")
    (library / "a.txt").unlink()
    index()
    for name in ("one", "two"):
        (library / name).mkdir()
        shutil.copy2(tmp_path / "aside/a.txt", library / name)

    assert counted(index(), "new", "carried", "bytes_read") == (2, 2, 2 * SAMPLE)
    assert index.states() == {"present": 4}


def test_a_file_that_is_restored_to_its_place_costs_a_sample(index, library, tmp_path):
    index(library)
    copy(library, tmp_path / "aside")
    (library / "a.txt").unlink()
    index()
    (library / "occupies the number").write_bytes(b"")
    shutil.copy2(tmp_path / "aside/a.txt", library)

    assert counted(index(), "changed", "carried", "bytes_read") == (1, 1, SAMPLE)


def test_what_is_written_to_in_place_is_read_though_size_and_time_stay(index, library):
    """Also where a file that is gone has the same name, size and time."""
    (library / "other").mkdir()
    shutil.copy2(library / "a.txt", library / "other")
    index(library)
    shutil.rmtree(library / "other")
    index()
    data = bytearray(text(0))
    data[len(data) // 2] ^= 1
    put(library / "a.txt", data)
    said = index()

    assert counted(said, "changed", "carried", "bytes_read") == (1, 0, len(data))


def test_a_hard_link_in_a_copied_library_is_sampled_once(index, library, tmp_path):
    os.link(library / "a.txt", library / "deep/a.txt")
    index(library)
    copy(library, tmp_path / "new")
    shutil.rmtree(library)
    said = index(tmp_path / "new")

    assert counted(said, "new", "carried", "opened", "bytes_read") == (4, 4, 3, 3 * SAMPLE)
