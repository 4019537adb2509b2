//! SQL, one file per noun: free functions on a connection, one statement each, checked at
//! compile time. Decides nothing, opens no transaction, knows no HTTP.

mod error;

pub mod activity;

pub mod agent_timeouts;

pub mod agent_tokens;

pub mod api_keys;

pub mod audit;

pub mod audit_targets;

pub mod autofill;

pub mod custom_roles;

pub mod daemons;

pub mod deployment;

pub mod files;

pub mod git_ssh_keys;

pub mod groups;

pub mod idempotency_keys;

pub mod idp_sync;

pub mod import_results;

pub mod job_facts;

pub mod job_results;

pub mod job_work;

pub mod jobs;

pub mod licenses;

pub mod lifecycle;

pub mod locks;

pub mod members;

pub mod new_agents;

pub mod objects;

pub mod notifications;

pub mod organizations;

pub mod pool;

pub mod provisioner_keys;

pub mod quotas;

pub mod resources;

pub mod template_access;

pub mod template_versions;

pub mod templates;

pub mod user_links;

pub mod user_secrets;

pub mod users;

pub mod build_plans;

pub mod workspace_builds;

pub mod workspace_changes;

pub mod workspace_glances;

pub mod workspace_lists;

pub mod workspace_views;

pub mod workspaces;

pub use error::StoreError;
