//! The first words between Terraform and a plugin: what Terraform puts into the environment, and
//! the line that it reads from the plugin's output. Opens no connection.

use std::path::{Path, PathBuf};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::Environment;

/// The variable that tells a plugin from a program that was started by hand, and its value; no
/// secret, the same for all of Terraform's plugins.
const COOKIE: (&str, &str) = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
);
/// The version of Terraform's plugin protocol that is served.
const PROTOCOL: &str = "5";

/// What Terraform asks for.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Invitation {
    /// Terraform's certificate in PEM form; without it nothing is encrypted.
    pub(super) client_certificate: Option<String>,
    /// Where to put the socket.
    pub(super) socket_directory: PathBuf,
    /// Whether the answer must tell about multiplexing.
    pub(super) asks_multiplexing: bool,
}

/// Why this is no start by Terraform.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HandshakeError {
    /// It was started by hand.
    #[error("this command is a plugin of Terraform, which starts it by itself")]
    NoPlugin,
    /// Terraform speaks other protocols.
    #[error("this Terraform does not speak version {PROTOCOL} of the plugin protocol")]
    OtherProtocol,
}

/// Reads the invitation.
pub(super) fn accept(environment: &Environment) -> Result<Invitation, HandshakeError> {
    let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if variable(COOKIE.0).is_none_or(|cookie| cookie != COOKIE.1) {
        return Err(HandshakeError::NoPlugin);
    }
    if variable("PLUGIN_PROTOCOL_VERSIONS")
        .is_some_and(|versions| !versions.split(',').any(|version| version == PROTOCOL))
    {
        return Err(HandshakeError::OtherProtocol);
    }
    Ok(Invitation {
        client_certificate: variable("PLUGIN_CLIENT_CERT").cloned(),
        socket_directory: variable("PLUGIN_UNIX_SOCKET_DIR")
            .map_or_else(std::env::temp_dir, PathBuf::from),
        asks_multiplexing: variable("PLUGIN_MULTIPLEX_GRPC").is_some(),
    })
}

/// The line that tells Terraform where the plugin listens and which certificate it shows.
pub(super) fn line(socket: &Path, certificate: Option<&[u8]>, invitation: &Invitation) -> String {
    let certificate = certificate
        .map(|certificate| STANDARD_NO_PAD.encode(certificate))
        .unwrap_or_default();
    let multiplexing = if invitation.asks_multiplexing {
        "|false"
    } else {
        ""
    };
    format!(
        "1|{PROTOCOL}|unix|{}|grpc|{certificate}{multiplexing}",
        socket.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let mut all: Environment = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        all.entry(COOKIE.0.to_owned())
            .or_insert_with(|| COOKIE.1.to_owned());
        all
    }

    #[test]
    fn only_terraform_is_answered() {
        let by_hand = environment(&[(COOKIE.0, "")]);
        assert_eq!(accept(&by_hand), Err(HandshakeError::NoPlugin));
        let newer = environment(&[("PLUGIN_PROTOCOL_VERSIONS", "6,7")]);
        assert_eq!(accept(&newer), Err(HandshakeError::OtherProtocol));
        assert!(accept(&environment(&[("PLUGIN_PROTOCOL_VERSIONS", "6,5")])).is_ok());
    }

    #[test]
    fn the_line_has_six_fields_and_a_seventh_when_asked() {
        let mut invitation = accept(&environment(&[("PLUGIN_UNIX_SOCKET_DIR", "/run")])).unwrap();
        let socket = invitation.socket_directory.join("s");
        assert_eq!(line(&socket, None, &invitation), "1|5|unix|/run/s|grpc|");
        let shown = line(&socket, Some(&[0xff]), &invitation);
        assert_eq!(shown, "1|5|unix|/run/s|grpc|/w");
        invitation.asks_multiplexing = true;
        assert!(line(&socket, None, &invitation).ends_with("|grpc||false"));
    }
}
