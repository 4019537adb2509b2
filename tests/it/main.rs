//! The integration tests: one binary, one module for each noun. They speak raw JSON to the
//! real router on a real Postgres.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test that cannot go on must panic, and reads the clock and the database directly"
)]

mod abandoned_jobs;

mod audit;

mod audit_coverage;

mod audit_export;

#[cfg(feature = "bench")]
mod bench_seed;

mod coverage;

mod custom_roles;
mod deployment;

mod edges;

mod embedded;

mod files;

mod fuzz;

mod fixture;

mod groups;
mod idempotency;

mod idp_sync;

mod jobs;

mod keys;

mod layers;

mod licenses;

mod lifecycle;

mod oidc;

mod openapi;

mod notifications;
mod organizations;

mod passcodes;

mod query_counts;
mod quotas;

mod provisioner_keys;

mod provisioner_rpc;

mod races;

mod rights;

mod rights_lists;

mod scim;
mod settings;

mod sign_in;
mod sign_in_safety;

mod build_rules;

mod builds;

mod template_versions;

mod terraform_provider;

mod template_access;
mod template_settings;
mod templates;

mod usage;

mod users;

mod watch;

mod watch_list;

mod watch_resume;

mod workspace_reads;

mod workspace_rules;

mod workspaces;
