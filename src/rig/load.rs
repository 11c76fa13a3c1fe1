//! The load client: many binds, one thread, every message marked so that its answer and its receipt
//! can be told from all others.
//!
//! The last nine digits of the destination are the number of the message; they stand at the start
//! of the body too, and their low 16 bits are its user_message_reference. With a given rate a
//! message is measured from the moment at which it should have left, whether it could or not.

use std::io;
use std::time::Duration;

use bytes::BufMut;
use hdrhistogram::Histogram;
use smppgate_codec::code::{Command, MessageType, Status};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{HEADER_LEN, Header, Sm};
use smppgate_codec::wire::PduWriter;

use super::esme::Esme;
use super::marked::{Report, Template, to_nul};
use super::mix::Turns;
use super::outstanding::{Answered, Outstanding};
use super::pipe::{Filled, OUT_MAX, Pipe};
use super::poll::{Poll, Ready};
use super::series::{Second, Seconds, Series};
use super::stats::{self, Latency};
use super::tally::{Strange, Tally};

pub use super::mix::{Body, weighted};
pub use super::plan::{Amount, COUNT_MAX, Phase, Progress, Settings};

/// Time that a bind has to stand, at the start and when it is opened again.
const BIND_PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two attempts to open lost binds again.
const REDIAL_NS: u64 = 100_000_000;

/// After the last receipt, the time in which one that comes twice is still noticed.
const LINGER_NS: u64 = 100_000_000;

/// What takes longer counts as this long.
const LATENCY_MAX_NS: u64 = 3_600 * SECOND_NS;

const SECOND_NS: u64 = 1_000_000_000;

/// Runs the load; `observe` sees its progress on this thread.
pub fn run(settings: &Settings, observe: &mut dyn FnMut(&Progress)) -> io::Result<stats::Report> {
    let mut load = Load::new(settings)?;
    load.run(observe)?;
    load.report()
}

struct Load<'a> {
    settings: &'a Settings,
    poll: Poll,
    binds: Vec<Option<Bind>>,
    tally: Tally,
    /// For each prefix, one for each body; and in which order they come.
    templates: Vec<Vec<Template>>,
    turns: Turns,
    seconds: Seconds,
    /// Messages that are sent at most, and that may be open at once.
    most: u64,
    open_max: u64,
    response: Histogram<u64>,
    receipt: Histogram<u64>,
    phase: Phase,
    now: u64,
    /// When the first message was sent, sending ended, and something last came.
    started: u64,
    ended: u64,
    last_came: u64,
    /// Where the measured span begins and ends: time, answers, whole messages.
    from: (u64, u64, u64),
    until: (u64, u64, u64),
    /// The first message of the measured span.
    first_measured: u64,
    /// The bind that an open-loop message tries first.
    turn: usize,
    redial_at: u64,
    binds_lost: u64,
    binds_again: u64,
}

struct Bind {
    pipe: Pipe,
    /// Whether it sends; the receivers of pairs do not.
    submits: bool,
    /// When it begins to.
    from: u64,
    outstanding: Outstanding<u64>,
    closing: bool,
}

impl<'a> Load<'a> {
    fn new(settings: &'a Settings) -> io::Result<Self> {
        let histogram =
            || Histogram::new_with_bounds(1, LATENCY_MAX_NS, 3).map_err(io::Error::other);
        let needed = |what| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if settings.to.is_empty() || settings.bodies.is_empty() {
            return needed("no destination prefix or no body");
        }
        if settings
            .sends_for()
            .is_some_and(|span| settings.warmup >= span)
        {
            return needed("the warm-up is as long as the run: nothing would be measured");
        }
        let mut load = Self {
            settings,
            poll: Poll::new()?,
            binds: Vec::new(),
            tally: Tally::new(settings.receipts, settings.unique_ids),
            templates: settings
                .to
                .iter()
                .map(|(to, _)| {
                    let bodies = settings.bodies.iter();
                    let template = |&(body, _): &(_, u32)| {
                        Template::new(body, to, &settings.from, settings.receipts)
                    };
                    bodies.map(template).collect()
                })
                .collect::<io::Result<_>>()?,
            turns: Turns::new(&settings.to, &settings.bodies),
            seconds: Seconds::default(),
            most: match settings.amount {
                Amount::Count(count) => count.min(COUNT_MAX),
                Amount::For(_) => COUNT_MAX,
            },
            open_max: if settings.open_max == 0 {
                u64::MAX
            } else {
                settings.open_max
            },
            response: histogram()?,
            receipt: histogram()?,
            phase: Phase::Warmup,
            now: 0,
            started: 0,
            ended: 0,
            last_came: 0,
            // Nothing is measured unless the warm-up ends.
            from: (u64::MAX, u64::MAX, u64::MAX),
            until: (0, 0, 0),
            first_measured: u64::MAX,
            turn: 0,
            redial_at: 0,
            binds_lost: 0,
            binds_again: 0,
        };
        let binds = settings.binds.max(1) * if settings.pair { 2 } else { 1 };
        for at in 0..binds {
            let bind = load.dial(at)?;
            load.binds.push(Some(bind));
        }
        Ok(load)
    }

    fn dial(&self, at: usize) -> io::Result<Bind> {
        let Settings { connect, login, .. } = self.settings;
        let mut login = login.clone();
        let is_receiver = self.settings.pair && at % 2 == 1;
        if self.settings.pair {
            login.bind = if is_receiver {
                Command::BIND_RECEIVER
            } else {
                Command::BIND_TRANSMITTER
            };
        }
        let esme = Esme::dial(*connect, &login, BIND_PATIENCE)?;
        let (pipe, sequence) = esme.into_pipe()?;
        self.poll.add(&pipe.stream, at as u64, false)?;
        Ok(Bind {
            pipe,
            submits: !is_receiver,
            from: 0,
            outstanding: Outstanding::new(sequence),
            closing: false,
        })
    }

    fn run(&mut self, observe: &mut dyn FnMut(&Progress)) -> io::Result<()> {
        self.now = self.poll.now();
        (self.started, self.last_came) = (self.now, self.now);
        self.enter(Phase::Warmup, observe);
        self.change_phase(observe);
        if self.settings.rate <= 0.0 {
            let step = nanos(self.settings.ramp) / self.binds.len() as u64;
            for (bind, place) in self.binds.iter_mut().flatten().zip(0u64..) {
                bind.from = self.started + place * step;
            }
        }
        let mut second_ends = self.started + SECOND_NS;
        let step = nanos(self.settings.observe_every).max(1_000_000);
        let mut next_look = self.now + step;
        let mut ready: Vec<Ready> = Vec::new();
        for at in 0..self.binds.len() {
            self.turn(at, false)?;
        }
        loop {
            let deadline = self.deadline().min(next_look).min(second_ends);
            self.poll.wait(&mut ready, Some(deadline))?;
            self.now = self.poll.now();
            self.change_phase(observe);
            for event in &ready {
                self.turn(event.token as usize, event.readable)?;
            }
            while self.now >= second_ends {
                self.end_second();
                second_ends += SECOND_NS;
            }
            if self.settings.rate > 0.0 || self.settings.open_max > 0 || self.is_ramping() {
                self.send_what_is_due()?;
            }
            if self.settings.reconnect {
                self.redial()?;
            }
            if self.now >= next_look {
                observe(&self.progress());
                next_look = self.now + step;
            }
            if self.phase == Phase::Done {
                self.end_second();
                return self.unbind(&mut ready);
            }
        }
    }

    /// Notes what the last second brought.
    fn end_second(&mut self) {
        let found = self.tally.found();
        self.seconds.note(Second {
            sent: found.sent,
            accepted: found.accepted,
            refused: found.refused,
            receipts: found.receipts,
            open: self.tally.open(),
        });
    }

    /// Whether binds are still to begin.
    fn is_ramping(&self) -> bool {
        self.settings.rate <= 0.0
            && self.now <= self.started + nanos(self.settings.ramp) + SECOND_NS
    }

    /// When something is to be done though no socket is ready.
    fn deadline(&self) -> u64 {
        let settings = self.settings;
        let mut deadline = self.now + SECOND_NS;
        match self.phase {
            Phase::Warmup => deadline = deadline.min(self.started + nanos(settings.warmup)),
            Phase::Drain => {
                let rest = if self.tally.open() == 0 {
                    LINGER_NS
                } else {
                    nanos(settings.patience)
                };
                deadline = deadline.min(self.last_came + rest);
            }
            Phase::Measure | Phase::Done => {}
        }
        if matches!(self.phase, Phase::Warmup | Phase::Measure) {
            if let Amount::For(span) = settings.amount {
                deadline = deadline.min(self.started + nanos(span));
            }
            if settings.rate > 0.0 && self.has_room() {
                deadline = deadline.min(self.started + self.settings.due(self.tally.sent()));
            }
        }
        let begins = self.binds.iter().flatten().map(|bind| bind.from);
        if let Some(next) = begins.filter(|&from| from > self.now).min() {
            deadline = deadline.min(next);
        }
        if settings.reconnect && self.binds.iter().any(Option::is_none) {
            deadline = deadline.min(self.redial_at);
        }
        deadline
    }

    fn has_room(&self) -> bool {
        let window = self.settings.window.max(1);
        self.binds
            .iter()
            .flatten()
            .any(|bind| bind.submits && bind.outstanding.len() < window)
    }

    fn change_phase(&mut self, observe: &mut dyn FnMut(&Progress)) {
        let settings = self.settings;
        let sent = self.tally.sent();
        if self.phase == Phase::Warmup && self.now >= self.started + nanos(settings.warmup) {
            self.from = self.mark(self.now);
            self.first_measured = sent;
            self.enter(Phase::Measure, observe);
        }
        if matches!(self.phase, Phase::Warmup | Phase::Measure) {
            let over = match settings.amount {
                Amount::Count(_) => false,
                Amount::For(span) => self.now >= self.started + nanos(span),
            };
            if over || sent >= self.most || !self.can_go_on() {
                self.ended = self.now;
                self.until = self.mark(self.now);
                self.enter(Phase::Drain, observe);
            }
        }
        if self.phase == Phase::Drain {
            let quiet = self.now.saturating_sub(self.last_came);
            let complete = self.tally.open() == 0;
            if complete && quiet >= LINGER_NS
                || quiet >= nanos(settings.patience)
                || !self.can_go_on()
            {
                if let Amount::Count(_) = settings.amount {
                    self.until = self.mark(self.last_came);
                }
                self.enter(Phase::Done, observe);
            }
        }
    }

    fn can_go_on(&self) -> bool {
        self.settings.reconnect || self.binds.iter().any(Option::is_some)
    }

    fn enter(&mut self, phase: Phase, observe: &mut dyn FnMut(&Progress)) {
        self.phase = phase;
        observe(&self.progress());
    }

    fn progress(&self) -> Progress {
        let found = self.tally.found();
        Progress {
            phase: self.phase,
            elapsed: Duration::from_nanos(self.now - self.started),
            sent: found.sent,
            answered: found.accepted + found.refused,
            receipts: found.receipts,
            open: self.tally.open(),
        }
    }

    fn mark(&self, at: u64) -> (u64, u64, u64) {
        let found = self.tally.found();
        let answered = found.accepted + found.refused;
        (
            at,
            answered,
            if self.settings.receipts {
                found.receipts
            } else {
                answered
            },
        )
    }

    /// Reads a bind, answers, sends as much as its window takes, and writes once.
    fn turn(&mut self, at: usize, readable: bool) -> io::Result<()> {
        let Some(mut bind) = self.binds.get_mut(at).and_then(Option::take) else {
            return Ok(());
        };
        let mut open = true;
        if readable {
            open = match bind.pipe.fill() {
                Ok(Filled::Some) => {
                    self.last_came = self.now;
                    self.take(&mut bind)
                }
                Ok(Filled::Nothing) => true,
                Ok(Filled::Closed) | Err(_) => false,
            };
        }
        if open {
            self.fill_window(&mut bind);
            open = match bind.pipe.flush() {
                Ok(done) => !(done && bind.closing),
                Err(_) => false,
            };
        }
        if open {
            let pipe = &mut bind.pipe;
            let (wait, pause) = (pipe.has_unwritten(), pipe.out.len() > OUT_MAX);
            if (wait, pause) != (pipe.waits_to_write, pipe.paused) {
                self.poll.change(&pipe.stream, at as u64, !pause, wait)?;
                (pipe.waits_to_write, pipe.paused) = (wait, pause);
            }
            self.binds[at] = Some(bind);
            return Ok(());
        }
        self.binds_lost += 1;
        self.redial_at = self.now + REDIAL_NS;
        for number in bind.outstanding.drain() {
            self.tally.lose(number);
        }
        Ok(())
    }

    #[inline]
    fn fill_window(&mut self, bind: &mut Bind) {
        let is_sending = matches!(self.phase, Phase::Warmup | Phase::Measure);
        if !is_sending || bind.closing || !bind.submits || bind.from > self.now {
            return;
        }
        let window = self.settings.window.max(1);
        while bind.outstanding.len() < window && bind.outstanding.has_room() {
            let sent = self.tally.sent();
            if sent >= self.most || self.tally.open() >= self.open_max {
                return;
            }
            let intended = match self.settings.rate {
                rate if rate > 0.0 => self.started + self.settings.due(sent),
                _ => self.now,
            };
            if intended > self.now {
                return;
            }
            let (prefix, body) = self.turns.next();
            let template = &mut self.templates[prefix][body];
            // The segments of a message leave together, or their numbers would not follow each
            // other; the last message may so go beyond the window.
            for place in 0..template.segments() {
                let number = self.tally.send(intended);
                let sequence = bind.outstanding.push(number);
                template.put(&mut bind.pipe.out, sequence, number, place);
                if number + 1 >= self.most {
                    return;
                }
            }
        }
    }

    /// Gives due messages to binds that were not ready by themselves, each time to another first.
    fn send_what_is_due(&mut self) -> io::Result<()> {
        self.turn = self.turn.wrapping_add(1);
        for step in 0..self.binds.len() {
            let at = self.turn.wrapping_add(step) % self.binds.len();
            let due = |sent| self.started + self.settings.due(sent);
            if self.settings.rate > 0.0 && due(self.tally.sent()) > self.now {
                return Ok(());
            }
            self.turn(at, false)?;
        }
        Ok(())
    }

    fn redial(&mut self) -> io::Result<()> {
        if self.now < self.redial_at || self.phase == Phase::Done {
            return Ok(());
        }
        for at in 0..self.binds.len() {
            if self.binds[at].is_none() {
                self.redial_at = self.now + REDIAL_NS;
                match self.dial(at) {
                    Ok(bind) => {
                        self.binds[at] = Some(bind);
                        self.binds_again += 1;
                        self.turn(at, false)?;
                    }
                    Err(_) => return Ok(()),
                }
            }
        }
        Ok(())
    }

    /// Takes every whole PDU of the inbox; `false` if the stream cannot be read on.
    fn take(&mut self, bind: &mut Bind) -> bool {
        let Bind {
            pipe,
            outstanding,
            closing,
            ..
        } = bind;
        loop {
            let frame = match pipe.inbox.next() {
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
                Command::SUBMIT_SM_RESP | Command::GENERIC_NACK => match outstanding.take(sequence)
                {
                    Answered::Waiting(number) => {
                        let status = match (command, status) {
                            (Command::GENERIC_NACK, Status::ESME_ROK) => Status::ESME_RUNKNOWNERR,
                            (_, status) => status,
                        };
                        let intended = self.tally.answer(number, status, to_nul(frame.body()));
                        if let Some(intended) = intended
                            && number >= self.first_measured
                            && self.phase != Phase::Warmup
                        {
                            self.response
                                .saturating_record(self.now.saturating_sub(intended));
                        }
                    }
                    Answered::Twice => self.tally.strange(Strange::AnswerTwice),
                    Answered::Never => self.tally.strange(Strange::AnswerToNothing),
                },
                Command::DELIVER_SM => {
                    self.delivery(&frame);
                    let mut octets = [0; HEADER_LEN + 1];
                    let header = Header {
                        length: octets.len() as u32,
                        command: Command::DELIVER_SM_RESP,
                        status: Status::ESME_ROK,
                        sequence,
                    };
                    octets[..HEADER_LEN].copy_from_slice(&header.to_octets());
                    pipe.out.put_slice(&octets);
                }
                Command::ENQUIRE_LINK => {
                    Header::bare(Command::ENQUIRE_LINK_RESP, Status::ESME_ROK, sequence)
                        .put(&mut pipe.out);
                }
                Command::UNBIND => {
                    Header::bare(Command::UNBIND_RESP, Status::ESME_ROK, sequence)
                        .put(&mut pipe.out);
                    *closing = true;
                }
                response if response.is_response() => {
                    self.tally.strange(Strange::AnswerToNothing);
                }
                _ => {
                    Header::bare(Command::GENERIC_NACK, Status::ESME_RINVCMDID, sequence)
                        .put(&mut pipe.out);
                }
            }
        }
    }

    /// Finds the message that a receipt is for.
    fn delivery(&mut self, frame: &Frame<'_>) {
        let Ok(sm) = Sm::decode(frame) else {
            return self.tally.strange(Strange::ReceiptContradictsItself);
        };
        if sm.esm_class.message_type() != MessageType::DeliveryReceipt {
            return self.tally.strange(Strange::Inbound);
        }
        let report = match Report::read(&sm) {
            Ok(report) => report,
            Err(strange) => return self.tally.strange(strange),
        };
        let Report { number, id, state } = report;
        if let Some(intended) = self.tally.receipt(number, id, state)
            && number >= self.first_measured
            && self.phase != Phase::Warmup
        {
            self.receipt
                .saturating_record(self.now.saturating_sub(intended));
        }
    }

    /// Says goodbye and takes what still comes, a second at most.
    fn unbind(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        let lost = self.binds_lost;
        for bind in self.binds.iter_mut().flatten() {
            let sequence = bind.outstanding.next_sequence();
            Header::bare(Command::UNBIND, Status::ESME_ROK, sequence).put(&mut bind.pipe.out);
            // Whether it arrives makes no difference to what was found.
            let _ = bind.pipe.flush();
        }
        let until = self.now + SECOND_NS;
        while self.now < until && self.binds.iter().any(Option::is_some) {
            self.poll.wait(ready, Some(until))?;
            self.now = self.poll.now();
            for event in ready.iter() {
                let at = event.token as usize;
                let Some(mut bind) = self.binds.get_mut(at).and_then(Option::take) else {
                    continue;
                };
                if self.last_words(&mut bind) {
                    self.binds[at] = Some(bind);
                }
            }
        }
        self.binds_lost = lost;
        Ok(())
    }

    /// Reads a bind that is leaving; `false` once its unbind was answered or it has gone.
    fn last_words(&mut self, bind: &mut Bind) -> bool {
        if !matches!(bind.pipe.fill(), Ok(Filled::Some | Filled::Nothing)) {
            return false;
        }
        let Bind {
            pipe, outstanding, ..
        } = bind;
        while let Ok(Some(frame)) = pipe.inbox.next() {
            let Header {
                command,
                status,
                sequence,
                ..
            } = frame.header;
            match command {
                Command::UNBIND_RESP => return false,
                Command::SUBMIT_SM_RESP => match outstanding.take(sequence) {
                    Answered::Waiting(number) => {
                        self.tally.answer(number, status, to_nul(frame.body()));
                    }
                    Answered::Twice => self.tally.strange(Strange::AnswerTwice),
                    Answered::Never => self.tally.strange(Strange::AnswerToNothing),
                },
                Command::DELIVER_SM => {
                    self.delivery(&frame);
                    PduWriter::begin(
                        &mut pipe.out,
                        Command::DELIVER_SM_RESP,
                        Status::ESME_ROK,
                        sequence,
                    )
                    .u8(0);
                }
                _ => {}
            }
        }
        bind.pipe.flush().is_ok()
    }

    fn report(self) -> io::Result<stats::Report> {
        let settings = self.settings;
        let seconds = (self.until.0.saturating_sub(self.from.0)) as f64 / 1e9;
        let per_second = |count: u64| {
            if seconds > 0.0 {
                count as f64 / seconds
            } else {
                0.0
            }
        };
        let messages = self.until.2 - self.from.2.min(self.until.2);
        Ok(stats::Report {
            binds: settings.binds,
            window: settings.window,
            rate: settings.rate,
            seconds,
            messages,
            messages_per_second: per_second(messages),
            answers_per_second: per_second(self.until.1 - self.from.1.min(self.until.1)),
            drain_seconds: self.last_came.saturating_sub(self.ended) as f64 / 1e9,
            response: Latency::of(&self.response),
            receipt: Latency::of(&self.receipt),
            binds_lost: self.binds_lost,
            binds_again: self.binds_again,
            found: self.tally.close(),
            series: Series {
                seconds: self.seconds.all,
                response: self.response,
                receipt: self.receipt,
            },
        })
    }
}

fn nanos(span: Duration) -> u64 {
    // Two centuries are enough for any run, and leave room for sums.
    u64::try_from(span.as_nanos())
        .unwrap_or(u64::MAX)
        .min(u64::MAX / 4)
}
