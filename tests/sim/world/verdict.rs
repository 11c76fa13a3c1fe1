//! What an operator makes of a message that it was given: what it answers, when, and what it
//! reports afterwards.

use super::agenda::CarrierTask;
use super::book::{Book, Part, Reported, Sending, Shape};
use super::delivery::What;
use super::operator::{Operator, PlannedAnswer};
use super::scene::Scene;
use super::tale::About;
use smppgate_codec::code::{Command, EsmClass, RegisteredDelivery, Status, Tag};
use smppgate_codec::frame::Frame;
use smppgate_codec::pdu::{Address, Data, Header, Sm, Tlvs};
use smppgate_codec::receipt::State;
use smppgate_codec::text::udh;
use std::time::Duration;

/// A submit_sm or data_sm of the gateway, as far as it is looked at.
struct Submitted<'a> {
    destination: Address<'a>,
    esm_class: EsmClass,
    registered: RegisteredDelivery,
    user_data: &'a [u8],
    tlvs: Tlvs<'a>,
}

impl<'a> Submitted<'a> {
    fn of(frame: &Frame<'a>) -> Option<Self> {
        if frame.header.command == Command::DATA_SM {
            let data = Data::decode(frame).ok()?;
            return Some(Self {
                destination: data.destination,
                esm_class: data.esm_class,
                registered: data.registered_delivery,
                user_data: data.tlvs.find(Tag::MESSAGE_PAYLOAD).unwrap_or_default(),
                tlvs: data.tlvs,
            });
        }
        let sm = Sm::decode(frame).ok()?;
        Some(Self {
            destination: sm.destination,
            esm_class: sm.esm_class,
            registered: sm.registered_delivery,
            user_data: sm.user_data(),
            tlvs: sm.tlvs,
        })
    }

    /// Which segment it is, and its text without the header that says so.
    fn segment(&self) -> (Option<Part>, &'a [u8]) {
        let header = match self.esm_class.has_udh() {
            true => udh::read(self.user_data).ok(),
            false => None,
        };
        if let Some((header, text)) = header {
            let part = header.concat().map(|concat| Part {
                reference: concat.reference,
                total: concat.total,
                seqnum: concat.seqnum,
            });
            return (part, text);
        }
        let number = |tag| self.tlvs.number(tag);
        let part = number(Tag::SAR_MSG_REF_NUM).map(|reference| Part {
            reference: reference as u16,
            total: number(Tag::SAR_TOTAL_SEGMENTS).unwrap_or_default() as u8,
            seqnum: number(Tag::SAR_SEGMENT_SEQNUM).unwrap_or_default() as u8,
        });
        (part, self.user_data)
    }

    /// The messages that it is about.
    fn of_which(&self, book: &Book) -> Option<(Vec<usize>, Option<Part>)> {
        let first = book.by_destination(self.destination.digits)?;
        let (part, _) = self.segment();
        Some(match (book.messages[first].shape, part) {
            (Shape::Segment { of, total }, None) => ((of..of + usize::from(total)).collect(), None),
            (Shape::Segment { of, .. }, Some(part)) => {
                (vec![of + usize::from(part.seqnum) - 1], None)
            }
            (_, part) => (vec![first], part),
        })
    }
}

/// Which messages a PDU is about.
pub fn about(frame: &Frame<'_>, book: &Book) -> Vec<About> {
    if !matches!(frame.header.command, Command::SUBMIT_SM | Command::DATA_SM) {
        return match frame.header.command {
            Command::ENQUIRE_LINK | Command::ENQUIRE_LINK_RESP => Vec::new(),
            _ => vec![About::World],
        };
    }
    let found = Submitted::of(frame).and_then(|submitted| submitted.of_which(book));
    let Some((of, _)) = found else {
        return vec![About::World];
    };
    of.into_iter().map(About::Message).collect()
}

/// A message that the gateway gives to a carrier is entered in the book.
pub fn enter(carrier: usize, wire: usize, frame: &Frame<'_>, scene: &mut Scene) {
    let submitted = Submitted::of(frame);
    let found = submitted
        .as_ref()
        .and_then(|submitted| submitted.of_which(&scene.book));
    let (Some(submitted), Some((of, part))) = (submitted, found) else {
        let what = format!("carrier {carrier} was given a message that nobody has sent");
        return scene.book.wrong(About::World, what);
    };
    let (_, text) = submitted.segment();
    let number = scene.book.sendings.len();
    for message in &of {
        scene.book.messages[*message].sendings.push(number);
    }
    let key = (wire, frame.header.sequence);
    scene.book.given.insert(key, number);
    scene.busy_at = scene.now;
    scene.book.sendings.push(Sending {
        of,
        carrier,
        wire,
        written: scene.now,
        read: None,
        part,
        destination: submitted.destination.digits.to_vec(),
        text: text.to_vec(),
        registered: submitted.registered.0,
        is_taken: false,
        number: None,
        settled: None,
        answered: None,
        reports: Vec::new(),
    });
}

/// What is answered, and when; what is reported, and when.
pub fn decide(
    operator: &mut Operator,
    session: usize,
    sending: usize,
    header: &Header,
    about: Vec<About>,
    scene: &mut Scene,
) {
    let plan = operator.plan.clone();
    let carrier = operator.sessions[session].carrier;
    let settings = &plan.carriers[carrier].settings;
    let faults = scene.faults.clone();
    let chance = &mut scene.chance;
    let mut response = header.command.response().unwrap_or(Command::GENERIC_NACK);
    let mut status = Status::ESME_ROK;
    if is_too_fast(
        operator,
        carrier,
        plan.carriers[carrier].takes,
        scene.now.millis() / 1_000,
    ) || chance.permille(faults.throttled)
    {
        status = chance.pick(&[Status::ESME_RTHROTTLED, Status::ESME_RMSGQFUL]);
    } else if chance.permille(faults.refused_for_now) {
        status = chance.pick(&[Status::ESME_RSYSERR, Status::ESME_RX_T_APPN]);
    } else if chance.permille(faults.refused_for_good) {
        status = chance.pick(&[Status::ESME_RINVDSTADR, Status::ESME_RSUBMITFAIL]);
    } else if chance.permille(faults.nacked) {
        (status, response) = (Status::ESME_RSYSERR, Command::GENERIC_NACK);
    }
    if status.is_ok() && chance.permille(faults.misanswered) {
        response = Command::QUERY_SM_RESP;
    }
    let is_answered = !chance.permille(faults.no_answer);
    // What it does not answer it may have taken all the same.
    let is_taken = status.is_ok() && (is_answered || chance.one_in(2));
    let mut pause = chance.micros(0, 20_000);
    if chance.permille(faults.slow_answer) {
        pause = settings.response_timeout.mul_f64(0.8 + 2.0 * chance.unit());
    }
    let mut id = None;
    if is_taken {
        let number = operator.next_id;
        operator.next_id += 1 + chance.range(0, 3);
        scene.book.sendings[sending].is_taken = true;
        scene.book.sendings[sending].number = Some(number);
        id = Some(plan.operators[operator.number].ids.in_response(number));
    }
    let mut answers = Vec::new();
    if is_answered {
        answers.push((
            pause,
            response,
            status,
            header.sequence,
            id.clone(),
            Some(sending),
        ));
        if chance.permille(faults.answered_twice) {
            let other = chance.pick(&[status, Status::ESME_ROK, Status::ESME_RSYSERR]);
            let again = pause + chance.micros(0, 300_000);
            let id = id.filter(|_| other.is_ok());
            answers.push((again, response, other, header.sequence, id, None));
        }
    }
    if chance.permille(faults.stray_answer) {
        let sequence = chance.range(1_000_000, 2_000_000) as u32;
        answers.push((pause, response, status, sequence, None, None));
    }
    for (pause, command, status, sequence, id, sending) in answers {
        let answer = operator.answers.len();
        operator.answers.push(PlannedAnswer {
            command,
            status,
            sequence,
            id,
            about: about.clone(),
            sending,
        });
        operator.plan_task(session, pause, CarrierTask::Answer { answer }, scene);
    }
    if is_taken {
        report(operator, session, sending, pause, scene);
    }
}

/// Whether a carrier has taken as much in this second as it takes.
fn is_too_fast(operator: &mut Operator, carrier: usize, takes: u32, second: u64) -> bool {
    let (since, count) = &mut operator.taken[carrier];
    if *since != second {
        (*since, *count) = (second, 0);
    }
    *count += 1;
    takes > 0 && *count > takes
}

/// What it reports about a message that it has taken.
fn report(
    operator: &mut Operator,
    session: usize,
    sending: usize,
    answered_in: Duration,
    scene: &mut Scene,
) {
    let faults = scene.faults.clone();
    let chance = &mut scene.chance;
    let registered = RegisteredDelivery(scene.book.sendings[sending].registered);
    let failed = [
        State::Undeliverable,
        State::Expired,
        State::Rejected,
        State::Deleted,
        State::Unknown,
    ];
    let state = match chance.permille(faults.delivered) {
        true => State::Delivered,
        false => chance.pick(&failed),
    };
    let mut pause = match chance.permille(faults.early_receipt) {
        true => answered_in.mul_f64(chance.unit()),
        false => answered_in + chance.micros(0, 3_000_000),
    };
    if chance.permille(faults.late_receipt) {
        pause = Duration::from_secs(chance.range(60, 178_000));
    }
    let mut reports = Vec::new();
    if registered.wants_intermediate() || chance.permille(faults.intermediate) {
        reports.push((State::EnRoute, false, pause.mul_f64(chance.unit())));
    }
    if chance.permille(faults.intermediate) {
        reports.push((State::Accepted, true, pause.mul_f64(chance.unit())));
    }
    let is_wanted = registered.wants_final(state == State::Delivered);
    if is_wanted && !chance.permille(faults.no_receipt) {
        reports.push((state, true, pause));
        let again = pause + chance.micros(0, 2_000_000);
        if chance.permille(faults.receipt_twice) {
            reports.push((state, true, again));
        }
        if chance.permille(faults.contradicted) {
            let other = match state {
                State::Delivered => State::Undeliverable,
                _ => State::Delivered,
            };
            reports.push((other, true, again));
        }
    }
    for (state, is_final, pause) in reports {
        let elsewhere = scene.chance.permille(faults.receipt_elsewhere);
        let report = scene.book.sendings[sending].reports.len();
        scene.book.sendings[sending].reports.push(Reported {
            state,
            is_final,
            first: None,
            tries: Vec::new(),
            taken: None,
        });
        let on = (!elsewhere).then_some(session);
        let parcel = operator.parcel(What::Report { sending, report }, on);
        operator.plan_task(session, pause, CarrierTask::Deliver { parcel }, scene);
    }
}
