//! The pure part: ids, states and rules. No `await`, no HTTP, no SQL beyond `sqlx::Type` derives.

pub mod activity;

pub mod agents;

pub mod archives;

pub mod attempts;

pub mod audit;

pub mod builds;

pub mod clock;

pub mod daemons;

pub mod deadlines;

pub mod entity_tags;

pub mod faults;

pub mod files;

pub mod given_settings;

pub mod glances;

pub mod health;

pub mod idempotency;

pub mod groups;

pub mod idp_sync;

pub mod identity;

pub mod ids;

pub mod jobs;

pub mod keys;

pub mod links;

pub mod licenses;

pub mod lifecycle;

pub mod markdown;

pub mod names;

pub mod networks;

pub mod notifications;

pub mod organizations;

pub mod pagination;

pub mod parameters;

pub mod passwords;

pub mod provisioner_keys;

pub mod provisioning;

pub mod query_values;

pub mod queue;

pub mod quiet_hours;

pub mod random;

pub mod resources;

pub mod quotas;

pub mod rights;

pub mod schedule;

pub mod scim;

pub mod search;

pub mod tag_expressions;

pub mod ssh_keys;

pub mod tags;

pub mod template_changes;

pub mod template_source;

pub mod template_versions;

pub mod template_access;

pub mod templates;

pub mod tokens;

pub mod users;

pub mod weekdays;

pub mod workspaces;

pub(crate) mod text_enum;
