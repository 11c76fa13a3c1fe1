//! Any sequence of events against a model that is too simple to be wrong.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

#[derive(Debug, Clone)]
enum Step {
    Ask,
    /// The peer answers one of our requests; the number chooses which.
    Answer(usize),
    /// A response to nothing.
    Stranger(u32),
    TheyAsk(u32),
    WeAnswer(usize),
    Wait(u64),
    Unbind,
    TheyUnbind,
    Enquire,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => Just(Step::Ask),
        6 => any::<usize>().prop_map(Step::Answer),
        1 => any::<u32>().prop_map(Step::Stranger),
        4 => any::<u32>().prop_map(Step::TheyAsk),
        3 => (0usize..4).prop_map(Step::WeAnswer),
        3 => (0u64..40).prop_map(Step::Wait),
        1 => Just(Step::Enquire),
        // Rare, or most histories would be short.
        1 => (0u8..20).prop_map(|n| match n {
            0 => Step::Unbind,
            1 => Step::TheyUnbind,
            _ => Step::Enquire,
        }),
    ]
}

/// What is known from outside: our unanswered requests in the order of sending, by token.
#[derive(Default)]
struct Model {
    waiting: BTreeMap<u32, (u32, bool)>,
    asked: u32,
    unanswered: usize,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_token_comes_back_once_and_no_bound_is_passed(
        role in prop_oneof![Just(Role::Smsc), Just(Role::Esme)],
        window in 1u32..9,
        peer_window in 1u32..5,
        start in prop_oneof![Just(1), Just(SEQUENCE_MAX - 3), 1..SEQUENCE_MAX],
        steps in prop::collection::vec(step(), 0..200),
    ) {
        run(role, window, peer_window, start, &steps)?;
    }
}

fn run(
    role: Role,
    window: u32,
    peer_window: u32,
    start: u32,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let settings = Settings {
        window,
        peer_window,
        ..settings(role)
    };
    let (ask, resp, they_ask) = match role {
        Role::Smsc => (
            Command::DELIVER_SM,
            Command::DELIVER_SM_RESP,
            Command::SUBMIT_SM,
        ),
        Role::Esme => (
            Command::SUBMIT_SM,
            Command::SUBMIT_SM_RESP,
            Command::DELIVER_SM,
        ),
    };
    let mut machine = bound(settings);
    machine.continue_at(start);
    let mut model = Model::default();
    let mut out = BytesMut::new();
    let mut now = seconds(0);
    let mut over = false;

    for step in steps {
        let receive = |machine: &mut Machine<u32>, command, sequence, out: &mut BytesMut| {
            machine.receive(&Header::bare(command, Status::ESME_ROK, sequence), now, out)
        };
        let mut received = Received::Settled;
        match *step {
            Step::Ask => {
                let room = machine.room();
                let sequence = machine.request(ask, model.asked, now);
                prop_assert_eq!(sequence.is_some(), room > 0);
                if let Some(sequence) = sequence {
                    prop_assert!((1..=SEQUENCE_MAX).contains(&sequence));
                    prop_assert!(model.waiting.values().all(|&(used, _)| used != sequence));
                    model.waiting.insert(model.asked, (sequence, false));
                    model.asked += 1;
                }
            }
            Step::Answer(which) if !model.waiting.is_empty() => {
                let which = which % model.waiting.len();
                let (&token, &(sequence, expired)) = model.waiting.iter().nth(which).unwrap();
                model.waiting.remove(&token);
                let told = receive(&mut machine, resp, sequence, &mut out);
                let (status, in_time) = (Status::ESME_ROK, !expired);
                prop_assert_eq!(
                    told,
                    Received::Response {
                        token,
                        status,
                        command: resp,
                        in_time
                    }
                );
            }
            Step::Answer(_) => {}
            Step::Stranger(sequence) => {
                if model.waiting.values().all(|&(used, _)| used != sequence) {
                    let told = receive(&mut machine, resp, sequence, &mut out);
                    prop_assert_eq!(told, Received::Stray);
                }
            }
            Step::TheyAsk(sequence) => {
                received = receive(&mut machine, they_ask, sequence, &mut out);
                match received {
                    Received::Request { .. } => model.unanswered += 1,
                    Received::Overflow => {
                        prop_assert_eq!(model.unanswered, 2 * peer_window as usize);
                    }
                    // It comes too late: the answers to the others are waited for.
                    Received::Settled if matches!(machine.state(), State::Draining(_)) => {
                        prop_assert!(role == Role::Smsc && model.unanswered > 0);
                    }
                    _ => prop_assert!(machine.state().bound().is_none()),
                }
            }
            Step::WeAnswer(n) => {
                let n = n.min(model.unanswered);
                machine.answered(n);
                model.unanswered -= n;
            }
            Step::Wait(span) => now = now + Duration::from_secs(span),
            Step::Unbind => machine.unbind(now, &mut out),
            Step::TheyUnbind => received = receive(&mut machine, Command::UNBIND, 5, &mut out),
            Step::Enquire => received = receive(&mut machine, Command::ENQUIRE_LINK, 5, &mut out),
        }
        if let Received::Close(_) = received {
            prop_assert!(!over, "closed twice");
            over = true;
        }
        while machine.deadline() <= now {
            match machine.tick(now, &mut out) {
                Tick::Idle => prop_assert!(machine.deadline() > now, "idle with something due"),
                Tick::Expired(token) => {
                    let (_, expired) = model.waiting.get_mut(&token).expect("a request of ours");
                    prop_assert!(!std::mem::replace(expired, true), "expired twice");
                }
                Tick::Close(_) => {
                    prop_assert!(!over, "closed twice");
                    over = true;
                }
            }
        }
        prop_assert_eq!(over, machine.state() == State::Closed);
        prop_assert_eq!(machine.in_flight(), model.waiting.len());
        prop_assert_eq!(machine.unanswered(), model.unanswered);
        prop_assert!(machine.in_flight() + machine.room() <= window as usize);
        prop_assert!(machine.unanswered() <= 2 * peer_window as usize);
        if !model.waiting.is_empty() && !over && machine.state() != State::Leaving {
            prop_assert!(machine.may_read());
        }
    }

    let lost: Vec<(u32, bool)> = machine
        .outstanding()
        .map(|lost| (lost.token, lost.expired))
        .collect();
    let unique: HashSet<u32> = lost.iter().map(|&(token, _)| token).collect();
    prop_assert_eq!(unique.len(), lost.len());
    let expected: Vec<(u32, bool)> = model
        .waiting
        .iter()
        .map(|(&token, &(_, expired))| (token, expired))
        .collect();
    prop_assert_eq!(lost, expected, "lost in the order of sending");
    prop_assert_eq!(machine.in_flight(), 0);
    Ok(())
}

fn bound(settings: Settings) -> Machine<u32> {
    let (role, now, mut out) = (settings.role, seconds(0), BytesMut::new());
    let kind = BindKind::Transceiver;
    let mut machine = Machine::new(settings, now);
    match role {
        Role::Smsc => {
            machine.receive(
                &Header::bare(kind.command(), Status::ESME_ROK, 1),
                now,
                &mut out,
            );
            machine.accept_bind(kind, 1, b"", 0x34, now, &mut out);
        }
        Role::Esme => {
            machine.bind(kind, &Bind::default(), now, &mut out);
            machine.receive(
                &Header::bare(kind.response(), Status::ESME_ROK, 1),
                now,
                &mut out,
            );
        }
    }
    machine
}
