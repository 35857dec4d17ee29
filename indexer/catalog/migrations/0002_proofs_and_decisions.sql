-- From catalog version 1 to 2. schema.sql explains the columns.

ALTER TABLE generation ADD COLUMN decided_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE content ADD COLUMN pixels BLOB CHECK (length(pixels) = 32);
ALTER TABLE content ADD COLUMN tail BLOB CHECK (length(tail) = 32);
ALTER TABLE content ADD COLUMN profile TEXT;

ALTER TABLE fingerprint ADD COLUMN compared INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1));
CREATE INDEX fingerprint_uncompared ON fingerprint (compared) WHERE compared = 0;

ALTER TABLE member ADD COLUMN offered INTEGER NOT NULL DEFAULT 1 CHECK (offered IN (0, 1));

-- Version 1 never wrote into it.
DROP TABLE near;
CREATE TABLE near (
    a         INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    b         INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    turn      INTEGER NOT NULL CHECK (turn BETWEEN 1 AND 8),
    bits      INTEGER NOT NULL CHECK (bits BETWEEN 0 AND 256),
    residual  REAL    NOT NULL,
    PRIMARY KEY (a, b),
    CHECK (a <> b)
) STRICT, WITHOUT ROWID;
CREATE INDEX near_of_b ON near (b);

-- What follows from the new columns is derived by the next run, whatever it finds to read.
INSERT OR IGNORE INTO pending VALUES (1, 0);
