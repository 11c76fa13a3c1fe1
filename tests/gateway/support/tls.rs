//! Connections that are encrypted with the certificates of these stories.

use super::authority::Authority;
use super::esme::Esme;
use super::peer::{PATIENCE, Peer};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

impl Authority {
    /// `tls` of a listener with the certificate `gw`, and these keys besides.
    pub fn listener(&self, keys: &str) -> String {
        let (certificate, key) = (self.named("gw.pem"), self.named("gw.key"));
        format!("tls = {{ certificate = {certificate}, key = {key}{keys} }}")
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_file(self.file("ca.pem")).unwrap();
        roots.add(own).unwrap();
        Arc::new(roots)
    }

    fn own(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        (
            vec![CertificateDer::from_pem_file(self.file(&format!("{name}.pem"))).unwrap()],
            PrivateKeyDer::from_pem_file(self.file(&format!("{name}.key"))).unwrap(),
        )
    }

    /// A client that trusts us, with the certificate of this name.
    pub fn client(
        &self,
        version: &'static SupportedProtocolVersion,
        own: Option<&str>,
    ) -> Arc<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots());
        Arc::new(match own.map(|name| self.own(name)) {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).unwrap(),
            None => builder.with_no_client_auth(),
        })
    }

    /// The same that shows its certificate so many times.
    pub fn client_with_chain(
        &self,
        version: &'static SupportedProtocolVersion,
        own: &str,
        length: usize,
    ) -> Arc<ClientConfig> {
        let (chain, key) = self.own(own);
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(self.roots())
            .with_client_auth_cert(vec![chain[0].clone(); length], key);
        Arc::new(config.unwrap())
    }

    /// A server with the certificate of this name, that wants one of ours from its clients.
    pub fn server(&self, name: &str) -> Arc<ServerConfig> {
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots(), provider.clone())
            .build()
            .unwrap();
        let (chain, key) = self.own(name);
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }
}

impl Esme {
    /// A connection to the gateway over TLS, not bound.
    pub fn dial_tls(address: SocketAddr, tls: Arc<ClientConfig>) -> Self {
        Self::speak_tls(TcpStream::connect(address).unwrap(), tls)
    }

    /// TLS over a connection that may already have been spoken on.
    pub fn speak_tls(stream: TcpStream, tls: Arc<ClientConfig>) -> Self {
        Self::on(ask(stream, tls))
    }
}

/// The side of a connection that calls.
pub fn ask(stream: TcpStream, tls: Arc<ClientConfig>) -> Peer {
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(tls, name).unwrap();
    let wire = StreamOwned::new(connection, stream.try_clone().unwrap());
    Peer::over(stream, Box::new(wire))
}

/// The side of a connection that was called.
pub fn answer(stream: TcpStream, tls: Arc<ServerConfig>) -> Peer {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let connection = ServerConnection::new(tls).unwrap();
    let wire = StreamOwned::new(connection, stream.try_clone().unwrap());
    Peer::over(stream, Box::new(wire))
}
