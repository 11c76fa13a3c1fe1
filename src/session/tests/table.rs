//! Every PDU in every state, for both sides: what is answered, and what is handed up.

use super::*;

/// What each word of the tables means.
fn outcome(word: &str, command: Command) -> (Received<char>, Option<(Command, Status)>) {
    let own = command.response().unwrap_or(Command::GENERIC_NACK);
    match word {
        // handed up, as the specification has it, or out of place
        "up" => (Received::Request { in_place: true }, None),
        "up!" => (Received::Request { in_place: false }, None),
        "tell" => (Received::Notice, None),
        "bind" => (
            Received::Bind(BindKind::from_command(command).unwrap()),
            None,
        ),
        // settled: by nothing, by success, by a refusal
        "-" => (Received::Settled, None),
        // settled, and answered once what is due has come
        "leave" => (Received::Settled, None),
        "ok" => (Received::Settled, Some((own, Status::ESME_ROK))),
        "state" => (Received::Settled, Some((own, Status::ESME_RINVBNDSTS))),
        "bound" => (Received::Settled, Some((own, Status::ESME_RALYBND))),
        "nack" => (
            Received::Settled,
            Some((Command::GENERIC_NACK, Status::ESME_RINVCMDID)),
        ),
        "stray" => (Received::Stray, None),
        // the end, with its answer
        "end" => (
            Received::Close(Reason::PeerUnbound),
            Some((own, Status::ESME_ROK)),
        ),
        "early" => (
            Received::Close(Reason::NotBound),
            Some((own, Status::ESME_RINVBNDSTS)),
        ),
        _ => panic!("no such word: {word}"),
    }
}

const WE_ARE_THE_SMSC: &str = "
    command                OPEN   BINDING  TX     RX     TRX    DRAINING  UNBINDING  LEAVING  CLOSED
    bind_receiver          bind   bound    bound  bound  bound  bound     bound      state    -
    bind_transmitter       bind   bound    bound  bound  bound  bound     bound      state    -
    bind_transceiver       bind   bound    bound  bound  bound  bound     bound      state    -
    submit_sm              state  state    up     state  up     up        up         state    -
    submit_multi           state  state    up     state  up     up        up         state    -
    query_sm               state  state    up     state  up     up        up         state    -
    cancel_sm              state  state    up     state  up     up        up         state    -
    replace_sm             state  state    up     state  up     up        up         state    -
    data_sm                state  state    up     state  up     up        up         state    -
    deliver_sm             state  state    state  state  state  state     state      state    -
    enquire_link           ok     ok       ok     ok     ok     ok        ok         ok       -
    unbind                 early  early    end    end    end    end       ok         ok       -
    outbind                nack   nack     nack   nack   nack   nack      nack       nack     -
    alert_notification     nack   nack     nack   nack   nack   nack      nack       nack     -
    0x0000000A             nack   nack     nack   nack   nack   nack      nack       nack     -
    0x00000111             nack   nack     nack   nack   nack   nack      nack       nack     -
    generic_nack           stray  stray    stray  stray  stray  stray     stray      stray    stray
    bind_receiver_resp     stray  stray    stray  stray  stray  stray     stray      stray    stray
    bind_transmitter_resp  stray  stray    stray  stray  stray  stray     stray      stray    stray
    bind_transceiver_resp  stray  stray    stray  stray  stray  stray     stray      stray    stray
    query_sm_resp          stray  stray    stray  stray  stray  stray     stray      stray    stray
    submit_sm_resp         stray  stray    stray  stray  stray  stray     stray      stray    stray
    deliver_sm_resp        stray  stray    stray  stray  stray  stray     stray      stray    stray
    unbind_resp            stray  stray    stray  stray  stray  stray     stray      stray    stray
    replace_sm_resp        stray  stray    stray  stray  stray  stray     stray      stray    stray
    cancel_sm_resp         stray  stray    stray  stray  stray  stray     stray      stray    stray
    enquire_link_resp      stray  stray    stray  stray  stray  stray     stray      stray    stray
    submit_multi_resp      stray  stray    stray  stray  stray  stray     stray      stray    stray
    data_sm_resp           stray  stray    stray  stray  stray  stray     stray      stray    stray
    0x80000102             stray  stray    stray  stray  stray  stray     stray      stray    stray
";

const WE_ARE_THE_ESME: &str = "
    command                OPEN   BINDING  TX     RX     TRX    DRAINING  UNBINDING  LEAVING  CLOSED
    bind_receiver          state  state    bound  bound  bound  bound     bound      state    -
    bind_transmitter       state  state    bound  bound  bound  bound     bound      state    -
    bind_transceiver       state  state    bound  bound  bound  bound     bound      state    -
    submit_sm              state  state    state  state  state  state     state      state    -
    submit_multi           state  state    state  state  state  state     state      state    -
    query_sm               state  state    state  state  state  state     state      state    -
    cancel_sm              state  state    state  state  state  state     state      state    -
    replace_sm             state  state    state  state  state  state     state      state    -
    data_sm                state  state    up     up     up     up        up         state    -
    deliver_sm             state  state    up!    up     up     up        up         state    -
    enquire_link           ok     ok       ok     ok     ok     ok        ok         ok       -
    unbind                 early  early    end    end    end    leave     ok         ok       -
    outbind                tell   -        -      -      -      -         -          -        -
    alert_notification     -      -        tell   tell   tell   tell      tell       -        -
    0x0000000A             nack   nack     nack   nack   nack   nack      nack       nack     -
    0x00000111             nack   nack     nack   nack   nack   nack      nack       nack     -
    generic_nack           stray  stray    stray  stray  stray  stray     stray      stray    stray
    bind_receiver_resp     stray  stray    stray  stray  stray  stray     stray      stray    stray
    bind_transmitter_resp  stray  stray    stray  stray  stray  stray     stray      stray    stray
    bind_transceiver_resp  stray  stray    stray  stray  stray  stray     stray      stray    stray
    query_sm_resp          stray  stray    stray  stray  stray  stray     stray      stray    stray
    submit_sm_resp         stray  stray    stray  stray  stray  stray     stray      stray    stray
    deliver_sm_resp        stray  stray    stray  stray  stray  stray     stray      stray    stray
    unbind_resp            stray  stray    stray  stray  stray  stray     stray      stray    stray
    replace_sm_resp        stray  stray    stray  stray  stray  stray     stray      stray    stray
    cancel_sm_resp         stray  stray    stray  stray  stray  stray     stray      stray    stray
    enquire_link_resp      stray  stray    stray  stray  stray  stray     stray      stray    stray
    submit_multi_resp      stray  stray    stray  stray  stray  stray     stray      stray    stray
    data_sm_resp           stray  stray    stray  stray  stray  stray     stray      stray    stray
    0x80000102             stray  stray    stray  stray  stray  stray     stray      stray    stray
";

/// A session that stands where the head of a column says.
fn scene(role: Role, column: &str) -> Scene {
    let kind = match column {
        "TX" => BindKind::Transmitter,
        "RX" => BindKind::Receiver,
        _ => BindKind::Transceiver,
    };
    let mut scene = match column {
        "OPEN" | "BINDING" => Scene::open(role),
        _ => Scene::bound(role, kind),
    };
    match (column, role) {
        ("BINDING", Role::Smsc) => {
            scene.hear(kind.command(), 1);
        }
        ("BINDING", Role::Esme) => {
            scene
                .machine
                .bind(kind, &Bind::default(), scene.now, &mut scene.out);
        }
        ("DRAINING", _) => {
            scene.ask('a').unwrap();
            scene.unbind();
        }
        ("UNBINDING", _) => scene.unbind(),
        ("LEAVING", Role::Smsc) => {
            scene.hear(Command::SUBMIT_SM, 1);
            scene.hear(Command::UNBIND, 2);
        }
        ("LEAVING", Role::Esme) => {
            scene.hear(Command::DELIVER_SM, 1);
            scene.hear(Command::UNBIND, 2);
        }
        ("CLOSED", _) => {
            scene.hear(Command::UNBIND, 1);
        }
        _ => {}
    }
    let expected = match column {
        "OPEN" => State::Open,
        "BINDING" => State::Binding(kind),
        "DRAINING" => State::Draining(kind),
        "UNBINDING" => State::Unbinding(kind),
        "LEAVING" => State::Leaving,
        "CLOSED" => State::Closed,
        _ => State::Bound(kind),
    };
    assert_eq!(scene.machine.state(), expected);
    scene.out.clear();
    scene
}

fn command(name: &str) -> Command {
    Command::from_name(name).unwrap_or_else(|| {
        Command(u32::from_str_radix(name.trim_start_matches("0x"), 16).expect("a command"))
    })
}

fn check(role: Role, table: &str) {
    let mut rows = table.lines().filter(|line| !line.trim().is_empty());
    let columns: Vec<&str> = rows.next().unwrap().split_whitespace().skip(1).collect();
    let mut seen = Vec::new();
    for row in rows {
        let mut cells = row.split_whitespace();
        let command = command(cells.next().unwrap());
        seen.push(command);
        let words: Vec<&str> = cells.collect();
        assert_eq!(words.len(), columns.len(), "{command}");
        for (column, word) in columns.iter().zip(words) {
            let mut scene = scene(role, column);
            let (received, answer) = outcome(word, command);
            let place = format!("{command} in {column} of {role:?}");
            // A number that no request of ours bears, with bits that must come back.
            let sequence = 0x8000_00FD;
            let before = scene.machine.state();
            assert_eq!(scene.hear(command, sequence), received, "{place}");
            let answer: Vec<_> = answer
                .iter()
                .map(|&(own, status)| (own, status, sequence))
                .collect();
            assert_eq!(scene.said(), answer, "{place}");
            match received {
                Received::Bind(kind) => {
                    assert_eq!(scene.machine.state(), State::Binding(kind), "{place}");
                }
                Received::Close(_) => assert_eq!(scene.machine.state(), State::Closed, "{place}"),
                _ if word == "leave" => {
                    assert_eq!(scene.machine.state(), State::Leaving, "{place}");
                }
                _ => assert_eq!(scene.machine.state(), before, "{place}"),
            }
        }
    }
    for (known, name) in Command::KNOWN {
        assert!(seen.contains(known), "{name} is missing from the table");
    }
}

#[test]
fn every_pdu_in_every_state_of_a_message_centre() {
    check(Role::Smsc, WE_ARE_THE_SMSC);
}

#[test]
fn every_pdu_in_every_state_of_an_esme() {
    check(Role::Esme, WE_ARE_THE_ESME);
}
