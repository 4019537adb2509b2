//! Runs Terraform and turns what it says into the shapes of `domain::provisioning`.
//!
//! Work comes in as an `AcquiredJob` and leaves as `Completed` or `Failed`; where jobs
//! come from and where results are kept is unknown here, except in the daemon.

pub mod archive;
pub mod builtin_provider;
pub mod daemon;
pub mod engine;
pub mod environment;
pub mod graph;
pub mod logs;
pub mod parse;
pub mod process;
pub mod resources;
pub mod terraform;
pub mod timings;
