//! The head of a connection from a balancer: any octets are a header, a beginning, or refused, and
//! no more of them are asked for than a header may have.

#![no_main]

use libfuzzer_sys::fuzz_target;
use smppgate::link::proxy::{Header, parse};

fuzz_target!(|octets: &[u8]| {
    let mut count = 0;
    loop {
        match parse(&octets[..count]) {
            Ok(Header::More(more)) => {
                assert!(more > 0);
                assert!(count + more <= 4_096);
                if count + more > octets.len() {
                    return;
                }
                count += more;
            }
            Ok(Header::Whole(_)) => {
                // What follows changes nothing.
                assert_eq!(parse(octets), parse(&octets[..count]));
                return;
            }
            Err(_) => return,
        }
    }
});
