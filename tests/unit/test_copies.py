"""Of equal copies the one that stood in the tree stands again in a catalog made anew."""

from __future__ import annotations

import apsw
import pytest
from builders import Catalog, camera, reading

from indexer.catalog import facts
from indexer.catalog.connection import DECISIONS, open_writer
from indexer.decisions import store

OLD, NEW = 10**18, 2 * 10**18


class Library:
    """A catalog that can be made anew beside its decisions."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.catalog = Catalog(folder)

    def put(self, label: str, name: str, mtime_ns: int) -> None:
        """A file of one photograph, or its sidecar, in a root of its own."""
        roots = {root.label: root.id for root in facts.roots(self.catalog.db)}
        with self.catalog.db:
            root = roots.get(label.encode()) or self.catalog.root(label)
            is_sidecar = name.endswith("AAE")
            read = reading(name, 2 if is_sidecar else 1)
            tags = None if is_sidecar else camera()
            self.catalog.put(root, name, read, tags, mtime_ns=mtime_ns)

    def publish(self) -> dict[str, int]:
        """Name in originals/ to the time that is shown."""
        self.catalog.publish()
        return {
            path.rpartition(b"/")[2].decode(): entry.attributes.mtime_ns
            for path, entry in self.catalog.entries()
            if path.startswith(b"originals/") and not entry.attributes.is_directory
        }

    def forget(self) -> None:
        """Delete the catalog and begin a new one; decisions.db stays."""
        self.catalog.close()
        kept = (self.folder / "decisions.db").read_bytes()
        self.catalog.path.unlink()
        made = Catalog(self.folder)
        made.decided.close()
        (self.folder / "decisions.db").write_bytes(kept)
        made.decided = open_writer(self.folder / "decisions.db", DECISIONS)
        self.catalog = made


@pytest.fixture
def library(tmp_path):
    made = Library(tmp_path)
    yield made
    assert made.catalog.broken() == []
    made.catalog.close()


def test_what_stood_stands_again(library):
    library.put("phone", "IMG_1 (1).JPG", NEW)
    library.put("phone", "IMG_1 (1).AAE", NEW)
    library.publish()
    library.put("card", "IMG_1.JPG", OLD)  # which facts prefer
    library.put("card", "IMG_1.AAE", OLD)
    before = library.publish()
    library.forget()
    for label, name, when in (("card", "IMG_1", OLD), ("phone", "IMG_1 (1)", NEW)):
        library.put(label, f"{name}.JPG", when)
        library.put(label, f"{name}.AAE", when)

    assert before == {"IMG_1 (1).JPG": NEW, "IMG_1 (1).AAE": NEW}
    assert library.publish() == before


def test_what_stood_stands_again_also_where_another_copy_comes_first(library):
    library.put("phone", "IMG_1 (1).JPG", NEW)
    library.publish()
    library.put("card", "IMG_1.JPG", OLD)
    before = library.publish()
    library.forget()
    library.put("card", "IMG_1.JPG", OLD)
    library.publish()
    library.put("phone", "IMG_1 (1).JPG", NEW)

    assert library.publish() == before


def test_what_is_gone_stands_for_nothing_any_more(library):
    library.put("phone", "IMG_1 (1).JPG", NEW)
    library.publish()
    library.put("card", "IMG_1.JPG", OLD)
    library.publish()
    [first, _] = sorted(set(library.catalog.files().values()))
    with library.catalog.db:
        library.catalog.lose(first)
    library.publish()
    library.put("elsewhere", "IMG_1 copy.JPG", NEW)  # a copy of what is gone

    assert library.publish() == {"IMG_1 (1).JPG": OLD}


def test_what_is_gone_is_not_remembered_for_a_catalog_made_anew(library):
    library.put("phone", "IMG_1 (1).JPG", NEW)
    library.publish()
    library.put("card", "IMG_1.JPG", OLD)
    library.publish()
    [first, _] = sorted(set(library.catalog.files().values()))
    with library.catalog.db:
        library.catalog.lose(first)

    library.publish()

    assert store.stood(library.catalog.decided) == []


def test_of_sidecars_without_a_picture_what_stood_stands_again(library):
    library.put("phone", "IMG_1 (1).AAE", NEW)
    library.publish()
    library.put("card", "IMG_1.AAE", OLD)  # whose place comes first
    before = library.publish()
    library.forget()
    library.put("card", "IMG_1.AAE", OLD)
    library.put("phone", "IMG_1 (1).AAE", NEW)

    assert before == {"IMG_1 (1).AAE": NEW}
    assert library.publish() == before


def test_where_facts_choose_the_one_that_was_first_nothing_is_noted(library):
    library.put("card", "IMG_1.JPG", OLD)
    library.publish()
    library.put("phone", "IMG_1 (1).JPG", NEW)
    library.publish()

    assert store.stood(library.catalog.decided) == []


def test_decisions_of_version_1_are_brought_up(tmp_path):
    path = tmp_path / "decisions.db"
    open_writer(path, DECISIONS).close()
    db = apsw.Connection(str(path))
    now = list(db.execute("SELECT sql FROM sqlite_schema ORDER BY name"))
    db.execute("DROP TABLE stood; PRAGMA user_version=1")
    db.close()
    made = open_writer(path, DECISIONS)

    assert [(" ".join(sql.split()),) for (sql,) in made.execute(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
    )] == [(" ".join(sql.split()),) for (sql,) in now if sql]  # fmt: skip
    made.close()
