//! Whether the promise was kept for one message from a phone.

use super::again::allowed;
use super::breaks::Breaks;
use super::entry::Event;
use super::judge::Found;
use super::offence::Offence;
use super::story::Story;
use super::terms::Terms;

/// Looks at a message from a phone that is for the account `whose`.
pub(super) fn judge_phone(story: &Story, whose: u8, breaks: &Breaks, terms: &Terms) -> Found {
    let mut found = Found::default();
    if story.untold > 0 {
        found.offend(Offence::Endless);
    }
    let (mut sent, mut last_answer, mut is_taken, mut was_cut_off) = (0u64, None, false, false);
    let mut arrived: Vec<u64> = Vec::new();
    for entry in &story.entries {
        match entry.event {
            Event::Phoned { .. } => sent += 1,
            Event::PhoneAnswered { status, .. } => {
                last_answer = Some(status);
                is_taken |= status.is_ok() && !breaks.is_limbo(entry.at);
                was_cut_off |= status.is_ok() && breaks.is_limbo(entry.at);
            }
            Event::Arrived {
                account, answer, ..
            } => {
                if account != whose {
                    found.offend(Offence::PhoneElsewhere);
                }
                if answer.is_ok() {
                    arrived.push(entry.at);
                }
            }
            Event::Garbled => found.offend(Offence::Garbled),
            _ => found.offend(Offence::SentForeign),
        }
    }
    found.counts.phoned += 1;
    found.counts.arrived += arrived.len() as u64;
    if arrived.is_empty() && is_taken {
        found.missing = Some(Offence::PhoneLost);
    } else if last_answer.is_none() {
        // A carrier that has no answer sends it again until it has one.
        found.missing = Some(Offence::NeverAnswered);
    } else if arrived.is_empty() && was_cut_off {
        found.counts.cut_off += 1;
    }
    // A message from a phone has no id: whoever sends it twice has it arrive twice.
    let mut spare = sent.saturating_sub(1);
    for pair in arrived.windows(2) {
        found.counts.arrived_again += 1;
        if allowed(breaks, terms, (pair[0], Some(pair[0])), pair[1]).is_some() {
            continue;
        }
        match spare.checked_sub(1) {
            Some(rest) => spare = rest,
            None => found.offend(Offence::PhoneAgain),
        }
    }
    found
}
