"""Verification: in which order, how far, and what is said and remembered of what differs."""

from __future__ import annotations

import fcntl
import os
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from make_catalog import CatalogMaker

from indexer import roots
from indexer.catalog import verify as catalog_of
from indexer.catalog.check import check
from indexer.errors import CatalogBusy
from indexer.progress import Silent
from indexer.read.messages import FailureKind, ReadOutcome
from indexer.verify import Counts, Options, What, verify
from indexer.verify.compare import compared
from indexer.verify.finding import Finding, Job, sentence
from indexer.verify.notes import Notes
from mediafs.cli.amounts import bytes_of, seconds_of

if TYPE_CHECKING:
    from pathlib import Path

MONTH = 30 * 86_400


class Library:
    """Files in a folder, and a catalog that knows them."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "photos"
        self.top.mkdir()
        self.catalog = folder / "catalog.db"
        self.maker = CatalogMaker(self.catalog)
        self.root = self.add_root(self.top, b"photos")
        self.said: list[str] = []

    def add_root(self, path: Path, label: bytes) -> int:
        number = self.maker.root(path, label)
        self.maker.db.execute("UPDATE root SET host = ?", (roots.host(),))
        return number

    def put(self, name: str, data: bytes | None = None) -> Path:
        path = self.top / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data or name.encode())
        self.maker.seen(self.root, self.top, name)
        return path

    def set(self, name: str, column: str, value: object) -> None:
        text = f"UPDATE file SET {column} = ? WHERE name = ?"
        self.maker.db.execute(text, (value, name.encode()))

    def get(self, name: str, column: str) -> object:
        text = f"SELECT {column} FROM file WHERE name = ?"
        return self.maker.db.execute(text, (name.encode(),)).get

    def rot(self, path: Path) -> None:
        """Other bytes, and a catalog that knows the stamp they have now."""
        path.write_bytes(path.read_bytes()[::-1])
        self.believe(path)

    def believe(self, path: Path) -> None:
        found = path.stat()
        for column, value in (("mtime_ns", found.st_mtime_ns), ("ctime_ns", found.st_ctime_ns)):
            self.set(path.name, column, value)

    def verified(self) -> set[str]:
        text = "SELECT name FROM file WHERE verified_ns IS NOT NULL"
        return {os.fsdecode(name) for (name,) in self.maker.db.execute(text)}

    def verify(self, **options: object) -> Counts:
        counts, progress = Counts(), Silent()
        verify(self.catalog, Options(**options), counts, progress)
        self.said = progress.warnings
        return counts

    def one(self) -> Counts:
        """One file, whichever has its turn."""
        return self.verify(max_bytes=1, streams=1)

    def stored(self, name: str) -> catalog_of.Stored:
        found = catalog_of.stored(self.maker.db, self.get(name, "file_id"))
        assert found
        return found


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    try:
        yield made
    finally:
        broken = [
            finding.invariant.name
            for finding in check(made.maker.db)
            if not finding.holds
            # The rows are no library: nothing was derived or shown.
            and finding.invariant.name not in ("conservation", "true-tree")
        ]
        made.maker.close()
        assert not broken


# ---------------------------------------------------------------------------- order


def test_the_longest_unverified_has_its_turn_first(library):
    for name, verified_ns in (("a", 10**18 + 2), ("b", None), ("c", 10**18 + 1), ("d", 10**18 + 3)):
        library.put(name)
        library.set(name, "verified_ns", verified_ns)
    order = []

    for _ in range(4):
        before = {name: library.get(name, "verified_ns") for name in "abcd"}
        library.one()
        order += [name for name in "abcd" if library.get(name, "verified_ns") != before[name]]

    assert order == ["b", "c", "a", "d"]


def test_a_carried_digest_comes_before_all_and_is_confirmed(library):
    library.put("a")
    library.put("b")
    library.set("b", "digest_carried", 1)

    counts = library.one()

    assert (counts.agreed, counts.confirmed, counts.left) == (1, 1, 1)
    assert library.verified() == {"b"}
    assert library.get("b", "digest_carried") == 0


def test_a_bad_file_does_not_keep_the_others_waiting(library):
    library.rot(library.put("a", b"1234"))
    library.put("b")
    library.verify(only=(os.fsencode(library.top / "a"),))

    counts = library.one()

    assert (counts.agreed, counts.left) == (1, 1)
    assert library.verified() == {"b"}


def test_hard_links_are_read_once_and_all_noted(library):
    os.link(library.put("a"), library.top / "b")
    for name in "ab":
        library.maker.seen(library.root, library.top, name)

    counts = library.verify()

    assert (counts.agreed, counts.opened) == (2, 1)
    assert library.verified() == {"a", "b"}


# ---------------------------------------------------------------------------- how far


def test_a_round_is_gone_on_with_until_it_is_complete(library):
    for name in "abc":
        library.put(name)

    rounds = [library.one() for _ in range(4)]

    assert [counts.left for counts in rounds] == [2, 1, 0, 2]  # the fourth begins the next round


def test_a_round_without_bounds_reads_what_the_last_one_left(library):
    for name in "abc":
        library.put(name)
    library.one()

    assert library.verify().agreed == 2
    assert library.verify().agreed == 3


def test_a_file_larger_than_the_bound_has_its_turn_too(library):
    library.put("a", b"x" * 10_000)

    assert library.verify(max_bytes=100).agreed == 1


def test_no_file_is_begun_after_the_time_is_over(library):
    library.put("a")

    counts = library.verify(max_seconds=0)

    assert (counts.agreed, counts.left, counts.opened) == (0, 1, 0)


def test_what_was_verified_of_late_is_left_out(library):
    for name, ago in (("late", 1), ("long-ago", MONTH + 1)):
        library.put(name)
        library.set(name, "verified_ns", time.time_ns() - ago * 10**9)
    library.put("never")

    assert library.verify(older_than_seconds=MONTH).agreed == 2
    assert library.verify(older_than_seconds=MONTH).agreed == 0


@pytest.mark.parametrize(("asked", "verified"), [("2019", {"a"}), ("2020/b", {"b"}), ("20", set())])
def test_a_path_is_verified_alone(library, asked, verified):
    library.put("2019/a")
    library.put("2020/b")

    library.verify(only=(os.fsencode(library.top / asked),))

    assert library.verified() == verified


def test_files_of_an_absent_disk_are_left_out(library, tmp_path):
    library.put("a")
    library.add_root(tmp_path / "unplugged", b"other")
    other = library.maker.row(
        library.root + 1, b"b", (library.top / "a").stat(), bytes(32)
    )  # same stamp, another root
    assert other

    counts = library.verify()

    assert (counts.agreed, counts.offline, counts.vanished) == (1, 1, 0)


# ---------------------------------------------------------------------------- rot


def test_a_rotten_file_is_marked_and_keeps_the_digest_it_should_have(library):
    path = library.put("a", b"1234")
    content = library.get("a", "content_id")
    library.rot(path)

    counts = library.verify()

    assert counts.of(What.ROTTEN) == 1
    assert library.get("a", "state") == "unreadable"
    assert library.get("a", "content_id") == content
    assert "its size and times are the same" in str(library.get("a", "says"))
    assert library.get("a", "verified_ns") is None
    assert "restore it from a backup" in library.said[0]
    assert list(catalog_of.rotten(library.maker.db)) == [os.fsencode(path)]


def test_a_good_copy_is_read_before_it_is_named(library):
    library.rot(library.put("a", b"1234"))
    copy = library.put("b", b"1234")

    counts = library.verify(only=(os.fsencode(library.top / "a"),))

    assert counts.bad[0].good_copy == os.fsencode(copy)
    assert f"a good copy is {copy}: copy it back" in library.said[0]
    assert library.verified() == {"b"}


def test_a_copy_that_rotted_too_is_not_called_good_and_counts_once(library):
    for name in "ab":
        library.put(name, b"1234")
    for name in "ab":
        library.rot(library.top / name)

    counts = library.verify()

    assert sorted(bad.path[-1:] for bad in counts.bad) == [b"a", b"b"]
    assert {bad.good_copy for bad in counts.bad} == {None}
    assert counts.of(What.ROTTEN) == 2


def test_a_copy_on_an_absent_disk_is_told_of(library, tmp_path):
    path = library.put("a", b"1234")
    library.add_root(tmp_path / "unplugged", b"other")
    library.maker.db.execute(
        "INSERT INTO folder (root_id, path, state) VALUES (?, x'', 'walked')", (library.root + 1,)
    )
    library.maker.db.execute(
        "INSERT INTO file (folder_id, name, size, mtime_ns, ctime_ns, device, mode, uid, gid,"
        " blocks, state, content_id, first_generation, changed_generation) SELECT"
        " (SELECT max(folder_id) FROM folder), CAST('copy' AS BLOB), size, mtime_ns, ctime_ns,"
        " device, mode, uid, gid, blocks, state, content_id, 1, 1 FROM file WHERE name = ?",
        (b"a",),
    )
    library.rot(path)

    library.verify()

    assert f"{tmp_path / 'unplugged/copy'} may be a good copy" in library.said[0]


def test_every_name_of_a_rotten_file_is_marked_and_told_of_once(library):
    path = library.put("a", b"1234")
    os.link(path, library.top / "b")
    path.write_bytes(b"4321")
    for name in "ab":
        library.maker.seen(library.root, library.top, name)
    good = library.put("c", b"1234")
    content = library.get("c", "content_id")
    for name in "ab":
        library.set(name, "content_id", content)

    counts = library.verify()

    assert counts.of(What.ROTTEN) == 2
    assert [bad.good_copy for bad in counts.bad] == [os.fsencode(good)]
    assert "one file under 2 names" in library.said[0]
    assert library.get("a", "rotten_ns")
    assert library.get("b", "rotten_ns")


def test_a_rotten_file_that_agrees_again_is_sound(library):
    path = library.put("a", b"1234")
    library.rot(path)
    library.verify()
    first = library.get("a", "rotten_ns")
    library.verify()
    assert library.get("a", "rotten_ns") == first  # since when, not when last
    library.rot(path)  # back as it was

    counts = library.verify()

    assert (counts.agreed, counts.sound_again) == (1, 1)
    assert library.get("a", "state") == "present"
    assert library.get("a", "says") is None


def test_a_file_that_was_read_anew_meanwhile_is_left_alone(library):
    library.put("a", b"1234")
    before = library.stored("a")
    library.put("a", b"another")

    catalog_of.rot(library.maker.db, before, 1, "it rotted")
    catalog_of.agree(library.maker.db, before, 1)

    assert library.get("a", "state") == "present"
    assert library.verified() == set()


# ---------------------------------------------------------------------------- what is no rot


def test_what_changed_or_went_is_told_and_is_not_bad(library):
    for name in ("stays", "stays-too", "changes", "goes", "becomes-a-link"):
        library.put(name)
    (library.top / "changes").write_bytes(b"!hanges")
    (library.top / "goes").unlink()
    (library.top / "becomes-a-link").unlink()
    (library.top / "becomes-a-link").symlink_to("stays")

    counts = library.verify()

    assert (counts.agreed, counts.changed, counts.vanished) == (2, 2, 1)
    assert counts.bad == []
    assert all(said.endswith("run `mediafs reindex`.") for said in library.said)
    assert library.verified() == {"stays", "stays-too"}


def test_a_wrong_guess_is_no_rot_and_is_to_be_read_anew(library):
    known = library.put("a", b"1234")
    library.put("b", b"1!34")
    library.set("b", "content_id", library.get("a", "content_id"))
    library.set("b", "digest_carried", 1)

    counts = library.verify()

    assert (counts.of(What.MISTAKEN), counts.of(What.ROTTEN)) == (1, 0)
    assert library.get("b", "content_id") is None  # skip.py says: retry
    assert library.get("b", "state") == "unreadable"
    assert f"a good copy of the known file is {known}" in " ".join(library.said)


class Flickering:
    """A reader behind a bad cable: these digests, one after the other."""

    def __init__(self, *digests: bytes | FailureKind) -> None:
        self._digests = list(digests)

    def read(self, request):
        made = self._digests.pop(0)
        if isinstance(made, FailureKind):
            return ReadOutcome(1, 0, request.stamp, None, made, "Input/output error")
        return ReadOutcome(1, 0, request.stamp, replace(READING, blake3=made))


@dataclass(frozen=True)
class Reading:
    blake3: bytes = b""


READING = Reading()
GOOD, BAD, WORSE = (bytes([number]) * 32 for number in range(3))


@pytest.mark.parametrize(
    ("digests", "what", "is_steady"),
    [
        ((GOOD,), What.AGREES, True),
        ((BAD, GOOD), What.UNSTEADY, True),
        ((BAD, BAD), What.ROTTEN, True),
        ((BAD, WORSE), What.ROTTEN, False),
        ((BAD, FailureKind.CHANGED), What.CHANGED, True),
        ((FailureKind.UNREADABLE,), What.UNREADABLE, True),
        ((FailureKind.CRASHED,), What.UNREADABLE, True),
        ((FailureKind.SILENT,), What.SILENT, True),
    ],
)
def test_what_differs_is_read_twice(library, digests, what, is_steady):
    library.put("a")
    file = replace(library.stored("a"), blake3=GOOD)

    finding = compared(Flickering(*digests), Job(file))

    assert (finding.what, finding.is_steady) == (what, is_steady)


def test_one_wrong_reading_is_not_called_rot(library):
    library.put("a")
    file = library.stored("a")

    says = sentence(What.UNSTEADY, Finding(Job(file), What.UNSTEADY), None, None)
    catalog_of.doubt(library.maker.db, file, 1)

    assert "suspect the cable" in says
    assert library.get("a", "state") == "present"
    assert library.get("a", "tried_ns") == 1


# ---------------------------------------------------------------------------- written down


def test_notes_wait_while_another_mediafs_writes(library):
    library.put("a")
    notes = Notes(library.catalog, on_network_anyway=False)
    file = library.stored("a")
    notes.add(lambda db: catalog_of.agree(db, file, 5))
    with library.catalog.with_name("catalog.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert not notes.write()

    assert notes.write()
    assert library.get("a", "verified_ns") == 5


def test_two_verifications_at_once_are_refused(library):
    library.put("a")

    with catalog_of.alone(library.catalog), pytest.raises(CatalogBusy, match="mediafs verify"):
        library.verify()


def test_how_far_the_digests_are_confirmed_is_counted(library):
    library.rot(library.put("a", b"1234"))
    library.put("b")
    library.put("c")
    library.set("c", "digest_carried", 1)
    library.verify(only=(os.fsencode(library.top / "a"), os.fsencode(library.top / "b")))

    found = catalog_of.confirmed(library.maker.db)

    assert (found.files, found.carried, found.never, found.rotten) == (3, 1, 2, 1)
    assert found.oldest_ns == library.get("b", "verified_ns")


def test_a_rotten_file_that_is_called_present_breaks_an_invariant(library):
    library.rot(library.put("a", b"1234"))
    library.verify()
    library.set("a", "state", "present")

    broken = {finding.invariant.name for finding in check(library.maker.db) if not finding.holds}

    assert "rotten-apart" in broken
    library.set("a", "state", "unreadable")


# ---------------------------------------------------------------------------- bounds in words


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("30d", MONTH),
        ("2w", 1_209_600),
    ],
)
def test_a_time_span_is_understood(said, seconds):
    assert seconds_of(said) == seconds


@pytest.mark.parametrize(
    ("said", "count"), [("1", 1), ("500M", 500_000_000), ("1.5 TB", 1.5e12), ("100g", 100e9)]
)
def test_a_size_is_understood(said, count):
    assert bytes_of(said) == count
