//! The settings of `bench-seed`, under the names that the benchmark gives them.

use std::path::PathBuf;

use clap::Args;
use secrecy::SecretString;

/// What to seed.
#[derive(Args, Clone, Debug)]
pub struct BenchSeed {
    /// URL of the empty PostgreSQL database to fill
    #[arg(long, env = "CODER_PG_CONNECTION_URL", value_name = "URL")]
    pub postgres_url: SecretString,
    /// Workspaces to make
    #[arg(long, env = "BENCH_WORKSPACES", value_name = "COUNT")]
    pub workspaces: usize,
    /// Users to make beside the administrator
    #[arg(long, env = "BENCH_USERS", value_name = "COUNT")]
    pub users: usize,
    /// Templates to make
    #[arg(long, env = "BENCH_TEMPLATES", value_name = "COUNT")]
    pub templates: usize,
    /// Builds of each workspace
    #[arg(long, env = "BENCH_BUILDS", default_value_t = 3, value_name = "COUNT")]
    pub builds: usize,
    /// File for the names and tokens of what was made
    #[arg(long, env = "BENCH_MANIFEST", value_name = "FILE")]
    pub manifest: PathBuf,
}
