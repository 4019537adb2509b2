-- What the pass over workspaces looks at each minute. Each index holds only rows of which the
-- pass may have to do something, so that its cost follows what is due, not what exists.

-- A later build of the workspace exists: set in the transaction that makes the later one.
ALTER TABLE workspace_builds ADD COLUMN superseded boolean NOT NULL DEFAULT false;
ALTER TABLE provisioner_jobs ADD COLUMN superseded boolean NOT NULL DEFAULT false;
-- When the schedule was last asked for a next start and named none within a week.
ALTER TABLE workspaces ADD COLUMN next_start_checked_at timestamptz NOT NULL DEFAULT '-infinity';

UPDATE workspace_builds b SET superseded = true
FROM workspaces w WHERE w.id = b.workspace_id AND w.latest_build_id IS DISTINCT FROM b.id;
UPDATE provisioner_jobs j SET superseded = true
FROM workspace_builds b WHERE b.job_id = j.id AND b.superseded;

-- Running workspaces by when they stop.
CREATE INDEX workspace_builds_deadline_idx ON workspace_builds (deadline)
    WHERE transition = 'start' AND deadline IS NOT NULL AND NOT superseded;
-- Builds that failed and that nothing followed.
CREATE INDEX provisioner_jobs_failed_build_idx ON provisioner_jobs (completed_at)
    WHERE status = 'failed' AND type = 'workspace_build' AND NOT superseded;
-- Workspaces by when they start.
CREATE INDEX workspaces_next_start_idx ON workspaces (next_start_at)
    WHERE next_start_at IS NOT NULL AND dormant_at IS NULL AND NOT deleted;
-- Workspaces whose next start is not known.
CREATE INDEX workspaces_unknown_start_idx ON workspaces (next_start_checked_at)
    WHERE autostart_schedule IS NOT NULL AND next_start_at IS NULL AND dormant_at IS NULL AND NOT deleted;
-- Workspaces of a template by their last use.
CREATE INDEX workspaces_last_used_idx ON workspaces (template_id, last_used_at)
    WHERE dormant_at IS NULL AND NOT deleted;
-- Dormant workspaces by when they are deleted.
CREATE INDEX workspaces_deleting_idx ON workspaces (deleting_at)
    WHERE deleting_at IS NOT NULL AND NOT deleted;
CREATE INDEX users_suspended_idx ON users (id) WHERE status = 'suspended' AND NOT deleted;
