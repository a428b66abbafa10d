-- The part of an incident's state that every batch of signals changes, apart from the remainder:
-- a thousand small rows share few pages, and no index names them. `incident.updated` is exact for
-- closed incidents, which are ordered by it; for others `updated` here counts.
CREATE TABLE incident_tally (
    workspace INTEGER NOT NULL,
    no INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    tally BLOB NOT NULL,
    PRIMARY KEY (workspace, no),
    FOREIGN KEY (workspace, no) REFERENCES incident ON DELETE CASCADE
) WITHOUT ROWID, STRICT;
