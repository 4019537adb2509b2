//! The Terraform provider `coder/coder` in this program: `workspaced terraform-provider`, which
//! Terraform starts as a plugin. Everything that it tells a template comes from the environment
//! that the provisioner sets; it speaks with no server and keeps nothing.

mod checks;
mod cron;
mod data_sources;
mod diagnostics;
mod fill;
mod handshake;
mod messages;
mod plan;
mod plugin;
mod provider;
mod resources;
mod schema;
mod serving;
mod tls;
mod validation;
mod value;

use std::{collections::BTreeMap, ffi::OsString, io, sync::Arc};

use uuid::Uuid;

use crate::domain::random;

pub use handshake::HandshakeError;

/// Why the provider cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// What started it is not Terraform.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// Encryption cannot be set up.
    #[error("the connection with Terraform cannot be encrypted: {0}")]
    Tls(#[from] tls::TlsError),
    /// The system refuses.
    #[error("Terraform cannot be served: {0}")]
    Io(#[from] io::Error),
}

/// The environment variables of the process that are text.
pub(crate) type Environment = BTreeMap<String, String>;

/// Serves Terraform until it asks to end or goes away.
///
/// # Errors
/// [`ProviderError`] when it was not started by Terraform, or the system refuses.
pub async fn serve(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(), ProviderError> {
    let environment: Environment = environment
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let invitation = handshake::accept(&environment)?;
    let plugin = Arc::new(plugin::Plugin::new(provider::Provider::new(environment)));
    serving::serve(&invitation, plugin).await
}

/// An id for something new.
fn new_id() -> String {
    uuid::Builder::from_random_bytes(random::bytes())
        .into_uuid()
        .to_string()
}

/// The id of nobody.
fn nil_id() -> String {
    Uuid::nil().to_string()
}
