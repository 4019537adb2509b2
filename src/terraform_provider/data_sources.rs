//! The data sources. Each module below has one or two, their tables beside their behaviour.

mod external_auth;
mod parameter;
mod provisioner;
mod workspace;
mod workspace_owner;
mod workspace_tags;

use super::{Environment, messages::Diagnostic, provider::Context, schema::Schema, value::Object};

/// A kind of data source.
pub(super) trait DataSource: Sync {
    /// Its table.
    fn schema(&self) -> &'static Schema;

    /// Completes what the template asks for, or tells why it cannot be answered.
    fn read(&self, state: &mut Object, context: &Context<'_>) -> Vec<Diagnostic>;
}

/// All of them.
pub(super) static ALL: [&dyn DataSource; 7] = [
    &external_auth::ExternalAuth,
    &external_auth::GitAuth,
    &parameter::Parameter,
    &provisioner::Provisioner,
    &workspace::Workspace,
    &workspace_owner::WorkspaceOwner,
    &workspace_tags::WorkspaceTags,
];

/// A variable; empty where it is not set.
fn variable<'a>(environment: &'a Environment, name: &str) -> &'a str {
    environment
        .get(name)
        .map(String::as_str)
        .unwrap_or_default()
}

/// A variable, or something else where it is empty or not set.
fn variable_or<'a>(environment: &'a Environment, name: &str, other: &'a str) -> &'a str {
    match variable(environment, name) {
        "" => other,
        value => value,
    }
}
