//! Calls to other servers: identity providers, and the webhook that takes messages to users.
//! Sends and understands; knows no database and no rule of ours.

pub mod id_tokens;

pub mod oidc;

pub mod requests;

pub mod tokens;

pub mod webhook;
