//! `coder_external_auth`, and `coder_git_auth` as it was called before: the token with which the
//! workspace's owner signed in to another service.

use super::{DataSource, variable};
use crate::terraform_provider::{
    diagnostics::error,
    messages::Diagnostic,
    provider::Context,
    schema::{Kind, Schema, computed, optional, required},
    value::{Object, Value, get_text},
};

/// A service to sign in to.
pub(super) struct ExternalAuth;

/// The same under its old name.
pub(super) struct GitAuth;

static SCHEMA: Schema = Schema {
    name: "coder_external_auth",
    version: 1,
    about: "Asks users to sign in to another service before they create a workspace.",
    deprecated: None,
    attributes: &[
        required(
            "id",
            Kind::Text,
            "The service's id in the deployment's settings.",
        ),
        optional(
            "optional",
            Kind::Bool,
            "Users may go on without signing in.",
        ),
        computed(
            "access_token",
            Kind::Text,
            "The owner's token; empty without one.",
        ),
    ],
    blocks: &[],
};

static GIT_SCHEMA: Schema = Schema {
    name: "coder_git_auth",
    version: 1,
    about: "Asks users to sign in to a Git service. Use coder_external_auth in its place.",
    deprecated: Some("Use the `coder_external_auth` data source."),
    attributes: &[
        required(
            "id",
            Kind::Text,
            "The service's id in the deployment's settings.",
        ),
        computed(
            "access_token",
            Kind::Text,
            "The owner's token; empty without one.",
        ),
    ],
    blocks: &[],
};

impl DataSource for ExternalAuth {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn read(&self, state: &mut Object, context: &Context<'_>) -> Vec<Diagnostic> {
        token(state, context, "EXTERNAL")
    }
}

impl DataSource for GitAuth {
    fn schema(&self) -> &'static Schema {
        &GIT_SCHEMA
    }

    fn read(&self, state: &mut Object, context: &Context<'_>) -> Vec<Diagnostic> {
        token(state, context, "GIT")
    }
}

fn token(state: &mut Object, context: &Context<'_>, kind: &str) -> Vec<Diagnostic> {
    let id = get_text(state, "id");
    if id.is_empty() {
        return vec![error("id is required")];
    }
    let name = format!("CODER_{kind}_AUTH_ACCESS_TOKEN_{id}");
    let token = variable(context.environment, &name);
    state.insert("access_token".to_owned(), Value::text(token));
    Vec::new()
}
