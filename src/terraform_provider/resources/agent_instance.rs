//! `coder_agent_instance`: which machine of a cloud an agent runs on.

use super::Resource;
use crate::terraform_provider::schema::{ID, Kind, Schema, required};

/// The instance of an agent.
pub(super) struct AgentInstance;

static SCHEMA: Schema = Schema {
    name: "coder_agent_instance",
    version: 0,
    about: "Ties an agent to the cloud instance whose identity it shows when it connects.",
    deprecated: None,
    attributes: &[
        ID,
        required("agent_id", Kind::Text, "The id of the agent."),
        required("instance_id", Kind::Text, "The cloud's id of the instance."),
    ],
    blocks: &[],
};

impl Resource for AgentInstance {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }
}
