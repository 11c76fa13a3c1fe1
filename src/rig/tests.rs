//! The load client against the simulated carrier: what is sound passes, what is not is noticed.

use std::time::Duration;

use smppgate_codec::code::{Command, MessageState, MessageType, Status, Tag};
use smppgate_codec::pdu::Sm;

use super::carrier::{Behaviour, Carrier, IdForm, Inbound, Settings};
use super::chance::Law;
use super::esme::{DialError, Esme, Login};
use super::load::{self, Amount};
use super::stats::Report;

const SOON: Duration = Duration::from_secs(5);

fn carrier(behaviour: Behaviour) -> Carrier {
    Carrier::spawn(Settings {
        behaviour,
        ledger: 10_000,
        ..Settings::default()
    })
    .unwrap()
}

fn settings(carrier: &Carrier) -> load::Settings {
    load::Settings {
        connect: carrier.address(),
        binds: 3,
        amount: Amount::Count(2_000),
        patience: Duration::from_millis(300),
        ..load::Settings::default()
    }
}

fn run(settings: &load::Settings) -> Report {
    load::run(settings, &mut |_| {}).unwrap()
}

fn run_against(behaviour: Behaviour) -> (Report, Carrier) {
    let carrier = carrier(behaviour);
    (run(&settings(&carrier)), carrier)
}

#[test]
fn a_sound_carrier_answers_and_reports_everything_once() {
    let (report, carrier) = run_against(Behaviour::default());
    assert!(report.is_clean(), "{report}");
    assert_eq!(
        (report.found.accepted, report.found.receipts),
        (2_000, 2_000)
    );
    assert_eq!(report.found.states["DELIVERED"], 2_000);
    assert_eq!(
        (report.response.count, report.receipt.count),
        (2_000, 2_000)
    );
    let ledger = carrier.ledger();
    let mut destinations: Vec<_> = ledger.iter().map(|message| &message.destination).collect();
    destinations.sort();
    destinations.dedup();
    assert_eq!(destinations.len(), 2_000);
    let message = &ledger[1_234];
    let number: u32 = message.destination[2..].parse().unwrap();
    assert_eq!(message.reference, Some(number & 0xFFFF));
    assert_eq!(message.body[..9], message.destination.as_bytes()[2..]);
    assert_eq!(message.id, (1_000_000_001 + 1_234).to_string());
    let counts = carrier.stop().unwrap();
    assert_eq!(
        (counts.accepted, counts.receipts_taken, counts.unbinds),
        (2_000, 2_000, 3)
    );
    assert_eq!(
        (counts.open, counts.strange_responses, counts.nacks),
        (0, 0, 0)
    );
}

#[test]
fn lost_receipts_are_noticed() {
    let (report, carrier) = run_against(Behaviour {
        receipts_lost: 0.1,
        ..Behaviour::default()
    });
    let lost = carrier.counts().receipts_lost;
    assert!((100..400).contains(&lost), "{lost}");
    assert_eq!(
        (report.found.lost_receipts, report.found.wrong()),
        (lost, lost)
    );
}

#[test]
fn double_receipts_are_noticed() {
    let behaviour = Behaviour {
        receipts_doubled: 0.1,
        ..Behaviour::default()
    };
    let (report, carrier) = run_against(behaviour);
    let doubled = carrier.counts().receipts - 2_000;
    assert!((100..400).contains(&doubled), "{doubled}");
    assert_eq!(
        (report.found.double_receipts, report.found.wrong()),
        (doubled, doubled)
    );
}

#[test]
fn receipts_with_an_id_that_was_never_given_are_noticed() {
    let behaviour = Behaviour {
        receipts_foreign: 0.01,
        ..Behaviour::default()
    };
    let (report, _carrier) = run_against(behaviour);
    let found = &report.found;
    assert!(found.mismatched > 0);
    assert_eq!(
        (found.lost_receipts, found.wrong()),
        (found.mismatched, 2 * found.mismatched)
    );
}

#[test]
fn messages_that_are_never_answered_are_noticed() {
    let (report, carrier) = run_against(Behaviour {
        unanswered: 0.002,
        ..Behaviour::default()
    });
    let unanswered = carrier.counts().unanswered;
    assert!(unanswered > 0);
    assert_eq!(
        (report.found.lost_answers, report.found.wrong()),
        (unanswered, unanswered)
    );
}

#[test]
fn answers_that_come_twice_are_noticed() {
    let behaviour = Behaviour {
        answered_twice: 0.1,
        ..Behaviour::default()
    };
    let (report, _carrier) = run_against(behaviour);
    let doubled = report.found.double_answers;
    assert!((100..400).contains(&doubled), "{doubled}");
    assert_eq!(report.found.wrong(), doubled);
}

#[test]
fn ids_that_change_their_form_are_noticed() {
    let behaviour = Behaviour {
        receipt_id: IdForm::Hex,
        ..Behaviour::default()
    };
    let (report, _carrier) = run_against(behaviour);
    assert_eq!(report.found.mismatched, 2_000);
}

#[test]
fn refusals_are_counted_by_status_and_owe_no_receipt() {
    let behaviour = Behaviour {
        errors: vec![(Status::ESME_RTHROTTLED, 0.1), (Status::ESME_RSYSERR, 0.1)],
        states: vec![(MessageState::UNDELIVERABLE, 0.5)],
        ..Behaviour::default()
    };
    let (report, carrier) = run_against(behaviour);
    assert!(report.is_clean(), "{report}");
    let found = &report.found;
    assert!((100..400).contains(&found.refusals["ESME_RTHROTTLED"]));
    assert!((100..400).contains(&found.refusals["ESME_RSYSERR"]));
    assert!(found.states["UNDELIVERABLE"] > 400 && found.states["DELIVERED"] > 400);
    assert_eq!(
        (found.refused, found.receipts),
        (carrier.counts().refused, found.accepted)
    );
}

#[test]
fn late_answers_and_receipts_on_other_binds_still_fit() {
    let behaviour = Behaviour {
        latency: Law::Between(Duration::ZERO, Duration::from_millis(2)),
        receipt_delay: Law::Between(Duration::ZERO, Duration::from_millis(5)),
        receipts_elsewhere: true,
        ..Behaviour::default()
    };
    let (report, _carrier) = run_against(behaviour);
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.found.receipts, 2_000);
    assert!(report.response.p50_us > 500.0);
}

#[test]
fn receipts_that_overtake_their_response_are_counted_and_fit() {
    let (report, _carrier) = run_against(Behaviour {
        receipts_early: 0.5,
        ..Behaviour::default()
    });
    assert!(report.is_clean(), "{report}");
    let early = report.found.early_receipts;
    assert!((800..1_200).contains(&early), "{early}");
    let latency = Law::Fixed(Duration::from_millis(1));
    let (report, _carrier) = run_against(Behaviour {
        latency,
        ..Behaviour::default()
    });
    assert_eq!(
        (report.found.early_receipts, report.found.receipts),
        (0, 2_000)
    );
}

#[test]
fn a_small_deliver_window_loses_nothing() {
    let carrier = Carrier::spawn(Settings {
        deliver_window: 1,
        ..Settings::default()
    })
    .unwrap();
    let report = run(&settings(&carrier));
    assert!(report.is_clean(), "{report}");
    assert_eq!(carrier.counts().receipts_taken, 2_000);
}

#[test]
fn an_open_loop_keeps_its_rate_and_counts_from_the_intended_time() {
    let late = Duration::from_millis(20);
    let carrier = carrier(Behaviour {
        latency: Law::Fixed(late),
        ..Behaviour::default()
    });
    // One bind with a window of one and 20 ms per answer passes 50 messages a second: at 500 a
    // second the last of 50 waits nearly a second, which the latency must show.
    let settings = load::Settings {
        binds: 1,
        window: 1,
        rate: 500.0,
        amount: Amount::Count(50),
        ..settings(&carrier)
    };
    let report = run(&settings);
    assert!(report.is_clean(), "{report}");
    assert!(report.response.max_us > 800_000.0, "{report}");
    let wide = load::Settings {
        window: 100,
        ..settings
    };
    let report = run(&wide);
    assert!(report.response.max_us < 500_000.0, "{report}");
    assert!((0.09..0.5).contains(&report.seconds), "{report}");
}

#[test]
fn a_carrier_that_hangs_costs_answers_and_not_the_run() {
    let carrier = carrier(Behaviour {
        hang: true,
        ..Behaviour::default()
    });
    let login = Login::default();
    let dialled = Esme::dial(carrier.address(), &login, Duration::from_millis(50));
    assert!(matches!(dialled, Err(DialError::Io(_))));
    assert!(carrier.change(|behaviour| behaviour.hang = false));
    let mut esme = Esme::dial_until(carrier.address(), &login, SOON).unwrap();
    // What came for a phone's owner while it hung goes out once it lives again.
    assert!(carrier.change(|behaviour| behaviour.hang = true));
    assert!(carrier.deliver(Inbound {
        source: "1".into(),
        ..Inbound::default()
    }));
    assert_eq!(esme.next(Duration::from_millis(50)).unwrap(), None);
    assert!(carrier.change(|behaviour| behaviour.hang = false));
    assert!(esme.next(SOON).unwrap().is_some());
}

#[test]
fn a_client_that_reconnects_outlives_dropped_connections() {
    let carrier = carrier(Behaviour::default());
    let settings = load::Settings {
        amount: Amount::For(Duration::from_millis(600)),
        rate: 5_000.0,
        reconnect: true,
        ..settings(&carrier)
    };
    let mut seen = 0;
    let report = std::thread::scope(|scope| {
        let client = scope.spawn(|| run(&settings));
        while carrier.counts().accepted < 1_000 {
            std::thread::yield_now();
        }
        carrier.drop_connections();
        seen += 1;
        client.join().unwrap()
    });
    assert_eq!((report.binds_lost, report.binds_again, seen), (3, 3, 1));
    let found = &report.found;
    assert!(found.accepted > 1_000);
    assert_eq!(
        (found.lost_answers, found.lost_receipts, found.mismatched),
        (0, 0, 0),
        "{report}"
    );
}

#[test]
fn a_wrong_password_is_refused() {
    let password = Some("right".to_owned());
    let carrier = Carrier::spawn(Settings {
        password,
        ..Settings::default()
    })
    .unwrap();
    let refused = Esme::dial(carrier.address(), &Login::default(), SOON);
    assert!(matches!(
        refused,
        Err(DialError::Refused(Status::ESME_RINVPASWD))
    ));
    let login = Login {
        password: "right".into(),
        ..Login::default()
    };
    assert!(Esme::dial(carrier.address(), &login, SOON).is_ok());
}

#[test]
fn a_message_from_a_phone_waits_for_a_receiver() {
    let carrier = carrier(Behaviour::default());
    let message = Inbound {
        source: "33612345678".into(),
        destination: "36034".into(),
        body: b"STOP".to_vec(),
        ..Inbound::default()
    };
    assert!(carrier.deliver(message));
    let login = Login {
        bind: Command::BIND_RECEIVER,
        ..Login::default()
    };
    let mut esme = Esme::dial(carrier.address(), &login, SOON).unwrap();
    let pdu = esme.next(SOON).unwrap().expect("a message");
    assert_eq!(pdu.header.command, Command::DELIVER_SM);
    let frame = pdu.frame();
    let sm = Sm::decode(&frame).unwrap();
    assert_eq!(sm.esm_class.message_type(), MessageType::Default);
    assert_eq!(
        (sm.source.digits, sm.short_message),
        (&b"33612345678"[..], &b"STOP"[..])
    );
    assert_eq!(sm.tlvs.find(Tag::RECEIPTED_MESSAGE_ID), None);
    // It is sent again to whoever comes next if it is not answered.
    drop(esme);
    let mut esme = Esme::dial(carrier.address(), &login, SOON).unwrap();
    let again = esme.next(SOON).unwrap().expect("the message again");
    esme.send(
        Command::DELIVER_SM_RESP,
        Status::ESME_ROK,
        again.header.sequence,
        &[0],
    )
    .unwrap();
    while carrier.counts().inbound_taken == 0 {
        std::thread::yield_now();
    }
    assert_eq!(carrier.counts().deliveries_repeated, 1);
}

#[test]
fn destinations_and_rates_can_be_refused() {
    let carrier = carrier(Behaviour {
        refused: vec![("3399".into(), Status::ESME_RINVDSTADR)],
        ..Behaviour::default()
    });
    let to = |to: &str| load::Settings {
        to: vec![(to.into(), 1)],
        amount: Amount::Count(100),
        ..settings(&carrier)
    };
    assert_eq!(run(&to("3399")).found.refusals["ESME_RINVDSTADR"], 100);
    assert_eq!(run(&to("3398")).found.accepted, 100);
    assert!(carrier.change(|behaviour| behaviour.rate = 100.0));
    let report = run(&to("33"));
    assert!(report.found.refusals["ESME_RTHROTTLED"] > 50, "{report}");
}

#[test]
fn a_mix_of_bodies_and_prefixes_is_answered_and_reported_segment_by_segment() {
    let carrier = carrier(Behaviour::default());
    let bodies = ["20", "60u", "400", "400/sar", "200u/payload"];
    let settings = load::Settings {
        bodies: bodies
            .iter()
            .map(|body| (body.parse().unwrap(), 1))
            .collect(),
        to: vec![("33".into(), 3), ("44".into(), 1)],
        pair: true,
        amount: Amount::Count(900),
        ..settings(&carrier)
    };
    let report = run(&settings);
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.found.accepted, report.found.receipts), (900, 900));
    let ledger = carrier.ledger();
    let to_33 = ledger
        .iter()
        .filter(|one| one.destination.starts_with("33"))
        .count();
    assert!((600..750).contains(&to_33), "{to_33}");
    // The three segments of a long message go to one phone.
    let headers: Vec<_> = ledger
        .iter()
        .filter(|one| one.body.starts_with(&[5, 0, 3]))
        .collect();
    let first = headers
        .iter()
        .find(|one| one.body[5] == 1)
        .expect("a first segment");
    let parts = headers.iter().filter(|one| {
        one.destination == first.destination && one.body[3] == first.body[3] && one.body[4] == 3
    });
    assert_eq!(parts.count(), 3);
    assert_eq!(carrier.stop().unwrap().unbinds, 6);
}
