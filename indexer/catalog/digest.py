"""One number for all that a catalog knows: equal where two catalogs say the same.

Two runs that end with the same files and the same words of a person must agree in it, however
often one of them was killed on its way. Rows are told by what they speak about (paths, digests,
names in the tree), never by their numbers. Left out, because it may differ:

- row numbers, and so inodes and cookies: files get theirs in the order in which they were read;
- generation numbers, what changed between them, and which program wrote them;
- when something was seen, walked, verified or lost by the wall clock; that it is gone counts;
- `st_dev`, and what a root's disk is called, which differ from boot to boot;
- what a run notes to have less to do next time, and derives anew where the notes are gone.

A shot's number stays in: it follows from its original's bytes. Two catalogs are to be compared
only if one version of mediafs made both, and at one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from blake3 import blake3

if TYPE_CHECKING:
    import apsw

_JOINED: Final = "JOIN folder d USING (folder_id) JOIN root r USING (root_id)"


def _path(file: str) -> str:
    """The source path of the file with this number, as an expression."""
    # CAST: joined bytes would be text to SQLite, which not every name is.
    return (
        "(SELECT CAST(r.path || x'2f' || iif(d.path = x'', x'', d.path || x'2f') || f.name AS BLOB)"
        f" FROM file f {_JOINED} WHERE f.file_id = {file})"
    )


_TREE: Final = (
    "WITH RECURSIVE shown (path, file_id, tree_directory_id) AS ("
    " SELECT name, file_id, tree_directory_id FROM placement WHERE parent_id = 1"
    " UNION ALL SELECT CAST(s.path || x'2f' || p.name AS BLOB), p.file_id, p.tree_directory_id"
    " FROM shown s JOIN placement p ON p.parent_id = s.tree_directory_id)"
)

# What is counted, part by part. Each question's rows come in an order of their own making.
PARTS: Final[dict[str, str]] = {
    "pending": "SELECT count(*) FROM pending",
    "root": (
        "SELECT host, path, role, label, excludes, freshness_days, online, says FROM root"
        " ORDER BY host, path"
    ),
    "folder": (
        "SELECT r.path, d.path, d.state, d.says FROM folder d JOIN root r USING (root_id)"
        " ORDER BY r.path, d.path"
    ),
    "file": (
        "SELECT r.path, d.path, f.name, f.size, f.mtime_ns, f.ctime_ns, f.inode, f.mode, f.uid,"
        " f.gid, f.blocks, f.state, f.says, c.blake3, f.digest_carried, f.rotten_ns IS NOT NULL"
        f" FROM file f {_JOINED} LEFT JOIN content c USING (content_id)"
        " ORDER BY r.path, d.path, f.name"
    ),
    "content": (
        "SELECT blake3, size, payload, sample, mime, kind, extension, width_px, height_px,"
        " orientation, duration_ms, codec, frame_rate, damage, damage_says, reader, pixels, tail,"
        " profile FROM content ORDER BY blake3"
    ),
    "tags": (
        "SELECT c.blake3, t.make, t.model, t.serial, t.lens, t.software, t.content_identifier,"
        " t.burst_uuid, t.image_unique_id, t.document_id, t.derived_from, t.exif_width_px,"
        " t.exif_height_px, t.latitude, t.longitude, t.has_maker_note, t.warning, t.everything"
        " FROM tags t JOIN content c USING (content_id) ORDER BY c.blake3"
    ),
    "fingerprint": (
        "SELECT c.blake3, p.phash, p.dhash, p.thumb, p.sharpness, p.contrast, p.compared"
        " FROM fingerprint p JOIN content c USING (content_id) ORDER BY c.blake3"
    ),
    "near": (
        "SELECT a.blake3, b.blake3, n.turn, n.bits, n.residual FROM near n"
        " JOIN content a ON a.content_id = n.a JOIN content b ON b.content_id = n.b"
        " ORDER BY a.blake3, b.blake3"
    ),
    "failure": (
        "SELECT r.path, f.path, f.cause, f.says FROM failure f JOIN root r USING (root_id)"
        " ORDER BY r.path, f.path"
    ),
    "shot": "SELECT shot_id, confidence, original_missing, burst, why FROM shot ORDER BY shot_id",
    "member": (
        f"SELECT shot_id, rank, {_path('m.file_id')}, role, {_path('m.of_file')}, says, offered"
        " FROM member m ORDER BY shot_id, rank"
    ),
    "evidence": (
        f"SELECT shot_id, {_path('e.a')}, {_path('e.b')}, kind, says FROM evidence e"
        " ORDER BY 1, 2, 3, 4"
    ),
    "vote": (
        f"SELECT shot_id, {_path('v.file_id')}, rule, points, says FROM vote v ORDER BY 1, 2, 3"
    ),
    "clue": (
        f"SELECT shot_id, {_path('c.file_id')}, source, value, local, offset_min, used, says"
        " FROM clue c ORDER BY shot_id, clue_id"
    ),
    "capture": (
        "SELECT shot_id, local, offset_min, source, confidence, why, unknown, suggestion,"
        " suggestion_why FROM capture ORDER BY shot_id"
    ),
    "directory": (
        f"{_TREE} SELECT s.path, t.view, t.mtime_ns, t.subdirectories FROM shown s"
        " JOIN tree_directory t USING (tree_directory_id) ORDER BY s.path"
    ),
    "tree": (
        f"{_TREE} SELECT path, {_path('shown.file_id')} FROM shown WHERE file_id IS NOT NULL"
        " ORDER BY path"
    ),
}


def digests(db: apsw.Connection) -> dict[str, str]:
    """Each part's digest in hex, to see where two catalogs differ, and "catalog", that of all."""
    with db:  # one state for all the questions
        found = {part: _digest(db, question) for part, question in PARTS.items()}
    return {**found, "catalog": blake3(ascii(found).encode("ascii")).hexdigest()}


def _digest(db: apsw.Connection, question: str) -> str:
    hasher = blake3()
    for row in db.execute(question):
        # ascii() keeps bytes, text, numbers and NULL apart, the same in every version of Python.
        hasher.update(ascii(row).encode("ascii"))
    return hasher.hexdigest()
