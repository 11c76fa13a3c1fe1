//! What has happened: a hash of all PDUs with their times, and, where somebody wants to read it, the
//! story itself.

use smppgate::moment::Moment;
use smppgate_codec::code::Command;
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::HEADER_LEN;

/// What a line of the story is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A message of an ESME, by its number in the book.
    Message(usize),
    /// A message from a phone.
    Phone(usize),
    /// A bind, a link, the weather.
    World,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Tale {
    hash: u64,
    pdus: u64,
    lines: Option<Vec<(Moment, Vec<About>, String)>>,
    /// Whether a story leaves nothing out.
    is_whole: bool,
}

impl Tale {
    /// A tale; it is written down only if it `is_told`.
    pub fn new(is_told: bool) -> Self {
        Self {
            hash: 0xCBF2_9CE4_8422_2325,
            pdus: 0,
            lines: is_told.then(Vec::new),
            is_whole: std::env::var_os("WHOLE").is_some(),
        }
    }

    /// A hash of all that has happened.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub fn pdus(&self) -> u64 {
        self.pdus
    }

    pub fn is_told(&self) -> bool {
        self.lines.is_some()
    }

    /// A peer has read or written a PDU.
    pub fn pdu(
        &mut self,
        now: Moment,
        frame: &Frame<'_>,
        about: &[About],
        who: impl FnOnce() -> String,
    ) {
        self.pdus += 1;
        self.mix(now.0);
        frame.octets.chunks(8).for_each(|chunk| {
            let mut octets = [0; 8];
            octets[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(octets));
        });
        if let Some(lines) = &mut self.lines {
            let text = format!("{} {}", who(), shown(frame));
            lines.push((now, about.to_vec(), text));
        }
    }

    /// A PDU that is part of the story alone.
    pub fn line(
        &mut self,
        now: Moment,
        frame: &Frame<'_>,
        about: &[About],
        who: impl FnOnce() -> String,
    ) {
        if let Some(lines) = &mut self.lines {
            let text = format!("{} {}", who(), shown(frame));
            lines.push((now, about.to_vec(), text));
        }
    }

    /// Something else has happened.
    pub fn note(&mut self, now: Moment, about: About, text: impl FnOnce() -> String) {
        self.mix(now.0);
        if let Some(lines) = &mut self.lines {
            lines.push((now, vec![about], text()));
        }
    }

    fn mix(&mut self, number: u64) {
        self.hash = (self.hash.rotate_left(5) ^ number).wrapping_mul(0x517C_C1B7_2722_0A95);
    }

    /// The lines about this, and about the world around it; all of them if `WHOLE` is in the
    /// environment.
    pub fn story(&self, of: About, start: Moment) -> String {
        let mut story = String::new();
        for (at, about, text) in self.lines.iter().flatten() {
            if about.contains(&of) || about.contains(&About::World) || self.is_whole {
                let seconds = at.since(start).as_secs_f64();
                story.push_str(&format!("{seconds:>14.6}  {text}\n"));
            }
        }
        story
    }
}

/// A PDU in one line.
fn shown(frame: &Frame<'_>) -> String {
    let header = frame.header;
    let body = &frame.octets[HEADER_LEN..];
    let text: String = body
        .iter()
        .map(|octet| match octet {
            b' '..=b'~' => char::from(*octet),
            _ => '.',
        })
        .collect();
    let status = match header.status.is_ok() {
        true => String::new(),
        false => format!(" {}", header.status),
    };
    let body = match header.command {
        Command::ENQUIRE_LINK | Command::ENQUIRE_LINK_RESP => String::new(),
        _ => format!(" [{text}]"),
    };
    format!("{} #{}{status}{body}", header.command, header.sequence)
}
