//! Certificates and the TLS handshake's rules, out of PEM files.

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    client::verify_server_name,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, ServerName},
    server::{
        ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier,
        danger::ClientCertVerifier,
    },
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio_rustls::TlsAcceptor;

/// What the handshake needs.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Files with a certificate chain and its private key; the first pair serves unknown names.
    pub certificates: Vec<(PathBuf, PathBuf)>,
    /// Take TLS 1.3 only.
    pub newest_only: bool,
    /// What is asked of clients.
    pub clients: ClientCertificates,
}

/// Whether clients show a certificate, and the file of the authorities that sign them.
#[derive(Clone, Debug)]
pub enum ClientCertificates {
    /// None is asked for.
    Ignored,
    /// One that is shown is checked.
    Checked(PathBuf),
    /// Each client must show one.
    Required(PathBuf),
}

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("the file {} cannot be read: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// A file holds nothing of the kind that it should hold.
    #[error("the file {} holds no {what} in PEM form", file.display())]
    Empty {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// A certificate and its key do not fit, or the authorities cannot be used.
    #[error("the certificate or key in {} cannot be used: {reason}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: rustls::Error,
    },
    /// The authorities of client certificates cannot be used.
    #[error("the client authorities in {} cannot be used: {reason}", file.display())]
    Authorities {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: rustls::server::VerifierBuilderError,
    },
    /// The library refuses its own versions.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

pub(super) fn acceptor(settings: &TlsSettings) -> Result<TlsAcceptor, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let keys = settings
        .certificates
        .iter()
        .map(|(chain, key)| certified_key(&provider, chain, key))
        .collect::<Result<_, _>>()?;
    let versions: &[&SupportedProtocolVersion] = if settings.newest_only {
        &[&TLS13]
    } else {
        &[&TLS13, &TLS12]
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)?
        .with_client_cert_verifier(client_verifier(&provider, &settings.clients)?);
    let mut config = builder.with_cert_resolver(Arc::new(ByName(keys)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certified_key(
    provider: &CryptoProvider,
    chain_file: &Path,
    key_file: &Path,
) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates(chain_file)?;
    let key = rustls_pemfile::private_key(&mut open(key_file)?).map_err(unreadable(key_file))?;
    let key = key.ok_or_else(|| TlsError::Empty {
        file: key_file.to_owned(),
        what: "private key",
    })?;
    let certified = CertifiedKey::from_der(chain, key, provider);
    certified
        .map(Arc::new)
        .map_err(|reason| TlsError::Unusable {
            file: chain_file.to_owned(),
            reason,
        })
}

fn client_verifier(
    provider: &Arc<CryptoProvider>,
    clients: &ClientCertificates,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let (file, required) = match clients {
        ClientCertificates::Ignored => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientCertificates::Checked(file) => (file, false),
        ClientCertificates::Required(file) => (file, true),
    };
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(file)? {
        authorities
            .add(certificate)
            .map_err(|reason| TlsError::Unusable {
                file: file.clone(),
                reason,
            })?;
    }
    let mut builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), Arc::clone(provider));
    if !required {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map_err(|reason| TlsError::Authorities {
        file: file.clone(),
        reason,
    })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read: Result<Vec<_>, io::Error> = rustls_pemfile::certs(&mut open(file)?).collect();
    let certificates = read.map_err(unreadable(file))?;
    if certificates.is_empty() {
        return Err(TlsError::Empty {
            file: file.to_owned(),
            what: "certificate",
        });
    }
    Ok(certificates)
}

fn open(file: &Path) -> Result<BufReader<File>, TlsError> {
    File::open(file)
        .map(BufReader::new)
        .map_err(unreadable(file))
}

fn unreadable(file: &Path) -> impl Fn(io::Error) -> TlsError {
    |reason| TlsError::File {
        file: file.to_owned(),
        reason,
    }
}

/// Chooses the certificate that is valid for the name the client asks for, else the first.
#[derive(Debug)]
struct ByName(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello
            .server_name()
            .and_then(|name| ServerName::try_from(name).ok());
        let fits = |key: &&Arc<CertifiedKey>| {
            let (Some(name), Some(own)) = (&name, key.cert.first()) else {
                return false;
            };
            ParsedCertificate::try_from(own).is_ok_and(|own| verify_server_name(&own, name).is_ok())
        };
        self.0.iter().find(fits).or_else(|| self.0.first()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::get};
    use rustls::ClientConfig;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };
    use tokio_rustls::TlsConnector;

    use super::*;
    use crate::{lifecycle::Lifecycle, listen::Listener};

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/tls")
            .join(name)
    }

    fn settings(clients: ClientCertificates) -> TlsSettings {
        let pair = |name: &str| {
            (
                fixture(&format!("{name}.crt")),
                fixture(&format!("{name}.key")),
            )
        };
        TlsSettings {
            certificates: vec![pair("first"), pair("second")],
            newest_only: true,
            clients,
        }
    }

    async fn serve(clients: ClientCertificates) -> (Listener, Lifecycle) {
        let listener = Listener::bind("127.0.0.1", 0).await.unwrap();
        (
            listener.with_tls(&settings(clients)).unwrap(),
            Lifecycle::new(),
        )
    }

    /// What a client reads that expects the certificate of `name`.
    async fn ask(address: std::net::SocketAddr, name: &'static str) -> io::Result<String> {
        let mut trusted = RootCertStore::empty();
        for certificate in certificates(&fixture(&format!("{name}.crt"))).unwrap() {
            trusted.add(certificate).unwrap();
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let host = ServerName::try_from(format!("{name}.example")).unwrap();
        let stream = TcpStream::connect(address).await?;
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(host, stream)
            .await?;
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            .await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn each_name_gets_its_certificate() {
        let (listener, lifecycle) = serve(ClientCertificates::Ignored).await;
        let address = listener.address();
        let router = Router::new().route("/", get(|| async { "over TLS" }));
        listener.serve("https", router, &lifecycle);
        for name in ["first", "second"] {
            assert!(ask(address, name).await.unwrap().ends_with("over TLS"));
        }
    }

    #[tokio::test]
    async fn a_needed_client_certificate_is_asked_for() {
        let needed = ClientCertificates::Required(fixture("second.crt"));
        let (listener, lifecycle) = serve(needed).await;
        let address = listener.address();
        listener.serve("https", Router::new(), &lifecycle);
        assert!(ask(address, "first").await.is_err());
    }

    #[test]
    fn wrong_files_are_named() {
        let refusal = |pair: (&str, &str)| {
            let mut settings = settings(ClientCertificates::Ignored);
            settings.certificates = vec![(fixture(pair.0), fixture(pair.1))];
            acceptor(&settings).err().unwrap().to_string()
        };
        assert!(refusal(("missing.crt", "first.key")).contains("missing.crt cannot be read"));
        assert!(refusal(("first.crt", "second.crt")).contains("second.crt holds no private key"));
        assert!(refusal(("first.crt", "second.key")).contains("first.crt cannot be used"));
    }
}
