-- From decisions version 1 to 2. schema.sql explains the columns.

CREATE TABLE stood (
    blake3    BLOB    NOT NULL CHECK (length(blake3) = 32),
    mtime_ns  INTEGER NOT NULL,
    mode      INTEGER NOT NULL,
    uid       INTEGER NOT NULL,
    gid       INTEGER NOT NULL,
    PRIMARY KEY (blake3, mtime_ns, mode, uid, gid)
) STRICT, WITHOUT ROWID;
