//! Which account, carrier or group each number in the log means.
//!
//! `names` in the data folder is a small text: a line for each name, and at the end a line with the
//! checksum of all of them. It is replaced as a whole, and durable before a number of it is used.
//! Without it the log cannot be understood; so if it is lost while there is a log, or has changed, we
//! refuse to start.

use super::disk::{Disk, How, read_full, write_all};
use super::segment::{self, FOLDER};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

const PATH: &str = "names";

/// It is written here, and then takes the place of the one before.
const NEXT: &str = "names.next";

/// The first line: what this is, and its format.
const TITLE: &str = "smppgate names 1";

/// Octets that are read at most: a million names of 64 octets.
const OCTETS_MAX: u64 = 64 << 20;

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameOf {
    /// An account, by its system_id.
    Account,
    /// A carrier.
    Carrier,
    /// A carrier group.
    Group,
}

impl NameOf {
    const ALL: [Self; 3] = [Self::Account, Self::Carrier, Self::Group];

    fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Carrier => "carrier",
            Self::Group => "group",
        }
    }
}

/// Numbers and the names that they mean, for the life of the installation.
pub struct Names {
    disk: Arc<dyn Disk>,
    numbers: HashMap<(NameOf, String), u32>,
    names: HashMap<NameOf, Vec<String>>,
    is_saved: bool,
}

/// Why names cannot be read or written.
#[derive(Debug, Error)]
pub enum NamesError {
    /// The disk does not do what is asked of it.
    #[error("{doing} {path}: {error}{}", .advice.as_ref().map(|advice| format!("; {advice}")).unwrap_or_default())]
    Disk {
        /// What was asked.
        doing: &'static str,
        /// Of which file.
        path: String,
        /// What it answered.
        error: io::Error,
        /// What would help, if that is known.
        advice: Option<String>,
    },
    /// There is a log, and nothing says what its numbers mean.
    #[error(
        "read {0}: it is missing, and the journal beside it cannot be understood without it; bring it \
         back from a copy, or move the journal away and begin without what it holds"
    )]
    Missing(String),
    /// It is not what was written.
    #[error(
        "read {path}: damaged: {what}; the journal beside it cannot be understood without it; bring it \
         back from a copy, or move both away and begin without what they hold"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Names {
    /// Reads the names that lie on this disk.
    pub fn open(disk: Arc<dyn Disk>) -> Result<Self, NamesError> {
        let text = match read(&*disk) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return match has_log(&*disk) {
                    Ok(false) => Ok(Self::none(disk)),
                    Ok(true) => Err(NamesError::Missing(disk.whole_path(PATH))),
                    Err(error) => Err(failed(&*disk, "list", FOLDER, error)),
                };
            }
            Err(error) => return Err(failed(&*disk, "read", PATH, error)),
        };
        // A crash may have left the file renamed in memory alone: what is used now has to be durable.
        let synced = disk.sync_folder("");
        synced.map_err(|error| failed(&*disk, "sync the folder of", PATH, error))?;
        let path = disk.whole_path(PATH);
        let mut names = Self::none(disk);
        match names.understand(&text) {
            Ok(()) => Ok(names),
            Err(what) => Err(NamesError::Damaged { path, what }),
        }
    }

    fn none(disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            numbers: HashMap::new(),
            names: HashMap::new(),
            is_saved: true,
        }
    }

    fn understand(&mut self, text: &[u8]) -> Result<(), String> {
        let text = std::str::from_utf8(text).map_err(|_| "it is no text".to_owned())?;
        let end = text
            .trim_end_matches('\n')
            .rfind('\n')
            .map_or(0, |at| at + 1);
        let (lines, last) = text.split_at(end);
        if !lines.starts_with(TITLE) {
            return Err(format!("it does not begin with \"{TITLE}\""));
        }
        if last != checksum_line(lines) {
            return Err("its last line is not the checksum of the others".to_owned());
        }
        for (at, line) in lines.lines().enumerate().skip(1) {
            let wrong = || format!("line {} is no name with its number", at + 1);
            let mut words = line.splitn(3, ' ');
            let (word, number, name) = (words.next(), words.next(), words.next());
            let of = NameOf::ALL.into_iter().find(|of| Some(of.word()) == word);
            let number = number.and_then(|number| number.parse::<u32>().ok());
            let (of, number, name) = (
                of.ok_or_else(wrong)?,
                number.ok_or_else(wrong)?,
                unescaped(name.ok_or_else(wrong)?).ok_or_else(wrong)?,
            );
            if self.number(of, &name) != number {
                return Err(wrong());
            }
        }
        self.is_saved = true;
        Ok(())
    }

    /// The number of this name: the one that it has had, or the next one. A new one is used only
    /// after [`save`](Self::save).
    pub fn number(&mut self, of: NameOf, name: &str) -> u32 {
        let names = self.names.entry(of).or_default();
        let key = (of, name.to_owned());
        *self.numbers.entry(key).or_insert_with(|| {
            names.push(name.to_owned());
            self.is_saved = false;
            names.len() as u32 - 1
        })
    }

    /// The name that has this number.
    pub fn name(&self, of: NameOf, number: u32) -> Option<&str> {
        let names = self.names.get(&of)?;
        names.get(number as usize).map(String::as_str)
    }

    /// Makes them durable, if there are new ones.
    pub fn save(&mut self) -> Result<(), NamesError> {
        if !self.is_saved {
            let replaced = replace(&*self.disk, self.text().as_bytes());
            replaced.map_err(|error| failed(&*self.disk, "write", PATH, error))?;
            self.is_saved = true;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let mut lines = format!("{TITLE}\n");
        for of in NameOf::ALL {
            let names = self.names.get(&of).into_iter().flatten();
            for (number, name) in names.enumerate() {
                lines += &format!("{} {number} {}\n", of.word(), name.escape_default());
            }
        }
        let checksum = checksum_line(&lines);
        lines + &checksum
    }
}

fn checksum_line(lines: &str) -> String {
    format!("checksum {:016x}\n", xxh3_64(lines.as_bytes()))
}

/// Undoes `escape_default`.
fn unescaped(text: &str) -> Option<String> {
    let mut name = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            name.push(c);
            continue;
        }
        name.push(match rest.next()? {
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            'u' => {
                let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            other => other,
        });
    }
    Some(name)
}

fn has_log(disk: &dyn Disk) -> io::Result<bool> {
    match disk.list(FOLDER) {
        Ok(names) => Ok(names.iter().any(|name| segment::number(name).is_some())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn read(disk: &dyn Disk) -> io::Result<Vec<u8>> {
    let file = disk.open(PATH, How::Read)?;
    let mut text = vec![0; file.octets()?.min(OCTETS_MAX) as usize];
    let read = read_full(&*file, &mut text, 0)?;
    text.truncate(read);
    Ok(text)
}

fn replace(disk: &dyn Disk, text: &[u8]) -> io::Result<()> {
    let file = disk.open(NEXT, How::Anew)?;
    write_all(&*file, text, 0)?;
    file.sync()?;
    disk.rename(NEXT, PATH)?;
    disk.sync_folder("")
}

fn failed(disk: &dyn Disk, doing: &'static str, path: &str, error: io::Error) -> NamesError {
    NamesError::Disk {
        doing,
        path: disk.whole_path(path),
        advice: disk.advice(path, &error),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::disk::Faulty;
    use super::*;

    fn disk() -> Arc<Faulty> {
        Arc::new(Faulty::new(512, 1 << 20))
    }

    #[test]
    fn a_number_means_the_same_after_a_restart() {
        let disk = disk();
        let mut names = Names::open(disk.clone()).unwrap();
        let odd = "line\nbreak \\ quote\" \u{1F4F1}";
        assert_eq!(names.number(NameOf::Account, "acme"), 0);
        assert_eq!(names.number(NameOf::Account, odd), 1);
        assert_eq!(names.number(NameOf::Carrier, "acme"), 0);
        names.save().unwrap();
        let mut again = Names::open(Arc::new(disk.crash(true, &mut |_| 0))).unwrap();
        assert_eq!(again.number(NameOf::Account, odd), 1);
        assert_eq!(again.number(NameOf::Carrier, "acme"), 0);
        assert_eq!(again.number(NameOf::Account, "new"), 2);
        assert_eq!(again.name(NameOf::Account, 1), Some(odd));
        assert_eq!(again.name(NameOf::Group, 0), None);
    }

    #[test]
    fn whatever_a_power_cut_leaves_are_the_names_before_or_after() {
        let disk = disk();
        let mut names = Names::open(disk.clone()).unwrap();
        names.number(NameOf::Account, "acme");
        names.save().unwrap();
        names.number(NameOf::Account, "bell");
        let (cuts, cut) = (Arc::new(parking_lot::Mutex::new(Vec::new())), disk.clone());
        let seen = cuts.clone();
        disk.watch(move |_| {
            seen.lock().push(cut.fork());
            super::super::disk::faulty::Verdict::Done
        });
        names.save().unwrap();
        let mut befores = 0;
        for cut in cuts.lock().iter() {
            for choice in 0..64_usize {
                let mut bits = choice;
                let left = cut.crash(true, &mut |of| {
                    let chosen = bits % of;
                    bits /= of;
                    chosen
                });
                let left = Names::open(Arc::new(left)).unwrap();
                assert_eq!(left.name(NameOf::Account, 0), Some("acme"));
                befores += usize::from(left.name(NameOf::Account, 1).is_none());
            }
        }
        assert!(befores > 64);
        disk.unwatch();
        let after = Names::open(Arc::new(disk.crash(true, &mut |_| 0))).unwrap();
        assert_eq!(after.name(NameOf::Account, 1), Some("bell"));
    }

    #[test]
    fn names_that_are_lost_or_changed_while_there_is_a_log_are_told() {
        let disk = disk();
        let mut names = Names::open(disk.clone()).unwrap();
        names.number(NameOf::Account, "acme");
        names.save().unwrap();
        let whole = disk.content(PATH).unwrap();
        for at in 0..whole.len() {
            disk.damage(PATH, |text| text[at] ^= 1);
            assert!(matches!(
                Names::open(disk.clone()),
                Err(NamesError::Damaged { .. })
            ));
            disk.damage(PATH, |text| *text = whole.clone());
        }
        disk.damage(PATH, |text| text.truncate(20));
        assert!(matches!(
            Names::open(disk.clone()),
            Err(NamesError::Damaged { .. })
        ));
        disk.remove(PATH).unwrap();
        assert!(Names::open(disk.clone()).is_ok());
        disk.open(&segment::path(9), How::Make).unwrap();
        assert!(matches!(Names::open(disk), Err(NamesError::Missing(_))));
    }
}
