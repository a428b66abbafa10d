-- When an incident ended for good; rows that an older version wrote do not say it and count as living.
ALTER TABLE incident ADD COLUMN ended_at INTEGER;
-- 0: it lives; else how long it did: 1 up to a week, 2 up to a quarter, 3 longer. Whoever looks for all
-- that lived in some weeks thus looks little further back than those weeks, but for the few that lasted.
ALTER TABLE incident ADD COLUMN span INTEGER GENERATED ALWAYS AS (
    CASE
        WHEN ended_at IS NULL THEN 0
        WHEN ended_at - opened_at <= 604800000000 THEN 1
        WHEN ended_at - opened_at <= 7862400000000 THEN 2
        ELSE 3
    END) VIRTUAL;
CREATE INDEX incident_life ON incident (workspace, span, opened_at, no, ended_at);
