//! The thread that serves all of them: reads, answers, sends what is due, and opens again what was lost.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Header, Sm};
use smppgate_codec::wire::PduWriter;

use crate::rig::chance::Dice;
use crate::rig::ledger::{Event, Ledger};
use crate::rig::marked::to_nul;
use crate::rig::outstanding::{Answered, Outstanding};
use crate::rig::pipe::{Filled, OUT_MAX, Pipe};
use crate::rig::poll::{Poll, Ready, Waker};
use crate::rig::wire::Wire;

use super::account::Settings;
use super::message::{BIND_SEQUENCE, Message, put_bind};

/// Pause between two attempts of one bind: nobody could be back sooner.
const REDIAL_NS: u64 = 2_000_000;

/// Time that a connection has to stand. On loopback it stands at once, or nobody listens.
const CONNECT_PATIENCE: Duration = Duration::from_secs(1);

/// A sender that could not send makes up for this time, and leaves out what was due before.
const CATCH_UP_NS: u64 = 100_000_000;

/// After an unbind, the time in which the other side has to close.
const LEAVE_NS: u64 = 5_000_000_000;

/// The longest time between two looks at what is to be done.
const TURN_NS: u64 = 50_000_000;

/// Orders that may wait for the thread.
const ORDERS_MAX: usize = 1_024;

/// What has happened to the binds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Binds {
    /// Binds that stand.
    pub bound: u64,
    /// Binds that were made.
    pub made: u64,
    /// Binds that were refused.
    pub refused: u64,
}

/// Running ESMEs; they leave when this is dropped.
pub struct Steadfast {
    orders: SyncSender<Order>,
    waker: Waker,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

#[derive(Default)]
struct Counts {
    bound: AtomicU64,
    made: AtomicU64,
    refused: AtomicU64,
}

enum Order {
    Send(bool),
    Away(usize, bool),
    Stop,
}

impl Steadfast {
    /// Starts the thread; nothing is sent before [`Steadfast::send`].
    pub fn spawn(settings: Settings) -> io::Result<Self> {
        let mut poll = Poll::new()?;
        let waker = poll.waker()?;
        let counts = Arc::new(Counts::default());
        let (orders, taken) = sync_channel(ORDERS_MAX);
        let all = All::new(settings, poll, taken, Arc::clone(&counts));
        let thread = std::thread::Builder::new()
            .name("esmes".into())
            .spawn(move || all.run())?;
        Ok(Self {
            orders,
            waker,
            counts,
            thread: Some(thread),
        })
    }

    /// Whether messages are sent.
    pub fn send(&self, sends: bool) {
        self.order(Order::Send(sends));
    }

    /// An account unbinds and stays away, or comes back.
    pub fn away(&self, account: usize, is_away: bool) {
        self.order(Order::Away(account, is_away));
    }

    fn order(&self, order: Order) {
        // If the thread has ended, [`Steadfast::stop`] says why.
        let _ = self.orders.send(order);
        self.waker.wake();
    }

    /// What has happened to the binds.
    pub fn binds(&self) -> Binds {
        Binds {
            bound: self.counts.bound.load(Ordering::Relaxed),
            made: self.counts.made.load(Ordering::Relaxed),
            refused: self.counts.refused.load(Ordering::Relaxed),
        }
    }

    /// Closes every connection.
    pub fn stop(mut self) -> io::Result<()> {
        self.end()
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        self.order(Order::Stop);
        thread
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the ESMEs panicked")))
    }
}

impl Drop for Steadfast {
    fn drop(&mut self) {
        // Whoever wants to know has stopped them.
        let _ = self.end();
    }
}

/// The thread's own.
struct All {
    settings: Settings,
    poll: Poll,
    orders: Receiver<Order>,
    counts: Arc<Counts>,
    dice: Dice,
    senders: Vec<Sender>,
    seats: Vec<Seat>,
    is_sending: bool,
    redial_at: u64,
    binds: u32,
    now: u64,
}

/// What an account is about to send.
#[derive(Default)]
struct Sender {
    due: u64,
    sent: u64,
    is_away: bool,
}

/// A bind that is kept up.
struct Seat {
    account: usize,
    command: Command,
    line: Option<Line>,
}

/// A connection.
struct Line {
    pipe: Pipe,
    /// Its number in the ledger.
    bind: u32,
    is_bound: bool,
    outstanding: Outstanding<u64>,
    /// One side has unbound: until when the other has time to close.
    leaves_by: Option<u64>,
}

impl All {
    fn new(settings: Settings, poll: Poll, orders: Receiver<Order>, counts: Arc<Counts>) -> Self {
        let mut seats = Vec::new();
        for (account, of) in settings.accounts.iter().enumerate() {
            seats.extend(of.binds.iter().map(|&command| Seat {
                account,
                command,
                line: None,
            }));
        }
        Self {
            dice: Dice::new(settings.seed),
            senders: settings
                .accounts
                .iter()
                .map(|_| Sender::default())
                .collect(),
            settings,
            poll,
            orders,
            counts,
            seats,
            is_sending: false,
            redial_at: 0,
            binds: 0,
            now: 0,
        }
    }

    fn run(mut self) -> io::Result<()> {
        let mut ready: Vec<Ready> = Vec::new();
        loop {
            self.poll.wait(&mut ready, Some(self.deadline()))?;
            self.now = self.poll.now();
            for event in &ready {
                self.turn(event.token as usize, event.readable)?;
            }
            while let Ok(order) = self.orders.try_recv() {
                match order {
                    Order::Send(sends) => {
                        self.is_sending = sends;
                        for sender in &mut self.senders {
                            sender.due = self.now;
                        }
                    }
                    Order::Away(account, is_away) => self.away(account, is_away)?,
                    Order::Stop => return Ok(()),
                }
            }
            self.send_what_is_due()?;
            self.redial()?;
            self.part()?;
        }
    }

    fn deadline(&self) -> u64 {
        let mut deadline = self.now + TURN_NS;
        if self.is_sending {
            for (account, sender) in self.senders.iter().enumerate() {
                if self.has_room(account) {
                    deadline = deadline.min(sender.due);
                }
            }
        }
        let is_missing = |seat: &Seat| seat.line.is_none() && !self.senders[seat.account].is_away;
        if self.seats.iter().any(is_missing) {
            deadline = deadline.min(self.redial_at);
        }
        deadline
    }

    fn has_room(&self, account: usize) -> bool {
        let window = self.settings.accounts[account].window;
        let mut seats = self.seats.iter().filter(|seat| seat.account == account);
        seats.any(|seat| seat.submits(window))
    }

    /// Sends what each account owes by now, over its binds in turn.
    fn send_what_is_due(&mut self) -> io::Result<()> {
        if !self.is_sending {
            return Ok(());
        }
        for account in 0..self.senders.len() {
            let rate = self.settings.accounts[account].rate;
            if rate <= 0.0 {
                continue;
            }
            let step = (1e9 / rate) as u64;
            let window = self.settings.accounts[account].window;
            let mine: Vec<usize> = (0..self.seats.len())
                .filter(|&at| self.seats[at].account == account)
                .collect();
            let mut touched = Vec::new();
            while self.senders[account].due <= self.now {
                let turn = self.senders[account].sent as usize;
                let mut places = (0..mine.len()).map(|step| mine[(turn + step) % mine.len()]);
                let Some(at) = places.find(|&at| self.seats[at].submits(window)) else {
                    break;
                };
                if !self.submit(at) {
                    break;
                }
                self.senders[account].due += step;
                touched.push(at);
            }
            let sender = &mut self.senders[account];
            sender.due = sender.due.max(self.now.saturating_sub(CATCH_UP_NS));
            touched.sort_unstable();
            touched.dedup();
            for at in touched {
                self.turn(at, false)?;
            }
        }
        Ok(())
    }

    /// Writes the next message of a seat's account; `false` if the ledger is full.
    fn submit(&mut self, at: usize) -> bool {
        let Seat { account, line, .. } = &mut self.seats[at];
        let Some(line) = line else { return false };
        let settings = &self.settings.accounts[*account];
        let registered = self.dice.pick(&settings.registered).unwrap_or(1);
        let ledger = &self.settings.ledger;
        let Some(number) = ledger.submit(*account as u8, line.bind, registered) else {
            return false;
        };
        let sender = &mut self.senders[*account];
        let to = &settings.to[sender.sent as usize % settings.to.len().max(1)];
        sender.sent += 1;
        let octets = 20 + (self.dice.bits() % 130) as usize;
        let sequence = line.outstanding.push(number);
        let message = Message {
            number,
            source: &settings.source,
            to,
            registered,
            octets,
        };
        message.put(&mut line.pipe.out, sequence);
        true
    }

    /// An account goes away or comes back.
    fn away(&mut self, account: usize, is_away: bool) -> io::Result<()> {
        let Some(sender) = self.senders.get_mut(account) else {
            return Ok(());
        };
        sender.is_away = is_away;
        if !is_away {
            return Ok(());
        }
        for at in 0..self.seats.len() {
            let seat = &mut self.seats[at];
            if seat.account == account
                && let Some(line) = &mut seat.line
                && line.leaves_by.is_none()
            {
                let sequence = line.outstanding.next_sequence();
                Header::bare(Command::UNBIND, Status::ESME_ROK, sequence).put(&mut line.pipe.out);
                line.leaves_by = Some(self.now + LEAVE_NS);
                self.turn(at, false)?;
            }
        }
        Ok(())
    }

    /// Opens what is missing.
    fn redial(&mut self) -> io::Result<()> {
        if self.now < self.redial_at {
            return Ok(());
        }
        for at in 0..self.seats.len() {
            let seat = &self.seats[at];
            if seat.line.is_some() || self.senders[seat.account].is_away {
                continue;
            }
            self.redial_at = self.now + REDIAL_NS;
            let Ok(stream) = TcpStream::connect_timeout(&self.settings.connect, CONNECT_PATIENCE)
            else {
                // Nobody is there for the others either.
                return Ok(());
            };
            let mut pipe = Pipe::new(Wire::Plain(stream))?;
            put_bind(
                &mut pipe.out,
                seat.command,
                &self.settings.accounts[seat.account],
            );
            self.poll.add(&pipe.stream, at as u64, false)?;
            self.binds += 1;
            self.seats[at].line = Some(Line {
                pipe,
                bind: self.binds,
                is_bound: false,
                outstanding: Outstanding::new(BIND_SEQUENCE + 1),
                leaves_by: None,
            });
            self.turn(at, false)?;
        }
        Ok(())
    }

    /// Closes what one side has unbound and the other has not closed.
    fn part(&mut self) -> io::Result<()> {
        for at in 0..self.seats.len() {
            let leaves_by = self.seats[at].line.as_ref().and_then(|line| line.leaves_by);
            if leaves_by.is_some_and(|by| by <= self.now)
                && let Some(line) = self.seats[at].line.take()
            {
                self.lose(line);
            }
        }
        Ok(())
    }

    /// Reads a connection, answers, and writes once.
    fn turn(&mut self, at: usize, readable: bool) -> io::Result<()> {
        let Some(mut line) = self.seats.get_mut(at).and_then(|seat| seat.line.take()) else {
            return Ok(());
        };
        let account = self.seats[at].account;
        let mut is_open = true;
        if readable {
            is_open = match line.pipe.fill() {
                Ok(Filled::Some) => self.take(account, &mut line),
                Ok(Filled::Nothing) => true,
                Ok(Filled::Closed) | Err(_) => false,
            };
        }
        if is_open && line.pipe.flush().is_err() {
            // What the gateway has written before it was gone still counts.
            while let Ok(Filled::Some) = line.pipe.fill() {
                if !self.take(account, &mut line) {
                    break;
                }
            }
            is_open = false;
        }
        if !is_open {
            self.lose(line);
            return Ok(());
        }
        let pipe = &mut line.pipe;
        let (wait, pause) = (pipe.has_unwritten(), pipe.out.len() > OUT_MAX);
        if (wait, pause) != (pipe.waits_to_write, pipe.paused) {
            self.poll.change(&pipe.stream, at as u64, !pause, wait)?;
            (pipe.waits_to_write, pipe.paused) = (wait, pause);
        }
        self.seats[at].line = Some(line);
        Ok(())
    }

    /// A connection is gone: what it has not been answered never will be.
    fn lose(&mut self, mut line: Line) {
        if line.is_bound {
            self.counts.bound.fetch_sub(1, Ordering::Relaxed);
        }
        let bind = line.bind;
        for number in line.outstanding.drain() {
            self.settings
                .ledger
                .note(number, Event::Unanswered { bind });
        }
    }

    /// Takes every whole PDU; `false` if the connection is of no use any more.
    fn take(&mut self, account: usize, line: &mut Line) -> bool {
        let Self {
            settings,
            dice,
            counts,
            now,
            ..
        } = self;
        let ledger = &settings.ledger;
        let Line {
            pipe,
            bind,
            is_bound,
            outstanding,
            leaves_by,
        } = line;
        let Pipe { inbox, out, .. } = pipe;
        loop {
            let frame = match inbox.next() {
                Ok(Some(frame)) => frame,
                Ok(None) => return true,
                Err(_) => return false,
            };
            let Header {
                command,
                status,
                sequence,
                ..
            } = frame.header;
            match command {
                response if response.is_response() && !*is_bound => {
                    if !status.is_ok() {
                        counts.refused.fetch_add(1, Ordering::Relaxed);
                        return false;
                    }
                    *is_bound = true;
                    counts.bound.fetch_add(1, Ordering::Relaxed);
                    counts.made.fetch_add(1, Ordering::Relaxed);
                }
                Command::SUBMIT_SM_RESP | Command::GENERIC_NACK => {
                    match outstanding.take(sequence) {
                        Answered::Waiting(number) => {
                            let id = to_nul(frame.body());
                            ledger.note_answer(number, account as u8, *bind, status, id);
                        }
                        Answered::Twice | Answered::Never => ledger.note_stray(*bind, status),
                    }
                }
                Command::DELIVER_SM => {
                    let answer = match dice.happens(settings.accounts[account].not_now) {
                        true => Status::ESME_RX_T_APPN,
                        false => Status::ESME_ROK,
                    };
                    read(&frame, ledger, (account, *bind), answer);
                    PduWriter::begin(out, Command::DELIVER_SM_RESP, answer, sequence).u8(0);
                }
                Command::ENQUIRE_LINK => {
                    Header::bare(Command::ENQUIRE_LINK_RESP, Status::ESME_ROK, sequence).put(out);
                }
                Command::UNBIND => {
                    Header::bare(Command::UNBIND_RESP, Status::ESME_ROK, sequence).put(out);
                    // Answers may follow.
                    leaves_by.get_or_insert(*now + LEAVE_NS);
                }
                Command::UNBIND_RESP if outstanding.len() == 0 => return false,
                Command::UNBIND_RESP => {}
                _ => ledger.note_stray(*bind, status),
            }
        }
    }
}

impl Seat {
    /// Whether it may send another message.
    fn submits(&self, window: usize) -> bool {
        self.command != Command::BIND_RECEIVER
            && self.line.as_ref().is_some_and(|line| {
                line.is_bound
                    && line.leaves_by.is_none()
                    && line.outstanding.len() < window
                    && line.outstanding.has_room()
            })
    }
}

/// Writes in the ledger what a deliver_sm says.
fn read(frame: &Frame<'_>, ledger: &Ledger, (account, bind): (usize, u32), answer: Status) {
    match Sm::decode(frame) {
        Ok(sm) => ledger.read_by_esme(&sm, account as u8, bind, answer),
        Err(_) => ledger.note_stray(bind, answer),
    }
}
