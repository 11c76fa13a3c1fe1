//! Very many binds that do nothing but stay: they are held by one thread that answers for all.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::Header;

use super::esme::{Esme, Login};
use super::pipe::{Filled, Pipe};
use super::poll::{Poll, Waker};

/// Binds that are held; they end when this is dropped.
pub struct Crowd {
    bound: u64,
    come: Sender<Pipe>,
    counts: Arc<Shared>,
    waker: Waker,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// What has happened to the binds by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Binds that were made.
    pub bound: u64,
    /// enquire_link that came and were answered.
    pub enquiries: u64,
    /// Binds that have been asked at least once.
    pub asked: u64,
    /// Binds that the other side has ended.
    pub ended: u64,
}

#[derive(Default)]
struct Shared {
    enquiries: AtomicU64,
    asked: AtomicU64,
    ended: AtomicU64,
    stop: AtomicBool,
}

impl Crowd {
    /// Nobody yet.
    pub fn new() -> io::Result<Self> {
        let mut poll = Poll::new()?;
        let waker = poll.waker()?;
        let (come, coming) = channel();
        let counts = Arc::new(Shared::default());
        let shared = counts.clone();
        let thread = thread::spawn(move || hold(poll, &coming, &shared));
        Ok(Self {
            bound: 0,
            come,
            counts,
            waker,
            thread: Some(thread),
        })
    }

    /// Makes so many more binds, one after the other; each may take `patience`.
    pub fn grow(
        &mut self,
        count: u64,
        address: SocketAddr,
        login: &Login,
        patience: Duration,
    ) -> io::Result<()> {
        for _ in 0..count {
            let (pipe, _) = Esme::dial(address, login, patience)?.into_pipe()?;
            if self.come.send(pipe).is_err() {
                return Err(io::Error::other(
                    "the thread that holds the binds has ended",
                ));
            }
            self.waker.wake();
            self.bound += 1;
        }
        Ok(())
    }

    /// What has happened by now.
    pub fn counts(&self) -> Counts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts {
            bound: self.bound,
            enquiries: read(&self.counts.enquiries),
            asked: read(&self.counts.asked),
            ended: read(&self.counts.ended),
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.counts.stop.store(true, Ordering::Release);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // What it found has been counted.
            let _ = thread.join();
        }
    }
}

struct Member {
    pipe: Pipe,
    is_asked: bool,
}

/// Answers for all until it is to stop.
fn hold(mut poll: Poll, coming: &Receiver<Pipe>, counts: &Shared) -> io::Result<()> {
    let mut members: Vec<Option<Member>> = Vec::new();
    let mut ready = Vec::new();
    while !counts.stop.load(Ordering::Acquire) {
        while let Ok(pipe) = coming.try_recv() {
            let token = members.len();
            poll.add(pipe.stream.socket(), token as u64, false)?;
            members.push(Some(Member {
                pipe,
                is_asked: false,
            }));
            // What came behind its bind response is in the inbox already.
            serve(&mut members[token], counts);
        }
        poll.wait(&mut ready, None)?;
        for event in &ready {
            serve(&mut members[event.token as usize], counts);
        }
    }
    Ok(())
}

/// Reads what there is and answers it; a member that is gone leaves its place empty.
fn serve(place: &mut Option<Member>, counts: &Shared) {
    let Some(member) = place else { return };
    if !matches!(answer(member, counts), Ok(true)) {
        counts.ended.fetch_add(1, Ordering::Relaxed);
        *place = None;
    }
}

/// Whether it is still bound.
fn answer(member: &mut Member, counts: &Shared) -> io::Result<bool> {
    loop {
        let filled = member.pipe.fill()?;
        let Pipe { inbox, out, .. } = &mut member.pipe;
        while let Some(frame) = inbox.next().map_err(io::Error::other)? {
            let Header {
                command, sequence, ..
            } = frame.header;
            let Some(response) = command.response() else {
                continue;
            };
            Header::bare(response, Status::ESME_ROK, sequence).put(out);
            if command == Command::ENQUIRE_LINK {
                counts.enquiries.fetch_add(1, Ordering::Relaxed);
                if !std::mem::replace(&mut member.is_asked, true) {
                    counts.asked.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        // So little is written that the socket always takes it.
        if !member.pipe.flush()? {
            return Ok(false);
        }
        match filled {
            Filled::Some => {}
            Filled::Nothing => return Ok(true),
            Filled::Closed => return Ok(false),
        }
    }
}
