//! The settings: command line and environment with Coder's names, checked once into
//! plain values. Seen by `main`, `app` and `demo` only; every other part receives values.

#[cfg(feature = "bench")]
mod bench;
mod clients;
mod command_line;
mod given;
mod identity_providers;
mod network;
mod observability;
mod provisioning;
mod sign_in;
mod storage;
mod values;

use std::{ffi::OsString, fmt, path::Path};

use clap::{Args, Parser, Subcommand};

#[cfg(feature = "bench")]
pub use self::bench::BenchSeed;
pub use self::{
    clients::{Clients, Derp, DerpMapSource},
    network::{ClientAuthentication, MinimumVersion, Network, Tls, WildcardHost},
    observability::Observability,
    provisioning::{BuiltinProviderPolicy, OpenTofuDownload, Provisioning},
    sign_in::{Rights, SignIn, SshKeyKind},
    storage::Storage,
    values::Address,
};

use crate::domain::given_settings::GivenSetting;

/// What the process was asked to do.
#[derive(Clone, Debug)]
pub enum Task {
    /// Run the server.
    Server(Box<Config>),
    /// Run the server with an example, on a machine where nothing is set up.
    Demo(Box<Config>),
    /// Bring the database to this release's shape and end.
    Migrate(Box<Config>),
    /// Give a user a new password and end.
    ResetPassword {
        /// Where the database is.
        config: Box<Config>,
        /// Who it is for.
        username: String,
    },
    /// Print the API's description and end.
    OpenApi,
    /// Serve Terraform as a plugin.
    TerraformProvider,
    /// Fill an empty database for the benchmark and end.
    #[cfg(feature = "bench")]
    BenchSeed(BenchSeed),
}

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// What the server listens on and how it is reached.
    pub network: Network,
    /// Where things are kept.
    pub storage: Storage,
    /// How users sign in.
    pub sign_in: SignIn,
    /// What users may do.
    pub rights: Rights,
    /// Builds.
    pub provisioning: Provisioning,
    /// What clients are told.
    pub clients: Clients,
    /// The relays between clients and workspaces.
    pub derp: Derp,
    /// What the server tells about itself.
    pub observability: Observability,
    /// Names of `CODER_` settings in the environment that this server does not know, sorted.
    pub ignored: Vec<String>,
    /// Every setting as it was given, without secrets.
    pub given: Vec<GivenSetting>,
}

/// Why there are no settings to run with.
#[derive(Debug)]
pub enum Refusal {
    /// Help or the version was asked for: the text to print.
    Told(String),
    /// A setting is wrong.
    Wrong(ConfigError),
}

/// One clear sentence about a wrong setting.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    fn new(sentence: impl fmt::Display) -> Self {
        Self(sentence.to_string())
    }
}

/// Reads the command line and the process's environment.
///
/// # Errors
/// [`Refusal::Told`] when help or the version was asked for, [`Refusal::Wrong`] for a wrong setting.
pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Task, Refusal> {
    let (line, given) = command_line::parse::<CommandLine>(arguments)?;
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let config = |settings: Box<Settings>| {
        let resolved = settings.resolve(home.as_deref()).map_err(Refusal::Wrong);
        resolved.map(|config| Box::new(Config { given, ..config }))
    };
    Ok(match line.command {
        Command::Server(settings) => Task::Server(config(settings)?),
        Command::Demo(settings) => Task::Demo(config(settings)?),
        Command::Migrate(settings) => Task::Migrate(config(settings)?),
        Command::ResetPassword { username, settings } => Task::ResetPassword {
            config: config(settings)?,
            username,
        },
        Command::Openapi => Task::OpenApi,
        Command::TerraformProvider => Task::TerraformProvider,
        #[cfg(feature = "bench")]
        Command::BenchSeed(wanted) => Task::BenchSeed(wanted),
    })
}

/// A self-hosted workspaces backend that speaks Coder's API v2.
///
/// Settings come from the command line or the environment, which `workspaced server --help` lists.
#[derive(Parser)]
#[command(name = "workspaced", version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server; also what happens without a command
    Server(Box<Settings>),
    /// Run the server with an example workspace, on a machine where nothing is set up
    Demo(Box<Settings>),
    /// Bring the database to this release's shape, then end
    Migrate(Box<Settings>),
    /// Give a user a new password, which is asked for or read from the input, then end
    ResetPassword {
        /// The user's name
        username: String,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Print the API's description as OpenAPI 3.1, then end
    Openapi,
    /// Serve Terraform as the provider coder/coder; Terraform starts this by itself
    #[command(hide = true)]
    TerraformProvider,
    /// Fill an empty database for the side-by-side benchmark, then end
    #[cfg(feature = "bench")]
    BenchSeed(BenchSeed),
}

#[derive(Args)]
struct Settings {
    #[command(flatten)]
    network: network::NetworkArgs,
    #[command(flatten)]
    tls: network::TlsArgs,
    #[command(flatten)]
    derp: clients::DerpArgs,
    #[command(flatten)]
    storage: storage::StorageArgs,
    #[command(flatten)]
    sign_in: sign_in::SignInArgs,
    #[command(flatten)]
    oidc: identity_providers::OidcArgs,
    #[command(flatten)]
    rights: sign_in::RightsArgs,
    #[command(flatten)]
    provisioning: provisioning::ProvisioningArgs,
    #[command(flatten)]
    clients: clients::ClientArgs,
    #[command(flatten)]
    observability: observability::ObservabilityArgs,
}

impl Settings {
    fn resolve(self, home: Option<&Path>) -> Result<Config, ConfigError> {
        Ok(Config {
            network: self.network.resolve(self.tls)?,
            storage: self.storage.resolve(home)?,
            sign_in: self.sign_in.resolve(self.oidc)?,
            rights: self.rights.resolve(),
            provisioning: self.provisioning.resolve()?,
            clients: self.clients.resolve()?,
            derp: self.derp.resolve(),
            observability: self.observability.resolve()?,
            ignored: command_line::unknown_names::<CommandLine>(),
            given: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(arguments: &[&str]) -> Result<Config, String> {
        let all = ["workspaced"].iter().chain(arguments).map(OsString::from);
        match read(all) {
            Ok(Task::Server(config)) => Ok(*config),
            Ok(other) => Err(format!("read as {other:?}")),
            Err(Refusal::Wrong(error)) => Err(error.to_string()),
            Err(Refusal::Told(text)) => Err(text),
        }
    }

    #[test]
    fn the_server_runs_when_no_command_is_named() {
        let config = server(&["--provisioner-daemons", "1"]).unwrap();
        assert_eq!(config.provisioning.daemons, 1);
        assert_eq!(server(&["server"]).unwrap().provisioning.daemons, 3);
    }

    #[test]
    fn switches_stand_alone_or_with_a_value() {
        assert!(server(&["--browser-only"]).unwrap().rights.browser_only);
        let config = server(&["server", "--browser-only=false"]).unwrap();
        assert!(!config.rights.browser_only);
    }

    #[test]
    fn a_wrong_value_is_one_sentence() {
        assert_eq!(
            server(&["--session-duration", "7d"]).unwrap_err(),
            "CODER_SESSION_DURATION (--session-duration) cannot be \"7d\": \
             write a duration such as 24h0m0s, 90m or 100ms"
        );
        assert_eq!(
            server(&["--ssh-keygen-algorithm", "dsa"]).unwrap_err(),
            "CODER_SSH_KEYGEN_ALGORITHM (--ssh-keygen-algorithm) cannot be \"dsa\": \
             write ed25519, ecdsa or rsa4096"
        );
        assert_eq!(
            server(&["--colour"]).unwrap_err(),
            "--colour is not an argument; workspaced server --help lists them"
        );
    }

    #[test]
    fn a_wrong_database_url_is_not_repeated() {
        let sentence = server(&["--postgres-url", "mysql://root:hunter2@db"]).unwrap_err();
        assert!(
            sentence.starts_with("CODER_PG_CONNECTION_URL"),
            "{sentence}"
        );
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }

    #[test]
    fn something_must_be_listened_on() {
        assert!(
            server(&["--http-address", ""])
                .unwrap_err()
                .contains("listen")
        );
    }

    #[test]
    fn the_access_url_comes_from_the_bound_address() {
        let network = server(&[]).unwrap().network;
        let url = |bound: &str| network.access_url(bound.parse().unwrap()).to_string();
        assert_eq!(url("0.0.0.0:3000"), "http://127.0.0.1:3000/");
        assert_eq!(url("[::1]:80"), "http://[::1]/");
    }
}
