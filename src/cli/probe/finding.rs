//! What is to be concluded from what was seen: words for people, and keys of the configuration.

use smppgate_codec::code::Status;
use smppgate_codec::receipt;

use super::asking::{Seen, Sent};
use super::id_form::{self, Forms};

/// Clocks of the world differ by multiples of this.
const QUARTER_SECONDS: i64 = 15 * 60;

/// What was found out.
#[derive(Debug, Default)]
pub struct Findings {
    /// One sentence each.
    pub words: Vec<String>,
    /// Keys of `[[carrier]]` and their values.
    pub keys: Vec<(&'static str, String)>,
}

impl Findings {
    /// Concludes from what was seen.
    pub fn of(seen: &Seen) -> Self {
        let mut findings = Self::default();
        findings.answers(seen);
        let forms = findings.ids(seen);
        findings.receipts(seen);
        if let Some(forms) = forms {
            findings.segments(seen, &forms);
        }
        findings.zone(seen);
        findings.alphabet(seen);
        findings.window(seen);
        findings.links(seen);
        findings
    }

    fn say(&mut self, words: impl Into<String>) {
        self.words.push(words.into());
    }

    fn answers(&mut self, seen: &Seen) {
        let accepted = accepted(seen).count();
        self.say(format!(
            "{} messages were sent, {accepted} accepted, {} receipts came",
            seen.sent.len(),
            seen.receipts.len()
        ));
        for (at, sent) in seen.sent.iter().enumerate() {
            match sent.status {
                Some(Status::ESME_ROK) => {}
                Some(status) => self.say(format!("message {} was refused: {status}", at + 1)),
                None => self.say(format!("message {} was not answered", at + 1)),
            }
        }
    }

    fn ids(&mut self, seen: &Seen) -> Option<Forms> {
        let responses: Vec<&str> = accepted(seen).map(|sent| sent.id.as_str()).collect();
        if responses.iter().any(|id| id.is_empty()) {
            self.say("responses without an id: their receipts cannot be told apart");
        }
        // Where text and parameter differ, the one that finds the message counts.
        let by_text = |last: bool| -> Vec<&str> {
            let ids = seen.receipts.iter();
            ids.filter_map(|one| {
                if last {
                    one.ids.last()
                } else {
                    one.ids.first()
                }
            })
            .map(String::as_str)
            .collect()
        };
        let first = id_form::find(&responses, &by_text(false));
        let last = id_form::find(&responses, &by_text(true));
        let found = match (first, last) {
            (Some(first), Some(last)) if last.1 > first.1 => Some(last),
            (None, last) => last,
            (first, _) => first,
        };
        let Some((forms, count)) = found else {
            if !seen.receipts.is_empty() {
                self.say("no receipt has the id of a message, in no form that is known");
            }
            return None;
        };
        self.say(format!(
            "{count} of {} receipts find their message with message_id = {}",
            seen.receipts.len(),
            forms.toml()
        ));
        self.keys.push(("message_id", forms.toml()));
        Some(forms)
    }

    fn receipts(&mut self, seen: &Seen) {
        let Some(one) = seen.receipts.first() else {
            self.say("no receipt came: send to a phone that is on, or wait longer");
            return;
        };
        let carried = match (one.is_data_sm, one.is_payload) {
            (true, _) => "data_sm",
            (false, true) => "deliver_sm with message_payload",
            (false, false) => "deliver_sm",
        };
        let parameter = match one.has_id_parameter {
            true => "with receipted_message_id",
            false => "without receipted_message_id",
        };
        self.say(format!(
            "receipts come as {carried}, esm_class 0x{:02x}, data_coding {}, {parameter}",
            one.esm_class, one.coding.0
        ));
        if one.text.is_empty() {
            self.say("receipts have no text: their parameters say everything");
            return;
        }
        self.say(format!("receipt text: {}", one.text.escape_debug()));
        let text = one.text.to_ascii_lowercase();
        let labels = [
            "sub:",
            "dlvrd:",
            "submit date:",
            "done date:",
            "stat:",
            "err:",
            "text:",
        ];
        let missing: Vec<_> = labels
            .into_iter()
            .filter(|label| !text.contains(label))
            .collect();
        if !missing.is_empty() {
            self.say(format!("receipts lack {}", missing.join(" ")));
        }
    }

    fn segments(&mut self, seen: &Seen, forms: &Forms) {
        let is_reported = |sent: &&Sent| {
            let receipts = seen.receipts.iter().flat_map(|one| &one.ids);
            let mut receipts = receipts.filter(|id| forms.are_one(&sent.id, id));
            receipts.next().is_some()
        };
        let parts: Vec<_> = accepted(seen).filter(|sent| sent.part.1 == 2).collect();
        let [first, second] = parts.as_slice() else {
            return;
        };
        let (key, words) = match (is_reported(first), is_reported(second)) {
            (true, true) => ("each", "each segment of a long message is reported"),
            (false, true) => (
                "last",
                "only the last segment of a long message is reported",
            ),
            (true, false) => (
                "any",
                "only the first segment of a long message is reported",
            ),
            (false, false) => return self.say("no segment of the long message was reported"),
        };
        self.say(words);
        self.keys.push(("segment_receipts", format!("\"{key}\"")));
    }

    fn zone(&mut self, seen: &Seen) {
        let dates = seen
            .receipts
            .iter()
            .filter_map(|one| one.submit_date.as_deref());
        let mut offsets: Vec<i64> = dates
            .filter_map(|raw| receipt::date(raw, 0))
            // A date without seconds lies half a minute too early on average.
            .map(|unix| {
                (unix + 30 - seen.started + QUARTER_SECONDS / 2).div_euclid(QUARTER_SECONDS)
            })
            .collect();
        offsets.sort_unstable();
        offsets.dedup();
        match offsets.as_slice() {
            [] => self.say("no receipt has a date: the time zone is not known"),
            [quarters] if quarters.abs() <= 14 * 4 => {
                let minutes = quarters.abs() * 15;
                let zone = match quarters {
                    0 => "UTC".to_owned(),
                    _ => format!(
                        "{}{:02}:{:02}",
                        if *quarters < 0 { '-' } else { '+' },
                        minutes / 60,
                        minutes % 60
                    ),
                };
                self.say(format!("dates of receipts are in {zone}"));
                self.keys.push(("timezone", format!("\"{zone}\"")));
            }
            _ => self.say("dates of receipts fit no time zone: they may be those of the phone"),
        }
    }

    fn alphabet(&mut self, seen: &Seen) {
        // The first text begins with the octet 0 where data_coding 0 is the GSM alphabet.
        let repeated = seen
            .receipts
            .iter()
            .filter_map(|one| one.repeated.as_deref());
        let is_gsm = repeated
            .clone()
            .any(|text| text.starts_with(b"@ 5") || text.starts_with(b"\0 5"));
        if is_gsm {
            self.say("data_coding 0 is the GSM alphabet: a receipt repeats the text as it was");
            self.keys.push(("alphabet", "\"gsm\"".into()));
        } else {
            self.say(
                "alphabet of data_coding 0: the phone should show \"@ 5€ smppgate probe\"; if it \
                 does not, set alphabet to latin1 or ascii",
            );
        }
    }

    fn window(&mut self, seen: &Seen) {
        let is_throttled = |sent: &&Sent| {
            matches!(
                sent.status,
                Some(Status::ESME_RTHROTTLED | Status::ESME_RMSGQFUL | Status::ESME_RSUBMITFAIL)
            )
        };
        let most = accepted(seen)
            .map(|sent| sent.unanswered)
            .max()
            .unwrap_or(0);
        match seen.sent.iter().filter(is_throttled).count() {
            0 => self.say(format!(
                "{most} unanswered messages were taken, none was throttled"
            )),
            count => {
                self.say(format!(
                    "{most} unanswered messages were taken, {count} throttled"
                ));
                if most > 0 {
                    self.keys.push(("window", most.to_string()));
                }
            }
        }
    }

    fn links(&mut self, seen: &Seen) {
        match seen.enquire_link {
            Some(after) => self.say(format!("enquire_link is answered after {after:.1?}")),
            None => {
                self.say("enquire_link is not answered");
                self.keys.push(("enquire_link", "\"0s\"".into()));
            }
        }
        if seen.asked > 0 {
            self.say(format!("it has sent {} enquire_link itself", seen.asked));
        }
    }
}

fn accepted(seen: &Seen) -> impl Iterator<Item = &Sent> + Clone {
    seen.sent
        .iter()
        .filter(|sent| sent.status == Some(Status::ESME_ROK))
}
