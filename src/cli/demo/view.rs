//! One line for each message, a hundred columns wide.

use std::time::Duration;

use smppgate_codec::code::Status;
use smppgate_codec::receipt::State;

use super::customer::{Message, Phone};

/// Characters of a text that are shown.
const TEXT_WIDTH: usize = 19;

/// The names of the columns.
pub fn heading() -> String {
    format!(
        "{:>6}  {:TEXT_WIDTH$}  {:18}  {:5}  {:18}  {:9}  {}",
        "second", "text", "from → to", "by", "id", "answer", "receipt"
    )
}

/// A message that came to its end; a second line tells of carriers that refused it.
pub fn message(message: &Message, at: Duration) -> String {
    let from_to = format!("{} → {}", message.from, message.to);
    let (id, answer) = match &message.answer {
        Some(answer) if answer.status.is_ok() => {
            (&answer.id[..], format!("ok {}", short(answer.after)))
        }
        Some(answer) => ("-", format!("{} {}", answer.status, short(answer.after))),
        None => ("-", "no answer".to_owned()),
    };
    let receipt = match (message.receipt, &message.answer) {
        (Some((state, after)), _) => format!("{} {:.1} s", state.stat(), after.as_secs_f64()),
        (None, Some(answer)) if answer.status.is_ok() => "no receipt".to_owned(),
        _ => String::new(),
    };
    let mut line = format!(
        "{:6.1}  {:TEXT_WIDTH$}  {from_to:18}  {:5}  {id:18}  {answer:9}  {receipt}",
        at.as_secs_f64(),
        cut(&message.text),
        message.carrier.as_deref().unwrap_or("-"),
    );
    line.truncate(line.trim_end().len());
    for (carrier, status) in &message.refusals {
        line.push_str(&refusal(carrier, *status));
    }
    line
}

fn refusal(carrier: &str, status: Status) -> String {
    format!("\n{:6}  └ {carrier} had refused it: {status}", "")
}

/// A message from a phone.
pub fn phone(phone: &Phone, at: Duration) -> String {
    format!(
        "{:6.1}  {:TEXT_WIDTH$}  {} → {}, a message from a phone: taken by {}",
        at.as_secs_f64(),
        cut(&phone.text),
        phone.from,
        phone.to,
        phone.customer,
    )
}

/// What has happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Messages that were sent.
    pub sent: u64,
    /// Messages that came to their end as they should: refused, or answered and receipted.
    pub ended: u64,
    /// Messages that were refused in the answer.
    pub refused: u64,
    /// Messages that were reported as delivered.
    pub delivered: u64,
    /// Messages that lack their answer or their receipt.
    pub lacking: u64,
    /// Messages from phones.
    pub phones: u64,
}

impl Tally {
    /// Counts a message that came to its end.
    pub fn add(&mut self, message: &Message) {
        let refused = message
            .answer
            .as_ref()
            .is_some_and(|answer| !answer.status.is_ok());
        if !refused && message.receipt.is_none() {
            self.lacking += 1;
            return;
        }
        self.ended += 1;
        self.refused += u64::from(refused);
        let delivered = matches!(message.receipt, Some((State::Delivered, _)));
        self.delivered += u64::from(delivered);
    }

    /// The sums in one line.
    pub fn line(&self) -> String {
        let under_way = self.sent.saturating_sub(self.ended + self.lacking);
        let mut line = format!(
            "{} sent: {} delivered, {} not delivered, {} refused, {} under way",
            self.sent,
            self.delivered,
            self.ended - self.delivered - self.refused,
            self.refused,
            under_way,
        );
        if self.lacking > 0 {
            line.push_str(&format!(", {} without answer or receipt", self.lacking));
        }
        line.push_str(&format!("; {} from phones", self.phones));
        line
    }
}

fn short(span: Duration) -> String {
    match span.as_secs_f64() * 1e3 {
        ms if ms < 9.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms => format!("{:.1} s", ms / 1e3),
    }
}

fn cut(text: &str) -> String {
    match text.chars().count() {
        0..=TEXT_WIDTH => text.to_owned(),
        _ => text.chars().take(TEXT_WIDTH - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::demo::customer::Answer;

    fn sent(status: Status, receipt: Option<(State, Duration)>) -> Message {
        Message {
            text: "Your order 12345 is on its way".into(),
            from: "Shop".into(),
            to: "33612345678".into(),
            carrier: Some("south".into()),
            refusals: Vec::new(),
            answer: Some(Answer {
                status,
                id: "911234567890123456".into(),
                after: Duration::from_millis(999),
            }),
            receipt,
        }
    }

    #[test]
    fn every_line_fits_into_a_hundred_columns() {
        let at = Duration::from_secs(9_999);
        let receipt = Some((State::Undeliverable, Duration::from_millis(9_900)));
        for line in [
            heading(),
            message(&sent(Status::ESME_ROK, receipt), at),
            message(&sent(Status::ESME_RINVDSTADR, None), at),
            message(&sent(Status::ESME_ROK, None), at),
        ] {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn a_message_without_its_receipt_is_lacking_and_a_refused_one_is_not() {
        let mut tally = Tally {
            sent: 4,
            ..Tally::default()
        };
        let receipt = Some((State::Delivered, Duration::ZERO));
        tally.add(&sent(Status::ESME_ROK, receipt));
        tally.add(&sent(Status::ESME_RINVDSTADR, None));
        tally.add(&sent(Status::ESME_ROK, None));
        let counts = (tally.ended, tally.delivered, tally.refused, tally.lacking);
        assert_eq!(counts, (2, 1, 1, 1));
        assert!(tally.line().contains("1 under way"), "{}", tally.line());
    }
}
