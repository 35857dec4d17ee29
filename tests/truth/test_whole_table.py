"""What must be true of the library as a whole, whatever is said of its rows."""

from __future__ import annotations

import numpy as np

from indexer.catalog import open_reader
from indexer.catalog.check import check

# Beyond what any rule of similarity asks for (24 bits of 256), and half of what chance gives.
FAR_APART = 40


def test_rows_never_join_each_other(said):
    assert said.across_rows == []


def test_the_catalog_is_sound(said):
    db = open_reader(said.catalog)

    broken = [finding.invariant.name for finding in check(db) if not finding.holds]
    db.close()

    assert broken == []


def test_scenes_of_different_rows_do_not_look_alike(said):
    """Otherwise a row would test what another row shows."""
    hashes, rows = looks(said)

    bits = np.unpackbits(hashes, axis=1).astype(np.int16)
    apart = (bits[:, None, :] != bits[None, :, :]).sum(2) if len(bits) < 200 else distances(bits)
    is_other_row = rows[:, None] != rows[None, :]

    assert int(apart[is_other_row].min()) > FAR_APART


def distances(bits):
    """Of every two, by one product of matrices."""
    signs = bits * 2 - 1
    return (bits.shape[1] - signs @ signs.T) // 2


def looks(said):
    """The fingerprints of all pictures that show something, and each one's row."""
    db = open_reader(said.catalog)
    asked = """
        SELECT folder.path, fingerprint.phash
        FROM file JOIN folder USING (folder_id) JOIN fingerprint USING (content_id)
        WHERE fingerprint.contrast >= 8
    """
    found = [(path.split(b"/")[0], phash) for path, phash in db.execute(asked)]
    db.close()
    names = sorted({row for row, _ in found})
    hashes = np.array([np.frombuffer(phash, np.uint8) for _, phash in found])
    return hashes, np.array([names.index(row) for row, _ in found])
