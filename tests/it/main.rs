//! The integration tests: one binary, one module for each noun. They speak raw JSON to the
//! real router on a real Postgres.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot go on must panic, and reads the clock and the database directly"
)]

mod edges;

mod files;

mod fixture;

mod coverage;

mod embedded;

mod layers;

mod openapi;

mod settings;

mod query_counts;

mod sign_in;

mod template_versions;

mod templates;
