//! A byte stream in arbitrary pieces: framing never panics, never goes past its limit, and finds the
//! same PDUs however the stream is cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smppgate_codec::frame::{self, FrameError};

const LIMIT: u32 = 1_024;

fuzz_target!(|input: (u8, &[u8])| {
    let (step, stream) = input;
    let whole = read(stream, stream.len());
    let pieces = read(stream, usize::from(step) % 64 + 1);
    assert_eq!(whole.0, pieces.0);
    // An error may tell a sequence number only once the header is there; the length is the same.
    assert_eq!(whole.1.map(|e| e.announced), pieces.1.map(|e| e.announced));
});

/// The PDUs of a stream that comes `step` octets at a time, and the error that ended it.
fn read(stream: &[u8], step: usize) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut arrived = Vec::new();
    let mut pdus = Vec::new();
    for piece in stream.chunks(step.max(1)) {
        arrived.extend_from_slice(piece);
        loop {
            match frame::next(&arrived, LIMIT) {
                Ok(Some(found)) => {
                    assert!(found.octets.len() <= LIMIT as usize);
                    assert_eq!(found.octets.len(), found.header.length as usize);
                    pdus.push(found.octets.to_vec());
                    let length = found.octets.len();
                    arrived.drain(..length);
                }
                Ok(None) => break,
                Err(error) => return (pdus, Some(error)),
            }
        }
    }
    (pdus, None)
}
