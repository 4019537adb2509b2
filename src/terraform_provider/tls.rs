//! Encryption between Terraform and the plugin: each side shows a certificate made for this one
//! run, and trusts exactly that of the other.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
    client::danger::HandshakeSignatureValid,
    crypto::{
        WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use tokio_rustls::TlsAcceptor;

/// The name that both certificates are made for.
const NAME: &str = "localhost";

/// Why encryption cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Terraform's certificate cannot be read.
    #[error("Terraform's certificate is unreadable: {0}")]
    Certificate(#[from] rustls::pki_types::pem::Error),
    /// No certificate can be made.
    #[error("no certificate can be made: {0}")]
    Made(#[from] rcgen::Error),
    /// The certificate cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Used(#[from] Error),
}

/// What encrypts connections, and the certificate that it shows.
pub(super) struct Encryption {
    pub(super) acceptor: TlsAcceptor,
    pub(super) certificate: CertificateDer<'static>,
}

/// Makes a certificate; only who shows `client` may connect.
pub(super) fn prepare(client: &str) -> Result<Encryption, TlsError> {
    let client = CertificateDer::from_pem_slice(client.as_bytes())?;
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = aws_lc_rs::default_provider();
    let verifier = OnlyThis {
        client,
        algorithms: provider.signature_verification_algorithms,
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(vec![certificate.clone()], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Encryption {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        certificate,
    })
}

/// Accepts one certificate, whatever it says: Terraform's is its own authority, which a check of
/// chains refuses.
#[derive(Debug)]
struct OnlyThis {
    client: CertificateDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for OnlyThis {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *shown == self.client {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
