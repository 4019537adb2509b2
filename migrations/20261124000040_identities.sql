-- Who a user is at an identity provider, and the tokens that the provider gave. linked_id is the
-- provider's own name of the person; it is empty until a first sign-in tells it.
CREATE TABLE user_links (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    login_type login_type NOT NULL,
    linked_id text NOT NULL,
    access_token text NOT NULL,
    refresh_token text NOT NULL,
    -- NULL: the access token does not expire.
    token_expires_at timestamptz,
    claims jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, login_type)
);
CREATE INDEX user_links_linked_id_idx ON user_links (login_type, linked_id);

-- Changes from a password to an identity provider that wait for the provider's answer. Both
-- secrets are kept as hashes: one goes through the provider, the other stays in the browser.
CREATE TABLE login_conversions (
    hashed_state bytea PRIMARY KEY,
    hashed_browser_secret bytea NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    login_type login_type NOT NULL,
    expires_at timestamptz NOT NULL
);
