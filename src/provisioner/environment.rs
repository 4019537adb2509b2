//! The environment variables that Terraform and the coder provider see.
//! Source: spec/provisioning.md sections 1.4 and 1.5.

use std::{ffi::OsString, fmt::Write as _, path::Path};

use sha2::{Digest, Sha256};

use super::process::Variables;
use crate::domain::provisioning::{BuildMetadata, NamedValue, Transition};

/// Terraform settings whose values may be shown in a job's log.
const SHOWN: [&str; 10] = [
    "TF_LOG",
    "TF_LOG_PATH",
    "TF_INPUT",
    "TF_DATA_DIR",
    "TF_WORKSPACE",
    "TF_IN_AUTOMATION",
    "TF_REGISTRY_DISCOVERY_RETRY",
    "TF_REGISTRY_CLIENT_TIMEOUT",
    "TF_CLI_CONFIG_FILE",
    "TF_IGNORE",
];

/// Where agents run: operating system and processor.
const PLATFORMS: [(&str, &str); 7] = [
    ("windows", "amd64"),
    ("windows", "arm64"),
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("linux", "armv7"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
];

const UNIX_SCRIPT: &str = include_str!("bootstrap/unix.sh");
const WINDOWS_SCRIPT: &str = include_str!("bootstrap/windows.ps1");

/// The host's variables without the server's own settings, which may hold secrets.
#[must_use]
pub fn without_own_settings(host: &Variables) -> Variables {
    host.iter()
        .filter(|(name, _)| !is_own(&name.to_string_lossy()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// The variables of init, show and graph: providers are kept in `plugin_cache`.
#[must_use]
pub fn base(host: &Variables, plugin_cache: &Path) -> Variables {
    let mut variables = without_own_settings(host);
    variables.insert("TF_PLUGIN_CACHE_DIR".into(), plugin_cache.into());
    variables
}

/// The variables of apply: the workspace, its owner, its template.
#[must_use]
pub fn apply(host: &Variables, metadata: &BuildMetadata, debug_log: bool) -> Variables {
    let mut variables = without_own_settings(host);
    for (name, value) in facts(metadata) {
        variables.insert(name.into(), value);
    }
    for (system, processor) in PLATFORMS {
        variables.insert(
            format!("CODER_AGENT_SCRIPT_{system}_{processor}").into(),
            bootstrap_script(system, processor).into(),
        );
    }
    if debug_log {
        variables.insert("TF_LOG".into(), "JSON".into());
    }
    variables
}

/// The variables of plan: those of apply, parameter values and external auth tokens.
#[must_use]
pub fn plan(
    apply: &Variables,
    parameters: &[NamedValue],
    external_auth: &[NamedValue],
) -> Variables {
    let mut variables = apply.clone();
    for parameter in parameters {
        variables.insert(
            parameter_variable(&parameter.name).into(),
            parameter.value.clone().into(),
        );
    }
    for provider in external_auth {
        for kind in ["GIT", "EXTERNAL"] {
            variables.insert(
                format!("CODER_{kind}_AUTH_ACCESS_TOKEN_{}", provider.name).into(),
                provider.value.clone().into(),
            );
        }
    }
    variables
}

/// A line for each Terraform setting of the host, which may change what a build does.
#[must_use]
pub fn warnings(host: &Variables) -> Vec<String> {
    host.iter()
        .filter_map(|(name, value)| Some((name.to_str()?, value)))
        .filter(|(name, _)| name.starts_with("TF_"))
        .map(|(name, value)| {
            let value = if SHOWN.contains(&name) {
                value.to_string_lossy().into_owned()
            } else {
                "<value redacted>".to_owned()
            };
            format!("terraform environment variable: {name}={value}")
        })
        .collect()
}

/// The script that fetches and starts the agent; the provider fills in `${ACCESS_URL}` and
/// `${AUTH_TYPE}`.
#[must_use]
pub fn bootstrap_script(system: &str, processor: &str) -> String {
    let script = if system == "windows" {
        WINDOWS_SCRIPT
    } else {
        UNIX_SCRIPT
    };
    script
        .replace("{{system}}", system)
        .replace("{{processor}}", processor)
}

/// The variable that tells a template what a build does.
#[must_use]
pub fn transition(transition: Transition) -> (&'static str, OsString) {
    let word = match transition {
        Transition::Start => "start",
        Transition::Stop => "stop",
        Transition::Delete => "destroy",
    };
    ("CODER_WORKSPACE_TRANSITION", word.into())
}

fn is_own(name: &str) -> bool {
    name.starts_with("CODER_") || name.starts_with("WORKSPACED_")
}

fn facts(metadata: &BuildMetadata) -> [(&'static str, OsString); 18] {
    let groups = serde_json::to_string(&metadata.owner_groups).unwrap_or_default();
    [
        ("CODER_AGENT_URL", (&metadata.access_url).into()),
        transition(metadata.transition),
        ("CODER_WORKSPACE_NAME", (&metadata.workspace_name).into()),
        ("CODER_WORKSPACE_ID", (&metadata.workspace_id).into()),
        ("CODER_WORKSPACE_OWNER", (&metadata.owner_name).into()),
        ("CODER_WORKSPACE_OWNER_ID", (&metadata.owner_id).into()),
        (
            "CODER_WORKSPACE_OWNER_EMAIL",
            (&metadata.owner_email).into(),
        ),
        (
            "CODER_WORKSPACE_OWNER_NAME",
            (&metadata.owner_full_name).into(),
        ),
        ("CODER_WORKSPACE_OWNER_GROUPS", groups.into()),
        (
            "CODER_WORKSPACE_OWNER_OIDC_ACCESS_TOKEN",
            (&metadata.owner_oidc_access_token).into(),
        ),
        (
            "CODER_WORKSPACE_OWNER_SESSION_TOKEN",
            (&metadata.owner_session_token).into(),
        ),
        (
            "CODER_WORKSPACE_OWNER_SSH_PUBLIC_KEY",
            (&metadata.owner_ssh_public_key).into(),
        ),
        (
            "CODER_WORKSPACE_OWNER_SSH_PRIVATE_KEY",
            (&metadata.owner_ssh_private_key).into(),
        ),
        (
            "CODER_WORKSPACE_OWNER_LOGIN_TYPE",
            (&metadata.owner_login_type).into(),
        ),
        (
            "CODER_WORKSPACE_TEMPLATE_ID",
            (&metadata.template_id).into(),
        ),
        (
            "CODER_WORKSPACE_TEMPLATE_NAME",
            (&metadata.template_name).into(),
        ),
        (
            "CODER_WORKSPACE_TEMPLATE_VERSION",
            (&metadata.template_version).into(),
        ),
        ("CODER_WORKSPACE_BUILD_ID", (&metadata.build_id).into()),
    ]
}

/// The variable that carries a parameter's value: its name is hashed, since parameter names
/// may hold what variable names may not.
fn parameter_variable(name: &str) -> String {
    let mut variable = String::from("CODER_PARAMETER_");
    for byte in Sha256::digest(name.as_bytes()) {
        // Writing to a string does not fail.
        let _ = write!(variable, "{byte:02x}");
    }
    variable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Variables {
        [
            ("PATH", "/bin"),
            ("CODER_PG_CONNECTION_URL", "postgres://secret"),
            ("WORKSPACED_SECRET", "s"),
            ("TF_LOG", "warn"),
            ("TF_TOKEN_example", "secret"),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
    }

    fn metadata() -> BuildMetadata {
        BuildMetadata {
            access_url: "https://x".to_owned(),
            transition: Transition::Delete,
            workspace_name: "w".to_owned(),
            workspace_id: String::new(),
            owner_name: "o".to_owned(),
            owner_id: String::new(),
            owner_email: String::new(),
            owner_full_name: String::new(),
            owner_groups: Some(vec!["a\"b".to_owned()]),
            owner_oidc_access_token: String::new(),
            owner_session_token: String::new(),
            owner_ssh_public_key: String::new(),
            owner_ssh_private_key: String::new(),
            owner_login_type: "password".to_owned(),
            template_id: String::new(),
            template_name: String::new(),
            template_version: String::new(),
            build_id: String::new(),
        }
    }

    fn text<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
        variables.get(std::ffi::OsStr::new(name))?.to_str()
    }

    #[test]
    fn own_settings_stay_private_and_the_cache_is_named() {
        let variables = base(&host(), Path::new("/cache/tf"));
        assert_eq!(text(&variables, "PATH"), Some("/bin"));
        assert_eq!(text(&variables, "CODER_PG_CONNECTION_URL"), None);
        assert_eq!(text(&variables, "WORKSPACED_SECRET"), None);
        assert_eq!(text(&variables, "TF_PLUGIN_CACHE_DIR"), Some("/cache/tf"));
    }

    #[test]
    fn facts_reach_the_provider() {
        let variables = apply(&host(), &metadata(), true);
        assert_eq!(
            text(&variables, "CODER_WORKSPACE_TRANSITION"),
            Some("destroy")
        );
        assert_eq!(
            text(&variables, "CODER_WORKSPACE_OWNER_GROUPS"),
            Some(r#"["a\"b"]"#)
        );
        assert_eq!(text(&variables, "CODER_WORKSPACE_BUILD_ID"), Some(""));
        assert_eq!(text(&variables, "TF_LOG"), Some("JSON"));
        assert_eq!(text(&variables, "CODER_PG_CONNECTION_URL"), None);
        let unknown = BuildMetadata {
            owner_groups: None,
            ..metadata()
        };
        let variables = apply(&host(), &unknown, false);
        assert_eq!(
            text(&variables, "CODER_WORKSPACE_OWNER_GROUPS"),
            Some("null")
        );
        assert_eq!(text(&variables, "TF_LOG"), Some("warn"));
    }

    #[test]
    fn plan_adds_parameters_and_tokens() {
        let value = |name: &str, value: &str| NamedValue {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        let variables = plan(
            &Variables::new(),
            &[value("size", "xl")],
            &[value("forge", "t")],
        );
        let names: Vec<_> = variables.keys().filter_map(|name| name.to_str()).collect();
        assert_eq!(
            names,
            [
                "CODER_EXTERNAL_AUTH_ACCESS_TOKEN_forge",
                "CODER_GIT_AUTH_ACCESS_TOKEN_forge",
                "CODER_PARAMETER_ccdcbe846f3da4eb044fbdf64bf6b57902388ab72fb0c852ba72280f8d478b40",
            ]
        );
    }

    #[test]
    fn terraform_settings_are_told_without_secrets() {
        assert_eq!(
            warnings(&host()),
            [
                "terraform environment variable: TF_LOG=warn",
                "terraform environment variable: TF_TOKEN_example=<value redacted>",
            ]
        );
    }

    #[test]
    fn scripts_name_their_platform_and_leave_the_providers_blanks() {
        for (system, processor) in PLATFORMS {
            let script = bootstrap_script(system, processor);
            assert!(script.contains(&format!("bin/coder-{system}-{processor}")));
            assert!(script.contains("${ACCESS_URL}"));
            assert!(script.contains("${AUTH_TYPE}"));
            assert!(!script.contains("{{"));
        }
    }
}
