//! Runs Terraform and turns what it says into the shapes of `domain::provisioning`.
//!
//! Work comes in as an `AcquiredJob` and leaves as `Completed` or `Failed`; where jobs
//! come from and where results are kept is unknown here, except in the daemon.

pub mod graph;
pub mod resources;
