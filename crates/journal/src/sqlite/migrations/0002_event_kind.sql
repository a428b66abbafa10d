-- Events that belong to no incident are found by their kind: what administrators did, policies activated.
CREATE INDEX event_kind ON event (workspace, kind, position, idx) WHERE incident IS NULL;
