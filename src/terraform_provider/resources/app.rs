//! `coder_app`: an application inside a workspace, offered beside its agent.

use super::Resource;
use crate::terraform_provider::{
    checks,
    diagnostics::warning,
    messages::Diagnostic,
    provider::Context,
    schema::{Block, ID, Kind, Nesting, Preset, Rule, Schema, optional, required},
    value::{Object, Value, get},
};

/// An application.
pub(super) struct App;

static SCHEMA: Schema = Schema {
    name: "coder_app",
    version: 1,
    about: "An application in the workspace that users open with a click.",
    deprecated: None,
    attributes: &[
        ID,
        required(
            "agent_id",
            Kind::Text,
            "The id of the agent that reaches it.",
        ),
        required(
            "slug",
            Kind::Text,
            "The name that stands in the application's address.",
        )
        .rule(Rule::Text(checks::slug)),
        optional("command", Kind::Text, "A command to run in a terminal.").excludes(&["url"]),
        optional(
            "url",
            Kind::Text,
            "The address, as seen from inside the workspace.",
        )
        .excludes(&["command"]),
        optional("icon", Kind::Text, "The address of an icon."),
        optional("display_name", Kind::Text, "The name that users see."),
        optional("name", Kind::Text, "The name that users see.")
            .deprecated("Use display_name.")
            .excludes(&["display_name"]),
        optional(
            "subdomain",
            Kind::Bool,
            "Serve it under a host name of its own, not under a path.",
        ),
        optional("relative_path", Kind::Bool, "Serve it under a path.")
            .deprecated("Use subdomain.")
            .excludes(&["subdomain"]),
        optional(
            "share",
            Kind::Text,
            "Who may open it: owner, authenticated or public.",
        )
        .preset(Preset::Text("owner"))
        .rule(Rule::Text(share)),
        optional(
            "external",
            Kind::Bool,
            "Open the address in the user's own browser.",
        )
        .preset(Preset::Bool(false))
        .excludes(&["healthcheck", "command", "subdomain", "share"]),
        optional(
            "order",
            Kind::Number,
            "The application's place among the others.",
        ),
        optional("hidden", Kind::Bool, "Do not show it.").preset(Preset::Bool(false)),
    ],
    blocks: &[Block {
        name: "healthcheck",
        nesting: Nesting::Set,
        most: 1,
        computed: false,
        excludes: &["command"],
        attributes: &[
            required(
                "url",
                Kind::Text,
                "The address that answers when all is well.",
            ),
            required("interval", Kind::Number, "Seconds between two looks."),
            required(
                "threshold",
                Kind::Number,
                "Failed looks until it counts as unhealthy.",
            ),
        ],
    }],
};

impl Resource for App {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn create(&self, state: &mut Object, _context: &Context<'_>) -> Vec<Diagnostic> {
        if *get(state, "hidden") != Value::Bool(true) {
            return Vec::new();
        }
        let shown = ["display_name", "icon", "order"];
        let is_set = |name: &&str| match get(state, name) {
            Value::Text(text) => !text.is_empty(),
            value => value.as_whole().is_some_and(|number| number != 0),
        };
        let set = shown.into_iter().filter(is_set);
        set.map(|name| warning(None, format!("`{name}` set when app is hidden"), ""))
            .collect()
    }
}

fn share(text: &str) -> Result<(), String> {
    if ["owner", "authenticated", "public"].contains(&text) {
        Ok(())
    } else {
        Err(format!(
            "invalid app share {text:?}: write owner, authenticated or public"
        ))
    }
}
