//! `coder_env`: an environment variable inside a workspace.

use super::Resource;
use crate::terraform_provider::{
    checks,
    schema::{ID, Kind, Rule, Schema, optional, required},
};

/// A variable.
pub(super) struct Env;

static SCHEMA: Schema = Schema {
    name: "coder_env",
    version: 1,
    about: "An environment variable in the workspace; those of the agent itself go before.",
    deprecated: None,
    attributes: &[
        ID,
        required("agent_id", Kind::Text, "The id of the agent."),
        required("name", Kind::Text, "The variable's name.").rule(Rule::Text(checks::variable)),
        optional("value", Kind::Text, "The variable's value."),
    ],
    blocks: &[],
};

impl Resource for Env {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }
}
