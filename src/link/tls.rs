//! TLS on either side: from the content of files to what a handshake needs.
//!
//! TLS 1.2 and 1.3, nothing older, no early data, no renegotiation, no resumption: binds live for
//! days, and who may bind is asked anew each time.

use super::{Stream, validity};
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, Error, RootCertStore, ServerConfig};
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Why files do not make TLS, after the name of the file that is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// There is no certificate in it.
    #[error("holds no certificate; it must be PEM, with BEGIN CERTIFICATE")]
    NoCertificate,
    /// There is no private key in it.
    #[error("holds no private key; it must be PEM, with BEGIN PRIVATE KEY, and not encrypted")]
    NoKey,
    /// What is in it cannot be read.
    #[error("cannot be read as PEM: {0}")]
    Pem(String),
    /// The key is of no kind that we can sign with.
    #[error("holds a private key that cannot be used: {0}")]
    Key(String),
    /// A certificate in it is none.
    #[error("holds a certificate that cannot be used: {0}")]
    Certificate(String),
    /// The key is another certificate's.
    #[error("holds a private key that does not belong to the certificate")]
    Mismatch,
}

/// A certificate with those that lead to its issuer, and its key.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    expires: Option<i64>,
}

/// Whose signatures are trusted.
#[derive(Debug, Clone)]
pub struct Issuers(Arc<RootCertStore>);

/// TLS of those who connect to us.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    expires: Option<i64>,
}

/// TLS of those that we connect to.
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    expires: Option<i64>,
}

/// The certificates of a PEM file, the own one first.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Flaw> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(Flaw::NoCertificate),
        Ok(chain) => Ok(chain),
        Err(error) => Err(Flaw::Pem(error.to_string())),
    }
}

/// The first private key of a PEM file.
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Flaw> {
    match PrivateKeyDer::from_pem_slice(pem) {
        Ok(key) => Ok(key),
        Err(rustls::pki_types::pem::Error::NoItemsFound) => Err(Flaw::NoKey),
        Err(error) => Err(Flaw::Pem(error.to_string())),
    }
}

/// The name that a carrier's certificate must bear: a host name or an IP address.
pub fn server_name(text: &str) -> Result<ServerName<'static>, InvalidDnsNameError> {
    ServerName::try_from(text.to_owned())
}

impl Identity {
    /// A certificate and its key, if they belong together.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, Flaw> {
        let signing = provider()
            .key_provider
            .load_private_key(key.clone_key())
            .map_err(|error| Flaw::Key(error.to_string()))?;
        match rustls::sign::CertifiedKey::new(chain.clone(), signing).keys_match() {
            Ok(()) => Ok(Self {
                expires: chain.first().and_then(|own| validity::expires(own)),
                chain,
                key,
            }),
            Err(Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) => {
                Err(Flaw::Mismatch)
            }
            Err(error) => Err(Flaw::Certificate(error.to_string())),
        }
    }

    /// The last second in which the certificate is valid, counted from the Unix epoch; none if that
    /// cannot be read in it.
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }
}

impl Issuers {
    /// All certificates of a PEM file. Bundles of a system hold a few that nobody can use any
    /// more; one that can be used is needed.
    pub fn new(pem: &[u8]) -> Result<Self, Flaw> {
        let mut roots = RootCertStore::empty();
        let mut last = Flaw::NoCertificate;
        for certificate in certificates(pem)? {
            if let Err(error) = roots.add(certificate) {
                last = Flaw::Certificate(error.to_string());
            }
        }
        if roots.is_empty() {
            return Err(last);
        }
        Ok(Self(Arc::new(roots)))
    }
}

impl ServerTls {
    /// With this certificate; if there are client issuers, who connects must show a certificate
    /// that one of them has signed.
    pub fn new(identity: Identity, clients: Option<Issuers>) -> Result<Self, Flaw> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both versions");
        let builder = match clients {
            Some(Issuers(roots)) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
                    .build()
                    .map_err(|error| Flaw::Certificate(error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let expires = identity.expires;
        let mut config = builder
            .with_single_cert(identity.chain, identity.key)
            .map_err(|error| Flaw::Certificate(error.to_string()))?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Self {
            config: Arc::new(config),
            expires,
        })
    }

    /// When our certificate expires, as in [`Identity::expires`].
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// The handshake with somebody who has connected. Whoever waits for it sets its time.
    pub async fn accept(&self, stream: TcpStream) -> Result<Stream, TlsError> {
        match TlsAcceptor::from(self.config.clone()).accept(stream).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream.into()))),
            Err(error) => Err(TlsError(error)),
        }
    }
}

impl ClientTls {
    /// Towards a peer whose certificate bears `name` and is signed by one of the issuers; with an
    /// own certificate for those who ask for one.
    pub fn new(
        name: ServerName<'static>,
        Issuers(roots): Issuers,
        identity: Option<Identity>,
    ) -> Result<Self, Flaw> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both versions")
            .with_root_certificates(roots);
        let expires = identity.as_ref().and_then(Identity::expires);
        let mut config = match identity {
            Some(identity) => builder
                .with_client_auth_cert(identity.chain, identity.key)
                .map_err(|error| Flaw::Certificate(error.to_string()))?,
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        Ok(Self {
            config: Arc::new(config),
            name,
            expires,
        })
    }

    /// When our certificate expires, as in [`Identity::expires`], if we have one.
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// What a handshake needs, for those who have a socket of their own.
    pub fn agreed(&self) -> (Arc<ClientConfig>, ServerName<'static>) {
        (self.config.clone(), self.name.clone())
    }

    /// The handshake with a peer that we have connected to. Whoever waits for it sets its time.
    pub async fn connect(&self, stream: TcpStream) -> Result<Stream, TlsError> {
        let connector = TlsConnector::from(self.config.clone());
        match connector.connect(self.name.clone(), stream).await {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream.into()))),
            Err(error) => Err(TlsError(error)),
        }
    }
}

/// All are alike: a connection goes on with what it began with, and the next one takes what is in
/// force then.
impl PartialEq for ServerTls {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ServerTls {}

/// Whether both are for the same peer: a bind goes on with what it began with, and the next one
/// takes what is in force then.
impl PartialEq for ClientTls {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ClientTls {}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerTls(…)")
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientTls({:?}, …)", self.name)
    }
}

/// Why a handshake came to nothing, in one sentence.
#[derive(Debug)]
pub struct TlsError(io::Error);

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.0.get_ref().and_then(|e| e.downcast_ref::<Error>()) else {
            return match self.0.kind() {
                io::ErrorKind::UnexpectedEof => {
                    f.write_str("the peer closed the connection in the middle of the TLS handshake")
                }
                _ => write!(f, "the TLS handshake broke: {}", self.0),
            };
        };
        match error {
            Error::InvalidMessage(_) => f.write_str("the peer does not speak TLS"),
            Error::NoCertificatesPresented => {
                f.write_str("the peer showed no certificate, and must")
            }
            Error::AlertReceived(alert) => {
                write!(f, "the peer refused the TLS handshake: {alert:?}")
            }
            Error::InvalidCertificate(flaw) => match flaw {
                CertificateError::UnknownIssuer => {
                    f.write_str("the peer's certificate is signed by nobody whom we trust")
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    f.write_str("the peer's certificate has expired")
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    f.write_str("the peer's certificate is not valid yet")
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    f.write_str("the peer's certificate bears another name than server_name")
                }
                other => write!(f, "the peer's certificate is not accepted: {other}"),
            },
            other => write!(f, "the TLS handshake failed: {other}"),
        }
    }
}

impl std::error::Error for TlsError {}

/// The one provider of cryptography, named wherever it is used: none is ever guessed.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(default_provider())
}
