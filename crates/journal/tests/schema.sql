CREATE TABLE batch (
    workspace INTEGER NOT NULL,
    position INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    block_digest BLOB CHECK (length(block_digest) = 32),
    PRIMARY KEY (workspace, position)
) WITHOUT ROWID, STRICT;

CREATE UNIQUE INDEX batch_time ON batch (workspace, recorded_at);

CREATE TABLE block (
    workspace INTEGER NOT NULL,
    position INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (workspace, position),
    FOREIGN KEY (workspace, position) REFERENCES batch
) STRICT;

CREATE TABLE delivery (
    workspace INTEGER NOT NULL,
    id TEXT NOT NULL,
    request TEXT NOT NULL,
    incident INTEGER,
    severity INTEGER NOT NULL,
    person TEXT NOT NULL,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    roster_version TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER,
    attempted_at INTEGER,
    outcome TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, request) REFERENCES request
) STRICT;

CREATE INDEX delivery_age ON delivery (workspace, created_at, id);

CREATE INDEX delivery_incident ON delivery (workspace, incident, created_at, id) WHERE incident IS NOT NULL;

CREATE INDEX delivery_pending ON delivery (workspace, next_attempt_at, severity, id, created_at) WHERE state = 0;

CREATE TABLE detector (
    workspace INTEGER NOT NULL,
    key TEXT NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (workspace, key)
) WITHOUT ROWID, STRICT;

CREATE TABLE document (
    workspace INTEGER NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, collection, id)
) WITHOUT ROWID, STRICT;

CREATE TABLE event (
    workspace INTEGER NOT NULL,
    position INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    incident INTEGER,
    kind TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, position, idx),
    FOREIGN KEY (workspace, position) REFERENCES batch
) WITHOUT ROWID, STRICT;

CREATE INDEX event_kind ON event (workspace, kind, position, idx) WHERE incident IS NULL;

CREATE INDEX event_place ON event (workspace, position, incident, idx) WHERE incident IS NOT NULL;

CREATE TABLE event_span (
    workspace INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    span INTEGER NOT NULL,
    PRIMARY KEY (workspace, incident, span)
) WITHOUT ROWID, STRICT;

CREATE TABLE head (
    workspace INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    recorded_at INTEGER NOT NULL,
    next_incident INTEGER NOT NULL,
    tzdata TEXT NOT NULL
) STRICT;

CREATE TABLE idempotency (
    workspace INTEGER NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    response BLOB NOT NULL,
    PRIMARY KEY (workspace, scope, key)
) WITHOUT ROWID, STRICT;

CREATE INDEX idempotency_expiry ON idempotency (workspace, expires_at);

CREATE TABLE incident (
    workspace INTEGER NOT NULL,
    no INTEGER NOT NULL,
    key TEXT NOT NULL,
    class TEXT NOT NULL,
    service TEXT NOT NULL,
    status INTEGER NOT NULL,
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    severity INTEGER NOT NULL,
    restricted INTEGER NOT NULL CHECK (restricted IN (0, 1)),
    opened_at INTEGER NOT NULL,
    next_due INTEGER,
    updated INTEGER NOT NULL,
    state BLOB NOT NULL, ended_at INTEGER, span INTEGER GENERATED ALWAYS AS (
    CASE
        WHEN ended_at IS NULL THEN 0
        WHEN ended_at - opened_at <= 604800000000 THEN 1
        WHEN ended_at - opened_at <= 7862400000000 THEN 2
        ELSE 3
    END) VIRTUAL,
    PRIMARY KEY (workspace, no)
) STRICT;

CREATE INDEX incident_due ON incident (workspace, next_due, severity, no) WHERE next_due IS NOT NULL;

CREATE INDEX incident_key ON incident (workspace, key, open, updated);

CREATE INDEX incident_life ON incident (workspace, span, opened_at, no, ended_at);

CREATE INDEX incident_open ON incident (workspace, no, severity) WHERE open = 1;

CREATE TABLE incident_tally (
    workspace INTEGER NOT NULL,
    no INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    tally BLOB NOT NULL,
    PRIMARY KEY (workspace, no),
    FOREIGN KEY (workspace, no) REFERENCES incident ON DELETE CASCADE
) WITHOUT ROWID, STRICT;

CREATE TABLE private (
    workspace INTEGER NOT NULL,
    id TEXT NOT NULL,
    position INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    salt BLOB CHECK (length(salt) = 16),
    bytes BLOB,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, position) REFERENCES batch,
    CHECK ((salt IS NULL) = (bytes IS NULL))
) STRICT;

CREATE UNIQUE INDEX private_place ON private (workspace, position, idx);

CREATE TABLE request (
    workspace INTEGER NOT NULL,
    id TEXT NOT NULL,
    incident INTEGER,
    severity INTEGER NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    claimed_at INTEGER,
    body BLOB NOT NULL,
    PRIMARY KEY (workspace, id)
) STRICT;

CREATE INDEX request_pending ON request (workspace, severity, created_at, id) WHERE claimed_at IS NULL;
