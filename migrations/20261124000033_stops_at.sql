-- When the workspace of a build stops: the deadline of a start that nothing followed. A column
-- of its own has statistics of its own; those of all deadlines are about the past, and made the
-- planner read whole tables to find the few that are due.
DROP INDEX workspace_builds_deadline_idx;
ALTER TABLE workspace_builds ADD COLUMN stops_at timestamptz
    GENERATED ALWAYS AS (CASE WHEN transition = 'start' AND NOT superseded THEN deadline END) STORED;
CREATE INDEX workspace_builds_stops_idx ON workspace_builds (stops_at) WHERE stops_at IS NOT NULL;
