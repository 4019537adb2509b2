-- What a list is ordered by stands in the workspace's own row, so that a page is read off an index
-- and not sorted out of all workspaces with their builds, jobs and owners. Triggers keep it right.
ALTER TABLE workspaces
    -- Whether the latest build is a start that succeeded.
    ADD COLUMN is_running boolean NOT NULL DEFAULT false,
    -- The owner's name in lower case.
    ADD COLUMN listed_owner text NOT NULL DEFAULT '';
UPDATE workspaces w
SET listed_owner = lower(u.username),
    is_running = EXISTS (
        SELECT 1 FROM workspace_builds b JOIN provisioner_jobs j ON j.id = b.job_id
        WHERE b.id = w.latest_build_id AND b.transition = 'start' AND j.status = 'succeeded')
FROM users u WHERE u.id = w.owner_id;
CREATE INDEX workspaces_listed_idx ON workspaces (is_running DESC, listed_owner, lower(name)) WHERE NOT deleted;
CREATE INDEX workspaces_favorite_idx ON workspaces (owner_id) WHERE favorite AND NOT deleted;

CREATE FUNCTION place_workspace() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.listed_owner := coalesce((SELECT lower(username) FROM users WHERE id = NEW.owner_id), '');
    NEW.is_running := EXISTS (
        SELECT 1 FROM workspace_builds b JOIN provisioner_jobs j ON j.id = b.job_id
        WHERE b.id = NEW.latest_build_id AND b.transition = 'start' AND j.status = 'succeeded');
    RETURN NEW;
END
$$;
CREATE TRIGGER workspaces_place_new BEFORE INSERT ON workspaces FOR EACH ROW
    EXECUTE FUNCTION place_workspace();
CREATE TRIGGER workspaces_place BEFORE UPDATE ON workspaces FOR EACH ROW
    WHEN (OLD.owner_id <> NEW.owner_id OR OLD.latest_build_id IS DISTINCT FROM NEW.latest_build_id)
    EXECUTE FUNCTION place_workspace();

-- A build may be stored after the workspace that it is the latest of.
CREATE FUNCTION place_workspace_of_build() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE workspaces w SET is_running = true
    FROM provisioner_jobs j
    WHERE j.id = NEW.job_id AND j.status = 'succeeded'
      AND w.latest_build_id = NEW.id AND NOT w.is_running;
    RETURN NULL;
END
$$;
CREATE TRIGGER workspace_builds_place AFTER INSERT ON workspace_builds FOR EACH ROW
    WHEN (NEW.transition = 'start')
    EXECUTE FUNCTION place_workspace_of_build();

CREATE FUNCTION place_workspace_of_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE workspaces w SET is_running = (NEW.status = 'succeeded')
    FROM workspace_builds b
    WHERE b.job_id = NEW.id AND b.transition = 'start' AND w.latest_build_id = b.id
      AND w.is_running <> (NEW.status = 'succeeded');
    RETURN NULL;
END
$$;
CREATE TRIGGER provisioner_jobs_place AFTER UPDATE ON provisioner_jobs FOR EACH ROW
    WHEN (NEW.type = 'workspace_build' AND OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION place_workspace_of_job();

CREATE FUNCTION place_workspaces_of_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE workspaces SET listed_owner = lower(NEW.username) WHERE owner_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER users_place AFTER UPDATE ON users FOR EACH ROW
    WHEN (OLD.username <> NEW.username)
    EXECUTE FUNCTION place_workspaces_of_owner();
