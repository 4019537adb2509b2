//! `coder_agent`: an agent that runs on a resource of the workspace.

use super::{Resource, repeated_key};
use crate::terraform_provider::{
    diagnostics::error,
    fill,
    messages::Diagnostic,
    new_id,
    provider::Context,
    schema::{
        Attribute, Block, ID, Kind, Nesting, Preset, Rule, Schema, computed, optional, required,
    },
    value::{Object, Value, get, get_text},
};

/// An agent.
pub(super) struct Agent;

const DISPLAY_APPS: &[Attribute] = &[
    optional("vscode", Kind::Bool, "Offer VS Code Desktop.").preset(Preset::Bool(true)),
    optional("vscode_insiders", Kind::Bool, "Offer VS Code Insiders.").preset(Preset::Bool(false)),
    optional(
        "web_terminal",
        Kind::Bool,
        "Offer the terminal in the browser.",
    )
    .preset(Preset::Bool(true)),
    optional(
        "port_forwarding_helper",
        Kind::Bool,
        "Offer help with forwarding ports.",
    )
    .preset(Preset::Bool(true)),
    optional("ssh_helper", Kind::Bool, "Offer help with SSH.").preset(Preset::Bool(true)),
];

static SCHEMA: Schema = Schema {
    name: "coder_agent",
    version: 1,
    about: "An agent, which makes a resource reachable as a workspace.",
    deprecated: None,
    attributes: &[
        ID,
        required("os", Kind::Text, "The agent's operating system: linux, darwin or windows.")
            .rule(Rule::OneOf(&["linux", "darwin", "windows"])),
        required("arch", Kind::Text, "The agent's processor: amd64, armv7 or arm64.")
            .rule(Rule::OneOf(&["amd64", "armv7", "arm64"])),
        optional(
            "auth",
            Kind::Text,
            "How the agent proves who it is: token, or the identity that its cloud gives it.",
        )
        .preset(Preset::Text("token"))
        .rule(Rule::OneOf(&[
            "token",
            "google-instance-identity",
            "aws-instance-identity",
            "azure-instance-identity",
        ])),
        optional("dir", Kind::Text, "The directory that new shells begin in."),
        optional("env", Kind::TextMap, "Environment variables inside the workspace."),
        optional("startup_script", Kind::Text, "A script that runs when the agent starts."),
        optional("shutdown_script", Kind::Text, "A script that runs before the workspace stops."),
        optional("startup_script_timeout", Kind::Number, "Has no effect.")
            .deprecated("This has no effect; leave it out.")
            .preset(Preset::Number(300))
            .rule(Rule::AtLeast(1)),
        optional("shutdown_script_timeout", Kind::Number, "Has no effect.")
            .deprecated("This has no effect; leave it out.")
            .preset(Preset::Number(300))
            .rule(Rule::AtLeast(1)),
        optional(
            "startup_script_behavior",
            Kind::Text,
            "Whether users wait for the startup script before they get in: blocking or non-blocking.",
        )
        .rule(Rule::OneOf(&["blocking", "non-blocking"]))
        .excludes(&["login_before_ready"]),
        optional("login_before_ready", Kind::Bool, "Let users in before the startup script ends.")
            .deprecated("Use startup_script_behavior.")
            .preset(Preset::Bool(true))
            .excludes(&["startup_script_behavior"]),
        optional(
            "connection_timeout",
            Kind::Number,
            "Seconds until an agent that does not connect is shown as failed; 0 for never.",
        )
        .preset(Preset::Number(120))
        .rule(Rule::AtLeast(0)),
        optional("order", Kind::Number, "The agent's place among the others; the lowest is first."),
        optional(
            "troubleshooting_url",
            Kind::Text,
            "An address with help for users whose agent does not connect.",
        ),
        optional("motd_file", Kind::Text, "A file in the workspace that is shown at log-in."),
        computed("init_script", Kind::Text, "A script that fetches and starts the agent."),
        computed("token", Kind::Text, "The agent's secret, for the environment's CODER_AGENT_TOKEN.")
            .sensitive(),
    ],
    blocks: &[
        Block {
            name: "metadata",
            nesting: Nesting::List,
            most: 0,
            computed: false,
            excludes: &[],
            attributes: &[
                required("key", Kind::Text, "A name for the value, unique in the agent."),
                optional("display_name", Kind::Text, "The name that users see."),
                required("script", Kind::Text, "A script that prints the value."),
                required("interval", Kind::Number, "Seconds between two runs."),
                optional("timeout", Kind::Number, "Seconds that a run may take."),
                optional("order", Kind::Number, "The value's place among the others."),
            ],
        },
        Block {
            name: "display_apps",
            nesting: Nesting::Set,
            most: 1,
            computed: true,
            excludes: &[],
            attributes: DISPLAY_APPS,
        },
    ],
};

impl Resource for Agent {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn check(&self, planned: &Object) -> Vec<Diagnostic> {
        let repeated = repeated_key(get(planned, "metadata"));
        repeated
            .map(|key| error(format!("duplicate agent metadata key {key:?}")))
            .into_iter()
            .collect()
    }

    fn create(&self, state: &mut Object, context: &Context<'_>) -> Vec<Diagnostic> {
        compute(state, context);
        Vec::new()
    }

    fn read(&self, state: &mut Object, context: &Context<'_>) {
        compute(state, context);
    }
}

/// A refresh gives a new token too: an old one must not outlive the build that it was made for.
fn compute(state: &mut Object, context: &Context<'_>) {
    state.insert("token".to_owned(), Value::text(new_id()));
    let script = init_script(state, context);
    state.insert("init_script".to_owned(), Value::text(script));
    if get(state, "display_apps").elements().is_empty() {
        let all = DISPLAY_APPS.iter().filter_map(|attribute| {
            let preset = fill::preset(attribute.preset?);
            Some((attribute.name.to_owned(), preset))
        });
        let all = Value::List(vec![Value::Object(all.collect())]);
        state.insert("display_apps".to_owned(), all);
    }
}

fn init_script(state: &Object, context: &Context<'_>) -> String {
    let (system, processor) = (get_text(state, "os"), get_text(state, "arch"));
    let variable = format!("CODER_AGENT_SCRIPT_{system}_{processor}");
    let script = context.environment.get(&variable);
    let script = script.map(String::as_str).unwrap_or_default();
    script
        .replace("${ACCESS_URL}", &root_of(context.url))
        .replace("${AUTH_TYPE}", get_text(state, "auth"))
}

/// The address without path and query; it ends with a slash.
fn root_of(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "/".to_owned();
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    format!("{scheme}://{authority}/")
}

#[cfg(test)]
mod tests {
    use super::root_of;

    #[test]
    fn agents_fetch_from_the_root_of_the_address() {
        assert_eq!(root_of("http://127.0.0.1:3000"), "http://127.0.0.1:3000/");
        assert_eq!(root_of("https://u@a.b/base?x#y"), "https://u@a.b/");
    }
}
