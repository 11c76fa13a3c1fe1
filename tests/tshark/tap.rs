//! A tap on the lines of the gateway: passes on every octet, and remembers it.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::capture::Passed;

/// Everything that was passed on, in order, on all lines.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    connections: u16,
    passed: Vec<Passed>,
}

impl Tap {
    /// A place to connect to in the place of `target`.
    pub fn before(&self, target: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let tap = self.clone();
        thread::spawn(move || {
            for caller in listener.incoming() {
                let caller = caller.unwrap();
                // Who is not there yet is not there for the caller either.
                if let Ok(called) = TcpStream::connect(target) {
                    tap.join(caller, called);
                }
            }
        });
        address
    }

    fn join(&self, caller: TcpStream, called: TcpStream) {
        let connection = {
            let mut heard = self.0.lock().unwrap();
            heard.connections += 1;
            heard.connections - 1
        };
        for (from, to, is_there) in [(&caller, &called, true), (&called, &caller, false)] {
            let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let tap = self.clone();
            thread::spawn(move || {
                let mut piece = [0; 16 * 1_024];
                while let Ok(count @ 1..) = from.read(&mut piece) {
                    let octets = piece[..count].to_vec();
                    tap.0.lock().unwrap().passed.push(Passed {
                        connection,
                        is_there,
                        octets,
                    });
                    if to.write_all(&piece[..count]).is_err() {
                        break;
                    }
                }
                let _ = to.shutdown(Shutdown::Write);
            });
        }
    }

    /// What was heard so far.
    pub fn heard(&self) -> Vec<Passed> {
        self.0.lock().unwrap().passed.clone()
    }
}
