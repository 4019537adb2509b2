//! `coder_workspace`: the workspace that is built, and what the build does.

use super::{DataSource, variable, variable_or, workspace_owner};
use crate::terraform_provider::{
    diagnostics::error,
    messages::Diagnostic,
    new_id, nil_id,
    provider::Context,
    schema::{Attribute, Kind, Schema, computed},
    value::{Object, Value},
};

/// The workspace.
pub(super) struct Workspace;

/// What to use in place of the attributes about the owner.
const OWNER: &str = "Use the data source `coder_workspace_owner`.";

/// What must be told while a workspace is built, not while a template is imported: the
/// attribute, its name in a sentence, and the variable.
const TEMPLATE: [(&str, &str, &str); 3] = [
    ("template_id", "template ID", "CODER_WORKSPACE_TEMPLATE_ID"),
    (
        "template_name",
        "template name",
        "CODER_WORKSPACE_TEMPLATE_NAME",
    ),
    (
        "template_version",
        "template version",
        "CODER_WORKSPACE_TEMPLATE_VERSION",
    ),
];

static SCHEMA: Schema = Schema {
    name: "coder_workspace",
    version: 1,
    about: "The workspace, and the build that runs now.",
    deprecated: None,
    attributes: &[
        computed("id", Kind::Text, "The workspace's id."),
        computed("name", Kind::Text, "The workspace's name."),
        computed("access_url", Kind::Text, "The address of the deployment."),
        computed("access_port", Kind::Number, "The port in that address."),
        computed(
            "start_count",
            Kind::Number,
            "1 in a build that starts the workspace, else 0.",
        ),
        computed(
            "transition",
            Kind::Text,
            "What the build does: start, stop or destroy.",
        ),
        computed("template_id", Kind::Text, "The template's id."),
        computed("template_name", Kind::Text, "The template's name."),
        computed(
            "template_version",
            Kind::Text,
            "The name of the template's version.",
        ),
        owners("owner", Kind::Text, "The owner's user name."),
        owners("owner_email", Kind::Text, "The owner's e-mail address."),
        owners("owner_id", Kind::Text, "The owner's id."),
        owners("owner_name", Kind::Text, "The owner's full name."),
        owners(
            "owner_oidc_access_token",
            Kind::Text,
            "The owner's token of OpenID Connect.",
        ),
        owners(
            "owner_groups",
            Kind::Texts,
            "The names of the owner's groups.",
        ),
        owners(
            "owner_session_token",
            Kind::Text,
            "A token for the API, new for each start.",
        ),
    ],
    blocks: &[],
};

const fn owners(name: &'static str, kind: Kind, about: &'static str) -> Attribute {
    computed(name, kind, about).deprecated(OWNER)
}

impl DataSource for Workspace {
    fn schema(&self) -> &'static Schema {
        &SCHEMA
    }

    fn read(&self, state: &mut Object, context: &Context<'_>) -> Vec<Diagnostic> {
        let environment = context.environment;
        let groups = match workspace_owner::groups(environment) {
            Ok(groups) => groups,
            Err(diagnostic) => return vec![diagnostic],
        };
        let Some(port) = port(context.url) else {
            return vec![error(format!("{:?} has no port", context.url))];
        };
        let transition = variable_or(environment, "CODER_WORKSPACE_TRANSITION", "start");
        let is_build = !variable(environment, "CODER_WORKSPACE_BUILD_ID").is_empty();
        for (attribute, what, name) in TEMPLATE {
            let value = variable(environment, name);
            if is_build && value.is_empty() {
                return vec![error(format!("{what} is missing: {name} is required"))];
            }
            state.insert(attribute.to_owned(), Value::text(value));
        }
        let id = match variable(environment, "CODER_WORKSPACE_ID") {
            "" => new_id(),
            id => id.to_owned(),
        };
        let nobody = nil_id();
        let told = |name| Value::text(variable(environment, name));
        let told_or = |name, other| Value::text(variable_or(environment, name, other));
        let email = told_or("CODER_WORKSPACE_OWNER_EMAIL", "default@example.com");
        let oidc = told("CODER_WORKSPACE_OWNER_OIDC_ACCESS_TOKEN");
        state.extend(
            [
                ("id", Value::Text(id)),
                ("name", told_or("CODER_WORKSPACE_NAME", "default")),
                ("access_url", Value::text(context.url)),
                ("access_port", Value::whole(port)),
                (
                    "start_count",
                    Value::whole(i64::from(transition == "start")),
                ),
                ("transition", Value::text(transition)),
                ("owner", told_or("CODER_WORKSPACE_OWNER", "default")),
                ("owner_email", email),
                (
                    "owner_id",
                    Value::text(variable_or(
                        environment,
                        "CODER_WORKSPACE_OWNER_ID",
                        &nobody,
                    )),
                ),
                (
                    "owner_name",
                    told_or("CODER_WORKSPACE_OWNER_NAME", "default"),
                ),
                ("owner_oidc_access_token", oidc),
                ("owner_groups", groups),
                (
                    "owner_session_token",
                    told("CODER_WORKSPACE_OWNER_SESSION_TOKEN"),
                ),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        Vec::new()
    }
}

/// The port of an address; without one, that of its scheme.
fn port(url: &str) -> Option<i64> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", ""));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.rsplit_once(':') {
        Some((_, port)) if !host.ends_with(']') && !port.is_empty() => port.parse().ok(),
        _ if scheme == "https" => Some(443),
        _ => Some(80),
    }
}

#[cfg(test)]
mod tests {
    use super::port;

    #[test]
    fn the_port_is_that_of_the_scheme_unless_named() {
        assert_eq!(port("https://a.b/c:1"), Some(443));
        assert_eq!(port("http://u:p@[::1]"), Some(80));
        assert_eq!(port("http://[::1]:3000/"), Some(3000));
        assert_eq!(port("http://a:99999999999999999999"), None);
    }
}
