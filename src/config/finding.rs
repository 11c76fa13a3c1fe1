//! What is wrong or doubtful in a file, where, and what would be right.

use std::cell::RefCell;
use std::fmt;
use std::path::Path;

/// Findings of one file that are told; more would bury the first.
const FINDINGS_MAX: usize = 200;

/// Characters of a text that a finding shows: enough to find it again.
const SHOWN_MAX: usize = 80;

/// Something wrong or doubtful. It never holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file as the caller named it.
    pub file: String,
    /// The line, counted from 1; 0 if the whole file is meant.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// Whether the gateway runs nevertheless.
    pub severity: Severity,
    /// The key, for example `carrier[0].window`; empty if none is meant.
    pub key: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// Whether the gateway runs nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It does not.
    Error,
    /// It does.
    Warning,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if self.severity == Severity::Warning {
            f.write_str(": warning")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A place in the file, and the key that stands there.
#[derive(Debug, Clone, Default)]
pub(super) struct Spot {
    /// Octets from the start of the file.
    pub at: usize,
    pub key: String,
}

/// Collects the findings of one file.
pub(super) struct Report<'a> {
    file: String,
    text: &'a str,
    /// Where each line starts.
    lines: Vec<usize>,
    findings: RefCell<Vec<Finding>>,
    /// Lines with a syntax error; what else is found there follows from it.
    torn: RefCell<Vec<usize>>,
}

impl<'a> Report<'a> {
    pub fn new(file: &Path, text: &'a str) -> Self {
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, octet)| *octet == b'\n');
        Self {
            file: file.display().to_string(),
            text,
            lines: [0]
                .into_iter()
                .chain(breaks.map(|(at, _)| at + 1))
                .collect(),
            findings: RefCell::default(),
            torn: RefCell::default(),
        }
    }

    pub fn error(&self, spot: &Spot, message: impl Into<String>) {
        self.add(spot, Severity::Error, message.into());
    }

    pub fn warning(&self, spot: &Spot, message: impl Into<String>) {
        self.add(spot, Severity::Warning, message.into());
    }

    /// Something that is not there. In a file with syntax errors it may stand in a line that could
    /// not be read, so nothing is said then.
    pub fn absent(&self, spot: &Spot, message: impl Into<String>) {
        if self.torn.borrow().is_empty() {
            self.error(spot, message);
        }
    }

    /// The file is no TOML here.
    pub fn syntax(&self, at: usize, message: &str) {
        let spot = Spot {
            at,
            key: String::new(),
        };
        self.error(&spot, message);
        let (line, _) = self.position(at);
        self.torn.borrow_mut().push(line);
    }

    /// Something in another file that this one names.
    pub fn elsewhere(&self, file: &Path, line: usize, spot: &Spot, message: impl Into<String>) {
        self.push(Finding {
            file: file.display().to_string(),
            line,
            column: 1,
            severity: Severity::Error,
            key: spot.key.clone(),
            message: message.into(),
        });
    }

    /// Whether anything was wrong so far.
    pub fn has_errors(&self) -> bool {
        let findings = self.findings.borrow();
        findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// All findings, in the order of the file.
    pub fn into_findings(self) -> Vec<Finding> {
        let torn = self.torn.into_inner();
        let mut findings = self.findings.into_inner();
        findings.retain(|finding| {
            finding.key.is_empty() || finding.file != self.file || !torn.contains(&finding.line)
        });
        findings.sort_by_key(|finding| {
            let is_elsewhere = finding.file != self.file;
            (is_elsewhere, finding.line, finding.column)
        });
        findings
    }

    fn add(&self, spot: &Spot, severity: Severity, message: String) {
        let (line, column) = self.position(spot.at);
        self.push(Finding {
            file: self.file.clone(),
            line,
            column,
            severity,
            key: spot.key.clone(),
            message,
        });
    }

    fn push(&self, finding: Finding) {
        let mut findings = self.findings.borrow_mut();
        // An error is never lost to warnings: without it the file would pass.
        if findings.len() < FINDINGS_MAX || finding.severity == Severity::Error {
            findings.truncate(FINDINGS_MAX);
            findings.push(finding);
        }
    }

    fn position(&self, at: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= at).max(1);
        let before = self.text.get(self.lines[line - 1]..at).unwrap_or("");
        (line, before.chars().count() + 1)
    }
}

/// A text of the file as a finding shows it. Of several lines nothing is shown: a quote that was
/// left open has swallowed what stands below it, and that may be a password.
pub(super) fn shown(text: &str) -> String {
    if text.contains('\n') {
        return "(several lines)".to_owned();
    }
    let mut shown = text.chars().take(SHOWN_MAX).collect::<String>();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown.escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shown_as_far_as_it_is_one_line_and_short() {
        assert_eq!(shown("5 \"sec\""), "5 \\\"sec\\\"");
        assert_eq!(shown(&"é".repeat(81)), "é".repeat(80) + "…");
        assert_eq!(shown("5s\"\npassword = \"s3cr3t"), "(several lines)");
    }
}
