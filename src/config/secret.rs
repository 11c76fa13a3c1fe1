//! A password: written in the file, kept in a file of its own, or taken from the environment.

use super::finding::shown;
use super::section::Section;
use super::surroundings::Context;
use super::value::Value;

/// Octets of the longest password; the specification has eight, peers use more.
const PASSWORD_MAX: usize = 64;

/// A password and the key that it came from. It is never shown: findings speak of its length only.
pub(super) struct Secret<'a> {
    pub octets: Vec<u8>,
    pub from: Value<'a>,
}

/// The password of an account or carrier; `keys` are the ones that could be written.
pub(super) fn password<'a>(
    section: &mut Section<'a>,
    context: &Context<'_>,
    keys: &str,
) -> Option<Secret<'a>> {
    let sources: Vec<(&str, Value<'a>)> = ["password", "password_file", "password_env"]
        .into_iter()
        .filter_map(|key| section.key(key).map(|value| (key, value)))
        .collect();
    let (key, value) = match sources.as_slice() {
        [] => {
            section.absent("password", format!("is missing; write {keys}"));
            return None;
        }
        [source] => source.clone(),
        [(first, _), (second, value), ..] => {
            value.error(format!(
                "stands beside `{first}`; write `{first}` or `{second}`"
            ));
            return None;
        }
    };
    let octets = match key {
        "password" => value.text()?.as_bytes().to_vec(),
        "password_file" => from_file(&value, context)?,
        _ => from_environment(&value, context)?,
    };
    check(octets, value)
}

fn from_file(value: &Value<'_>, context: &Context<'_>) -> Option<Vec<u8>> {
    let path = context.path(value.text()?);
    match context.surroundings.file(&path) {
        Ok(mut content) => {
            // Editors and `echo` end the line; the line end is no part of the password.
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
    let password = context.surroundings.variable(name);
    if password.is_none() {
        value.error(format!("the environment has no variable `{name}`"));
    }
    password.map(String::into_bytes)
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
