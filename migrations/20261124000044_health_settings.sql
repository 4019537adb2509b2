-- What this changes for a running deployment: administrators can mute warnings of the health page.
ALTER TABLE deployment ADD COLUMN dismissed_health_sections text[] NOT NULL DEFAULT '{}';
