//! Agents: their attributes, the resource each runs on, and the id of that resource where
//! agents authenticate by it.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use super::{ConvertError, document::Entry, hosts::Hosts};
use crate::{
    domain::provisioning::{Agent, AgentAuth, AgentMetadata, DisplayApps, Script},
    provisioner::graph::Direction,
};

/// Cloud machines: type, attribute with the instance id, attribute with the machine type.
const MACHINES: [(&str, &str, &str); 5] = [
    ("google_compute_instance", "instance_id", "machine_type"),
    ("aws_instance", "id", "instance_type"),
    (
        "aws_spot_instance_request",
        "spot_instance_id",
        "instance_type",
    ),
    (
        "azurerm_linux_virtual_machine",
        "virtual_machine_id",
        "size",
    ),
    (
        "azurerm_windows_virtual_machine",
        "virtual_machine_id",
        "size",
    ),
];

/// An agent with the label of the resource it runs on.
pub(super) struct OwnedAgent {
    pub(super) host: String,
    pub(super) agent: Agent,
}

impl OwnedAgent {
    /// The agent as it stands on one instance of its resource.
    pub(super) fn agent_on(&self, host: &Entry) -> Agent {
        let mut agent = self.agent.clone();
        if let AgentAuth::InstanceId(id) = &mut agent.auth
            && id.is_empty()
            && let Some((_, attribute, _)) = machine(host)
        {
            *id = host.text(attribute).unwrap_or_default();
        }
        agent
    }
}

/// Reads the agents that some resource depends on; others are left out.
pub(super) fn read(entries: &[Entry], hosts: &Hosts) -> Result<Vec<OwnedAgent>, ConvertError> {
    let mut names = HashSet::new();
    let mut owned = Vec::new();
    for entry in entries
        .iter()
        .filter(|entry| entry.is_managed("coder_agent"))
    {
        if !names.insert(entry.name.as_str()) {
            return Err(ConvertError::DuplicateAgent(entry.name.clone()));
        }
        let attributes: Attributes = entry.attributes()?;
        let label = entry.label();
        if !hosts.knows(label) {
            return Err(ConvertError::MissingNode(label.to_owned()));
        }
        if let Some(host) = hosts.nearest(label, Direction::Dependants) {
            owned.push(OwnedAgent {
                host: host.to_owned(),
                agent: attributes.into_agent(entry.name.clone()),
            });
        }
    }
    set_instance_ids(entries, &mut owned)?;
    Ok(owned)
}

/// The machine type of a cloud machine; empty for everything else.
pub(super) fn instance_type(host: &Entry) -> String {
    machine(host)
        .and_then(|(_, _, attribute)| host.text(attribute))
        .unwrap_or_default()
}

fn machine(host: &Entry) -> Option<(&str, &str, &str)> {
    MACHINES.into_iter().find(|(kind, _, _)| *kind == host.kind)
}

fn set_instance_ids(entries: &[Entry], agents: &mut [OwnedAgent]) -> Result<(), ConvertError> {
    for entry in entries
        .iter()
        .filter(|entry| entry.is_managed("coder_agent_instance"))
    {
        let attributes: InstanceAttributes = entry.attributes()?;
        for owned in &mut *agents {
            if owned.agent.id == attributes.agent_id
                && let AgentAuth::InstanceId(id) = &mut owned.agent.auth
            {
                id.clone_from(&attributes.instance_id);
            }
        }
    }
    Ok(())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InstanceAttributes {
    agent_id: String,
    instance_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    id: String,
    auth: String,
    token: String,
    os: String,
    arch: String,
    dir: String,
    env: BTreeMap<String, String>,
    connection_timeout: i32,
    troubleshooting_url: String,
    motd_file: String,
    startup_script: String,
    startup_script_behavior: String,
    login_before_ready: Option<bool>,
    shutdown_script: String,
    metadata: Vec<MetadataAttributes>,
    display_apps: Vec<DisplayAppsAttributes>,
    order: i64,
}

impl Attributes {
    fn into_agent(self, name: String) -> Agent {
        let scripts = self.scripts();
        Agent {
            id: self.id,
            name,
            env: self.env,
            extra_envs: Vec::new(),
            operating_system: self.os,
            architecture: self.arch,
            directory: self.dir,
            auth: if self.auth == "token" {
                AgentAuth::Token(self.token)
            } else {
                AgentAuth::default()
            },
            connection_timeout_seconds: self.connection_timeout,
            troubleshooting_url: self.troubleshooting_url,
            motd_file: self.motd_file,
            metadata: self.metadata.into_iter().map(Into::into).collect(),
            display_apps: self.display_apps.into_iter().next().map_or(
                DisplayApps {
                    vscode: true,
                    vscode_insiders: false,
                    web_terminal: true,
                    ssh_helper: true,
                    port_forwarding_helper: true,
                },
                Into::into,
            ),
            scripts,
            apps: Vec::new(),
            order: self.order,
        }
    }

    /// The start and stop scripts that stand in the agent block itself.
    fn scripts(&self) -> Vec<Script> {
        let mut scripts = Vec::new();
        if !self.startup_script.is_empty() {
            scripts.push(Script {
                display_name: "Startup Script".to_owned(),
                icon: "/emojis/25b6.png".to_owned(),
                log_path: "coder-startup-script.log".to_owned(),
                script: self.startup_script.clone(),
                run_on_start: true,
                start_blocks_login: self.start_blocks_login(),
                ..Script::default()
            });
        }
        if !self.shutdown_script.is_empty() {
            scripts.push(Script {
                display_name: "Shutdown Script".to_owned(),
                icon: "/emojis/25c0.png".to_owned(),
                log_path: "coder-shutdown-script.log".to_owned(),
                script: self.shutdown_script.clone(),
                run_on_stop: true,
                ..Script::default()
            });
        }
        scripts
    }

    fn start_blocks_login(&self) -> bool {
        match self.startup_script_behavior.as_str() {
            "" => self.login_before_ready == Some(false),
            behavior => behavior == "blocking",
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MetadataAttributes {
    key: String,
    display_name: String,
    script: String,
    interval: i64,
    timeout: i64,
    order: i64,
}

impl From<MetadataAttributes> for AgentMetadata {
    fn from(item: MetadataAttributes) -> Self {
        Self {
            key: item.key,
            display_name: item.display_name,
            script: item.script,
            interval: item.interval,
            timeout: item.timeout,
            order: item.order,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five switches of the provider"
)]
struct DisplayAppsAttributes {
    vscode: bool,
    vscode_insiders: bool,
    web_terminal: bool,
    ssh_helper: bool,
    port_forwarding_helper: bool,
}

impl From<DisplayAppsAttributes> for DisplayApps {
    fn from(apps: DisplayAppsAttributes) -> Self {
        Self {
            vscode: apps.vscode,
            vscode_insiders: apps.vscode_insiders,
            web_terminal: apps.web_terminal,
            ssh_helper: apps.ssh_helper,
            port_forwarding_helper: apps.port_forwarding_helper,
        }
    }
}
