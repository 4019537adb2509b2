-- Each row that is shown with a workspace says which of its states was read. All numbers come from
-- one sequence, so that a number stands for one state of one row and for nothing else, and a
-- change of a template or of a user costs one row however many workspaces show it.
--
-- Rows are raised by themselves, by triggers that look only at what is shown: a writer cannot
-- forget it, and a worker's sign of life raises nothing.
ALTER TABLE users ADD COLUMN revision bigint NOT NULL DEFAULT nextval('workspace_revision');
ALTER TABLE organizations ADD COLUMN revision bigint NOT NULL DEFAULT nextval('workspace_revision');
ALTER TABLE templates ADD COLUMN revision bigint NOT NULL DEFAULT nextval('workspace_revision');
ALTER TABLE template_versions ADD COLUMN revision bigint NOT NULL DEFAULT nextval('workspace_revision');
ALTER TABLE provisioner_jobs ADD COLUMN revision bigint NOT NULL DEFAULT nextval('workspace_revision');
ALTER TABLE workspace_builds ADD COLUMN revision bigint NOT NULL DEFAULT nextval('workspace_revision');

CREATE FUNCTION raise_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.revision := nextval('workspace_revision');
    RETURN NEW;
END
$$;

CREATE TRIGGER users_revision BEFORE UPDATE ON users FOR EACH ROW
    WHEN ((OLD.username, OLD.avatar_url) IS DISTINCT FROM (NEW.username, NEW.avatar_url))
    EXECUTE FUNCTION raise_revision();

CREATE TRIGGER organizations_revision BEFORE UPDATE ON organizations FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name)
    EXECUTE FUNCTION raise_revision();

CREATE TRIGGER templates_revision BEFORE UPDATE ON templates FOR EACH ROW
    WHEN ((OLD.name, OLD.display_name, OLD.icon, OLD.deleted, OLD.active_version_id,
           OLD.default_ttl_ns, OLD.time_til_dormant_autodelete_ns, OLD.autostart_days,
           OLD.allow_user_cancel_workspace_jobs, OLD.allow_user_autostart, OLD.allow_user_autostop,
           OLD.require_active_version, OLD.user_acl, OLD.group_acl)
          IS DISTINCT FROM
          (NEW.name, NEW.display_name, NEW.icon, NEW.deleted, NEW.active_version_id,
           NEW.default_ttl_ns, NEW.time_til_dormant_autodelete_ns, NEW.autostart_days,
           NEW.allow_user_cancel_workspace_jobs, NEW.allow_user_autostart, NEW.allow_user_autostop,
           NEW.require_active_version, NEW.user_acl, NEW.group_acl))
    EXECUTE FUNCTION raise_revision();

CREATE TRIGGER template_versions_revision BEFORE UPDATE ON template_versions FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name)
    EXECUTE FUNCTION raise_revision();

CREATE TRIGGER provisioner_jobs_revision BEFORE UPDATE ON provisioner_jobs FOR EACH ROW
    WHEN ((OLD.worker_id, OLD.started_at, OLD.canceled_at, OLD.completed_at, OLD.error,
           OLD.error_code, OLD.file_id, OLD.tags)
          IS DISTINCT FROM
          (NEW.worker_id, NEW.started_at, NEW.canceled_at, NEW.completed_at, NEW.error,
           NEW.error_code, NEW.file_id, NEW.tags))
    EXECUTE FUNCTION raise_revision();

CREATE TRIGGER workspace_builds_revision BEFORE UPDATE ON workspace_builds FOR EACH ROW
    WHEN ((OLD.template_version_id, OLD.transition, OLD.initiator_id, OLD.reason, OLD.deadline,
           OLD.max_deadline, OLD.daily_cost, OLD.updated_at)
          IS DISTINCT FROM
          (NEW.template_version_id, NEW.transition, NEW.initiator_id, NEW.reason, NEW.deadline,
           NEW.max_deadline, NEW.daily_cost, NEW.updated_at))
    EXECUTE FUNCTION raise_revision();

-- Statements that raise the number themselves are left alone.
CREATE TRIGGER workspaces_revision BEFORE UPDATE ON workspaces FOR EACH ROW
    WHEN (OLD.revision = NEW.revision
          AND (OLD.owner_id, OLD.template_id, OLD.name, OLD.deleted, OLD.autostart_schedule,
               OLD.ttl_ns, OLD.automatic_updates, OLD.favorite, OLD.last_used_at, OLD.dormant_at,
               OLD.deleting_at, OLD.next_start_at, OLD.updated_at, OLD.latest_build_id)
              IS DISTINCT FROM
              (NEW.owner_id, NEW.template_id, NEW.name, NEW.deleted, NEW.autostart_schedule,
               NEW.ttl_ns, NEW.automatic_updates, NEW.favorite, NEW.last_used_at, NEW.dormant_at,
               NEW.deleting_at, NEW.next_start_at, NEW.updated_at, NEW.latest_build_id))
    EXECUTE FUNCTION raise_revision();

-- What a build made has no number of its own: agents and their apps raise that of the build.
-- Resources come with the end of their job, which raises the job's.
CREATE FUNCTION raise_build_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'workspace_agents' THEN
        UPDATE workspace_builds b SET revision = nextval('workspace_revision')
        FROM workspace_resources r
        WHERE r.id = NEW.resource_id AND b.job_id = r.job_id;
    ELSE
        UPDATE workspace_builds b SET revision = nextval('workspace_revision')
        FROM workspace_agents a JOIN workspace_resources r ON r.id = a.resource_id
        WHERE a.id = NEW.agent_id AND b.job_id = r.job_id;
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER workspace_agents_revision AFTER UPDATE ON workspace_agents FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION raise_build_revision();
CREATE TRIGGER workspace_apps_revision AFTER UPDATE ON workspace_apps FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION raise_build_revision();
