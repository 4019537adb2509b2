//! `coder_workspace_owner`: the user whose workspace is built.

use super::{DataSource, variable, variable_or};
use crate::terraform_provider::{
    Environment,
    diagnostics::error,
    messages::Diagnostic,
    new_id,
    provider::Context,
    schema::{Kind, Schema, computed},
    value::{Object, Value},
};

/// The owner.
pub(super) struct WorkspaceOwner;

/// The variable with the owner's groups, as JSON.
const GROUPS: &str = "CODER_WORKSPACE_OWNER_GROUPS";

static SCHEMA: Schema = Schema {
    name: "coder_workspace_owner",
    version: 0,
    about: "The owner of the workspace.",
    deprecated: None,
    attributes: &[
        computed("id", Kind::Text, "The owner's id."),
        computed("name", Kind::Text, "The owner's user name."),
        computed("full_name", Kind::Text, "The owner's full name."),
        computed("email", Kind::Text, "The owner's e-mail address."),
        computed(
            "ssh_public_key",
            Kind::Text,
            "The owner's public key for Git.",
        ),
        computed(
            "ssh_private_key",
            Kind::Text,
            "The owner's private key for Git.",
        )
        .sensitive(),
        computed("groups", Kind::Texts, "The names of the owner's groups."),
        computed(
            "session_token",
            Kind::Text,
            "A token for the API, new for each start.",
        ),
        computed(
            "oidc_access_token",
            Kind::Text,
            "The owner's token of OpenID Connect; empty for who signs in otherwise.",
        ),
    ],
    blocks: &[],
};

impl DataSource for WorkspaceOwner {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn read(&self, state: &mut Object, context: &Context<'_>) -> Vec<Diagnostic> {
        let environment = context.environment;
        let groups = match groups(environment) {
            Ok(groups) => groups,
            Err(diagnostic) => return vec![diagnostic],
        };
        let id = match variable(environment, "CODER_WORKSPACE_OWNER_ID") {
            "" => new_id(),
            id => id.to_owned(),
        };
        let told = |name| Value::text(variable(environment, name));
        let told_or = |name, other| Value::text(variable_or(environment, name, other));
        state.extend(
            [
                ("id", Value::Text(id)),
                ("name", told_or("CODER_WORKSPACE_OWNER", "default")),
                (
                    "full_name",
                    told_or("CODER_WORKSPACE_OWNER_NAME", "default"),
                ),
                (
                    "email",
                    told_or("CODER_WORKSPACE_OWNER_EMAIL", "default@example.com"),
                ),
                (
                    "ssh_public_key",
                    told("CODER_WORKSPACE_OWNER_SSH_PUBLIC_KEY"),
                ),
                (
                    "ssh_private_key",
                    told("CODER_WORKSPACE_OWNER_SSH_PRIVATE_KEY"),
                ),
                ("groups", groups),
                ("session_token", told("CODER_WORKSPACE_OWNER_SESSION_TOKEN")),
                (
                    "oidc_access_token",
                    told("CODER_WORKSPACE_OWNER_OIDC_ACCESS_TOKEN"),
                ),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        Vec::new()
    }
}

/// The owner's groups as a list of text.
pub(super) fn groups(environment: &Environment) -> Result<Value, Diagnostic> {
    let told = variable_or(environment, GROUPS, "null");
    match serde_json::from_str::<Option<Vec<String>>>(told) {
        Ok(groups) => Ok(Value::texts(groups.unwrap_or_default())),
        Err(reason) => Err(error(format!("{GROUPS} is no list of names: {reason}"))),
    }
}
