-- Decisions: what a person said, and the names already given out. Schema version 2.
--
-- Never derived. Deleting the catalog loses nothing of this; deleting this loses the only
-- copy. It knows contents by their BLAKE3 digest, never by a catalog's row numbers.

-- A person's word about a file's content. No two moments in it are equal, but where a word
-- ends another. Owner: words.py.
CREATE TABLE decision (
    decision_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    blake3       BLOB    NOT NULL CHECK (length(blake3) = 32),
    verdict      TEXT    NOT NULL CHECK (verdict IN ('original', 'not-a-duplicate', 'ignore')),
    said_ns      INTEGER NOT NULL,
    undone_ns    INTEGER                       -- NULL: in force; the said_ns of another word: that
                                               -- one supersedes it; else when it was taken back
) STRICT;
CREATE INDEX decision_of_content ON decision (blake3);

-- A name in the tree, given to a content for good. A content that comes back finds its name
-- again, and nothing else ever takes it.
CREATE TABLE given_name (
    directory  TEXT NOT NULL,                  -- path in the tree, no leading slash
    name       TEXT NOT NULL,                  -- one component, NFC
    folded     TEXT NOT NULL,                  -- case folded; unique in its directory
    stem       TEXT NOT NULL,                  -- case folded, without extension: two shots
                                               -- never share one in a directory
    holder     TEXT NOT NULL,                  -- BLAKE3 in hex; where equal copies stand side
                                               -- by side, then ':' and what tells them apart
                                               -- a camera's folder: 'device:' and its name
                                               -- in folded case
    given_ns   INTEGER NOT NULL,
    PRIMARY KEY (directory, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX given_name_of_holder ON given_name (directory, holder);

-- Which of equal copies stands for all in the tree, where facts alone would choose another, by what
-- a backup sees of it: a catalog made anew shows that one again. Owner: mediafs/views/copies.py.
CREATE TABLE stood (
    blake3    BLOB    NOT NULL CHECK (length(blake3) = 32),
    mtime_ns  INTEGER NOT NULL,
    mode      INTEGER NOT NULL,
    uid       INTEGER NOT NULL,
    gid       INTEGER NOT NULL,
    PRIMARY KEY (blake3, mtime_ns, mode, uid, gid)
) STRICT, WITHOUT ROWID;
