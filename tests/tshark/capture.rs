//! A capture file that we write ourselves, and what Wireshark's dissector says of it.

use std::path::Path;
use std::process::Command;

/// From here on an expert's remark is a warning or an error.
const WARNING: u32 = 0x0060_0000;

/// Octets of one packet: a PDU that is longer goes in several, as on the wire.
const PACKET_MAX: usize = 1_400;

/// The port of whoever was connected to.
pub const PORT: u16 = 2_775;

/// Octets that went from one end of a connection to the other.
#[derive(Debug, Clone)]
pub struct Passed {
    /// The connection.
    pub connection: u16,
    /// Whether they went to the one that was connected to.
    pub is_there: bool,
    pub octets: Vec<u8>,
}

/// A capture of Ethernet frames with these octets in this order.
pub fn capture(passed: &[Passed]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(u32::to_le_bytes(word));
    }
    let connections = passed.iter().map(|one| usize::from(one.connection) + 1);
    // The next octet in either direction of each connection.
    let mut next = vec![[1u32; 2]; connections.max().unwrap_or(0)];
    let mut time = 0u32;
    for one in passed {
        for octets in one.octets.chunks(PACKET_MAX) {
            let sequences = &mut next[usize::from(one.connection)];
            let (to, fro) = match one.is_there {
                true => (0, 1),
                false => (1, 0),
            };
            let packet = packet(one, sequences[to], sequences[fro], octets);
            sequences[to] += octets.len() as u32;
            time += 1;
            let length = packet.len() as u32;
            for word in [time / 1_000, time % 1_000 * 1_000, length, length] {
                file.extend(word.to_le_bytes());
            }
            file.extend(packet);
        }
    }
    file
}

fn packet(passed: &Passed, sequence: u32, acknowledged: u32, octets: &[u8]) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let port = 40_000 + passed.connection;
    let (from, to, ports) = match passed.is_there {
        true => (client, server, [port, PORT]),
        false => (server, client, [PORT, port]),
    };
    let mut packet = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0];
    packet.extend((40 + octets.len() as u16).to_be_bytes());
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    packet.extend(from.iter().chain(&to));
    packet.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
    packet.extend(sequence.to_be_bytes());
    packet.extend(acknowledged.to_be_bytes());
    packet.extend([0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    packet.extend(octets);
    packet
}

/// The commands that tshark has read in a capture, in order. It may find nothing odd.
pub fn dissected(file: &Path) -> Vec<u32> {
    let read = Command::new("tshark")
        .args(["-d", "tcp.port==2775,smpp", "-T", "fields"])
        .args(["-E", "separator=|", "-e", "smpp.command_id"])
        .args(["-e", "_ws.expert.severity", "-e", "_ws.expert.message"])
        .args(["-e", "_ws.malformed", "-e", "frame.number", "-r"])
        .arg(file)
        .output()
        .expect("tshark is installed: ./test does it, or apt-get install tshark");
    let errors = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success(), "{errors}");
    let mut commands = Vec::new();
    for line in String::from_utf8(read.stdout).unwrap().lines() {
        let fields: Vec<_> = line.split('|').collect();
        let [named, severities, _, malformed, _] = fields.as_slice() else {
            panic!("{line}");
        };
        let worst = severities.split(',').filter_map(number).max().unwrap_or(0);
        assert!(worst < WARNING, "{line}");
        assert_eq!(*malformed, "", "{line}");
        commands.extend(named.split(',').filter_map(number));
    }
    commands
}

fn number(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}
