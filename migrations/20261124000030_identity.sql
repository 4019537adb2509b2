-- Roles that were made for one organization. What they permit is a list of
-- {"resource_type": …, "action": …}; they permit nothing outside the organization.
CREATE TABLE custom_roles (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name text NOT NULL,
    display_name text NOT NULL,
    permissions jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX custom_roles_name_key ON custom_roles (organization_id, lower(name));

-- How groups, roles and organizations follow an identity provider. Settings of the whole
-- deployment have the nil UUID in place of an organization.
CREATE TABLE idp_sync_settings (
    organization_id uuid NOT NULL,
    kind text NOT NULL,
    settings jsonb NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, kind)
);

CREATE UNIQUE INDEX provisioner_keys_secret_key ON provisioner_keys (hashed_secret);
