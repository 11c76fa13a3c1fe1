//! Prints the PDUs that are given as hexadecimal octets:
//!
//! ```sh
//! cargo run -p smppgate-codec --example decode 00000010000000150000000000000001
//! ```

use smppgate_codec::frame::{self, LENGTH_MAX};
use smppgate_codec::pdu::{Field, Pdu};
use std::process::ExitCode;

fn main() -> ExitCode {
    let given: String = std::env::args().skip(1).collect();
    let Some(octets) = from_hex(&given) else {
        eprintln!("failed to read the arguments: pairs of hexadecimal digits are needed");
        return ExitCode::from(2);
    };
    match print_all(&octets) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to read a PDU: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print_all(mut octets: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
    while let Some(frame) = frame::next(octets, LENGTH_MAX)? {
        octets = &octets[frame.octets.len()..];
        let header = frame.header;
        println!(
            "{} {} sequence {}",
            header.command, header.status, header.sequence
        );
        let pdu = Pdu::decode(&frame)?;
        pdu.each_field(&mut |name, field| match field {
            Field::Number(number) => println!("  {name}: {number}"),
            Field::Text(text) => println!("  {name}: \"{}\"", text.escape_ascii()),
            Field::Octets(octets) => println!("  {name}: {}", octets.escape_ascii()),
            Field::Destinations(list) => list.iter().for_each(|one| println!("  {name}: {one:?}")),
            Field::Unsuccess(list) => list.iter().for_each(|one| println!("  {name}: {one:?}")),
        });
        for tlv in pdu.tlvs() {
            println!("  {}: {:?}", tlv.tag, tlv.typed());
        }
    }
    if !octets.is_empty() {
        println!("{} octets of a PDU that is not whole", octets.len());
    }
    Ok(())
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let octet = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let pairs = digits.as_bytes().chunks(2);
    digits
        .len()
        .is_multiple_of(2)
        .then(|| pairs.map(octet).collect())?
}
