//! What an ESME must show to bind: a password as it is, or its argon2id hash.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// KiB that verifying one hash may take: several are verified at a time.
pub const HASH_KIB_MAX: u32 = 256 * 1_024;

/// Work that verifying one hash may take, in passes over a KiB: four seconds or so. A bind waits
/// for thirty.
const HASH_WORK_MAX: u64 = 2_000_000;

/// What an ESME must show to bind.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// The password itself.
    Plain(Vec<u8>),
    /// What is left of it.
    Hash(Hash),
}

/// An argon2id hash in the form of PHC strings: `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash {
    phc: Box<PasswordHash>,
    work: u64,
}

/// Why a text is not a hash. The texts read after "the hash ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HashError {
    /// It is no such string.
    #[error(
        "is not an argon2id string as `smppgate hash-password` prints it: $argon2id$v=19$m=…,t=…,p=…$salt$hash"
    )]
    NoHash,
    /// Verifying it would take too long or too much memory.
    #[error("is too costly: m=262144 KiB and m × t = 2000000 are the most")]
    TooCostly,
}

impl Default for Password {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

impl Password {
    /// Its hash, if that is all that is known of it.
    pub fn hash(&self) -> Option<&Hash> {
        match self {
            Self::Plain(_) => None,
            Self::Hash(hash) => Some(hash),
        }
    }

    /// Whether it is this one, where it is known itself.
    pub fn is(&self, shown: &[u8]) -> bool {
        match self {
            Self::Plain(octets) => bool::from(octets.as_slice().ct_eq(shown)),
            Self::Hash(_) => false,
        }
    }
}

impl Hash {
    /// Reads a PHC string.
    pub fn read(text: &str) -> Result<Self, HashError> {
        let phc = PasswordHash::new(text).map_err(|_| HashError::NoHash)?;
        let params = Params::try_from(&phc).map_err(|_| HashError::NoHash)?;
        let is_whole = phc.salt.is_some() && phc.hash.is_some();
        if Algorithm::try_from(phc.algorithm.as_str()) != Ok(Algorithm::Argon2id) || !is_whole {
            return Err(HashError::NoHash);
        }
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > HASH_KIB_MAX || work > HASH_WORK_MAX {
            return Err(HashError::TooCostly);
        }
        Ok(Self {
            phc: Box::new(phc),
            work,
        })
    }

    /// The hash of a password, with this salt.
    pub fn of(password: &[u8], salt: &[u8; 16]) -> Option<Self> {
        // What OWASP asks of argon2id at least: 19 MiB, two passes, one lane.
        let params = Params::new(19 * 1_024, 2, 1, None).ok()?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let phc: PasswordHash = argon2.hash_password_with_salt(password, salt).ok()?;
        Self::read(&phc.to_string()).ok()
    }

    /// Whether it is the hash of this password. Takes its time, on purpose.
    pub fn is_of(&self, shown: &[u8]) -> bool {
        Argon2::default().verify_password(shown, &*self.phc).is_ok()
    }

    /// What it costs to verify it, to be compared with that of others.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// Its PHC string.
    pub fn text(&self) -> String {
        self.phc.to_string()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by another implementation.
    const FOREIGN: &str = "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$VdNLXSXGX8HANVzQ0tMMsQ";

    #[test]
    fn a_hash_is_that_of_its_password_alone_and_shows_nothing() {
        let hash = Hash::of(b"secret", &[7; 16]).unwrap();
        assert!(hash.is_of(b"secret"));
        assert!(!hash.is_of(b"secreT"));
        assert!(!hash.is_of(b""));
        let text = hash.text();
        assert!(
            text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{text}"
        );
        assert_eq!(Hash::read(&text), Ok(hash.clone()));
        assert_eq!(format!("{:?}", Password::Hash(hash)), "Password(…)");
    }

    #[test]
    fn what_is_no_hash_or_too_costly_is_told() {
        for text in [
            "",
            "secret",
            "$argon2id$",
            "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$VdNLXSXGX8HANVzQ0tMMsQ",
            "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ",
            "$2b$12$K3JNm5YVyG5d0bK0m8Jc6uV8sYw4nUo0dH4HkDcmFJm0mYf0vQy1K",
        ] {
            assert_eq!(Hash::read(text), Err(HashError::NoHash), "{text}");
        }
        assert!(Hash::read(FOREIGN).is_ok());
        for costly in ["m=262145,t=1", "m=65536,t=40"] {
            let text = FOREIGN.replace("m=64,t=1", costly);
            assert_eq!(Hash::read(&text), Err(HashError::TooCostly), "{costly}");
        }
    }
}
