//! Which sockets of a test peer are ready, and when its next deadline has come.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Events taken from the kernel at once; more are taken on the next call.
const EVENTS_MAX: usize = 256;

const TIMER: u64 = u64::MAX;
const WAKER: u64 = u64::MAX - 1;

/// One epoll instance with a timer that is exact to the microsecond: epoll's own timeout counts
/// milliseconds, and a sender that keeps a rate of its own would send in bursts.
pub(super) struct Poll {
    epoll: OwnedFd,
    timer: OwnedFd,
    /// The deadline that the timer is set to.
    armed: Option<u64>,
    waker: Option<Waker>,
    started: Instant,
}

/// What a socket is ready for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ready {
    pub token: u64,
    pub readable: bool,
}

/// Ends the wait of a [`Poll`] from another thread.
#[derive(Clone)]
pub(super) struct Waker(Arc<OwnedFd>);

impl Waker {
    /// The poll returns at once, or does not begin to wait.
    pub fn wake(&self) {
        // It fails only if the counter is full, and then the other side is awake already.
        let _ = rustix::io::write(&*self.0, &1u64.to_ne_bytes());
    }
}

impl Poll {
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        epoll::add(
            &epoll,
            &timer,
            epoll::EventData::new_u64(TIMER),
            epoll::EventFlags::IN,
        )?;
        Ok(Self {
            epoll,
            timer,
            armed: None,
            waker: None,
            started: Instant::now(),
        })
    }

    /// Nanoseconds since this poll was made.
    pub fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A way to end the wait from another thread.
    pub fn waker(&mut self) -> io::Result<Waker> {
        if let Some(waker) = &self.waker {
            return Ok(waker.clone());
        }
        let waker = Waker(Arc::new(eventfd(
            0,
            EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC,
        )?));
        epoll::add(
            &self.epoll,
            &*waker.0,
            epoll::EventData::new_u64(WAKER),
            epoll::EventFlags::IN,
        )?;
        self.waker = Some(waker.clone());
        Ok(waker)
    }

    /// Reports when `socket` can be read, and written if `write` is set.
    pub fn add(&self, socket: impl AsFd, token: u64, write: bool) -> io::Result<()> {
        Ok(epoll::add(
            &self.epoll,
            socket,
            epoll::EventData::new_u64(token),
            interest(true, write),
        )?)
    }

    /// Changes what is reported of `socket`.
    pub fn change(&self, socket: impl AsFd, token: u64, read: bool, write: bool) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::modify(
            &self.epoll,
            socket,
            data,
            interest(read, write),
        )?)
    }

    /// Waits until a socket is ready, another thread wakes it, or `deadline` (on [`Poll::now`]'s
    /// clock) has come; `ready` then holds the sockets.
    pub fn wait(&mut self, ready: &mut Vec<Ready>, deadline: Option<u64>) -> io::Result<()> {
        ready.clear();
        let now = if deadline.is_some() { self.now() } else { 0 };
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let timeout = match deadline {
            Some(at) if at <= now => Some(&zero),
            Some(at) => {
                self.arm(at, at - now)?;
                None
            }
            None => None,
        };
        let mut space = [const { MaybeUninit::uninit() }; EVENTS_MAX];
        let events = match epoll::wait(&self.epoll, &mut space, timeout) {
            Ok((events, _)) => events,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        for event in events {
            let (token, flags) = (event.data.u64(), event.flags);
            match token {
                TIMER => {
                    let _ = rustix::io::read(&self.timer, &mut [0u8; 8]);
                    self.armed = None;
                }
                WAKER => {
                    if let Some(waker) = &self.waker {
                        let _ = rustix::io::read(&*waker.0, &mut [0u8; 8]);
                    }
                }
                _ => ready.push(Ready {
                    token,
                    // An error or a hang-up shows itself by reading.
                    readable: flags.intersects(
                        epoll::EventFlags::IN | epoll::EventFlags::ERR | epoll::EventFlags::HUP,
                    ),
                }),
            }
        }
        Ok(())
    }

    fn arm(&mut self, at: u64, span: u64) -> io::Result<()> {
        // A timer that rings too early costs one turn of the loop, one that rings too late a delay.
        if self.armed.is_some_and(|armed| armed <= at) {
            return Ok(());
        }
        let value = Timespec {
            tv_sec: (span / 1_000_000_000).try_into().unwrap_or(i64::MAX),
            tv_nsec: (span % 1_000_000_000) as _,
        };
        let none = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let spec = Itimerspec {
            it_interval: none,
            it_value: value,
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &spec)?;
        self.armed = Some(at);
        Ok(())
    }
}

fn interest(read: bool, write: bool) -> epoll::EventFlags {
    let mut flags = epoll::EventFlags::empty();
    flags.set(epoll::EventFlags::IN, read);
    flags.set(epoll::EventFlags::OUT, write);
    flags
}
