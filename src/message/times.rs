//! When a message may leave: not before it is due, and never after its validity.

use super::content::Content;
use crate::moment::Moment;
use smppgate_codec::code::Status;
use smppgate_codec::frame;
use smppgate_codec::pdu::Sm;
use smppgate_codec::time::Stamp;
use std::time::Duration;

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

/// When a message may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// It does not leave before; a message that may leave at once is due at zero.
    pub due: Moment,
    /// It does not leave then, nor later.
    pub until: Moment,
}

impl Times {
    /// The times of a message that was accepted then: as its sender wrote them, for `validity`
    /// where nothing is written, and for `most` at the longest, both from when it is due (SMPP 3.4
    /// §5.2.15, §5.2.16). The status says what is wrong with them.
    pub fn of(
        content: &Content,
        accepted: Moment,
        validity: Duration,
        most: Duration,
    ) -> Result<Self, Status> {
        let (schedule, expiry) = match content.has_times() {
            true => written(content)?,
            false => (None, None),
        };
        let resolve = |stamp: Stamp| {
            let whole = stamp.resolve(seconds(accepted)).max(0) as u64;
            // A span begins when the message was accepted, and not with the second of that.
            let rest = match stamp {
                Stamp::Absolute { tenths, .. } => u64::from(tenths) * (SECOND / 10),
                Stamp::Relative(_) => accepted.0 % SECOND,
            };
            Moment(whole.saturating_mul(SECOND).saturating_add(rest))
        };
        let due = schedule.map(resolve).filter(|due| *due > accepted);
        let from = due.unwrap_or(accepted);
        let until = expiry.map_or(from + validity, resolve).min(from + most);
        if until <= from {
            return Err(Status::ESME_RINVEXPIRY);
        }
        Ok(Self {
            due: due.unwrap_or_default(),
            until,
        })
    }
}

/// schedule_delivery_time and validity_period, where they are set.
fn written(content: &Content) -> Result<(Option<Stamp>, Option<Stamp>), Status> {
    let frame = frame::next(content.pdu(), frame::LENGTH_MAX).ok().flatten();
    let sm = frame.and_then(|frame| Sm::decode(&frame).ok());
    let Some(sm) = sm else {
        return Ok((None, None));
    };
    let schedule = Stamp::parse(sm.schedule_delivery_time).map_err(|_| Status::ESME_RINVSCHED)?;
    let expiry = Stamp::parse(sm.validity_period).map_err(|_| Status::ESME_RINVEXPIRY)?;
    Ok((schedule, expiry))
}

fn seconds(moment: Moment) -> i64 {
    i64::try_from(moment.millis() / 1_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use smppgate_codec::pdu::Pdu;

    /// 2026-12-24 18:30:00 UTC.
    const EVENING: Moment = Moment(1_798_137_000_000_000);
    const DAY: Duration = Duration::from_secs(24 * 3_600);

    fn times(schedule: &[u8], validity: &[u8]) -> Result<Times, Status> {
        let sm = Sm {
            schedule_delivery_time: schedule,
            validity_period: validity,
            ..Sm::default()
        };
        let mut out = BytesMut::new();
        Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let content = Content::of_sm(&frame, &Sm::decode(&frame).unwrap());
        Times::of(&content, EVENING, DAY, 3 * DAY)
    }

    #[test]
    fn what_says_nothing_is_due_at_once_and_has_the_time_of_its_account() {
        let (due, until) = (Moment(0), EVENING + DAY);
        assert_eq!(times(b"", b""), Ok(Times { due, until }));
    }

    #[test]
    fn what_is_written_counts_and_no_longer_than_the_account_may() {
        let until = |validity: &[u8]| times(b"", validity).unwrap().until;
        assert_eq!(
            until(b"000000000500000R"),
            EVENING + Duration::from_secs(300)
        );
        assert_eq!(
            until(b"261224190000000+"),
            EVENING + Duration::from_secs(1_800)
        );
        assert_eq!(until(b"000010000000000R"), EVENING + 3 * DAY);
    }

    #[test]
    fn the_time_of_a_message_for_later_begins_when_it_is_due() {
        let due = EVENING + Duration::from_secs(7_200);
        let later = times(b"000000020000000R", b"").unwrap();
        assert_eq!((later.due, later.until), (due, due + DAY));
        let past = times(b"261224120000000+", b"").unwrap();
        assert_eq!(past.due, Moment(0));
    }

    #[test]
    fn a_span_begins_when_the_message_was_accepted() {
        let accepted = EVENING + Duration::from_millis(700);
        let sm = Sm {
            schedule_delivery_time: b"000000000002000R",
            validity_period: b"261224183010500+",
            ..Sm::default()
        };
        let mut out = BytesMut::new();
        Pdu::SubmitSm(sm).encode(&mut out, Status::ESME_ROK, 1);
        let frame = frame::next(&out, frame::LENGTH_MAX).unwrap().unwrap();
        let content = Content::of_sm(&frame, &Sm::decode(&frame).unwrap());
        let times = Times::of(&content, accepted, DAY, DAY).unwrap();
        assert_eq!(times.due, EVENING + Duration::from_millis(2_700));
        assert_eq!(times.until, EVENING + Duration::from_millis(10_500));
    }

    #[test]
    fn what_is_over_before_it_may_leave_is_refused() {
        let over = Err(Status::ESME_RINVEXPIRY);
        assert_eq!(times(b"", b"261224182959000+"), over);
        assert_eq!(times(b"000000020000000R", b"000000010000000R"), over);
    }
}
