"""How a database is opened: as reader or writer, which version, where it may lie.

Shared by the catalog and by decisions.db, which differ only in schema and marks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import apsw

from indexer.catalog import lock
from indexer.errors import (
    CatalogBusy,
    CatalogForeign,
    CatalogMissing,
    CatalogOnNetwork,
    CatalogTooNew,
    CatalogTooOld,
    CatalogUnwritable,
)
from indexer.mounts import NETWORK, filesystem_type
from indexer.paths import display

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Database:
    """What tells one kind of database file from another."""

    noun: str
    application_id: int
    version: int
    schema: tuple[str, str]  # package, resource
    # Resources that lead to `version` one by one: the last from the version before it, and so on.
    steps: tuple[str, ...] = ()

    @property
    def oldest(self) -> int:
        """The first version that there is a way up from."""
        return self.version - len(self.steps)


CATALOG = Database(
    "catalog", 0x6D666361, 2, ("indexer.catalog", "schema.sql"),
    ("migrations/0002_proofs_and_decisions.sql",),
)  # fmt: skip
DECISIONS = Database(
    "decisions file", 0x6D666465, 2, ("indexer.decisions", "schema.sql"),
    ("migrations/0002_stood.sql",),
)  # fmt: skip

_BUSY_MS = 10_000  # how long a writer's commit may make a reader wait; arbitrary
_MMAP_BYTES = 1 << 30  # reads come from the page cache without copying
# Under this much free space a run is refused before it starts; arbitrary, far above one batch.
_LEAST_FREE_BYTES = 16 << 20
_LOG_INDEX_BYTES = 32 << 10  # what a reader makes beside the file: sqlite.org/walformat.html


def open_reader(path: Path, kind: Database = CATALOG) -> apsw.Connection:
    """A read-only connection; never creates. Raises the Catalog… errors."""
    if not path.exists():
        raise CatalogMissing(
            f"There is no {kind.noun} at {display(path)}; make one with `mediafs index FOLDER`."
        )
    try:
        db = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READONLY)
        # From the first question on: who closes last holds the file for a moment.
        db.set_busy_timeout(_BUSY_MS)
        # Statements are planned once. Otherwise SQLite parses and plans a join with a bound
        # value again each time it runs: 30 instead of 8 microseconds for one name.
        db.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        _refuse_other_versions(db, path, kind)
    except apsw.Error as exc:
        raise explained(exc, path, kind) from exc
    # Not mapped: as fast for a walk of 1.5 million names, 32 instead of 580 MB afterwards, and a
    # failing disk is an error instead of a signal that ends the mount.
    _set(db, "mmap_size=0", "query_only=ON")
    return db


def _set(db: apsw.Connection, *pragmas: str) -> None:
    # One by one: APSW stops a text of several statements at the first row, and some pragmas
    # answer with one. Foreign keys were off for a while because journal_mode does.
    for pragma in pragmas:
        db.execute(f"PRAGMA {pragma}").fetchall()


@contextlib.contextmanager
def writing(
    path: Path, kind: Database = CATALOG, *, on_network_anyway: bool = False
) -> Iterator[apsw.Connection]:
    """The one writer's connection, created where missing, under its lock; closed at the end.

    Raises CatalogBusy when another process writes, and the other Catalog… errors. An SQLite
    error from the body comes out as CatalogUnwritable where a person can act on it.
    """
    _prepare_folder(path, kind, on_network_anyway=on_network_anyway)
    with lock.held(path, kind.noun):
        try:
            db = open_writer(path, kind)
            try:
                yield db
            finally:
                db.close()
        except apsw.Error as exc:
            raise explained(exc, path, kind) from exc


@contextlib.contextmanager
def noting(path: Path, kind: Database = CATALOG) -> Iterator[apsw.Connection]:
    """A transaction of a moment: nothing is created or brought up, nobody is waited for.

    Raises CatalogBusy at once when another process writes, and the other Catalog… errors. A
    writer that begins meanwhile waits for the end.
    """
    open_reader(path, kind).close()  # what is not there, or is another version's, is left alone
    with lock.held(path, kind.noun, is_for_a_moment=True):
        try:
            db = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                _set(db, "synchronous=NORMAL", "foreign_keys=ON")
                with db:
                    yield db
            finally:
                db.close()
        except apsw.Error as exc:
            raise explained(exc, path, kind) from exc


def open_writer(path: Path, kind: Database = CATALOG) -> apsw.Connection:
    """A writing connection without the lock: for `writing` and for tests."""
    if not path.exists():
        _make(path, kind)
    db = apsw.Connection(os.fspath(path))
    db.set_busy_timeout(_BUSY_MS)
    try:
        # No schema at all: an empty file, or one whose making an older program did not finish.
        if not db.pragma("schema_version") and not db.pragma("application_id"):
            _set(db, "page_size=8192", "journal_mode=WAL")
            _create(db, kind)
        _bring_up(db, kind)
        _refuse_other_versions(db, path, kind)
        # NORMAL: a power cut may lose the last commits, never the file's consistency.
        _set(
            db, "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON",
            "temp_store=MEMORY", "cache_size=-65536", f"mmap_size={_MMAP_BYTES}",
        )  # fmt: skip
    except BaseException:
        db.close()
        raise
    return db


def _make(path: Path, kind: Database) -> None:
    """A new database, which appears whole or not at all: what is killed here leaves no ruin."""
    new = path.with_name(f"{path.name}.new")
    for ending in ("", "-journal", "-wal", "-shm"):
        new.with_name(new.name + ending).unlink(missing_ok=True)
    db = apsw.Connection(os.fspath(new))
    try:
        _set(db, "page_size=8192", "journal_mode=WAL")
        _create(db, kind)
    finally:
        db.close()  # which brings all of it into the one file
    new.rename(path)


def _create(db: apsw.Connection, kind: Database) -> None:
    with db:
        db.execute(_text(kind, kind.schema[1]))
        db.execute(f"PRAGMA application_id={kind.application_id}")
        db.execute(f"PRAGMA user_version={kind.version}")


def _text(kind: Database, name: str) -> str:
    return resources.files(kind.schema[0]).joinpath(name).read_text("utf-8")


def _bring_up(db: apsw.Connection, kind: Database) -> None:
    """Lead an older file to today's version: all steps or, if it is cut off, none."""
    version = int(db.pragma("user_version"))
    is_ours = int(db.pragma("application_id")) == kind.application_id
    if not is_ours or not kind.oldest <= version < kind.version:
        return
    with db:
        for name in kind.steps[version - kind.version :]:
            db.execute(_text(kind, name))
        db.execute(f"PRAGMA user_version={kind.version}")


def _refuse_other_versions(db: apsw.Connection, path: Path, kind: Database) -> None:
    found = int(db.pragma("application_id"))
    version = int(db.pragma("user_version"))
    where = display(path)
    if found != kind.application_id:
        raise CatalogForeign(
            f"{where} is an SQLite file but no mediafs {kind.noun}; name another with --catalog."
        )
    if version > kind.version:
        raise CatalogTooNew(
            f"{where} is {kind.noun} version {version}; this mediafs knows up to {kind.version}. "
            "Upgrade mediafs."
        )
    if kind.oldest <= version < kind.version:  # a reader's connection; a writer's was brought up
        raise CatalogTooOld(
            f"{where} is {kind.noun} version {version}; `mediafs index` brings it to version "
            f"{kind.version}, which this mediafs reads."
        )
    if version < kind.oldest:
        raise CatalogTooOld(
            f"{where} is {kind.noun} version {version}, older than this mediafs can read "
            f"({kind.version}). Move it away and run `mediafs index` again."
        )


def _prepare_folder(path: Path, kind: Database, *, on_network_anyway: bool) -> None:
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as exc:
        raise CatalogUnwritable(
            f"The folder {display(folder)} for the {kind.noun} cannot be made or read: "
            f"{exc.strerror}; name another place with --catalog."
        ) from exc
    if free < _LEAST_FREE_BYTES:
        raise CatalogUnwritable(
            f"The disk of {display(folder)} has {free:,} bytes left, too few for the {kind.noun}; "
            "make room or name another place with --catalog."
        )
    fstype = filesystem_type(folder)
    # SQLite's shared memory and locks do not reach other machines there
    # (openai/codex#30957, Sonarr#1886: corruption).
    if fstype in NETWORK and not on_network_anyway:
        raise CatalogOnNetwork(
            f"{display(folder)} is on a network filesystem ({fstype}), where SQLite can lose data; "
            "name a local place with --catalog, or insist with --catalog-on-network."
        )


def explained(exc: apsw.Error, path: Path, kind: Database = CATALOG) -> Exception:
    """A sentence for what a person can act on; the error itself where it is our bug."""
    where = display(path)
    match exc:
        case apsw.NotADBError():
            return CatalogForeign(
                f"{where} is no mediafs {kind.noun}; name another with --catalog."
            )
        case _ if isinstance(exc, apsw.FullError) or _is_shut_out_by_a_full_disk(exc, path):
            return CatalogUnwritable(
                f"The disk under the {kind.noun} {where} is full; make room and run the command "
                "again, it goes on where it stopped."
            )
        case apsw.ReadOnlyError() | apsw.CantOpenError() | apsw.PermissionsError():
            return CatalogUnwritable(
                f"The {kind.noun} {where} cannot be opened for this ({exc}); check the "
                "permissions of the file and its folder."
            )
        case apsw.CorruptError() | apsw.IOError():
            return CatalogUnwritable(
                f"The {kind.noun} {where} is damaged or its disk fails ({exc}); move it away and "
                "run `mediafs index` again: decisions.db keeps your decisions and the names."
            )
        case apsw.BusyError() | apsw.LockedError():
            return CatalogBusy(f"The {kind.noun} {where} is busy; try again in a moment.")
    return exc


def _is_shut_out_by_a_full_disk(exc: apsw.Error, path: Path) -> bool:
    """Whether there is no room for the 32 KiB beside a catalog that SQLite needs to read it too."""
    if not isinstance(exc, apsw.IOError):
        return False
    with contextlib.suppress(OSError):
        return shutil.disk_usage(path.parent).free < _LOG_INDEX_BYTES
    return False
