-- Answers to requests that named an idempotency key, kept for a day.
CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the key as the client sent it.
    key_hash bytea NOT NULL,
    -- SHA-256 of method, path and body.
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key_hash)
);
CREATE INDEX idempotency_keys_created_idx ON idempotency_keys (created_at);

-- What changed since a stream over many workspaces looked last.
CREATE INDEX workspaces_revision_idx ON workspaces (revision);
CREATE INDEX workspace_builds_revision_idx ON workspace_builds (revision);

-- Whether watchers were told that the agent did not connect in time; an agent that may take
-- for ever (no timeout) or has connected is not asked about.
ALTER TABLE workspace_agents ADD COLUMN timeout_told boolean NOT NULL DEFAULT false;
CREATE INDEX workspace_agents_timeout_idx ON workspace_agents (created_at)
    WHERE NOT timeout_told AND first_connected_at IS NULL AND connection_timeout_seconds > 0;
