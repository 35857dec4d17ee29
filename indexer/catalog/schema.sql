-- The catalog: what the disk says, and what follows from it. Schema version 2.
--
-- Four parts, in the order in which the data flows:
--   facts      root, folder, file, content, tags, fingerprint, near, failure, suspect
--              what reading gave; expensive; rewritten only when bytes change
--   remembered news_*, tie, tied, attachment, habit, neighbour
--              what changed, and what else must be looked at because of it
--   derived    shot, member, evidence, vote, clue, capture
--              a pure function of facts and decisions; rebuilt at will
--   tree       tree_directory, placement, change, reason
--              what the mount shows; written from the derived part, compared row by row
--              so that a name that did not change keeps its row, its inode and its cookie
-- Decisions of a person and names given out are not here: see indexer/decisions/schema.sql.
--
-- Everywhere: *_ns are nanoseconds since 1970 UTC, *_ms milliseconds, *_px pixels.
-- Paths and names are BLOBs, the bytes the system gave; indexer/paths.py converts.
-- "Owner" names the module that produces the values. All SQL is in this package: facts.py,
-- shots.py and tree.py, one for each part, and check.py, which reads all three.

-- ---------------------------------------------------------------------------- bookkeeping

-- One committed state of the derived tables. The newest row is what a mount shows.
CREATE TABLE generation (
    generation_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    committed_ns   INTEGER NOT NULL,
    command        TEXT    NOT NULL,           -- 'index', 'reindex', 'decide', …
    mediafs        TEXT    NOT NULL,           -- version of the program that wrote it
    raw_companion  TEXT    NOT NULL            -- option in force: 'beside' or 'duplicate'
        CHECK (raw_companion IN ('beside', 'duplicate')),
    summary        TEXT    NOT NULL CHECK (json_valid(summary)),  -- the last line of --json
    decided_ns     INTEGER NOT NULL DEFAULT 0  -- the newest word of a person that it follows, as
                                               -- decisions.db dates it; 0: none
) STRICT;

-- One row while facts are newer than the newest generation: a run that was cut off leaves it,
-- and the next run derives although it found nothing to read.
CREATE TABLE pending (
    pending_id  INTEGER PRIMARY KEY CHECK (pending_id = 1),
    since_ns    INTEGER NOT NULL
) STRICT;

-- One row while a verification of all files is under way: the next one goes on with it.
CREATE TABLE verification (
    verification_id  INTEGER PRIMARY KEY CHECK (verification_id = 1),
    begun_ns         INTEGER NOT NULL          -- files that were verified since are done
) STRICT;

-- ---------------------------------------------------------------------------- facts

-- A directory tree that is indexed.
CREATE TABLE root (
    root_id         INTEGER PRIMARY KEY AUTOINCREMENT,
    host            TEXT    NOT NULL,          -- whose path it is; a catalog may travel
    path            BLOB    NOT NULL CHECK (length(path) > 0),  -- absolute, links resolved
    role            TEXT    NOT NULL CHECK (role IN ('library', 'incoming', 'archive', 'backup')),
    label           BLOB    NOT NULL UNIQUE,   -- its folder's name in by-source/; never changes
    device          TEXT,                      -- identity of the filesystem ("uuid:…", "fsid:…",
                                               -- or "source:…" of a share), NULL where none could
                                               -- be told; not st_dev, which changes with every boot
    excludes        TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(excludes)),  -- extra globs
    freshness_days  INTEGER CHECK (freshness_days > 0),  -- archive: not walked again sooner
                                               -- unless it is named or forced;
                                               -- NULL: walked every time
    online          INTEGER NOT NULL DEFAULT 1 CHECK (online IN (0, 1)),
                                               -- 0: its files stay listed, opening gives EIO
    added_ns        INTEGER NOT NULL,
    walked_ns       INTEGER,                   -- end of the last complete walk; NULL: none yet
    inode           INTEGER,                   -- of the folder itself, which with device tells it
                                               -- from the mount point of an absent disk; NULL where
                                               -- the filesystem renumbers
    mount           BLOB,                      -- the mount point that it was on; NULL: not known
    says            TEXT,                      -- why it is offline, one clause; NULL: it is not
    listed_under    BLOB,                      -- digest of the rules that its folders' listings
                                               -- follow: exclude patterns, version of the reader
    UNIQUE (host, path)
) STRICT;

-- A source directory that was seen. Owner: scan/walk.py.
CREATE TABLE folder (
    folder_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    root_id    INTEGER NOT NULL REFERENCES root,
    path       BLOB    NOT NULL,               -- relative to the root; x'' is the root itself
    state      TEXT    NOT NULL CHECK (state IN ('walked', 'excluded', 'unreadable', 'gone')),
    says       TEXT,                           -- the pattern that excluded it, or the error
    device     TEXT,                           -- of the filesystem mounted on this very folder,
                                               -- named as root.device; NULL: none is
    listing    BLOB    CHECK (length(listing) = 32),  -- digest of the names and stamps of its
                                               -- files, all of which are known or excluded under
                                               -- just these; NULL: they are compared one by one.
                                               -- The triggers listing_… take it away
    listed_excluded INTEGER NOT NULL DEFAULT 0 CHECK (listed_excluded >= 0),
                                               -- how many of those are excluded
    UNIQUE (root_id, path)
) STRICT;
CREATE INDEX folder_mounted ON folder (root_id) WHERE device IS NOT NULL;

-- One path that was seen. Its inode in the mounted tree is 1024 + 2 * file_id, in every
-- view; AUTOINCREMENT never gives a number twice. A moved file keeps its row.
CREATE TABLE file (
    file_id           INTEGER PRIMARY KEY AUTOINCREMENT,
    folder_id         INTEGER NOT NULL REFERENCES folder,
    name              BLOB    NOT NULL CHECK (length(name) > 0),
    -- the stamp: equal stamps mean the bytes are known
    size              INTEGER NOT NULL CHECK (size >= 0),
    mtime_ns          INTEGER NOT NULL,
    ctime_ns          INTEGER NOT NULL,
    inode             INTEGER,                 -- NULL where the filesystem renumbers (FAT, exFAT)
    device            INTEGER NOT NULL,        -- st_dev when seen: tells hard links apart within
                                               -- one run, no lasting name of a disk
    mode              INTEGER NOT NULL,        -- st_mode; the tree drops its write bits
    uid               INTEGER NOT NULL,
    gid               INTEGER NOT NULL,
    blocks            INTEGER NOT NULL,        -- st_blocks, 512-byte units: du must be true
    state             TEXT    NOT NULL CHECK (state IN ('present', 'unreadable', 'excluded', 'gone')),
    says              TEXT,                    -- unreadable: the error; excluded: the pattern
    content_id        INTEGER REFERENCES content,  -- NULL: never read
    digest_carried    INTEGER NOT NULL DEFAULT 0 CHECK (digest_carried IN (0, 1)),
                                               -- 1: digest taken over from another path after
                                               -- head and tail agreed; verify will read it
    first_generation  INTEGER NOT NULL,        -- the run that saw it first; equal copies: the
                                               -- earlier one keeps the place in the tree
    changed_generation INTEGER NOT NULL,       -- the run that last saw other bytes or attributes
    verified_ns       INTEGER,                 -- last full read that agreed with the digest
    gone_ns           INTEGER,                 -- when an online root was found without it
    rotten_ns         INTEGER,                 -- when verify first read other bytes under this
                                               -- stamp, twice; NULL: sound. While set the state is
                                               -- 'unreadable' (or 'gone') and content_id is what
                                               -- the bytes should be, so that a good copy is served
    tried_ns          INTEGER,                 -- last verification that did not agree, so that one
                                               -- bad file can't keep others waiting; NULL: none
                                               -- since verified_ns
    UNIQUE (folder_id, name),
    CHECK (state <> 'present' OR content_id IS NOT NULL),
    CHECK ((state = 'gone') = (gone_ns IS NOT NULL))
) STRICT;
CREATE INDEX file_of_content ON file (content_id);
CREATE INDEX file_of_inode ON file (inode, device);
CREATE INDEX file_of_size ON file (size, mtime_ns);

-- One BLAKE3 digest, and what reading its bytes once told. Owner: read/once.py.
CREATE TABLE content (
    content_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    blake3        BLOB    NOT NULL UNIQUE CHECK (length(blake3) = 32),
    size          INTEGER NOT NULL CHECK (size >= 0),
    payload       BLOB    CHECK (length(payload) = 32),  -- digest of the picture or sound data
                                               -- alone; NULL: this format has no rule for it
    sample        BLOB    CHECK (length(sample) = 32),   -- digest of head, tail and size
    mime          TEXT    NOT NULL,            -- true type, whatever the name says
    kind          TEXT    NOT NULL
        CHECK (kind IN ('picture', 'raw', 'video', 'audio', 'sidecar', 'other')),
    extension     TEXT    NOT NULL,            -- true extension, no dot, lower case; '' if none
    width_px      INTEGER CHECK (width_px > 0),   -- coded pixels, before orientation
    height_px     INTEGER CHECK (height_px > 0),
    orientation   INTEGER CHECK (orientation BETWEEN 1 AND 8),  -- EXIF's; NULL: not said
    duration_ms   INTEGER CHECK (duration_ms >= 0),
    codec         TEXT,                        -- of the first video stream, else of the sound
    frame_rate    REAL    CHECK (frame_rate > 0),
    damage        TEXT    CHECK (damage IN ('empty', 'truncated', 'undecodable')),  -- NULL: whole
    damage_says   TEXT,                        -- what the decoder said
    reader        INTEGER NOT NULL,            -- version of the reader; an older one is read again
    pixels        BLOB    CHECK (length(pixels) = 32),  -- digest of the decoded, upright picture:
                                               -- equal ones show the same, to the last bit; NULL:
                                               -- not decoded at full size, or not all bits kept
    tail          BLOB    CHECK (length(tail) = 32),    -- BLAKE3 of the film appended to a picture
                                               -- (motion photo): equals blake3 of the film's own
                                               -- file; NULL: none
    profile       TEXT,                        -- name of the embedded ICC profile; NULL: none
    CHECK (damage IS NOT NULL OR damage_says IS NULL)
) STRICT;
CREATE INDEX content_of_payload ON content (payload) WHERE payload IS NOT NULL;

-- Whatever is said anew about a file, its folder's listing no longer follows from what is known.
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

-- ExifTool's answer about a content. Owner: metadata/tags.py.
CREATE TABLE tags (
    content_id          INTEGER PRIMARY KEY REFERENCES content ON DELETE CASCADE,
    make                TEXT,
    model               TEXT,
    serial              TEXT,                  -- of the body
    lens                TEXT,
    software            TEXT,                  -- firmware, or the program that saved it last
    content_identifier  TEXT,                  -- Live Photo: equal on still and film
    burst_uuid          TEXT,                  -- equal on the frames of one burst
    image_unique_id     TEXT,                  -- not unique on every camera (ORIGINALS 2.3)
    document_id         TEXT,                  -- xmpMM:DocumentID
    derived_from        TEXT,                  -- xmpMM:DerivedFrom
    exif_width_px       INTEGER,               -- what the camera says it wrote
    exif_height_px      INTEGER,
    latitude            REAL,                  -- degrees
    longitude           REAL,
    has_maker_note      INTEGER NOT NULL CHECK (has_maker_note IN (0, 1)),
    warning             TEXT,                  -- ExifTool's Warning or Error
    everything          TEXT NOT NULL CHECK (json_valid(everything))  -- {"Group1:Tag": text}
) STRICT;
CREATE INDEX tags_of_identifier ON tags (content_identifier) WHERE content_identifier IS NOT NULL;

-- How a picture, or a frame of a film, looks when displayed upright. Owner: perceptual/.
CREATE TABLE fingerprint (
    content_id  INTEGER PRIMARY KEY REFERENCES content ON DELETE CASCADE,
    phash       BLOB NOT NULL CHECK (length(phash) = 32),   -- 256-bit DCT hash
    dhash       BLOB NOT NULL CHECK (length(dhash) = 32),   -- 256-bit gradient hash
    thumb       BLOB NOT NULL CHECK (length(thumb) = 3072), -- 32 x 32 sRGB
    sharpness   REAL NOT NULL,                 -- Laplacian variance of a grey picture whose
                                               -- longest edge is 512 px: comparable across sizes
    contrast    REAL NOT NULL,                 -- luma deviation; flat pictures prove nothing
    compared    INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1)),  -- 1: near is complete for it
    recorded    INTEGER CHECK (recorded IN (0, 1))  -- 1: its tags name a camera and a date; NULL:
                                               -- of a film, which is not compared
) STRICT;
CREATE INDEX fingerprint_uncompared ON fingerprint (compared) WHERE compared = 0;
-- All that finding near pairs needs, without the thumbnails' pages.
CREATE INDEX fingerprint_hashes ON fingerprint (recorded, phash, contrast, compared);

-- Pairs of contents that look like one exposure though one of them names no camera or no date;
-- candidates, not verdicts: frames of a burst look alike as well. Owner: compare.py.
CREATE TABLE near (
    a         INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,  -- the smaller digest
    b         INTEGER NOT NULL REFERENCES content ON DELETE CASCADE,
    turn      INTEGER NOT NULL CHECK (turn BETWEEN 1 AND 8),  -- how a must be turned to look
                                               -- like b, in EXIF's numbers; 1: not at all
    bits      INTEGER NOT NULL CHECK (bits BETWEEN 0 AND 256),  -- pHash distance
    residual  REAL    NOT NULL,                -- RMS of the thumbnails after a colour fit, of 255
    PRIMARY KEY (a, b),
    CHECK (a <> b)
) STRICT, WITHOUT ROWID;
CREATE INDEX near_of_b ON near (b);

-- What could not be read, told apart from what was read and found damaged (content.damage).
-- A row leaves when the path is read well or is gone. Owner: pipeline.py.
CREATE TABLE failure (
    failure_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    root_id        INTEGER NOT NULL REFERENCES root,
    path           BLOB    NOT NULL,           -- relative to the root
    cause          TEXT    NOT NULL
        CHECK (cause IN ('unreadable', 'special', 'changing', 'exiftool', 'folder')),
    says           TEXT    NOT NULL,           -- one clause: what happened
    generation_id  INTEGER NOT NULL,           -- the run that met it last
    UNIQUE (root_id, path)
) STRICT;

-- Files that a mount could not serve as they were indexed: the next run looks at them, whatever
-- else it leaves alone, and takes the row away. Owner: mediafs/vfs/suspects.py.
CREATE TABLE suspect (
    file_id     INTEGER PRIMARY KEY REFERENCES file ON DELETE CASCADE,
    noticed_ns  INTEGER NOT NULL,
    why         TEXT    NOT NULL               -- 'changed', 'vanished': what its stamp tells;
                                               -- 'unreadable': it is read again
) STRICT;

-- ---------------------------------------------------------------------------- remembered

-- Contents that changed, came or went since shots were last derived. Written by the triggers
-- below, so that no fact can change unseen, and emptied by derive, as the next two.
CREATE TABLE news_content (content_id INTEGER PRIMARY KEY) STRICT;

-- Files of which a fact changed, for the tree.
CREATE TABLE news_file (file_id INTEGER PRIMARY KEY) STRICT;

-- Folders in which sidecars may speak about other files now.
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

-- The keys under which contents meet: whatever ties two contents, they share a key. Owner:
-- grouping/keys.py.
CREATE TABLE tie (
    key         INTEGER NOT NULL,              -- a digest of kind and value
    content_id  INTEGER NOT NULL,
    PRIMARY KEY (key, content_id)
) STRICT, WITHOUT ROWID;

-- The same by content, to take a content's keys away.
CREATE TABLE tied (
    content_id  INTEGER PRIMARY KEY,
    keys        BLOB NOT NULL                  -- of 8 bytes each, as this machine writes integers
) STRICT;

-- Which sidecar, or voice memo, speaks about which file; both lie in the folder. Owner:
-- grouping/sidecars.py.
CREATE TABLE attachment (
    sidecar    INTEGER PRIMARY KEY,            -- file_id
    file_id    INTEGER NOT NULL,
    folder_id  INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_of_file ON attachment (file_id);
CREATE INDEX attachment_in_folder ON attachment (folder_id);

-- What a content tells of its camera's habits. Owner: originals/habits.py.
CREATE TABLE habit (
    content_id  INTEGER PRIMARY KEY,
    camera      TEXT    NOT NULL,
    day         INTEGER,                       -- of the clock, counted from 0001-01-01
    clock       TEXT,                          -- ISO; NULL: the file does not tell when
    stems       TEXT    NOT NULL CHECK (json_valid(stems)),
    format      TEXT,                          -- 'heic', 'jpeg', 'unknown'; NULL: no camera's file
    tables      TEXT,                          -- of its compression; NULL: not trusted, or none
    long_px     INTEGER,                       -- its sides; NULL: not trusted
    short_px    INTEGER,
    joined      INTEGER NOT NULL CHECK (joined IN (0, 1)),  -- 1: other contents are in its shot
    mode        TEXT                           -- what its camera wrote around that day, as it was
                                               -- told when the shot was judged
) STRICT;
CREATE INDEX habit_of_day ON habit (camera, day);
CREATE INDEX habit_of_tables ON habit (camera, tables) WHERE tables IS NOT NULL;
CREATE INDEX habit_of_size ON habit (camera, long_px, short_px) WHERE long_px IS NOT NULL;
CREATE INDEX habit_joined ON habit (camera) WHERE joined = 1;

-- Where shots stand beside each other: by the clock or the counter of one device in one folder.
-- Owner: capture_time/siblings.py.
CREATE TABLE neighbour (
    line     INTEGER NOT NULL,                 -- a digest of folder, device and kind
    at       INTEGER NOT NULL,                 -- a second, or a counter
    file_id  INTEGER NOT NULL,              -- of the shot's original
    told     INTEGER,                          -- a digest of what it tells others; NULL: it asks
    PRIMARY KEY (line, at, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX neighbour_of_file ON neighbour (file_id);
CREATE INDEX neighbour_telling ON neighbour (line, at) WHERE told IS NOT NULL;

-- ---------------------------------------------------------------------------- derived

-- One press of the shutter, or one recording.
CREATE TABLE shot (
    shot_id           INTEGER PRIMARY KEY,     -- the first 40 bits of its original's digest, or the
                                               -- next free number
    confidence        TEXT    NOT NULL CHECK (confidence IN ('only', 'sure', 'likely', 'ambiguous')),
    original_missing  INTEGER NOT NULL CHECK (original_missing IN (0, 1)),
                                               -- 1: what stands as original is the best left
    burst             TEXT,                    -- equal on shots of one burst or bracket
    why               TEXT    NOT NULL         -- one sentence: why this original
) STRICT;

-- A file's place in its shot. Every file is in at most one shot.
CREATE TABLE member (
    shot_id  INTEGER NOT NULL REFERENCES shot ON DELETE CASCADE,
    file_id  INTEGER NOT NULL UNIQUE REFERENCES file ON DELETE CASCADE,
    role     TEXT    NOT NULL CHECK (role IN ('original', 'live-video', 'raw-companion', 'sidecar',
                 'edit', 'identical', 'same-payload', 'reencoded', 'resized', 'preview')),
    rank     INTEGER NOT NULL CHECK (rank >= 0),  -- 0 the original, then in the order shown
    of_file  INTEGER REFERENCES file,          -- what it belongs to or stands in for; NULL:
                                               -- the original itself
    says     TEXT    NOT NULL,                 -- one sentence: why this role
    offered  INTEGER NOT NULL DEFAULT 1 CHECK (offered IN (0, 1)),  -- 0: never called reclaimable:
                                               -- only looks tie it to the original, or a person
                                               -- said to ignore it
    PRIMARY KEY (shot_id, file_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_original ON member (shot_id) WHERE role = 'original';

-- Why two files are one shot (or must not be). Printed by `explain`. Owner: grouping/.
CREATE TABLE evidence (
    shot_id  INTEGER NOT NULL REFERENCES shot ON DELETE CASCADE,
    a        INTEGER NOT NULL REFERENCES file,
    b        INTEGER NOT NULL REFERENCES file,
    kind     TEXT    NOT NULL,                 -- 'identical', 'content-identifier', …
    says     TEXT    NOT NULL,
    PRIMARY KEY (shot_id, a, b, kind)
) STRICT, WITHOUT ROWID;

-- One rule's points for one member as the original. Owner: originals/rules.py.
CREATE TABLE vote (
    shot_id  INTEGER NOT NULL REFERENCES shot ON DELETE CASCADE,
    file_id  INTEGER NOT NULL REFERENCES file,
    rule     TEXT    NOT NULL,
    points   REAL    NOT NULL,
    says     TEXT    NOT NULL,
    PRIMARY KEY (shot_id, file_id, rule)
) STRICT, WITHOUT ROWID;

-- One hint about the capture time, used or not, with the reason. Owner: capture_time/.
CREATE TABLE clue (
    clue_id     INTEGER PRIMARY KEY,
    shot_id     INTEGER NOT NULL REFERENCES shot ON DELETE CASCADE,
    file_id     INTEGER NOT NULL REFERENCES file,
    source      TEXT    NOT NULL,              -- 'ExifIFD:DateTimeOriginal', 'file name', …
    value       TEXT    NOT NULL,              -- as it was found
    local       TEXT,                          -- ISO wall clock; NULL: only an instant, or unusable
    offset_min  INTEGER CHECK (offset_min BETWEEN -1080 AND 1080),  -- east positive; NULL: unknown
    used        INTEGER NOT NULL CHECK (used IN (0, 1)),
    says        TEXT    NOT NULL               -- why it was used, or why it lost
) STRICT;
CREATE INDEX clue_of_shot ON clue (shot_id);

-- When a shot was taken.
CREATE TABLE capture (
    shot_id         INTEGER PRIMARY KEY REFERENCES shot ON DELETE CASCADE,
    local           TEXT,                      -- ISO wall clock where it was taken, with as many
                                               -- digits of a second as the camera gave
    offset_min      INTEGER CHECK (offset_min BETWEEN -1080 AND 1080),  -- NULL: zone unknown,
                                               -- never UTC by assumption
    source          TEXT    NOT NULL,          -- the clue that was used; '' when none
    confidence      TEXT    NOT NULL CHECK (confidence IN ('certain', 'likely', 'weak', 'none')),
    why             TEXT    NOT NULL,          -- one sentence
    unknown         TEXT    CHECK (unknown IN ('no-tag', 'zero', 'epoch-default', 'future', 'conflict')),
    suggestion      TEXT,                      -- a time inferred and shown, never silently used
    suggestion_why  TEXT,
    CHECK ((local IS NULL) = (unknown IS NOT NULL)),
    CHECK ((suggestion IS NULL) = (suggestion_why IS NULL))
) STRICT;
CREATE INDEX capture_in_future ON capture (shot_id) WHERE unknown = 'future';

-- ---------------------------------------------------------------------------- the tree

-- A directory of the mounted tree. Its inode is 1025 + 2 * tree_directory_id; the root of
-- the tree is row 1 (and inode 1 to the kernel).
CREATE TABLE tree_directory (
    tree_directory_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    parent_id          INTEGER REFERENCES tree_directory,  -- NULL: the root of the tree
    view               TEXT    NOT NULL,       -- first component of its path; '' for the root
    mtime_ns           INTEGER NOT NULL,       -- newest mtime below it: a second rsync, also from
                                               -- a rebuilt catalog, finds nothing to change
    ctime_ns           INTEGER NOT NULL,       -- when its listing last changed
    subdirectories     INTEGER NOT NULL DEFAULT 0, -- st_nlink is this plus 2
    newest_file_id     INTEGER                 -- whose mtime that is: of a file in it, or of the
                                               -- newest_file_id of a directory in it; while it
                                               -- stays, no other file need be asked. NULL: none,
                                               -- or not known yet
) STRICT;
CREATE INDEX tree_directory_of_parent ON tree_directory (parent_id);

-- One name in the tree: a file or a directory. The row number is the listing's cookie, so a
-- listing resumes without a snapshot and survives a refresh.
CREATE TABLE placement (
    placement_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    parent_id          INTEGER NOT NULL REFERENCES tree_directory,
    name               BLOB    NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    folded             BLOB    NOT NULL,       -- NFC and case folded: found by any spelling
    file_id            INTEGER REFERENCES file,
    tree_directory_id  INTEGER UNIQUE REFERENCES tree_directory,
    CHECK ((file_id IS NULL) <> (tree_directory_id IS NULL))
) STRICT;
CREATE INDEX placement_in_order ON placement (parent_id);
CREATE UNIQUE INDEX placement_by_name ON placement (parent_id, folded, name);
CREATE INDEX placement_of_file ON placement (file_id) WHERE file_id IS NOT NULL;

-- What a generation changed in the tree: read by a running mount to tell the kernel what to
-- forget, and by `mediafs log`. Old generations are thinned; a mount that missed some starts
-- its caches anew.
CREATE TABLE change (
    change_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    generation_id  INTEGER NOT NULL,
    view           TEXT    NOT NULL,
    path           BLOB    NOT NULL,           -- in the tree
    what           TEXT    NOT NULL CHECK (what IN ('added', 'removed', 'replaced', 'touched')),
                                               -- replaced: the name shows another file;
                                               -- touched: same file, other bytes or attributes
    parent_id      INTEGER NOT NULL,           -- tree_directory whose listing holds the name
    name           BLOB    NOT NULL,
    old_file_id    INTEGER,
    new_file_id    INTEGER
) STRICT;
CREATE INDEX change_of_generation ON change (generation_id);

-- Why a name went or shows something else, as it was decided then; what only came has none.
-- Owner: mediafs/views/reasons.py, for `mediafs log`.
CREATE TABLE reason (
    change_id     INTEGER PRIMARY KEY REFERENCES change ON DELETE CASCADE,
    cause         TEXT    NOT NULL,            -- 'better-original', 'retimed', …
    says          TEXT    NOT NULL,            -- one sentence or two
    heir_file_id  INTEGER,                     -- what stands in its place; NULL: nothing, or itself
    shot_id       INTEGER,                     -- the shot that decided it; NULL: none
    rule          TEXT                         -- of the vote that told the most for the heir
) STRICT;
