"""Whole runs over files of text, which need neither decoding nor ExifTool; what each counted."""

from __future__ import annotations

import os
import subprocess
from typing import Any

from indexer.catalog import facts, open_reader
from indexer.catalog.connection import writing
from indexer.model import RootRole
from indexer.moves import LEAST_BYTES
from indexer.progress import Silent
from indexer.roots import Wanted
from indexer.run import Options
from mediafs.update import Update, update

SAMPLE = LEAST_BYTES  # head and tail
SECOND = 10**9
DAY = 24 * 3600 * SECOND


class Runs:
    """One catalog, and runs that write to it."""

    def __init__(self, catalog):
        self.catalog = catalog
        self.warnings = []

    def __call__(self, *paths, role=None, only=(), **options: Any):
        """What `index --json` says of it."""
        progress = Silent()
        wanted = Wanted([str(path) for path in paths], role and RootRole(role))
        how = Options(
            jobs=1,
            only=tuple(os.fsencode(path) for path in only),
            is_named=bool(paths or only),
            **options,
        )
        outcome = update(Update(self.catalog, wanted, how), progress)
        self.warnings = progress.warnings
        return outcome.as_json()

    def warning(self, path):
        said = [line for line in self.warnings if line.startswith(f"{path} ")]
        assert len(said) == 1, self.warnings
        return said[0]

    def write(self, sql, *bindings):
        with writing(self.catalog) as db:
            db.execute(sql, bindings)

    def rows(self, sql):
        db = open_reader(self.catalog)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def roots(self):
        db = open_reader(self.catalog)
        try:
            return facts.roots(db)
        finally:
            db.close()

    def states(self):
        return dict(self.rows("SELECT state, count(*) FROM file GROUP BY state"))

    def files(self):
        """Number, digest and name of all that is shown."""
        return set(
            self.rows(
                "SELECT f.file_id, c.blake3, p.name FROM placement p JOIN file f USING (file_id)"
                " JOIN content c USING (content_id)"
            )
        )


def text(seed, lines=10_000):
    """More bytes than head and tail; of one size, whatever the seed."""
    return b"".join(b"%04d %010d\n" % (seed, line) for line in range(lines))


def put(path, data, seconds=1_500_000_000):
    """A file with a time in whole seconds, as from a card."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(SECOND, seconds * SECOND))
    return path


def copy(source, target):
    """As `cp -a`: names, bytes and times, other inodes."""
    subprocess.run(["cp", "-a", f"{source}/.", target], check=True)


def counted(said, *names):
    found = tuple(said[name] for name in names)
    return found[0] if len(names) == 1 else found
