"""A changed byte is never called unchanged."""

from __future__ import annotations

from dataclasses import replace

from builders import seen
from hypothesis import given
from hypothesis import strategies as st

from indexer.catalog.listings import digest, entry
from indexer.catalog.rows import KnownFile, LostFile
from indexer.model import ContentId, FileId, Stamp
from indexer.paths import to_str
from indexer.scan.exclude import compile_excludes
from indexer.scan.skip import compare, listing_of, pair_moves, verdict

_FEW = st.integers(0, 2)
_STAMPS = st.builds(Stamp, _FEW, _FEW, _FEW, st.none() | _FEW)
_NAMES = st.sampled_from([b"a", b"b", b"c"])
_SEEN = st.builds(
    lambda name, stamp, by: replace(seen(name, excluded_by=by), stamp=stamp),
    _NAMES,
    _STAMPS,
    st.none() | st.just("*.tmp"),
)


@st.composite
def known_files(draw: st.DrawFn, name: bytes, number: int) -> KnownFile:
    """What the catalog may remember of a path."""
    state = draw(st.sampled_from(["present", "unreadable", "excluded", "gone"]))
    content = ContentId(number) if state == "present" or draw(st.booleans()) else None
    is_outdated = draw(st.booleans())
    return KnownFile(FileId(number), name, draw(_STAMPS), state, content, is_outdated)


@st.composite
def folders(draw: st.DrawFn) -> dict[bytes, KnownFile]:
    """What the catalog remembers of a folder."""
    names = draw(st.sets(_NAMES))
    return {name: draw(known_files(name, i)) for i, name in enumerate(sorted(names), 1)}


@given(_SEEN, folders())
def test_only_an_equal_stamp_of_a_file_that_was_read_is_trusted(file, known):
    before = known.get(file.name)
    if verdict(file, before) is None:
        assert before is not None
        assert before.stamp == file.stamp
        assert before.content is not None


_EXCLUDES = compile_excludes(("b",))


@given(folders(), st.data())
def test_a_folder_that_is_taken_as_a_whole_has_nothing_to_do(known, data):
    listing = listing_of(known.values(), _EXCLUDES, before_ns=9)
    files = [
        replace(seen(name, excluded_by=_EXCLUDES.of_file(name.decode())), stamp=stamp)
        for name, stamp in data.draw(_like(known)).items()
    ]

    if listing and listing.digest == digest([entry(to_str(f.name), f.stamp) for f in files]):
        diff = compare(files, known)
        assert (diff.to_read, diff.lost, diff.back, diff.exclude) == ([], [], [], [])
        assert diff.unchanged == len(files) - listing.excluded


def _like(known: dict[bytes, KnownFile]) -> st.SearchStrategy[dict[bytes, Stamp]]:
    """What may be seen of it: often just what is known."""
    same = {name: file.stamp for name, file in known.items() if file.state != "gone"}
    return st.just(same) | st.dictionaries(_NAMES, _STAMPS)


@given(st.dictionaries(_NAMES, _STAMPS), st.dictionaries(_NAMES, _STAMPS))
def test_digests_are_equal_where_all_names_and_stamps_are(one, other):
    first, second = (
        digest([entry(to_str(name), stamp) for name, stamp in files.items()])
        for files in (one, other)
    )

    assert (first == second) == (one == other)


@given(st.lists(_SEEN, unique_by=lambda f: f.name), folders())
def test_every_file_seen_or_remembered_has_one_fate(files, known):
    diff = compare(files, known)

    said = len(diff.to_read) + len(diff.back) + len(diff.exclude) + diff.unchanged
    still_excluded = [
        f
        for f in files
        if f.excluded_by
        and (k := known.get(f.name))
        and k.state == "excluded"
        and k.stamp == f.stamp
    ]
    assert said + len(still_excluded) == len(files)
    names = {file.name for file in files}
    assert {file.id for file in diff.lost} == {
        k.id for k in known.values() if k.name not in names and k.state != "gone"
    }


_LOST = st.lists(
    st.builds(LostFile, st.integers(1, 9).map(FileId), _STAMPS, st.none() | st.just(ContentId(1))),
    unique_by=lambda f: f.id,
)
_NEW = st.lists(_SEEN, max_size=5).map(lambda files: list(enumerate(files)))


@given(_LOST, _NEW, st.randoms(use_true_random=False))
def test_moves_do_not_depend_on_the_order_of_the_disk(lost, new, random):
    before = pair_moves(lost, new)
    random.shuffle(lost)
    random.shuffle(new)

    assert pair_moves(lost, new) == before


@given(_LOST, _NEW)
def test_a_move_keeps_size_time_and_inode_and_happens_to_a_file_once(lost, new):
    pairs = pair_moves(lost, new)
    after = dict(new)

    assert len({old.id for old in pairs.values()}) == len(pairs)
    for number, old in pairs.items():
        stamp = after[number].stamp
        assert (stamp.size, stamp.mtime_ns, stamp.inode) == (
            old.stamp.size,
            old.stamp.mtime_ns,
            old.stamp.inode,
        )
        assert old.content is not None
        assert stamp.inode is not None
