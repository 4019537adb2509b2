//! Settings that the server hands on: to command lines, editors and agents.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use url::Url;

use super::{
    ConfigError,
    values::{List, Span, Switch},
};
use crate::domain::links::SupportLink;

/// What clients are told.
#[derive(Args)]
#[command(next_help_heading = "Clients")]
pub(super) struct ClientArgs {
    /// Prefix of workspaces' host names in users' SSH configuration
    #[arg(
        long,
        env = "CODER_SSH_HOSTNAME_PREFIX",
        default_value = "coder.",
        value_name = "PREFIX"
    )]
    ssh_hostname_prefix: String,
    /// SSH options for users' configuration, as key=value or "key value" with commas between
    #[arg(
        long,
        env = "CODER_SSH_CONFIG_OPTIONS",
        value_name = "OPTIONS",
        default_value = ""
    )]
    ssh_config_options: List,
    /// What a command line of another version tells its user
    #[arg(
        long,
        env = "CODER_CLI_UPGRADE_MESSAGE",
        value_name = "TEXT",
        default_value = ""
    )]
    cli_upgrade_message: String,
    /// Where users find documentation [default: the API's description on this server]
    #[arg(long, env = "CODER_DOCS_URL", value_name = "URL")]
    docs_url: Option<String>,
    /// Links that users are shown in place of the default one, as JSON or YAML: [{"name": …, "target": …, "icon": …}]
    #[arg(
        long,
        env = "CODER_SUPPORT_LINKS",
        value_name = "JSON",
        default_value = ""
    )]
    support_links: String,
    /// Help page for agents that do not connect, where the template names none
    #[arg(
        long,
        env = "CODER_AGENT_FALLBACK_TROUBLESHOOTING_URL",
        value_name = "URL"
    )]
    agent_fallback_troubleshooting_url: Option<Url>,
    /// How often agents report their statistics
    #[arg(
        long,
        env = "CODER_AGENT_STATS_REFRESH_INTERVAL",
        default_value = "30s",
        value_name = "DURATION"
    )]
    agent_stats_refresh_interval: Span,
}

/// The relays between clients and workspaces.
#[derive(Args)]
#[command(next_help_heading = "Networking: DERP")]
pub(super) struct DerpArgs {
    /// Relay traffic between clients and workspaces that cannot reach each other
    #[arg(long, env = "CODER_DERP_SERVER_ENABLE", default_value = "true")]
    derp_server_enable: Switch,
    /// Number of the built-in relay's region
    #[arg(long, env = "CODER_DERP_SERVER_REGION_ID", default_value = "999", value_name = "NUMBER",
        value_parser = clap::value_parser!(u16).range(1..))]
    derp_server_region_id: u16,
    /// Short name of that region
    #[arg(
        long,
        env = "CODER_DERP_SERVER_REGION_CODE",
        default_value = "coder",
        value_name = "NAME"
    )]
    derp_server_region_code: String,
    /// Shown name of that region
    #[arg(
        long,
        env = "CODER_DERP_SERVER_REGION_NAME",
        default_value = "Coder Embedded Relay",
        value_name = "NAME"
    )]
    derp_server_region_name: String,
    /// STUN servers as host:port, or disable for none
    #[arg(
        long,
        env = "CODER_DERP_SERVER_STUN_ADDRESSES",
        value_name = "ADDRESSES",
        default_value = "stun.l.google.com:19302,stun1.l.google.com:19302,stun2.l.google.com:19302,stun3.l.google.com:19302,stun4.l.google.com:19302"
    )]
    derp_server_stun_addresses: List,
    /// File with a map of further relays, as JSON
    #[arg(
        long,
        env = "CODER_DERP_CONFIG_PATH",
        value_name = "FILE",
        conflicts_with = "derp_config_url"
    )]
    derp_config_path: Option<PathBuf>,
    /// URL of a map of further relays, as JSON
    #[arg(long, env = "CODER_DERP_CONFIG_URL", value_name = "URL")]
    derp_config_url: Option<Url>,
    /// Have clients reach relays by websocket only
    #[arg(long, env = "CODER_DERP_FORCE_WEBSOCKETS")]
    derp_force_websockets: Switch,
    /// Have all connections to workspaces go through relays
    #[arg(long, env = "CODER_BLOCK_DIRECT")]
    block_direct_connections: Switch,
}

/// What clients are told.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Prefix of workspaces' host names in users' SSH configuration.
    pub ssh_hostname_prefix: String,
    /// SSH options for users' configuration, in the order given.
    pub ssh_config_options: Vec<(String, String)>,
    /// What a command line of another version tells its user; empty for its own words.
    pub cli_upgrade_message: String,
    /// Where users find documentation: a URL, as it was written.
    pub docs_url: Option<String>,
    /// Links that users are shown; none for the default one.
    pub support_links: Vec<SupportLink>,
    /// Help page for agents that do not connect.
    pub agent_troubleshooting_url: Option<Url>,
    /// How often agents report their statistics.
    pub agent_stats_interval: Duration,
}

/// The relays between clients and workspaces.
#[derive(Clone, Debug)]
pub struct Derp {
    /// The built-in relay runs.
    pub server: bool,
    /// Number of the built-in relay's region; those of the STUN servers follow it.
    pub region_id: u16,
    /// Short name of that region.
    pub region_code: String,
    /// Shown name of that region.
    pub region_name: String,
    /// STUN servers as host:port.
    pub stun_addresses: Vec<String>,
    /// A map of further relays.
    pub further: Option<DerpMapSource>,
    /// Clients reach relays by websocket only.
    pub force_websockets: bool,
    /// All connections to workspaces go through relays.
    pub block_direct: bool,
}

/// Where a map of further relays comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DerpMapSource {
    /// A JSON file.
    File(PathBuf),
    /// A URL that answers JSON.
    Url(Url),
}

impl ClientArgs {
    pub(super) fn resolve(self) -> Result<Clients, ConfigError> {
        let split = |option: &String| match option.split_once(['=', ' ']) {
            Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.trim().to_owned())),
            _ => Err(ConfigError::new(format!(
                "CODER_SSH_CONFIG_OPTIONS cannot hold {option:?}: write key=value or \"key value\""
            ))),
        };
        let support_links = support_links(&self.support_links).ok_or_else(|| {
            ConfigError::new(format!(
                "CODER_SUPPORT_LINKS cannot be {:?}: write a list of links in JSON or YAML, each with name, target and icon",
                self.support_links
            ))
        })?;
        if let Some(url) = &self.docs_url
            && let Err(reason) = Url::parse(url)
        {
            return Err(ConfigError::new(format!(
                "CODER_DOCS_URL cannot be {url:?}: {reason}"
            )));
        }
        Ok(Clients {
            docs_url: self.docs_url,
            support_links,
            ssh_hostname_prefix: self.ssh_hostname_prefix,
            ssh_config_options: self
                .ssh_config_options
                .0
                .iter()
                .map(split)
                .collect::<Result<_, _>>()?,
            cli_upgrade_message: self.cli_upgrade_message,
            agent_troubleshooting_url: self.agent_fallback_troubleshooting_url,
            agent_stats_interval: self.agent_stats_refresh_interval.0,
        })
    }
}

/// Links as JSON, or in the form of YAML that they are mostly written in: a list whose elements
/// have one key and one plain value in each line.
fn support_links(text: &str) -> Option<Vec<SupportLink>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let mut links: Vec<SupportLink> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let line = line.trim();
        let field = match line.strip_prefix("- ") {
            Some(first) => {
                links.push(SupportLink::default());
                first.trim()
            }
            None => line,
        };
        let (key, value) = field.split_once(": ")?;
        let value = value.trim().trim_matches(['"', '\'']).to_owned();
        let last = links.last_mut()?;
        match key {
            "name" => last.name = value,
            "target" => last.target = value,
            "icon" => last.icon = value,
            _ => return None,
        }
    }
    let is_whole = |link: &SupportLink| !link.name.is_empty() && !link.target.is_empty();
    links.iter().all(is_whole).then_some(links)
}

impl DerpArgs {
    pub(super) fn resolve(self) -> Derp {
        let mut stun_addresses = self.derp_server_stun_addresses.0;
        if stun_addresses.iter().any(|address| address == "disable") {
            stun_addresses.clear();
        }
        let file = self.derp_config_path.map(DerpMapSource::File);
        Derp {
            server: self.derp_server_enable.0,
            region_id: self.derp_server_region_id,
            region_code: self.derp_server_region_code,
            region_name: self.derp_server_region_name,
            stun_addresses,
            further: file.or(self.derp_config_url.map(DerpMapSource::Url)),
            force_websockets: self.derp_force_websockets.0,
            block_direct: self.block_direct_connections.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_json_or_plain_yaml() {
        let wanted = vec![SupportLink {
            name: "Chat".to_owned(),
            target: "https://chat.example.com".to_owned(),
            icon: "chat".to_owned(),
        }];
        let yaml = "- name: Chat\n  target: \"https://chat.example.com\"\n  icon: chat\n";
        assert_eq!(support_links(yaml).as_ref(), Some(&wanted));
        let json = r#"[{"name": "Chat", "target": "https://chat.example.com", "icon": "chat"}]"#;
        assert_eq!(support_links(json).as_ref(), Some(&wanted));
        assert_eq!(support_links(""), Some(Vec::new()));
        for wrong in ["- name: Chat", "name: x", "[1]", "- colour: red"] {
            assert_eq!(support_links(wrong), None, "{wrong}");
        }
    }
}
