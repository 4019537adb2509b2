//! `workspaced`: a self-hosted workspaces backend that speaks Coder's API v2.
//!
//! The modules below stand in the order of dependence: each may use what stands
//! under it and never what stands above (`tests/it/layers.rs` checks it).
//! `ARCHITECTURE.md` is the map.

pub mod config;

pub mod telemetry;

pub mod demo;

pub mod app;

#[cfg(feature = "bench")]
pub mod bench_seed;

pub mod listen;

pub mod lifecycle;

pub mod embedded_postgres;

pub mod http;

pub mod wire;

pub mod workers;

pub mod provisioner;

pub mod provisioner_rpc;

pub mod terraform_provider;

pub mod rpc;

pub mod service;

pub mod store;

pub mod pubsub;

pub mod outbound;

pub mod domain;
