-- The schema's first state. Forward only: never edit a migration that was released.

CREATE TYPE user_status AS ENUM ('active', 'dormant', 'suspended');
CREATE TYPE login_type AS ENUM ('password', 'github', 'oidc', 'token', 'none');
CREATE TYPE api_key_scope AS ENUM ('all', 'application_connect');
CREATE TYPE provisioner_type AS ENUM ('terraform', 'echo');
CREATE TYPE provisioner_job_type AS ENUM ('template_version_import', 'workspace_build', 'template_version_dry_run');
CREATE TYPE provisioner_job_status AS ENUM ('pending', 'running', 'succeeded', 'canceling', 'canceled', 'failed');
CREATE TYPE provisioner_job_timing_stage AS ENUM ('init', 'plan', 'graph', 'apply');
CREATE TYPE log_source AS ENUM ('provisioner_daemon', 'provisioner');
CREATE TYPE log_level AS ENUM ('trace', 'debug', 'info', 'warn', 'error');
CREATE TYPE workspace_transition AS ENUM ('start', 'stop', 'delete');
CREATE TYPE build_reason AS ENUM ('initiator', 'autostart', 'autostop', 'dormancy', 'autodelete');
CREATE TYPE automatic_updates AS ENUM ('always', 'never');
CREATE TYPE app_sharing_level AS ENUM ('owner', 'authenticated', 'public');
CREATE TYPE workspace_app_open_in AS ENUM ('window', 'slim-window', 'tab');
CREATE TYPE workspace_app_health AS ENUM ('disabled', 'initializing', 'healthy', 'unhealthy');
CREATE TYPE workspace_agent_lifecycle_state AS ENUM (
    'created', 'starting', 'start_timeout', 'start_error', 'ready',
    'shutting_down', 'shutdown_timeout', 'shutdown_error', 'off');
CREATE TYPE audit_action AS ENUM (
    'create', 'write', 'delete', 'start', 'stop', 'login', 'logout', 'register',
    'request_password_reset', 'connect', 'disconnect', 'open', 'close');

-- One row a deployment.
CREATE TABLE deployment (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    id uuid NOT NULL
);

CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    username text NOT NULL,
    name text NOT NULL DEFAULT '',
    password_hash text NOT NULL DEFAULT '',
    status user_status NOT NULL,
    login_type login_type NOT NULL,
    site_roles text[] NOT NULL DEFAULT '{}',
    avatar_url text NOT NULL DEFAULT '',
    theme_preference text NOT NULL DEFAULT '',
    quiet_hours_schedule text NOT NULL DEFAULT '',
    deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL DEFAULT '0001-01-01 00:00:00+00',
    one_time_passcode_hash bytea,
    one_time_passcode_expires_at timestamptz
);
CREATE UNIQUE INDEX users_username_key ON users (lower(username)) WHERE NOT deleted;
CREATE UNIQUE INDEX users_email_key ON users (lower(email)) WHERE NOT deleted;

CREATE TABLE git_ssh_keys (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    private_key text NOT NULL,
    public_key text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE api_keys (
    id text PRIMARY KEY CHECK (length(id) = 10),
    hashed_secret bytea NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    login_type login_type NOT NULL,
    scope api_key_scope NOT NULL DEFAULT 'all',
    token_name text NOT NULL DEFAULT '',
    lifetime_seconds bigint NOT NULL,
    ip_address text NOT NULL DEFAULT '0.0.0.0',
    last_used timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX api_keys_user_idx ON api_keys (user_id);
CREATE INDEX api_keys_expires_idx ON api_keys (expires_at);
CREATE UNIQUE INDEX api_keys_token_name_key ON api_keys (user_id, token_name) WHERE login_type = 'token';

CREATE TABLE organizations (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL DEFAULT '',
    icon text NOT NULL DEFAULT '',
    is_default boolean NOT NULL DEFAULT false,
    deleted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX organizations_name_key ON organizations (lower(name)) WHERE NOT deleted;
CREATE UNIQUE INDEX organizations_default_key ON organizations (is_default) WHERE is_default;

CREATE TABLE organization_members (
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    roles text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX organization_members_user_idx ON organization_members (user_id);

-- The everyone-group of an organization has the organization's own id and no rows in group_members.
CREATE TABLE groups (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    avatar_url text NOT NULL DEFAULT '',
    quota_allowance integer NOT NULL DEFAULT 0,
    source text NOT NULL DEFAULT 'user',
    UNIQUE (organization_id, name)
);

CREATE TABLE group_members (
    group_id uuid NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_user_idx ON group_members (user_id);

CREATE TABLE files (
    id uuid PRIMARY KEY,
    hash text NOT NULL,
    created_by uuid NOT NULL REFERENCES users (id),
    mimetype text NOT NULL,
    data bytea NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (hash, created_by)
);
-- An archive is compressed already or read rarely as a whole: keep it out of line.
ALTER TABLE files ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE provisioner_keys (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    hashed_secret bytea NOT NULL,
    tags jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX provisioner_keys_name_key ON provisioner_keys (organization_id, lower(name));

CREATE TABLE provisioner_daemons (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    provisioners provisioner_type[] NOT NULL,
    tags jsonb NOT NULL,
    version text NOT NULL DEFAULT '',
    api_version text NOT NULL DEFAULT '1.0',
    key_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    last_seen_at timestamptz
);
CREATE UNIQUE INDEX provisioner_daemons_name_key
    ON provisioner_daemons (organization_id, name, lower(coalesce(tags ->> 'owner', '')));

CREATE TABLE provisioner_jobs (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    initiator_id uuid NOT NULL REFERENCES users (id),
    provisioner provisioner_type NOT NULL,
    type provisioner_job_type NOT NULL,
    file_id uuid NOT NULL REFERENCES files (id),
    input jsonb NOT NULL,
    tags jsonb NOT NULL,
    worker_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    started_at timestamptz,
    canceled_at timestamptz,
    completed_at timestamptz,
    error text,
    error_code text,
    logs_length bigint NOT NULL DEFAULT 0,
    status provisioner_job_status NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN completed_at IS NOT NULL THEN
                CASE
                    WHEN coalesce(error, '') <> '' THEN 'failed'::provisioner_job_status
                    WHEN canceled_at IS NOT NULL THEN 'canceled'::provisioner_job_status
                    ELSE 'succeeded'::provisioner_job_status
                END
            WHEN coalesce(error, '') <> '' THEN 'failed'::provisioner_job_status
            WHEN canceled_at IS NOT NULL THEN 'canceling'::provisioner_job_status
            WHEN started_at IS NULL THEN 'pending'::provisioner_job_status
            ELSE 'running'::provisioner_job_status
        END) STORED
);
-- The queue: what waits, oldest first.
CREATE INDEX provisioner_jobs_queue_idx ON provisioner_jobs (created_at, id)
    WHERE started_at IS NULL AND canceled_at IS NULL AND completed_at IS NULL;
-- What runs: looked at by the reaper.
CREATE INDEX provisioner_jobs_running_idx ON provisioner_jobs (updated_at)
    WHERE started_at IS NOT NULL AND completed_at IS NULL;
CREATE INDEX provisioner_jobs_organization_idx ON provisioner_jobs (organization_id, created_at DESC);

CREATE TABLE provisioner_job_logs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES provisioner_jobs (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    source log_source NOT NULL,
    level log_level NOT NULL,
    stage text NOT NULL,
    output text NOT NULL
);
CREATE INDEX provisioner_job_logs_job_idx ON provisioner_job_logs (job_id, id);

CREATE TABLE provisioner_job_timings (
    job_id uuid NOT NULL REFERENCES provisioner_jobs (id) ON DELETE CASCADE,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    stage provisioner_job_timing_stage NOT NULL,
    source text NOT NULL,
    action text NOT NULL,
    resource text NOT NULL
);
CREATE INDEX provisioner_job_timings_job_idx ON provisioner_job_timings (job_id, started_at);

CREATE TABLE templates (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    created_by uuid NOT NULL REFERENCES users (id),
    name text NOT NULL,
    display_name text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    icon text NOT NULL DEFAULT '',
    provisioner provisioner_type NOT NULL,
    active_version_id uuid NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    deprecated text NOT NULL DEFAULT '',
    default_ttl_ns bigint NOT NULL DEFAULT 0,
    activity_bump_ns bigint NOT NULL DEFAULT 3600000000000,
    failure_ttl_ns bigint NOT NULL DEFAULT 0,
    time_til_dormant_ns bigint NOT NULL DEFAULT 0,
    time_til_dormant_autodelete_ns bigint NOT NULL DEFAULT 0,
    -- Weekdays, Monday is bit 0.
    autostop_requirement_days smallint NOT NULL DEFAULT 0,
    autostop_requirement_weeks bigint NOT NULL DEFAULT 1,
    autostart_days smallint NOT NULL DEFAULT 127,
    allow_user_cancel_workspace_jobs boolean NOT NULL DEFAULT false,
    allow_user_autostart boolean NOT NULL DEFAULT true,
    allow_user_autostop boolean NOT NULL DEFAULT true,
    require_active_version boolean NOT NULL DEFAULT false,
    max_port_share_level app_sharing_level NOT NULL DEFAULT 'owner',
    -- Id to list of actions.
    user_acl jsonb NOT NULL DEFAULT '{}',
    group_acl jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX templates_name_key ON templates (organization_id, lower(name)) WHERE NOT deleted;

CREATE TABLE template_versions (
    id uuid PRIMARY KEY,
    template_id uuid REFERENCES templates (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    job_id uuid NOT NULL UNIQUE REFERENCES provisioner_jobs (id),
    created_by uuid NOT NULL REFERENCES users (id),
    name text NOT NULL,
    message text NOT NULL DEFAULT '',
    readme text NOT NULL DEFAULT '',
    archived boolean NOT NULL DEFAULT false,
    -- [{"id", "optional"}]
    external_auth_providers jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX template_versions_name_key ON template_versions (template_id, name);
CREATE INDEX template_versions_template_idx ON template_versions (template_id, created_at, id);

ALTER TABLE templates ADD CONSTRAINT templates_active_version_fkey
    FOREIGN KEY (active_version_id) REFERENCES template_versions (id) DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE template_version_parameters (
    template_version_id uuid NOT NULL REFERENCES template_versions (id) ON DELETE CASCADE,
    position integer NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    type text NOT NULL,
    mutable boolean NOT NULL,
    default_value text NOT NULL,
    icon text NOT NULL,
    options jsonb NOT NULL,
    validation_regex text NOT NULL,
    validation_error text NOT NULL,
    validation_min integer,
    validation_max integer,
    validation_monotonic text NOT NULL,
    required boolean NOT NULL,
    ephemeral boolean NOT NULL,
    display_order integer NOT NULL,
    PRIMARY KEY (template_version_id, name)
);

CREATE TABLE template_version_variables (
    template_version_id uuid NOT NULL REFERENCES template_versions (id) ON DELETE CASCADE,
    position integer NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    type text NOT NULL,
    value text NOT NULL,
    default_value text NOT NULL,
    required boolean NOT NULL,
    sensitive boolean NOT NULL,
    PRIMARY KEY (template_version_id, name)
);

CREATE TABLE template_version_workspace_tags (
    template_version_id uuid NOT NULL REFERENCES template_versions (id) ON DELETE CASCADE,
    key text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (template_version_id, key)
);

-- Raised by every change of a workspace that a watcher may see.
CREATE SEQUENCE workspace_revision;

CREATE TABLE workspaces (
    id uuid PRIMARY KEY,
    owner_id uuid NOT NULL REFERENCES users (id),
    organization_id uuid NOT NULL REFERENCES organizations (id),
    template_id uuid NOT NULL REFERENCES templates (id),
    name text NOT NULL,
    deleted boolean NOT NULL DEFAULT false,
    autostart_schedule text,
    ttl_ns bigint,
    automatic_updates automatic_updates NOT NULL DEFAULT 'never',
    favorite boolean NOT NULL DEFAULT false,
    last_used_at timestamptz NOT NULL,
    dormant_at timestamptz,
    deleting_at timestamptz,
    next_start_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- The build with the highest number; set in the transaction that makes the build.
    latest_build_id uuid,
    revision bigint NOT NULL DEFAULT nextval('workspace_revision')
);
CREATE UNIQUE INDEX workspaces_owner_name_key ON workspaces (owner_id, lower(name)) WHERE NOT deleted;
CREATE INDEX workspaces_template_idx ON workspaces (template_id) WHERE NOT deleted;
CREATE INDEX workspaces_organization_idx ON workspaces (organization_id) WHERE NOT deleted;

CREATE TABLE workspace_builds (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces (id),
    template_version_id uuid NOT NULL REFERENCES template_versions (id),
    job_id uuid NOT NULL UNIQUE REFERENCES provisioner_jobs (id),
    build_number integer NOT NULL,
    transition workspace_transition NOT NULL,
    initiator_id uuid NOT NULL REFERENCES users (id),
    reason build_reason NOT NULL,
    provisioner_state bytea,
    deadline timestamptz,
    max_deadline timestamptz,
    daily_cost integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT workspace_builds_number_key UNIQUE (workspace_id, build_number)
);
CREATE INDEX workspace_builds_version_idx ON workspace_builds (template_version_id);

ALTER TABLE workspaces ADD CONSTRAINT workspaces_latest_build_fkey
    FOREIGN KEY (latest_build_id) REFERENCES workspace_builds (id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX workspaces_latest_build_idx ON workspaces (latest_build_id);

CREATE TABLE workspace_build_parameters (
    build_id uuid NOT NULL REFERENCES workspace_builds (id) ON DELETE CASCADE,
    position integer NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (build_id, name)
);

CREATE TABLE workspace_resources (
    id uuid PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES provisioner_jobs (id) ON DELETE CASCADE,
    position integer NOT NULL,
    transition workspace_transition NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    hide boolean NOT NULL,
    icon text NOT NULL,
    daily_cost integer NOT NULL,
    instance_type text,
    module_path text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX workspace_resources_job_idx ON workspace_resources (job_id);

CREATE TABLE workspace_resource_metadata (
    resource_id uuid NOT NULL REFERENCES workspace_resources (id) ON DELETE CASCADE,
    position integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    sensitive boolean NOT NULL,
    PRIMARY KEY (resource_id, position)
);

CREATE TABLE workspace_agents (
    id uuid PRIMARY KEY,
    resource_id uuid NOT NULL REFERENCES workspace_resources (id) ON DELETE CASCADE,
    name text NOT NULL,
    -- The agent's credential.
    auth_token uuid NOT NULL,
    auth_instance_id text,
    architecture text NOT NULL,
    operating_system text NOT NULL,
    environment_variables jsonb,
    directory text NOT NULL DEFAULT '',
    expanded_directory text NOT NULL DEFAULT '',
    version text NOT NULL DEFAULT '',
    api_version text NOT NULL DEFAULT '',
    connection_timeout_seconds integer NOT NULL,
    troubleshooting_url text NOT NULL DEFAULT '',
    motd_file text NOT NULL DEFAULT '',
    display_apps text[] NOT NULL DEFAULT '{}',
    subsystems text[] NOT NULL DEFAULT '{}',
    display_order integer NOT NULL DEFAULT 0,
    lifecycle_state workspace_agent_lifecycle_state NOT NULL DEFAULT 'created',
    started_at timestamptz,
    ready_at timestamptz,
    first_connected_at timestamptz,
    last_connected_at timestamptz,
    disconnected_at timestamptz,
    last_connected_replica_id uuid,
    logs_length integer NOT NULL DEFAULT 0,
    logs_overflowed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX workspace_agents_resource_idx ON workspace_agents (resource_id);
-- Not unique: an agent that lives through several builds keeps its credential.
CREATE INDEX workspace_agents_token_idx ON workspace_agents (auth_token);
CREATE INDEX workspace_agents_instance_idx ON workspace_agents (auth_instance_id) WHERE auth_instance_id IS NOT NULL;

CREATE TABLE workspace_agent_metadata (
    agent_id uuid NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    key text NOT NULL,
    display_name text NOT NULL,
    script text NOT NULL,
    value text NOT NULL DEFAULT '',
    error text NOT NULL DEFAULT '',
    interval_seconds bigint NOT NULL,
    timeout_seconds bigint NOT NULL,
    display_order integer NOT NULL DEFAULT 0,
    collected_at timestamptz NOT NULL DEFAULT '0001-01-01 00:00:00+00',
    PRIMARY KEY (agent_id, key)
);

CREATE TABLE workspace_agent_log_sources (
    id uuid NOT NULL,
    agent_id uuid NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    display_name text NOT NULL,
    icon text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (agent_id, id)
);

CREATE TABLE workspace_agent_scripts (
    id uuid PRIMARY KEY,
    agent_id uuid NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    log_source_id uuid NOT NULL,
    display_name text NOT NULL,
    log_path text NOT NULL,
    script text NOT NULL,
    cron text NOT NULL,
    start_blocks_login boolean NOT NULL,
    run_on_start boolean NOT NULL,
    run_on_stop boolean NOT NULL,
    timeout_seconds integer NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX workspace_agent_scripts_agent_idx ON workspace_agent_scripts (agent_id);

CREATE TABLE workspace_agent_script_timings (
    script_id uuid NOT NULL REFERENCES workspace_agent_scripts (id) ON DELETE CASCADE,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    exit_code integer NOT NULL,
    stage text NOT NULL,
    status text NOT NULL
);
CREATE INDEX workspace_agent_script_timings_idx ON workspace_agent_script_timings (script_id, started_at);

CREATE TABLE workspace_apps (
    id uuid PRIMARY KEY,
    agent_id uuid NOT NULL REFERENCES workspace_agents (id) ON DELETE CASCADE,
    slug text NOT NULL,
    display_name text NOT NULL,
    icon text NOT NULL,
    command text,
    url text,
    external boolean NOT NULL,
    subdomain boolean NOT NULL,
    sharing_level app_sharing_level NOT NULL,
    healthcheck_url text NOT NULL,
    healthcheck_interval integer NOT NULL,
    healthcheck_threshold integer NOT NULL,
    health workspace_app_health NOT NULL,
    display_order integer NOT NULL,
    hidden boolean NOT NULL,
    open_in workspace_app_open_in NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX workspace_apps_slug_key ON workspace_apps (agent_id, slug);

CREATE TABLE workspace_modules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    job_id uuid NOT NULL REFERENCES provisioner_jobs (id) ON DELETE CASCADE,
    transition workspace_transition NOT NULL,
    source text NOT NULL,
    version text NOT NULL,
    key text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX workspace_modules_job_idx ON workspace_modules (job_id);

CREATE TABLE audit_logs (
    id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL,
    user_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    ip text,
    user_agent text,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    resource_target text NOT NULL,
    resource_icon text NOT NULL DEFAULT '',
    action audit_action NOT NULL,
    diff jsonb NOT NULL DEFAULT '{}',
    status_code integer NOT NULL,
    additional_fields jsonb NOT NULL DEFAULT '{}',
    request_id uuid NOT NULL
);
CREATE INDEX audit_logs_created_idx ON audit_logs (created_at DESC, id DESC);

CREATE TABLE licenses (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid uuid NOT NULL UNIQUE,
    jwt text NOT NULL UNIQUE,
    claims jsonb NOT NULL,
    uploaded_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- The organization that always exists, and its everyone-group, which shares its id.
INSERT INTO organizations (id, name, display_name, description, is_default, created_at, updated_at)
SELECT id, 'coder', 'Coder', 'Builtin default organization.', true, at, at
FROM (SELECT gen_random_uuid() AS id, date_trunc('milliseconds', clock_timestamp()) AS at) AS made;
INSERT INTO groups (id, organization_id, name)
SELECT id, id, 'Everyone' FROM organizations;
INSERT INTO deployment (id) VALUES (gen_random_uuid());
