//! What belongs to an agent and stands in a block of its own: apps, environment variables
//! and scripts.

use std::collections::HashSet;

use serde::Deserialize;

use super::{ConvertError, agents::OwnedAgent, document::Entry};
use crate::{
    domain::provisioning::{Agent, App, Healthcheck, NamedValue, OpenIn, Script, SharingLevel},
    provisioner::graph::Graph,
};

/// Adds apps, environment variables and scripts to the agents they name.
pub(super) fn attach(
    entries: &[Entry],
    graph: &Graph,
    agents: &mut [OwnedAgent],
) -> Result<(), ConvertError> {
    let mut slugs = HashSet::new();
    for entry in entries {
        match entry.kind.as_str() {
            "coder_app" => {
                let attributes: AppAttributes = entry.attributes()?;
                let agent_id = attributes.agent_id.clone();
                let app = attributes.into_app(&entry.name)?;
                if !slugs.insert(app.slug.clone()) {
                    return Err(ConvertError::DuplicateSlug(app.slug));
                }
                for agent in parents(entry, &agent_id, graph, agents) {
                    agent.apps.push(app.clone());
                }
            }
            "coder_env" => {
                let attributes: EnvAttributes = entry.attributes()?;
                for agent in parents(entry, &attributes.agent_id, graph, agents) {
                    agent.extra_envs.push(NamedValue {
                        name: attributes.name.clone(),
                        value: attributes.value.clone(),
                    });
                }
            }
            "coder_script" => {
                let attributes: ScriptAttributes = entry.attributes()?;
                let agent_id = attributes.agent_id.clone();
                let script = Script::from(attributes);
                for agent in parents(entry, &agent_id, graph, agents) {
                    agent.scripts.push(script.clone());
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The agents a block belongs to: by id, or by the graph while ids are not known yet.
fn parents<'a>(
    child: &Entry,
    agent_id: &str,
    graph: &Graph,
    agents: &'a mut [OwnedAgent],
) -> impl Iterator<Item = &'a mut Agent> {
    let source = format!("] {}.{} (expand)", child.kind, child.name);
    agents
        .iter_mut()
        .map(|owned| &mut owned.agent)
        .filter(move |agent| {
            if agent.id.is_empty() && agent_id.is_empty() {
                let target = format!("] coder_agent.{} (expand)", agent.name);
                graph.has_edge_between(&source, &target)
            } else {
                agent.id == agent_id
            }
        })
}

/// Whether a slug is lower-case letters and digits with single hyphens between them.
fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EnvAttributes {
    agent_id: String,
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScriptAttributes {
    agent_id: String,
    display_name: String,
    icon: String,
    script: String,
    cron: String,
    log_path: String,
    start_blocks_login: bool,
    run_on_start: bool,
    run_on_stop: bool,
    timeout: i32,
}

impl From<ScriptAttributes> for Script {
    fn from(script: ScriptAttributes) -> Self {
        Self {
            display_name: script.display_name,
            icon: script.icon,
            script: script.script,
            cron: script.cron,
            start_blocks_login: script.start_blocks_login,
            run_on_start: script.run_on_start,
            run_on_stop: script.run_on_stop,
            timeout_seconds: script.timeout,
            log_path: script.log_path,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AppAttributes {
    agent_id: String,
    slug: String,
    name: String,
    display_name: String,
    command: String,
    url: String,
    icon: String,
    subdomain: bool,
    healthcheck: Vec<HealthcheckAttributes>,
    share: String,
    external: bool,
    order: i64,
    hidden: bool,
    open_in: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HealthcheckAttributes {
    url: String,
    interval: i32,
    threshold: i32,
}

impl AppAttributes {
    fn into_app(self, resource_name: &str) -> Result<App, ConvertError> {
        let slug = first_given([&self.slug, resource_name]);
        if !is_slug(&slug) {
            return Err(ConvertError::InvalidSlug(slug));
        }
        Ok(App {
            display_name: first_given([&self.display_name, &self.name, &slug]),
            slug,
            command: self.command,
            url: self.url,
            icon: self.icon,
            subdomain: self.subdomain,
            healthcheck: self
                .healthcheck
                .into_iter()
                .next()
                .map(|check| Healthcheck {
                    url: check.url,
                    interval: check.interval,
                    threshold: check.threshold,
                })
                .unwrap_or_default(),
            sharing_level: match self.share.to_lowercase().as_str() {
                "authenticated" => SharingLevel::Authenticated,
                "public" => SharingLevel::Public,
                _ => SharingLevel::Owner,
            },
            external: self.external,
            order: self.order,
            hidden: self.hidden,
            open_in: match self.open_in.to_lowercase().as_str() {
                "tab" => OpenIn::Tab,
                _ => OpenIn::SlimWindow,
            },
        })
    }
}

fn first_given<const N: usize>(candidates: [&str; N]) -> String {
    candidates
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default()
        .to_owned()
}
