//! What an account must show to bind: a password, its hash, and the one that comes next.

use super::secret;
use super::section::Section;
use super::surroundings::Context;
use super::value::Value;
use crate::esme::{Hash, Password};

/// How the hashes begin that we read.
const HASH_BEGINS: &str = "$argon2id$";

/// The password of an account, or its hash.
pub(super) fn password(section: &mut Section<'_>, context: &Context<'_>) -> Option<Password> {
    let written = ["password", "password_file", "password_env"]
        .into_iter()
        .find(|key| section.has(key));
    let Some(value) = section.key("password_hash") else {
        let secret = secret::password(
            section,
            context,
            "password, password_file, password_env or password_hash",
        )?;
        if secret.octets.is_empty() {
            secret
                .from
                .error("the password is empty, so that anybody could bind; write one");
        }
        return Some(Password::Plain(secret.octets));
    };
    for key in ["password", "password_file", "password_env"] {
        section.key(key);
    }
    if let Some(first) = written {
        value.error(format!(
            "stands beside `{first}`; write `{first}` or `password_hash`"
        ));
        return None;
    }
    hash(&value, value.text()?)
}

/// The password that counts as well, itself or as a hash.
pub(super) fn password_next(section: &mut Section<'_>) -> Option<Password> {
    let value = section.key("password_next")?;
    let text = value.text()?;
    if text.starts_with(HASH_BEGINS) {
        return hash(&value, text);
    }
    let secret = secret::check(text.as_bytes().to_vec(), value)?;
    if secret.octets.is_empty() {
        secret
            .from
            .error("the password is empty, so that anybody could bind; leave the key out");
    }
    Some(Password::Plain(secret.octets))
}

/// The text is never shown: it may be a password under a wrong key.
fn hash(value: &Value<'_>, text: &str) -> Option<Password> {
    Hash::read(text)
        .map_err(|error| value.error(format!("the hash {error}")))
        .map(Password::Hash)
        .ok()
}
