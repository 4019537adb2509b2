//! `coder_script`: a script that the agent runs at its start, at its stop or at given times.

use super::Resource;
use crate::terraform_provider::{
    cron,
    diagnostics::error,
    messages::Diagnostic,
    provider::Context,
    schema::{ID, Kind, Preset, Rule, Schema, optional, required},
    value::{Object, get, get_text},
};

/// A script.
pub(super) struct Script;

static SCHEMA: Schema = Schema {
    name: "coder_script",
    version: 1,
    about: "A script that the agent runs; several run beside each other.",
    deprecated: None,
    attributes: &[
        ID,
        required("agent_id", Kind::Text, "The id of the agent."),
        required("display_name", Kind::Text, "The name that users see."),
        required("script", Kind::Text, "The script."),
        optional("icon", Kind::Text, "The address of an icon."),
        optional(
            "log_path",
            Kind::Text,
            "The file for its output, absolute or in the agent's log directory.",
        ),
        optional(
            "cron",
            Kind::Text,
            "When to run it: second, minute, hour, day of month, month, day of week.",
        )
        .rule(Rule::Text(cron::check)),
        optional(
            "start_blocks_login",
            Kind::Bool,
            "Let users in only when it has ended.",
        )
        .preset(Preset::Bool(false)),
        optional("run_on_start", Kind::Bool, "Run it when the agent starts.")
            .preset(Preset::Bool(false)),
        optional("run_on_stop", Kind::Bool, "Run it before the agent stops.")
            .preset(Preset::Bool(false)),
        optional(
            "timeout",
            Kind::Number,
            "Seconds that a run may take; 0 for no limit.",
        )
        .preset(Preset::Number(0))
        .rule(Rule::AtLeast(1)),
    ],
    blocks: &[],
};

impl Resource for Script {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn create(&self, state: &mut Object, _context: &Context<'_>) -> Vec<Diagnostic> {
        let is_on = |name| get(state, name).as_bool().unwrap_or_default();
        let on_start = is_on("run_on_start");
        if !on_start && !is_on("run_on_stop") && get_text(state, "cron").is_empty() {
            return vec![error(
                r#"at least one of "run_on_start", "run_on_stop", or "cron" must be set"#,
            )];
        }
        if !on_start && is_on("start_blocks_login") {
            return vec![error(
                r#""start_blocks_login" can only be set if "run_on_start" is "true""#,
            )];
        }
        Vec::new()
    }
}
