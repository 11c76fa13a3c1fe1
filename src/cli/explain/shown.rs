//! What was found out about a message, written for people and for programs.

use std::fmt;

use serde_json::{Value, json};
use smppgate_codec::code::Status;

use crate::message::UnknownOutcome;
use crate::route::Verdict;

/// Columns of a line; what is longer goes on below.
const COLUMNS: usize = 100;

/// Longest name that has a column of its own.
const NAME_MAX: usize = 24;

/// Everything about one message.
pub struct Explained {
    pub account: String,
    /// The source that the ESME writes.
    pub from: String,
    /// The source that routes and carriers see.
    pub source: String,
    pub to: String,
    /// Every rule, first those that count first.
    pub tried: Vec<Tried>,
    pub answer: Answer,
    pub text: Option<TextSize>,
}

/// One rule.
pub struct Tried {
    pub rule: String,
    pub verdict: Verdict,
    pub asks: String,
    pub why: String,
}

/// Where the message goes.
pub enum Answer {
    /// To the first of these that can take it, by this rule.
    Via(String, Vec<Offered>, Option<Unanswered>),
    /// This rule refuses it.
    Refused(String, Status),
    /// No rule is for it.
    NoRoute,
    /// No rule is asked: its account may not send it.
    Forbidden(Refusal),
}

/// Why a message does not get past its account.
pub struct Refusal {
    /// The key of the account; `None`: no account may send this.
    pub key: Option<&'static str>,
    pub why: String,
    pub status: Status,
}

/// A carrier that may take it.
pub struct Offered {
    pub carrier: String,
    pub addresses: Vec<String>,
}

/// What becomes of the message if it is sent and not answered.
pub struct Unanswered {
    pub outcome: UnknownOutcome,
    /// Who decides that: the route, the account or the class.
    pub by: &'static str,
}

/// What a text takes when it is sent.
pub struct TextSize {
    pub alphabet: &'static str,
    pub octets: usize,
    /// `None` if they are more than can be counted.
    pub segments: Option<usize>,
}

impl Explained {
    /// The status that the message is refused with.
    pub fn status(&self) -> Option<Status> {
        match &self.answer {
            Answer::Via(..) => None,
            Answer::Refused(_, status) => Some(*status),
            Answer::NoRoute => Some(Status::ESME_RINVDSTADR),
            Answer::Forbidden(refusal) => Some(refusal.status),
        }
    }

    /// One object.
    pub fn json(&self) -> Value {
        let rules: Vec<_> = self
            .tried
            .iter()
            .map(|tried| {
                json!({
                    "rule": tried.rule,
                    "verdict": code(tried.verdict),
                    "asks": tried.asks,
                    "why": tried.why,
                })
            })
            .collect();
        let (outcome, rule, candidates, unanswered) = match &self.answer {
            Answer::Via(rule, offered, unanswered) => {
                ("via", Some(rule), offered.as_slice(), unanswered.as_ref())
            }
            Answer::Refused(rule, _) => ("reject", Some(rule), &[][..], None),
            Answer::NoRoute => ("none", None, &[][..], None),
            Answer::Forbidden(_) => ("reject", None, &[][..], None),
        };
        let account_rule = match &self.answer {
            Answer::Forbidden(refusal) => json!({"key": refusal.key, "why": refusal.why}),
            _ => Value::Null,
        };
        let candidates: Vec<_> = candidates
            .iter()
            .map(|offered| {
                json!({
                    "carrier": offered.carrier,
                    "addresses": offered.addresses,
                    "state": "unknown",
                })
            })
            .collect();
        json!({
            "account": self.account,
            "from": self.from,
            "source": self.source,
            "to": self.to,
            "rules": rules,
            "outcome": outcome,
            "rule": rule,
            "account_rule": account_rule,
            "status": self.status().map(|status| status.to_string()),
            "candidates": candidates,
            "unknown_outcome": unanswered.map(|unanswered| json!({
                "outcome": unanswered.outcome.word(),
                "by": unanswered.by,
            })),
            "text": self.text.as_ref().map(|text| json!({
                "alphabet": text.alphabet,
                "octets": text.octets,
                "segments": text.segments,
            })),
        })
    }
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match self.from.as_str() {
            "" => "no source",
            from => from,
        };
        writeln!(f, "{} sends from {from} to {}", self.account, self.to)?;
        if self.source != self.from {
            writeln!(f, "source: {}, by force_source", self.source)?;
        }
        if let Some(text) = &self.text {
            let segments = match text.segments {
                Some(1) => "one segment".into(),
                Some(count) => format!("{count} segments"),
                None => "more segments than a message can have".into(),
            };
            let TextSize {
                alphabet, octets, ..
            } = text;
            writeln!(f, "text: {alphabet} alphabet, {octets} octets, {segments}")?;
        }
        writeln!(f)?;
        let width = self
            .tried
            .iter()
            .map(|tried| tried.rule.chars().count().min(NAME_MAX))
            .max()
            .unwrap_or(0);
        for tried in &self.tried {
            let head = format!("  {:11}  {:width$}  ", words(tried.verdict), tried.rule);
            wrapped(f, &head, 2 + 11 + 2 + width + 2, &tried.asks)?;
            wrapped(f, "", 2 + 11 + 2 + width + 2, &tried.why)?;
        }
        if !self.tried.is_empty() {
            writeln!(f)?;
        }
        match &self.answer {
            Answer::Via(rule, offered, unanswered) => {
                writeln!(
                    f,
                    "route {rule}; carriers in the order in which they are tried:"
                )?;
                for (at, offered) in offered.iter().enumerate() {
                    let head = format!("  {}. {}", at + 1, offered.carrier);
                    let addresses = offered.addresses.join(", ");
                    wrapped(
                        f,
                        &format!("{head}  "),
                        7,
                        &format!("{addresses}  state unknown"),
                    )?;
                }
                if let Some(Unanswered { outcome, by }) = unanswered {
                    let then = then(*outcome);
                    writeln!(f, "if it is sent and not answered: {then}, by the {by}")?;
                }
                Ok(())
            }
            Answer::Refused(rule, status) => {
                writeln!(f, "route {rule}: the message is refused with {status}")
            }
            Answer::NoRoute => {
                let status = Status::ESME_RINVDSTADR;
                writeln!(f, "no route: the message is refused with {status}")
            }
            Answer::Forbidden(Refusal { key, why, status }) => {
                let rule = match key {
                    Some(key) => format!("{key} of account {}", self.account),
                    None => "no account may send this".into(),
                };
                wrapped(
                    f,
                    "",
                    0,
                    &format!("{rule}: {why}; the message is refused with {status}"),
                )
            }
        }
    }
}

/// Writes `text` behind `head`, in lines that begin at `indent` and end before the last column.
fn wrapped(f: &mut fmt::Formatter<'_>, head: &str, indent: usize, text: &str) -> fmt::Result {
    let mut line = format!("{head:indent$}");
    let mut is_fresh = true;
    for word in text.split(' ') {
        let longer = line.chars().count() + usize::from(!is_fresh) + word.chars().count();
        if longer > COLUMNS && !is_fresh {
            writeln!(f, "{}", line.trim_end())?;
            line = " ".repeat(indent);
            is_fresh = true;
        }
        if !is_fresh {
            line.push(' ');
        }
        line.push_str(word);
        is_fresh = false;
    }
    writeln!(f, "{}", line.trim_end())
}

fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Chosen => "chosen",
        Verdict::Outranked => "outranked",
        Verdict::OtherAccount | Verdict::OtherDestination | Verdict::OtherSource => "passed over",
    }
}

fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Chosen => "chosen",
        Verdict::Outranked => "outranked",
        Verdict::OtherAccount => "other_account",
        Verdict::OtherDestination => "other_destination",
        Verdict::OtherSource => "other_source",
    }
}

fn then(outcome: UnknownOutcome) -> &'static str {
    match outcome {
        UnknownOutcome::ResendOnce => "sent once more",
        UnknownOutcome::Hold => "held, never sent again",
        UnknownOutcome::Resend => "sent again each time",
    }
}
