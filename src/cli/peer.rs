//! Whom a command binds to and as whom: options that all commands which bind have.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use crate::rig::esme::Login;
use crate::rig::tls::{ClientTls, Trust};

/// Octets of the longest system_id or password: what a bind has room for.
const CREDENTIAL_MAX: usize = 64;

/// Octets of the longest file of a password.
const PASSWORD_FILE_MAX: u64 = 4_096;

/// Whom to bind to, and as whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Peer {
    /// Address of the peer, host:port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:2775")]
    pub connect: String,
    /// system_id to bind with
    #[arg(long, default_value = "esme", value_parser = credential)]
    pub system_id: String,
    /// Password to bind with; others on this machine can see it
    #[arg(long, value_parser = credential, conflicts_with_all = ["password_file", "password_env"])]
    pub password: Option<String>,
    /// File whose first line is the password
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub password_file: Option<PathBuf>,
    /// Environment variable that holds the password
    #[arg(long, value_name = "NAME")]
    pub password_env: Option<String>,
    /// Bind over TLS
    #[arg(long)]
    pub tls: bool,
    /// File of the authorities that are trusted (PEM)
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls",
        conflicts_with = "insecure"
    )]
    pub ca: Option<PathBuf>,
    /// Name that the peer's certificate must bear [default: the host of --connect]
    #[arg(long, value_name = "NAME", requires = "tls")]
    pub server_name: Option<String>,
    /// Trust any certificate
    #[arg(long, requires = "tls")]
    pub insecure: bool,
    /// File of our own certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// File of the key of our own certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
}

impl Peer {
    /// Every address of the peer.
    pub fn addresses(&self) -> std::io::Result<Vec<SocketAddr>> {
        let addresses: Vec<_> = self.connect.to_socket_addrs()?.collect();
        match addresses.is_empty() {
            true => Err(std::io::Error::other("the name has no address")),
            false => Ok(addresses),
        }
    }

    /// What the bind needs; an error is one of usage.
    pub fn login(&self) -> Result<Login, String> {
        Ok(Login {
            system_id: self.system_id.clone(),
            password: self.password()?,
            tls: self.tls()?,
            ..Login::default()
        })
    }

    fn password(&self) -> Result<String, String> {
        if let Some(password) = &self.password {
            return Ok(password.clone());
        }
        if let Some(path) = &self.password_file {
            let shown = path.display();
            let told = |error: std::io::Error| format!("--password-file {shown}: {error}");
            let size = std::fs::metadata(path).map_err(told)?.len();
            if size > PASSWORD_FILE_MAX {
                return Err(format!("--password-file {shown}: is too large to be one"));
            }
            let text = std::fs::read_to_string(path).map_err(told)?;
            let line = text.lines().next().unwrap_or_default();
            return credential(line).map_err(|error| format!("--password-file {shown}: {error}"));
        }
        if let Some(name) = &self.password_env {
            let value =
                std::env::var(name).map_err(|_| format!("--password-env: {name} is not set"))?;
            return credential(&value).map_err(|error| format!("--password-env {name}: {error}"));
        }
        Err("write --password, --password-file or --password-env".into())
    }

    fn tls(&self) -> Result<Option<ClientTls>, String> {
        if !self.tls {
            return Ok(None);
        }
        if self.ca.is_none() && !self.insecure {
            return Err("--tls needs --ca, or --insecure to trust any certificate".into());
        }
        let host = self.connect.rsplit_once(':').map_or("", |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let trust = Trust {
            server_name: self.server_name.clone().unwrap_or_else(|| host.to_owned()),
            ca: self.ca.clone(),
            insecure: self.insecure,
            certificate: self.certificate.clone().zip(self.key.clone()),
        };
        ClientTls::new(&trust)
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

/// Reads a system_id or password: what a bind has room for.
fn credential(text: &str) -> Result<String, String> {
    match text.len() {
        0..=CREDENTIAL_MAX => Ok(text.to_owned()),
        _ => Err(format!("longer than {CREDENTIAL_MAX} octets")),
    }
}
