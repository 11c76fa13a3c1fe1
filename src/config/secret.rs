//! A secret: written in the file, kept in a file of its own, or taken from the environment.

use super::finding::shown;
use super::section::Section;
use super::surroundings::Context;
use super::value::Value;

/// Octets of the longest password; the specification has eight, peers use more.
const PASSWORD_MAX: usize = 64;

/// A secret and the key that it came from. It is never shown: findings speak of its length only.
pub(super) struct Secret<'a> {
    pub octets: Vec<u8>,
    pub from: Value<'a>,
}

/// The keys that a secret may stand under: itself, the file that holds it, the variable.
pub(super) type Keys = [&'static str; 3];

/// Where the password of an account or carrier may stand.
const OF_PASSWORD: Keys = ["password", "password_file", "password_env"];

/// The password of an account or carrier; `keys` are the ones that could be written.
pub(super) fn password<'a>(
    section: &mut Section<'a>,
    context: &Context<'_>,
    keys: &str,
) -> Option<Secret<'a>> {
    if !OF_PASSWORD.iter().any(|key| section.has(key)) {
        section.absent("password", format!("is missing; write {keys}"));
    }
    let Secret { octets, from } = read(section, context, OF_PASSWORD)?;
    check(octets, from)
}

/// What stands under one of these keys, if anything does.
pub(super) fn read<'a>(
    section: &mut Section<'a>,
    context: &Context<'_>,
    keys: Keys,
) -> Option<Secret<'a>> {
    let sources: Vec<(&str, Value<'a>)> = keys
        .into_iter()
        .filter_map(|key| section.key(key).map(|value| (key, value)))
        .collect();
    let (key, from) = match sources.as_slice() {
        [] => return None,
        [source] => source.clone(),
        [(first, _), (second, value), ..] => {
            value.error(format!(
                "stands beside `{first}`; write `{first}` or `{second}`"
            ));
            return None;
        }
    };
    let [_, of_file, of_variable] = keys;
    let octets = match key {
        key if key == of_file => from_file(&from, context)?,
        key if key == of_variable => from_environment(&from, context)?,
        _ => from.text()?.as_bytes().to_vec(),
    };
    Some(Secret { octets, from })
}

fn from_file(value: &Value<'_>, context: &Context<'_>) -> Option<Vec<u8>> {
    let path = context.path(value.text()?);
    match context.surroundings.file(&path) {
        Ok(mut content) => {
            // Editors and `echo` end the line; the line end is no part of the secret.
            if content.last() == Some(&b'\n') {
                content.pop();
            }
            if content.last() == Some(&b'\r') {
                content.pop();
            }
            Some(content)
        }
        Err(error) => {
            value.error(format!(
                "failed to read {}: {error}",
                shown(&path.to_string_lossy())
            ));
            None
        }
    }
}

fn from_environment(value: &Value<'_>, context: &Context<'_>) -> Option<Vec<u8>> {
    let name = value.name()?;
    let secret = context.surroundings.variable(name);
    if secret.is_none() {
        value.error(format!("the environment has no variable `{name}`"));
    }
    secret.map(String::into_bytes)
}

/// A password as it may be in a bind PDU.
pub(super) fn check(octets: Vec<u8>, from: Value<'_>) -> Option<Secret<'_>> {
    if octets.len() > PASSWORD_MAX {
        let count = octets.len();
        from.error(format!(
            "the password has {count} octets; {PASSWORD_MAX} are the most"
        ));
        return None;
    }
    // A C-Octet String ends at its first NUL; the others would only ever be a mistake.
    if octets.iter().any(u8::is_ascii_control) {
        from.error("the password holds a control character, for example a line end");
        return None;
    }
    Some(Secret { octets, from })
}
