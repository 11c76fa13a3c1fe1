//! TLS of the test peers: whom they trust and what they show.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, ServerConfig,
    ServerConnection, SignatureScheme,
};

/// What a client needs to know of the server, and shows of itself.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The name that the server's certificate must bear; also the name that it is asked by.
    pub server_name: String,
    /// The file of the authorities that are trusted; `None` trusts nobody.
    pub ca: Option<PathBuf>,
    /// Any certificate will do: for tests alone.
    pub insecure: bool,
    /// The files of our own certificate and its key.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// The TLS of clients.
#[derive(Debug, Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// The TLS of a server.
#[derive(Debug, Clone)]
pub struct ServerTls(Arc<ServerConfig>);

impl ClientTls {
    /// Reads the files.
    pub fn new(trust: &Trust) -> io::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = if trust.insecure {
            builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        } else {
            builder.with_root_certificates(match &trust.ca {
                Some(ca) => roots(ca)?,
                None => RootCertStore::empty(),
            })
        };
        let config = match &trust.certificate {
            Some((certificate, key)) => builder
                .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
                .map_err(|error| wrong(certificate, error))?,
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from(trust.server_name.clone())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Self {
            config: Arc::new(config),
            name,
        })
    }

    /// What has been put together elsewhere: so a test peer dials as somebody else would.
    pub fn agreed(config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Self { config, name }
    }

    pub(super) fn connection(&self) -> io::Result<ClientConnection> {
        ClientConnection::new(self.config.clone(), self.name.clone()).map_err(io::Error::other)
    }
}

impl ServerTls {
    /// Reads the files of the certificate and its key; with the file of an authority, clients must
    /// show a certificate that it has signed.
    pub fn new(certificate: &Path, key: &Path, client_ca: Option<&Path>) -> io::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = match client_ca {
            Some(ca) => {
                let trusted = Arc::new(roots(ca)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(trusted, provider)
                    .build()
                    .map_err(|error| wrong(ca, error))?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let config = builder
            .with_single_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| wrong(certificate, error))?;
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn connection(&self) -> io::Result<ServerConnection> {
        ServerConnection::new(self.0.clone()).map_err(io::Error::other)
    }
}

fn roots(ca: &Path) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| wrong(ca, error))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(path, error))?;
    match found.is_empty() {
        true => Err(wrong(path, "holds no certificate")),
        false => Ok(found),
    }
}

fn private_key(path: &Path) -> io::Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| wrong(path, error))
}

fn wrong(path: &Path, what: impl std::fmt::Display) -> io::Error {
    let what = format!("{}: {what}", path.display());
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Trusts whoever answers. The signatures are checked all the same, so that the connection is with
/// the one who shows the certificate.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether octets begin a record of TLS: an alert or a handshake, of version 1.0 to 1.3.
pub(super) fn is_record(octets: &[u8]) -> bool {
    matches!(octets, [0x15 | 0x16, 0x03, 0..=4, ..])
}
