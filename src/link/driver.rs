//! Turns the readiness of one socket into batches for the conversation that is held over it.
//!
//! Dull on purpose: read what is there, hand all whole PDUs up together, collect what is to be
//! said, write it at once. It decides nothing about SMPP.

use super::relay::{READ_MOST, Relay};
use super::{Bell, Clock, Conversation, End};
use crate::moment::Moment;
use bytes::BytesMut;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep_until};

/// A peer that always has more to say is left for the others after this long: they are all driven
/// by a few threads, and whoever fills its socket faster than we read would keep one of them.
const TURNS: Duration = Duration::from_millis(1);

/// After our last word: how long we wait for the peer to close as well, so that the last octets
/// are not destroyed by a reset.
const LINGER: Duration = Duration::from_secs(1);

/// Holds the conversation over the stream until it ends, and closes the stream.
pub async fn drive<S, C>(stream: &mut S, conversation: &mut C, bell: &Bell, clock: Clock) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    let now = clock.now();
    let mut link = Link {
        relay: Relay::new(now),
        alarm: Box::pin(sleep_until(clock.instant(now))),
        alarm_at: now,
        clock,
    };
    let end = poll_fn(|cx| link.poll(cx, stream, conversation, bell)).await;
    if let End::Ended(_) = end {
        say_goodbye(link.relay, stream, conversation).await;
    }
    end
}

struct Link {
    relay: Relay,
    alarm: Pin<Box<Sleep>>,
    /// What the alarm is set to; it is moved only when it rings or is too late, since most
    /// deadlines are put off long before they come.
    alarm_at: Moment,
    clock: Clock,
}

impl Link {
    fn poll<S, C>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
        conversation: &mut C,
        bell: &Bell,
    ) -> Poll<End>
    where
        S: AsyncRead + AsyncWrite + Unpin,
        C: Conversation,
    {
        let begun = self.clock.now();
        let mut now = begun;
        loop {
            match self.relay.turn(cx, stream, conversation, bell, now) {
                Ok(true) => {
                    now = self.clock.now();
                    if now >= begun + TURNS {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                Ok(false) => {
                    if let Some(end) = self.relay.overdue(now) {
                        return Poll::Ready(end);
                    }
                    ready!(self.wait(cx, conversation.deadline(), now));
                }
                Err(end) => return Poll::Ready(end),
            }
        }
    }

    /// Sets the alarm for the earliest deadline; ready if it has come already.
    fn wait(&mut self, cx: &mut Context<'_>, deadline: Moment, now: Moment) -> Poll<()> {
        let deadline = self.relay.deadline(deadline, now);
        if deadline < self.alarm_at || self.alarm_at <= now {
            // An hour stands for "no deadline": the runtime wants a time that it can count to.
            self.alarm_at = deadline.min(now + Duration::from_secs(3_600));
            self.alarm.as_mut().reset(self.clock.instant(self.alarm_at));
        }
        self.alarm.as_mut().poll(cx)
    }
}

/// Writes what is left, half-closes, and waits a moment for the peer to do the same: closing with
/// unread input would reset the connection and destroy our last words.
async fn say_goodbye<S, C>(mut relay: Relay, stream: &mut S, conversation: &mut C)
where
    S: AsyncRead + AsyncWrite + Unpin,
    C: Conversation,
{
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let last_words = relay.last_words();
    let farewell = async {
        stream.write_all(&last_words).await?;
        stream.flush().await?;
        conversation.written(relay.untold() + last_words.len());
        stream.shutdown().await?;
        let mut input = BytesMut::new();
        let mut discarded = 0;
        while discarded < READ_MOST {
            let count = stream.read_buf(&mut input).await?;
            if count == 0 {
                break;
            }
            discarded += count;
            input.clear();
        }
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(LINGER, farewell).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::ReadBuf;

    /// A peer that has always sent more by the time that we have read what it has sent.
    struct Endless;

    impl AsyncRead for Endless {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            buffer.initialize_unfilled();
            buffer.advance(buffer.remaining());
            Poll::Ready(Ok(()))
        }
    }

    impl AsyncWrite for Endless {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            octets: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(octets.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// Takes whatever it is given.
    struct Listening;

    impl Conversation for Listening {
        fn receive(&mut self, octets: &[u8], _: Moment, _: &mut BytesMut) -> Result<usize, End> {
            Ok(octets.len())
        }

        fn collect(&mut self, _: Moment, _: &mut BytesMut) -> Result<(), End> {
            Ok(())
        }

        fn tick(&mut self, _: Moment, _: &mut BytesMut) -> Result<(), End> {
            Ok(())
        }

        fn deadline(&self) -> Moment {
            Moment::NEVER
        }

        fn may_read(&self) -> bool {
            true
        }

        fn must_read(&self) -> bool {
            false
        }

        fn written(&mut self, _: usize) {}
    }

    #[test]
    fn a_peer_that_always_has_more_to_say_leaves_the_thread_to_others() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            tokio::spawn(async {
                let bell = Bell::default();
                drive(&mut Endless, &mut Listening, &bell, Clock::start()).await
            });
            // There is one thread, and with each of these turns it is given up.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        });
    }
}
