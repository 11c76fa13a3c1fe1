//! Files with one row a line: what a carrier means by its statuses and by the errors of its receipts.

use smppgate_codec::code::{Class, Status};

use super::finding::shown;
use super::surroundings::Context;
use super::value::Value;
use crate::carrier::{ErrorMap, Reaction, StatusMap};

/// Bad rows that are told of one file; more would bury the first.
const BAD_ROWS_MAX: usize = 20;

/// The classes of a status by their words.
const REACTIONS: [(&str, Reaction); 5] = [
    ("ok", Reaction::Ok),
    ("throttled", Reaction::Throttled),
    ("temporary", Reaction::Temporary),
    ("permanent", Reaction::Permanent),
    ("route", Reaction::Route),
];

/// `carrier's status, our status, class`.
pub(super) fn statuses(value: &Value<'_>, context: &Context<'_>) -> Option<StatusMap> {
    let mut map = StatusMap::default();
    rows(value, context, |row| {
        let (status, told, class) = match *row {
            [status, told, class] => (status, told, class),
            _ => {
                return Err(
                    "is no row of three; write for example 0x45, ESME_RTHROTTLED, throttled"
                        .to_owned(),
                );
            }
        };
        let status = self::status(status)?;
        if status.is_ok() {
            return Err("0 is no refusal; leave the row out".to_owned());
        }
        let told = match told {
            "" => None,
            told => Some(self::status(told)?),
        };
        let reaction = reaction(class)?;
        if let Some(told) = told
            && reaction != Reaction::Ok
            && matches!(told.class(), Class::Ok | Class::Bind | Class::Session)
        {
            return Err(format!("`{told}` is not a status that refuses a message"));
        }
        match map.put(status, told, reaction) {
            true => Ok(()),
            false => Err(format!("`{status}` stands in the file twice")),
        }
    })?;
    Some(map)
}

/// `carrier's error, our error`, and perhaps a class.
pub(super) fn errors(value: &Value<'_>, context: &Context<'_>) -> Option<ErrorMap> {
    let mut map = ErrorMap::default();
    rows(value, context, |row| {
        let (error, ours, class) = match *row {
            [error, ours] => (error, ours, None),
            [error, ours, class] => (error, ours, Some(class)),
            _ => {
                return Err("is no row of two or three; write for example 21b, 021".to_owned());
            }
        };
        if error.is_empty() || error.len() > 16 {
            return Err("the carrier's error has 1 to 16 characters".to_owned());
        }
        let is_digits = ours.len() <= 3 && ours.bytes().all(|octet| octet.is_ascii_digit());
        let number = ours.parse().ok().filter(|_| is_digits);
        let Some(number) = number else {
            let told = shown(ours);
            return Err(format!("`{told}` is no error of ours; write 000 to 999"));
        };
        if let Some(class) = class {
            reaction(class)?;
        }
        match map.put(error.as_bytes(), number) {
            true => Ok(()),
            false => Err(format!("`{}` stands in the file twice", shown(error))),
        }
    })?;
    Some(map)
}

/// Goes through the rows; what follows a `#` is for people.
fn rows(
    value: &Value<'_>,
    context: &Context<'_>,
    mut row: impl FnMut(&[&str]) -> Result<(), String>,
) -> Option<()> {
    let path = context.path(value.text()?);
    let content = match context.surroundings.file(&path) {
        Ok(content) => String::from_utf8_lossy(&content).into_owned(),
        Err(error) => {
            let path = shown(&path.to_string_lossy());
            value.error(format!("failed to read {path}: {error}"));
            return None;
        }
    };
    let mut bad_rows = 0;
    for (line, text) in content.lines().enumerate() {
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        let cells: Vec<&str> = text.split(',').map(str::trim).collect();
        if let Err(message) = row(&cells) {
            bad_rows += 1;
            if bad_rows <= BAD_ROWS_MAX {
                value
                    .report
                    .elsewhere(&path, line + 1, &value.spot, message);
            }
        }
    }
    if bad_rows > BAD_ROWS_MAX {
        let more = bad_rows - BAD_ROWS_MAX;
        value.error(format!("{more} more rows of this file are wrong"));
    }
    Some(())
}

/// A status by its number or its name.
fn status(text: &str) -> Result<Status, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    number
        .map(Status)
        .or_else(|| Status::from_name(text))
        .ok_or_else(|| {
            let told = shown(text);
            format!("`{told}` is no status; write for example 0x45 or ESME_RTHROTTLED")
        })
}

fn reaction(text: &str) -> Result<Reaction, String> {
    let found = REACTIONS.iter().find(|(word, _)| *word == text);
    found.map(|(_, reaction)| *reaction).ok_or_else(|| {
        let told = shown(text);
        format!("`{told}` is no class; write ok, throttled, temporary, permanent or route")
    })
}
