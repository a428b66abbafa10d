-- An index of events by incident was touched on a page of its own for each incident of a batch. Now
-- it is in the order of positions, to which every batch appends, and beside it stands once for
-- every incident and 64 positions that something of it is among them.
CREATE TABLE event_span (
    workspace INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    span INTEGER NOT NULL,
    PRIMARY KEY (workspace, incident, span)
) WITHOUT ROWID, STRICT;
INSERT INTO event_span SELECT DISTINCT workspace, incident, position / 64 FROM event WHERE incident IS NOT NULL;
DROP INDEX event_incident;
CREATE INDEX event_place ON event (workspace, position, incident, idx) WHERE incident IS NOT NULL;
