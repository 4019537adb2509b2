//! From a plan or a state, with its dependency graph, to resources, agents, parameters and
//! external auth providers. Pure: it reads text and starts nothing.
//! Source: spec/provisioning.md section 2.

mod agents;
mod children;
mod document;
mod external_auth;
mod hosts;
mod metadata;
mod parameters;

#[cfg(test)]
mod tests;

use self::{
    document::{Entry, Mode},
    hosts::Hosts,
};
use super::graph::{Graph, GraphError};
use crate::domain::provisioning::{ProvisionedResources, Resource};

/// Managed types that are shown as part of another resource or not at all.
const UNLISTED: [&str; 5] = [
    "coder_script",
    "coder_agent",
    "coder_agent_instance",
    "coder_app",
    "coder_metadata",
];

/// Why Terraform's answer cannot be turned into resources.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The plan or state is not the expected JSON.
    #[error("cannot read Terraform's JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// The dependency graph is not readable.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// An attribute has an unexpected type.
    #[error("cannot read the attributes of {address}: {source}")]
    Attributes {
        /// The resource's address.
        address: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Two agents share a name.
    #[error("duplicate agent name: {0}")]
    DuplicateAgent(String),
    /// The graph lacks an agent.
    #[error("couldn't find node on graph: {0:?}")]
    MissingNode(String),
    /// An app's slug cannot stand in a host name.
    #[error(
        "invalid app slug {0:?}, please update your coder/coder provider to the latest version \
         and specify the slug property on each coder_app"
    )]
    InvalidSlug(String),
    /// Two apps share a slug.
    #[error("duplicate app slug, they must be unique per template: {0:?}")]
    DuplicateSlug(String),
    /// Two metadata blocks describe one resource.
    #[error("duplicate metadata resource: {0}")]
    DuplicateMetadata(String),
    /// Parameters share names; the names as a sentence part, and whether there are several.
    #[error("coder_parameter names must be unique but {names} {} multiple times", if *.several { "appear" } else { "appears" })]
    DuplicateParameters {
        /// The names, quoted and joined.
        names: String,
        /// Whether more than one name is repeated.
        several: bool,
    },
    /// An external auth block's id is no text.
    #[error("external auth id is not a string")]
    ExternalAuthId,
}

/// Converts what a plan announces. `json` is the output of `terraform show -json PLAN`.
///
/// # Errors
/// [`ConvertError`] when a text is unreadable or the template breaks a rule.
pub fn from_plan(json: &[u8], graph: &str) -> Result<ProvisionedResources, ConvertError> {
    convert(&document::read_plan(json)?, graph)
}

/// Converts what a state holds. `json` is the output of `terraform show -json`.
///
/// # Errors
/// [`ConvertError`] when a text is unreadable or the template breaks a rule.
pub fn from_state(json: &[u8], graph: &str) -> Result<ProvisionedResources, ConvertError> {
    convert(&document::read_state(json)?, graph)
}

fn convert(entries: &[Entry], graph: &str) -> Result<ProvisionedResources, ConvertError> {
    let graph = Graph::parse(graph)?;
    let hosts = Hosts::new(entries, &graph);
    let mut agents = agents::read(entries, &hosts)?;
    children::attach(entries, &graph, &mut agents)?;
    let mut described = metadata::read(entries, &hosts)?;
    let mut resources = Vec::new();
    for entry in entries {
        if entry.mode != Mode::Managed || UNLISTED.contains(&entry.kind.as_str()) {
            continue;
        }
        let label = entry.label();
        let mut resource = Resource {
            name: entry.name.clone(),
            kind: entry.kind.clone(),
            instance_type: agents::instance_type(entry),
            module_path: module_path(&entry.address),
            ..described
                .get_mut(label)
                .map(|found| found.clone())
                .unwrap_or_default()
        };
        resource.agents = agents
            .iter()
            .filter(|owned| owned.host == label)
            .map(|owned| owned.agent_on(entry))
            .collect();
        resources.push(resource);
    }
    Ok(ProvisionedResources {
        resources,
        parameters: parameters::read(entries)?,
        external_auth_providers: external_auth::read(entries)?,
        modules: Vec::new(),
    })
}

/// The modules at the front of an address: `module.a.module.b`, empty for the root.
fn module_path(address: &str) -> String {
    let mut path: Vec<&str> = Vec::new();
    let mut rest = address;
    while let Some(after) = rest.strip_prefix("module.") {
        let Some(end) = end_of_step(after) else {
            return "invalid terraform address".to_owned();
        };
        path.push(&rest[..rest.len() - after.len() + end]);
        rest = &after[end + 1..];
    }
    path.join(".")
}

/// The position of the dot that ends a module's name and index; dots inside an index do not.
fn end_of_step(step: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, character) in step.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}
