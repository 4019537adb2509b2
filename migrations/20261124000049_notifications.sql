-- What users want to be told. The kinds of messages are part of the program and known by their
-- ids; a kind that a user never decided on has no row.
CREATE TABLE notification_preferences (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    template_id uuid NOT NULL,
    disabled boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, template_id)
);

-- How a kind of message is sent where that is not the deployment's usual way.
CREATE TABLE notification_template_methods (
    template_id uuid PRIMARY KEY,
    method text NOT NULL,
    updated_at timestamptz NOT NULL
);

ALTER TABLE deployment ADD COLUMN notifier_paused boolean NOT NULL DEFAULT false;
