-- From catalog version 1 to 2. schema.sql explains the columns.

ALTER TABLE generation ADD COLUMN decided_ns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE root ADD COLUMN inode INTEGER;
ALTER TABLE root ADD COLUMN mount BLOB;
ALTER TABLE root ADD COLUMN says TEXT;
ALTER TABLE folder ADD COLUMN device TEXT;
CREATE INDEX folder_mounted ON folder (root_id) WHERE device IS NOT NULL;
CREATE INDEX file_of_size ON file (size, mtime_ns);
UPDATE root SET freshness_days = 120 WHERE role = 'archive';
ALTER TABLE root ADD COLUMN listed_under BLOB;
ALTER TABLE folder ADD COLUMN listing BLOB CHECK (length(listing) = 32);
ALTER TABLE folder ADD COLUMN listed_excluded INTEGER NOT NULL DEFAULT 0
    CHECK (listed_excluded >= 0);
CREATE TRIGGER listing_gained AFTER INSERT ON file BEGIN
    UPDATE folder SET listing = NULL WHERE folder_id = new.folder_id AND listing IS NOT NULL;
END;
CREATE TRIGGER listing_changed AFTER UPDATE OF folder_id, name, size, mtime_ns, ctime_ns, inode,
    state, content_id ON file BEGIN
    UPDATE folder SET listing = NULL
        WHERE folder_id IN (old.folder_id, new.folder_id) AND listing IS NOT NULL;
END;
CREATE TRIGGER listing_lost AFTER DELETE ON file WHEN old.state <> 'gone' BEGIN
    UPDATE folder SET listing = NULL WHERE folder_id = old.folder_id AND listing IS NOT NULL;
END;
CREATE TRIGGER listing_outdated AFTER UPDATE OF reader ON content WHEN new.reader < old.reader BEGIN
    UPDATE folder SET listing = NULL WHERE listing IS NOT NULL
        AND folder_id IN (SELECT folder_id FROM file WHERE content_id = new.content_id);
END;
ALTER TABLE file ADD COLUMN rotten_ns INTEGER;
ALTER TABLE file ADD COLUMN tried_ns INTEGER;
CREATE TABLE verification (
    verification_id  INTEGER PRIMARY KEY CHECK (verification_id = 1),
    begun_ns         INTEGER NOT NULL
) STRICT;
ALTER TABLE content ADD COLUMN pixels BLOB CHECK (length(pixels) = 32);
ALTER TABLE content ADD COLUMN tail BLOB CHECK (length(tail) = 32);
ALTER TABLE content ADD COLUMN profile TEXT;

ALTER TABLE fingerprint ADD COLUMN compared INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1));
ALTER TABLE fingerprint ADD COLUMN recorded INTEGER CHECK (recorded IN (0, 1));
CREATE INDEX fingerprint_uncompared ON fingerprint (compared) WHERE compared = 0;
CREATE INDEX fingerprint_hashes ON fingerprint (recorded, phash, contrast, compared);

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

CREATE TABLE suspect (
    file_id     INTEGER PRIMARY KEY REFERENCES file ON DELETE CASCADE,
    noticed_ns  INTEGER NOT NULL,
    why         TEXT    NOT NULL
) STRICT;

CREATE TABLE news_content (content_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE news_file (file_id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE news_folder (folder_id INTEGER PRIMARY KEY) STRICT;

CREATE TRIGGER file_came AFTER INSERT ON file BEGIN
    INSERT INTO news_file VALUES (new.file_id) ON CONFLICT DO NOTHING;
    INSERT INTO news_folder VALUES (new.folder_id) ON CONFLICT DO NOTHING;
    INSERT INTO news_content SELECT new.content_id WHERE new.content_id IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER file_changed AFTER UPDATE OF folder_id, name, size, mtime_ns, ctime_ns, mode, uid,
    gid, blocks, state, content_id ON file BEGIN
    INSERT INTO news_file VALUES (new.file_id) ON CONFLICT DO NOTHING;
    INSERT INTO news_folder VALUES (old.folder_id), (new.folder_id) ON CONFLICT DO NOTHING;
    INSERT INTO news_content SELECT old.content_id WHERE old.content_id IS NOT NULL ON CONFLICT DO NOTHING;
    INSERT INTO news_content SELECT new.content_id WHERE new.content_id IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER file_forgotten AFTER DELETE ON file BEGIN
    INSERT INTO news_folder VALUES (old.folder_id) ON CONFLICT DO NOTHING;
    INSERT INTO news_content SELECT old.content_id WHERE old.content_id IS NOT NULL ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER content_changed AFTER UPDATE ON content BEGIN
    INSERT INTO news_content VALUES (new.content_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER tags_came AFTER INSERT ON tags BEGIN
    INSERT INTO news_content VALUES (new.content_id) ON CONFLICT DO NOTHING;
    INSERT INTO news_folder SELECT folder_id FROM file
        WHERE content_id = new.content_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER fingerprint_came AFTER INSERT ON fingerprint BEGIN
    INSERT INTO news_content VALUES (new.content_id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER root_changed AFTER UPDATE OF path, role, label ON root
    WHEN old.path <> new.path OR old.role <> new.role OR old.label <> new.label BEGIN
    INSERT INTO news_file SELECT file_id FROM file JOIN folder USING (folder_id)
        WHERE root_id = new.root_id ON CONFLICT DO NOTHING;
    INSERT INTO news_content SELECT content_id FROM file JOIN folder USING (folder_id)
        WHERE root_id = new.root_id AND content_id IS NOT NULL ON CONFLICT DO NOTHING;
END;

CREATE TABLE tie (
    key         INTEGER NOT NULL,
    content_id  INTEGER NOT NULL,
    PRIMARY KEY (key, content_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE tied (
    content_id  INTEGER PRIMARY KEY,
    keys        BLOB NOT NULL
) STRICT;

CREATE TABLE attachment (
    sidecar    INTEGER PRIMARY KEY,
    file_id    INTEGER NOT NULL,
    folder_id  INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_of_file ON attachment (file_id);
CREATE INDEX attachment_in_folder ON attachment (folder_id);

CREATE TABLE habit (
    content_id  INTEGER PRIMARY KEY,
    camera      TEXT    NOT NULL,
    day         INTEGER,
    clock       TEXT,
    stems       TEXT    NOT NULL CHECK (json_valid(stems)),
    format      TEXT,
    tables      TEXT,
    long_px     INTEGER,
    short_px    INTEGER,
    joined      INTEGER NOT NULL CHECK (joined IN (0, 1)),
    mode        TEXT

) STRICT;
CREATE INDEX habit_of_day ON habit (camera, day);
CREATE INDEX habit_of_tables ON habit (camera, tables) WHERE tables IS NOT NULL;
CREATE INDEX habit_of_size ON habit (camera, long_px, short_px) WHERE long_px IS NOT NULL;
CREATE INDEX habit_joined ON habit (camera) WHERE joined = 1;

CREATE TABLE neighbour (
    line     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    file_id  INTEGER NOT NULL,
    told     INTEGER,
    PRIMARY KEY (line, at, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX neighbour_of_file ON neighbour (file_id);
CREATE INDEX neighbour_telling ON neighbour (line, at) WHERE told IS NOT NULL;

CREATE INDEX capture_in_future ON capture (shot_id) WHERE unknown = 'future';

ALTER TABLE tree_directory ADD COLUMN newest_file_id INTEGER;

CREATE TABLE reason (
    change_id     INTEGER PRIMARY KEY REFERENCES change ON DELETE CASCADE,
    cause         TEXT    NOT NULL,
    says          TEXT    NOT NULL,
    heir_file_id  INTEGER,
    shot_id       INTEGER,
    rule          TEXT
) STRICT;

-- What follows from the new columns is derived by the next run, whatever it finds to read.
INSERT OR IGNORE INTO pending VALUES (1, 0);
