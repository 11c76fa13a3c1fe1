//! What is to be concluded from what was seen: words for people, and keys of the configuration.

use std::collections::BTreeSet;

use smppgate_codec::code::Status;
use smppgate_codec::receipt::{self, State};

use super::alphabet::{self, Shown};
use super::asking::{Seen, Sent};
use super::id_form::{self, Forms};
use super::pace::Pace;

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
        findings.segments(seen, forms);
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
            self.say(match seen.hears {
                true => "no receipt came: send to a phone that is on, or wait longer",
                false => {
                    "no receipt can come here: it is bound as a transmitter alone, and no [[carrier]] \
                     of its group has bind = \"receiver\""
                }
            });
            return;
        };
        let ends: Vec<_> = seen.receipts.iter().filter(|one| one.is_final()).collect();
        let is_delivered = |state| state == Some(State::Delivered);
        if !ends.is_empty() && !ends.iter().any(|one| is_delivered(one.state)) {
            let states = ends.iter().filter_map(|one| one.state);
            let states: BTreeSet<_> = states.map(State::stat).collect();
            let states: Vec<_> = states.into_iter().collect();
            self.say(format!(
                "every receipt reports failure ({}): the phone may be off or the source not allowed; \
                 ask again with one that gets the messages before you trust what follows",
                states.join(", ")
            ));
        }
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

    fn segments(&mut self, seen: &Seen, forms: Option<Forms>) {
        const UNKNOWN: &str = "how segments are reported could not be found out";
        let Some(forms) = forms else {
            return self.say(format!("{UNKNOWN}: no receipt finds its message"));
        };
        let is_reported = |sent: &&Sent| {
            let receipts = seen.receipts.iter().flat_map(|one| &one.ids);
            let mut receipts = receipts.filter(|id| forms.are_one(&sent.id, id));
            receipts.next().is_some()
        };
        let parts: Vec<_> = accepted(seen).filter(|sent| sent.part.1 == 2).collect();
        let [first, second] = parts.as_slice() else {
            return self.say(format!(
                "{UNKNOWN}: the long message was not accepted whole"
            ));
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
            (false, false) => {
                return self.say(format!(
                    "{UNKNOWN}: no segment of the long message was reported"
                ));
            }
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
        let texts: Vec<&[u8]> = seen
            .receipts
            .iter()
            .map(|one| one.repeated.as_slice())
            .collect();
        let above = seen.sent.iter().find(|sent| sent.is_above);
        let is_refused =
            above.is_some_and(|sent| sent.status.is_some_and(|status| !status.is_ok()));
        let shown = alphabet::shown(&texts, is_refused);
        let (key, words) = match shown {
            Shown::Gsm => (
                Some("gsm"),
                "is the GSM alphabet: receipts show the text as that reads it",
            ),
            Shown::Latin1 => (
                Some("latin1"),
                "is ISO 8859-1: receipts show the text as that reads it",
            ),
            Shown::Ascii => (
                Some("ascii"),
                "is ASCII: receipts show nothing that is above 127",
            ),
            Shown::Latin1OrAscii => (
                None,
                "is not the GSM alphabet: a --count of 5 or more tells latin1 from ascii",
            ),
            Shown::Octets => (
                None,
                "could not be found out: receipts repeat the octets of the text, not its characters",
            ),
            Shown::Nothing => (
                None,
                "could not be found out: receipts do not repeat the text so that it shows",
            ),
        };
        self.say(format!("data_coding 0 {words}"));
        match key {
            Some(key) => self.keys.push(("alphabet", format!("\"{key}\""))),
            None => self.say(
                "look at the phone: a message begins with \"@$¤¡ 1\" if alphabet is gsm, and with \"$@ 1\" if \
                 it is latin1 or ascii; another begins with \"éè 2\" if it is latin1",
            ),
        }
    }

    fn window(&mut self, seen: &Seen) {
        let taken = accepted(seen).filter_map(|sent| sent.unanswered);
        let most = taken.max().unwrap_or(0);
        let count = seen.notes.throttled;
        match seen.notes.pace() {
            Pace::Free => self.say(format!(
                "{most} unanswered messages were taken, none was throttled"
            )),
            Pace::Window => {
                self.say(format!(
                    "{most} unanswered messages were taken, {count} throttled, and none when they came \
                     one after the other"
                ));
                if most > 0 {
                    self.keys.push(("window", most.to_string()));
                }
            }
            Pace::Rate(rate) => {
                self.say(format!(
                    "{count} messages were throttled that came at once, and others that came alone: it \
                     is not the window, which could not be found out"
                ));
                let Some(rate) = rate else {
                    return self.say("it counts by time: ask it how many a second, and set rate");
                };
                self.say(format!("about {rate:.1} messages a second were taken"));
                self.keys.push(("rate", rate.round().max(1.0).to_string()));
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
