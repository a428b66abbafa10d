-- The workspace is the leading key everywhere, and with it what a distributed PostgreSQL would distribute by.
-- Integers are bigint; instants are microseconds since the epoch, UTC. Texts that are compared or ordered are
-- compared by their bytes, as in every other store: COLLATE "C".
-- There are no foreign keys: each would cost a look-up and a lock per row, and the hash chain says more.

CREATE TABLE watchbell_schema (version bigint NOT NULL);
INSERT INTO watchbell_schema VALUES (0);

-- One row per workspace, changed by every batch: room for its next version lies on the same page.
CREATE TABLE head (
    workspace bigint PRIMARY KEY,
    position bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    recorded_at bigint NOT NULL,
    next_incident bigint NOT NULL,
    tzdata text COLLATE "C" NOT NULL
) WITH (fillfactor = 10);

-- One row per position: what the chain says of it.
CREATE TABLE batch (
    workspace bigint NOT NULL,
    position bigint NOT NULL,
    recorded_at bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    block_digest bytea CHECK (octet_length(block_digest) = 32),
    PRIMARY KEY (workspace, position)
);
CREATE UNIQUE INDEX batch_time ON batch (workspace, recorded_at);

CREATE TABLE block (
    workspace bigint NOT NULL,
    position bigint NOT NULL,
    count bigint NOT NULL,
    first_at bigint NOT NULL,
    last_at bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (workspace, position)
);
-- Blocks come compressed.
ALTER TABLE block ALTER COLUMN bytes SET STORAGE EXTERNAL;

CREATE TABLE event (
    workspace bigint NOT NULL,
    position bigint NOT NULL,
    idx bigint NOT NULL,
    incident bigint,
    kind text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (workspace, position, idx)
);
CREATE INDEX event_incident ON event (workspace, incident, position, idx) WHERE incident IS NOT NULL;
CREATE INDEX event_kind ON event (workspace, kind, position, idx) WHERE incident IS NULL;

-- Snapshot, read model and due index at once; can be refolded from the events.
CREATE TABLE incident (
    workspace bigint NOT NULL,
    no bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    class text COLLATE "C" NOT NULL,
    service text COLLATE "C" NOT NULL,
    status bigint NOT NULL,
    open boolean NOT NULL,
    severity bigint NOT NULL,
    restricted boolean NOT NULL,
    opened_at bigint NOT NULL,
    next_due bigint,
    updated bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (workspace, no)
);
CREATE INDEX incident_key ON incident (workspace, key, open, updated, no);
CREATE INDEX incident_open ON incident (workspace, no, severity) WHERE open;
CREATE INDEX incident_due ON incident (workspace, next_due, severity, no) WHERE next_due IS NOT NULL;

-- The part of an incident's state that every batch of signals changes, apart from the remainder: a new
-- version of so small a row fits beside the old one, and no index needs to hear of it.
-- `incident.updated` is exact for closed incidents, which are ordered by it; for others `updated` here counts.
CREATE TABLE incident_tally (
    workspace bigint NOT NULL,
    no bigint NOT NULL,
    updated bigint NOT NULL,
    tally bytea NOT NULL,
    PRIMARY KEY (workspace, no)
) WITH (fillfactor = 50);

CREATE TABLE detector (
    workspace bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (workspace, key)
) WITH (fillfactor = 50);

CREATE TABLE request (
    workspace bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    incident bigint,
    severity bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    claimed_at bigint,
    body bytea NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX request_pending ON request (workspace, severity, created_at, id) WHERE claimed_at IS NULL;

-- All but the outcome is immutable. state: 0 pending, 1 delivered, 2 superseded, 3 dead.
CREATE TABLE delivery (
    workspace bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    request text COLLATE "C" NOT NULL,
    incident bigint,
    severity bigint NOT NULL,
    person text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    roster_version text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    state bigint NOT NULL CHECK (state BETWEEN 0 AND 3),
    attempts bigint NOT NULL,
    next_attempt_at bigint,
    attempted_at bigint,
    outcome text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX delivery_pending ON delivery (workspace, next_attempt_at, severity, id) WHERE state = 0;
CREATE INDEX delivery_age ON delivery (workspace, created_at, id);
CREATE INDEX delivery_incident ON delivery (workspace, incident, created_at, id) WHERE incident IS NOT NULL;

-- The digest is in the chain and stays; salt and bytes are erased together.
CREATE TABLE private (
    workspace bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    idx bigint NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    salt bytea CHECK (octet_length(salt) = 16),
    bytes bytea,
    PRIMARY KEY (workspace, id),
    CHECK ((salt IS NULL) = (bytes IS NULL))
);
CREATE UNIQUE INDEX private_place ON private (workspace, position, idx);

CREATE TABLE idempotency (
    workspace bigint NOT NULL,
    scope text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    response bytea NOT NULL,
    PRIMARY KEY (workspace, scope, key)
);
CREATE INDEX idempotency_expiry ON idempotency (workspace, expires_at);

CREATE TABLE document (
    workspace bigint NOT NULL,
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (workspace, collection, id)
);
