"""A tree that follows what changed equals one that is made of everything."""

from __future__ import annotations

import tempfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import apsw.ext
from builders import Catalog, reading
from hypothesis import given
from hypothesis import strategies as st
from strategies import catalog_of, libraries, put

from indexer import derive
from indexer.catalog import facts, generations, readings, tree
from indexer.catalog.rows import Changed
from indexer.model import Damage, FileId, Role, ShotId
from mediafs.views.publish import publish

if TYPE_CHECKING:
    from collections.abc import Iterator

# ------------------------------------------------------------------ a small world

# Each file lies in a folder of its own, so that any two may have one name; the last two can be
# a file and a folder of that name.
_MEDIA, _SIDECARS = range(6), range(6, 12)
_FILES = (*_MEDIA, *_SIDECARS)
_NAMES = {
    **dict.fromkeys(_MEDIA, ("IMG_1.JPG", "img_1.jpg", "IMG_2.JPG", "IMG_1.HEIC")),
    **dict.fromkeys(_SIDECARS, ("IMG_1.AAE", "IMG_2.AAE", "IMG_1.JPG.xmp", "b.AAE")),
}
_FOLDERS = {4: ("4", "x"), 5: ("5", ""), 11: ("11", "11/deep")}
_CONTENTS = {**dict.fromkeys(_MEDIA, range(1, 5)), **dict.fromkeys(_SIDECARS, range(11, 13))}
_GROUPS = range(3)
_ROLES = (Role.LIVE_VIDEO, Role.EDIT, Role.RESIZED, Role.RAW_COMPANION)
_DAYS = ("2019-07-14", "2019-07-15", None)
_STATES = ("present", "present", "present", "gone", "unreadable", "excluded")


@dataclass(frozen=True)
class One:
    """One file of the world."""

    name: str
    folder: str
    content: int
    state: str = "present"
    mtime: int = 5
    group: int | None = None  # of a sidecar: the shot it belongs to


@dataclass(frozen=True)
class World:
    """What the disk says and what was derived from it."""

    files: dict[int, One]
    group_of: dict[int, int]  # of a content of media
    role_of: dict[int, Role]  # of a content that is not the original
    day_of: dict[int, str | None] = field(default_factory=dict)
    device_of: dict[int, str] = field(default_factory=dict)
    damaged: frozenset[int] = frozenset()

    def path(self, number: int) -> tuple[str, str]:
        one = self.files[number]
        # What is called like a folder of the other.
        name = "x" if number == 5 and not one.folder else one.name
        return one.folder, name

    @property
    def is_possible(self) -> bool:
        """Whether no file is also a folder of another one."""
        here = [i for i in (4, 5) if self.files[i].state != "gone"]
        return {self.files[i].folder for i in here} != {"x", ""}


def _some(draw: st.DrawFn, values: Any) -> Any:
    return draw(st.sampled_from(tuple(values)))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    files = {
        i: One(
            _some(draw, _NAMES[i]), str(i), _some(draw, _CONTENTS[i]), _some(draw, _STATES),
            draw(st.integers(1, 9)), _some(draw, (None, *_GROUPS)),
        )
        for i in _FILES
    }  # fmt: skip
    contents = _CONTENTS[0]
    return World(
        files,
        {c: _some(draw, _GROUPS) for c in contents},
        {c: _some(draw, _ROLES) for c in contents},
        {g: _some(draw, _DAYS) for g in _GROUPS},
        {g: _some(draw, ("Apple iPhone", "APPLE IPHONE", "Canon")) for g in _GROUPS},
        frozenset(draw(st.sets(st.sampled_from((1, 11)), max_size=1))),
    )


@st.composite
def changed_worlds(draw: st.DrawFn, world: World) -> World:
    """The world after one thing happened."""
    i, content, group = _some(draw, _FILES), _some(draw, _CONTENTS[0]), _some(draw, _GROUPS)
    one = world.files[i]
    match draw(st.integers(0, 9)):
        case 0 | 1:
            one = replace(one, state=_some(draw, _STATES))
        case 2:
            one = replace(one, name=_some(draw, _NAMES[i]))
        case 3:
            one = replace(one, folder=_some(draw, _FOLDERS.get(i, (str(i), f"{i}b"))))
        case 4:
            one = replace(one, content=_some(draw, _CONTENTS[i]))
        case 5:
            one = replace(one, mtime=draw(st.integers(1, 9)))
        case 6:
            one = replace(one, group=_some(draw, (None, *_GROUPS)))
        case 7:
            return replace(world, group_of={**world.group_of, content: group})
        case 8:
            return replace(world, role_of={**world.role_of, content: _some(draw, _ROLES)})
        case 9:
            return replace(world, day_of={**world.day_of, group: _some(draw, _DAYS)})
    return replace(world, files={**world.files, i: one})


@st.composite
def histories(draw: st.DrawFn) -> list[World]:
    """A world, and what became of it step by step."""
    world = draw(worlds().filter(lambda w: w.is_possible))
    found = [world]
    for _ in range(draw(st.integers(1, 5))):
        for _ in range(draw(st.integers(1, 3))):
            after = draw(changed_worlds(world))
            world = after if after.is_possible else world
        found.append(world)
    return found


# ------------------------------------------------------------------ written down


class Written:
    """A catalog that says what a world is."""

    def __init__(self, folder: Path, numbers: Any = _FILES) -> None:
        self.catalog = Catalog(folder)
        self.db = self.catalog.db
        root = self.catalog.root()
        self.ids = {}
        for i in numbers:
            self.ids[i] = self.catalog.put(root, f"{i}/new{i}", state="unreadable")
        self.root = root

    def write(self, world: World) -> None:
        """Bring the rows of facts and shots up to a world."""
        contents = {c: self._content(c, world) for cs in _CONTENTS.values() for c in cs}
        for i in world.files:  # out of the way: two may change places
            self.db.execute("UPDATE file SET name = ? WHERE file_id = ?", (b"%d?" % i, self.ids[i]))
        for i, one in world.files.items():
            self._file(i, one, world.path(i), contents[one.content])
        for table in ("member", "capture", "shot"):
            self.db.execute(f"DELETE FROM {table}")
        for group in _GROUPS:
            self._shot(group, world)

    def _content(self, number: int, world: World) -> int:
        name = "a.aae" if number > 10 else "a.jpg"
        damage = Damage.TRUNCATED if number in world.damaged else None
        return readings.put_content(self.db, reading(name, number, damage=damage))

    def _file(self, i: int, one: One, path: tuple[str, str], content: int) -> None:
        folder = facts.put_folder(self.db, self.root, path[0].encode(), "walked", None)
        gone = 1 if one.state == "gone" else None
        row = (folder, path[1].encode(), one.state, content, one.mtime * 10**9, gone)
        text = "SELECT folder_id, name, state, content_id, mtime_ns, gone_ns FROM file WHERE file_id = ?"
        before = self.db.execute(text, (self.ids[i],)).fetchone()
        is_touched = before[3:5] != row[3:5]
        self.db.execute(
            "UPDATE file SET folder_id = ?, name = ?, state = ?, content_id = ?, mtime_ns = ?,"
            " gone_ns = ?, changed_generation = iif(?, ?, changed_generation) WHERE file_id = ?",
            (*row, is_touched, self.catalog.coming, self.ids[i]),
        )

    def _shot(self, group: int, world: World) -> None:
        media = [
            (world.files[i].content, i)
            for i in _MEDIA
            if world.files[i].state == "present" and world.group_of[world.files[i].content] == group
        ]
        if not media:
            return
        ranked = sorted(media)
        original, lead = ranked[0]
        members = [(lead, Role.ORIGINAL, None)]
        for content, i in ranked[1:]:
            role = Role.IDENTICAL if content == original else world.role_of[content]
            members.append((i, role, self.ids[lead]))
        members += [
            (i, Role.SIDECAR, self.ids[lead])
            for i in _SIDECARS
            if world.files[i].group == group and world.files[i].state == "present"
        ]
        day = world.day_of[group]
        self.db.execute(
            "INSERT INTO shot (shot_id, confidence, original_missing, why) VALUES (?, 'sure', 0, '')",
            (original,),
        )
        for rank, (i, role, of_file) in enumerate(members):
            self.db.execute(
                "INSERT INTO member (shot_id, file_id, role, rank, of_file, says)"
                " VALUES (?, ?, ?, ?, ?, '')",
                (original, self.ids[i], str(role), rank, of_file),
            )
        local = day and f"{day}T10:00:00"
        self.db.execute(
            "INSERT INTO capture VALUES (?, ?, NULL, 'exif', 'certain', '', ?, NULL, NULL)",
            (original, local, None if day else "no-tag"),
        )
        self.db.execute(
            "INSERT OR REPLACE INTO tags (content_id, model, has_maker_note, everything)"
            " SELECT content_id, ?, 0, '{}' FROM file WHERE file_id = ?",
            (world.device_of[group], self.ids[lead]),
        )


@contextmanager
def written() -> Iterator[Written]:
    with tempfile.TemporaryDirectory() as folder:
        made = Written(Path(folder))
        try:
            yield made
        finally:
            made.catalog.close()


# ------------------------------------------------------------------ what changed, by comparison

_FACTS = (
    "SELECT file_id, r.label, d.path, f.name, size, mtime_ns, ctime_ns, mode, f.state, content_id,"
    " changed_generation FROM file f JOIN folder d USING (folder_id) JOIN root r USING (root_id)"
)
_SHOTS = (
    "SELECT shot_id, file_id, role, rank, of_file, offered, local, unknown, make, model"
    " FROM member JOIN capture USING (shot_id) JOIN file USING (file_id)"
    " LEFT JOIN tags USING (content_id) ORDER BY shot_id, rank"
)


@dataclass(frozen=True)
class State:
    """The rows that the tree follows from."""

    files: dict[int, tuple[Any, ...]]
    shots: dict[int, list[tuple[Any, ...]]]


def state(db: apsw.Connection) -> State:
    shots: dict[int, list[tuple[Any, ...]]] = {}
    for number, *rest in db.execute(_SHOTS):
        shots.setdefault(number, []).append(tuple(rest))
    return State({file: tuple(rest) for file, *rest in db.execute(_FACTS)}, shots)


def difference(before: State, after: State) -> Changed:
    """No more than a derive must tell."""
    numbers = {n for n in before.shots.keys() | after.shots.keys()
               if before.shots.get(n) != after.shots.get(n)}  # fmt: skip
    files = {f for f in after.files if before.files.get(f) != after.files[f]}
    for one in (before, after):
        files |= {file for n in numbers for file, *_ in one.shots.get(n, ())}
    rewritten = frozenset(ShotId(n) for n in numbers & after.shots.keys())
    return Changed(rewritten, frozenset(FileId(f) for f in files))


# ------------------------------------------------------------------ the tree, compared


def copy(db: apsw.Connection) -> apsw.Connection:
    made = apsw.Connection(":memory:")
    with made.backup("main", db, "main") as backup:
        backup.step()
    return made


@dataclass(frozen=True)
class Tree:
    """Path to what a program sees there, and to the number of its row."""

    seen: dict[bytes, tuple[Any, ...]]
    rows: dict[bytes, tuple[int, int]]  # cookie, inode

    @property
    def files(self) -> dict[bytes, int | None]:
        return {path: tree.file_of_inode(inode) for path, (_, inode) in self.rows.items()}


def tree_of(db: apsw.Connection) -> Tree:
    seen, rows = {}, {}
    todo = [(b"", tree.TREE_ROOT)]
    while todo:
        above, directory = todo.pop()
        for entry in tree.listing(db, directory, 0, 1_000_000):
            path = above + b"/" + entry.name if above else entry.name
            a = entry.attributes
            rows[path] = (entry.cookie, a.inode)
            seen[path] = (
                a.is_directory,
                not a.is_directory and a.inode,
                a.mtime_ns,
                a.links,
                a.size,
            )
            if a.is_directory:
                todo.append((path, tree.directory_of_inode(a.inode)))
    return Tree(seen, rows)


def told(db: apsw.Connection, generation: int) -> list[tuple[Any, ...]]:
    return sorted(
        ((c.path, c.what, c.old_file, c.new_file)
         for _, c in tree.changes_after(db, 0, 10**9) if c.generation == generation),
        key=repr,
    )  # fmt: skip


def expected(before: Tree, after: Tree, touched: set[int]) -> list[tuple[Any, ...]]:
    """The difference between two trees, as rows of `change`."""
    one, other = before.files, after.files
    found = []
    for path in one.keys() | other.keys():
        old, new = one.get(path), other.get(path)
        if path in one and path in other and old is not None and new is not None:
            if old != new:
                found.append((path, "replaced", old, new))
            elif new in touched:
                found.append((path, "touched", new, new))
        elif path in one and path in other and old is None and new is None:
            continue
        else:
            found += [(path, "removed", old, None)] * (path in one)
            found += [(path, "added", None, new)] * (path in other)
    return sorted(found, key=repr)


_NEWEST_IS_WRONG = """
WITH holds (id, mtime_ns, file_id) AS (
    SELECT p.parent_id, f.mtime_ns, f.file_id FROM placement p JOIN file f USING (file_id)
    UNION ALL SELECT parent_id, mtime_ns, newest_file_id FROM tree_directory WHERE parent_id
)
SELECT tree_directory_id FROM tree_directory d
WHERE mtime_ns <> (SELECT coalesce(max(mtime_ns), 0) FROM holds WHERE id = d.tree_directory_id)
OR newest_file_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM holds h
    WHERE h.id = d.tree_directory_id AND (h.mtime_ns, h.file_id) = (d.mtime_ns, d.newest_file_id))
OR newest_file_id IS NULL AND EXISTS (SELECT 1 FROM holds h
    WHERE h.id = d.tree_directory_id AND h.file_id IS NOT NULL)
"""


def step(catalog: Catalog, before: State, raw_companion: str = "beside") -> None:
    """Publish what changed since `before`, and compare with publishing everything."""
    db, number = catalog.db, catalog.coming
    with closing(copy(db)) as everything, closing(copy(catalog.decided)) as decided:
        changed = difference(before, state(db))
        earlier = tree_of(db)
        publish(everything, decided, number, raw_companion)
        with db:
            publish(db, catalog.decided, number, raw_companion, changed)
            generations.commit(
                db, number, command="index", version="0", raw_companion=raw_companion, summary="{}"
            )

        one, other = tree_of(db), tree_of(everything)
        assert one.seen == other.seen
        check_rows(earlier, one, other)
        text = "SELECT file_id FROM file WHERE changed_generation >= ?"
        touched = {file for (file,) in db.execute(text, (number,))}
        assert told(db, number) == expected(earlier, one, touched) == told(everything, number)
        names = "SELECT directory, name, holder FROM given_name ORDER BY 1, 2"
        assert list(catalog.decided.execute(names)) == list(decided.execute(names))
        for made in (db, everything):
            assert list(made.execute(_NEWEST_IS_WRONG)) == []


def check_rows(earlier: Tree, one: Tree, other: Tree) -> None:
    """What stays has its row in both trees, what is new has a row that nothing ever had."""
    newest = max((cookie for cookie, _ in earlier.rows.values()), default=0)
    for path, (cookie, inode) in one.rows.items():
        before, (also, _) = earlier.rows.get(path, (0, 0)), other.rows[path]
        if before[1] == inode:
            assert before[0] == cookie == also
        else:
            assert min(cookie, also) > newest


@given(histories(), st.sampled_from(("beside", "duplicate")))
def test_following_what_changed_ends_where_making_everything_does(history, raw_companion):
    with written() as world:
        for number, now in enumerate(history):
            before = state(world.db) if number else State({}, {})
            with world.db:
                world.write(now)
            step(world.catalog, before, raw_companion)

            broken = [b for b in world.catalog.broken() if b.startswith(_TREE)]
            assert broken == []


# Votes and evidence are not written here.
_TREE = ("integrity", "references", "true-tree", "unique-names", "one-tree", "counted", "nothing")


@given(libraries(), st.data())
def test_what_is_derived_may_be_followed(library, data):
    with catalog_of(replace(library, files=())) as catalog:
        before = State({}, {})
        for number in range(3):
            chosen = data.draw(st.lists(st.sampled_from(library.files or (None,)), max_size=4))
            put(catalog, library, [seen for seen in chosen if seen])
            files = sorted(before.files)
            lost = (
                data.draw(st.sets(st.sampled_from(files), max_size=2)) if number and files else ()
            )
            with catalog.db:
                catalog.lose(*(FileId(file) for file in lost))
                derive.derive(catalog.db)
            step(catalog, before)
            before = state(catalog.db)

            assert catalog.broken() == []
