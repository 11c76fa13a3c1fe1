//! The command: takes what is given and shows what is in it, in order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use smppgate_codec::frame::{self, LENGTH_MAX};
use smppgate_codec::text::DefaultAlphabet;
use smppgate_codec::time::Civil;

use super::capture::Capture;
use super::hex;
use super::packet::{self, Segment};
use super::readable::readable;
use super::shown::{self, Entry, Named, Options};
use super::stream::{Found, Streams};
use crate::cli::terminal;

/// Octets of a line on stdin at most: a PDU has less than 70,000, and two digits each.
const LINE_MAX: u64 = 1 << 20;

/// Show the PDUs in hexadecimal octets or in a capture file.
///
/// Without arguments, each line on stdin is read. The exit code is 1 if something could not be read.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Blanks and colons between digits are passed over; several PDUs may follow one \
    another. With --json there is\none line for each PDU, and {\"error\":…,\"offset\":…} for what \
    is none; offset counts from the start of the PDU.\n\nExample:\n  \
    smppgate decode 00000010000000150000000000000001\n\nExample: everything that is SMPP in a \
    capture, as JSON:\n  smppgate decode --json --file capture.pcap"
)]
pub struct Args {
    /// Hexadecimal octets; several arguments are read as one
    #[arg(value_name = "HEX", conflicts_with = "file")]
    pub hex: Vec<String>,
    /// A pcap or pcapng file
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Show passwords as they are
    #[arg(long)]
    pub secrets: bool,
    /// What data_coding 0 means
    #[arg(long, value_enum, default_value_t = Alphabet::Gsm)]
    pub alphabet: Alphabet,
}

/// What data_coding 0 means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Alphabet {
    /// GSM 03.38.
    Gsm,
    /// ISO 8859-1.
    Latin1,
    /// ASCII.
    Ascii,
}

/// Shows everything that is given.
pub fn run(args: &Args) -> ExitCode {
    let mut reader = Reader {
        out: BufWriter::new(io::stdout().lock()),
        json: args.json,
        options: Options {
            secrets: args.secrets,
            alphabet: match args.alphabet {
                Alphabet::Gsm => DefaultAlphabet::Gsm,
                Alphabet::Latin1 => DefaultAlphabet::Latin1,
                Alphabet::Ascii => DefaultAlphabet::Ascii,
            },
        },
        read: 0,
        unread: 0,
    };
    let file = args.file.as_ref();
    let done = match (file, &args.hex[..]) {
        (Some(file), _) => reader.capture(file),
        (None, []) => reader.lines(io::stdin().lock()),
        (None, words) => reader.text(&words.join(" ")),
    };
    let done = done.and_then(|()| reader.out.flush());
    match (done, reader.unread) {
        // Nobody reads any further: what was read so far has been shown.
        (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        (Err(error), _) => {
            let place = file.map_or_else(String::new, |file| format!("{}: ", file.display()));
            terminal::warn(format_args!("smppgate decode: {place}{error}"));
            ExitCode::FAILURE
        }
        (Ok(()), 0) => ExitCode::SUCCESS,
        (Ok(()), unread) => {
            let all = unread + reader.read;
            terminal::warn(format_args!(
                "smppgate decode: {unread} of {all} PDUs could not be read"
            ));
            ExitCode::FAILURE
        }
    }
}

/// Reads octets and shows what is in them.
struct Reader<W: Write> {
    out: W,
    json: bool,
    options: Options,
    read: u64,
    unread: u64,
}

impl<W: Write> Reader<W> {
    fn lines(&mut self, mut input: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.by_ref().take(LINE_MAX).read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            if line.len() as u64 == LINE_MAX {
                return Err(io::Error::other("a line is longer than 1 MiB"));
            }
            let text = String::from_utf8_lossy(&line);
            if !text.trim().is_empty() {
                self.text(&text)?;
                // Whoever writes line by line wants to see each answer.
                self.out.flush()?;
            }
        }
    }

    fn text(&mut self, text: &str) -> io::Result<()> {
        match hex::read(text) {
            Ok(octets) if octets.is_empty() => self.lost(shown::error("there are no octets", 0)),
            Ok(octets) => self.octets(&octets),
            Err(error) => self.lost(shown::error(error, error.offset)),
        }
    }

    fn octets(&mut self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            match frame::next(rest, LENGTH_MAX) {
                Ok(Some(frame)) => {
                    let (pdu, good) = shown::shown(&frame, self.options);
                    self.show(pdu, good)?;
                    rest = &rest[frame.octets.len()..];
                }
                Ok(None) => {
                    let left = rest.len();
                    let message = match rest.first_chunk::<4>() {
                        Some(announced) => {
                            let announced = u32::from_be_bytes(*announced);
                            format!("the PDU has {announced} octets, and {left} are there")
                        }
                        None => format!("a PDU has 16 octets or more, and {left} are there"),
                    };
                    return self.lost(shown::error(message, left));
                }
                Err(error) => return self.lost(shown::error(error, 0)),
            }
        }
        Ok(())
    }

    fn capture(&mut self, path: &Path) -> io::Result<()> {
        let mut capture = Capture::open(BufReader::new(File::open(path)?))?;
        let mut streams = Streams::default();
        let mut strange_link = None;
        while let Some(packet) = capture.next()? {
            if !packet::is_known(packet.link) {
                strange_link = Some(packet.link);
                continue;
            }
            let Some(segment) = packet::segment(packet.link, packet.octets) else {
                continue;
            };
            let mut shown = Ok(());
            streams.add(&segment, &mut |found| {
                let (mut pdu, good) = match found {
                    Found::Pdu(frame) => shown::shown(&frame, self.options),
                    Found::Broken(message) => (shown::error(message, 0), false),
                };
                pdu.extend(place(&segment, packet.at_ns));
                if shown.is_ok() {
                    shown = self.show(pdu, good);
                }
            });
            shown?;
        }
        match (self.read + self.unread, strange_link) {
            (0, Some(link)) => Err(io::Error::other(format!(
                "packets of link type {link} are none that are read here"
            ))),
            (0, None) => Err(io::Error::other("there is no SMPP in it")),
            _ => Ok(()),
        }
    }

    fn lost(&mut self, error: Named) -> io::Result<()> {
        self.show(error, false)
    }

    fn show(&mut self, pdu: Named, good: bool) -> io::Result<()> {
        match good {
            true => self.read += 1,
            false => self.unread += 1,
        }
        if self.json {
            serde_json::to_writer(&mut self.out, &Entry::Named(pdu))?;
            writeln!(self.out)
        } else {
            if self.read + self.unread > 1 {
                writeln!(self.out)?;
            }
            write!(self.out, "{}", readable(&pdu))
        }
    }
}

/// When and where something was captured.
fn place(segment: &Segment<'_>, at_ns: u64) -> Named {
    let seconds = at_ns / 1_000_000_000;
    let day = Civil::from_unix(seconds as i64);
    let time = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        day.year,
        day.month,
        day.day,
        day.hour,
        day.minute,
        day.second,
        at_ns % 1_000_000_000 / 1_000,
    );
    vec![
        ("time", Entry::Text(time)),
        ("from", Entry::Text(segment.from.to_string())),
        ("to", Entry::Text(segment.to.to_string())),
    ]
}
