//! How binds begin and end: wrong passwords, unbind and enquire_link from either side, peers that are killed.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::house::{Habits, House, Scene};
use crate::peer::{Library, Peer};
use crate::{ESMES, stories};

const ESME_RINVPASWD: u64 = 0x0E;

stories! {
    a_wrong_password_is_refused
    both_sides_ask_whether_the_other_is_there
    a_carrier_that_unbinds_is_bound_again
    a_gateway_that_ends_unbinds_from_all
    a_carrier_that_was_killed_is_bound_again_and_gets_what_waited
    an_esme_that_was_killed_binds_again_and_gets_what_waited
}

fn a_wrong_password_is_refused(scene: Scene) {
    let house = House::open(scene);
    for (number, library) in ESMES.into_iter().enumerate() {
        let mut esme = Peer::esme(library);
        let nobody = format!("nobody{number}");
        let wrong = [("acme", "wrong"), (&nobody, "secret")];
        // One library takes its time, and only says that it was refused.
        let is_vague = library == Library::Smpp34;
        for (account, password) in wrong.into_iter().take(if is_vague { 1 } else { 2 }) {
            let status = house.bind(&mut esme, account, password);
            assert!(
                status == ESME_RINVPASWD || is_vague && status == Value::Null,
                "{library:?}: {status}"
            );
        }
        assert_eq!(house.bind(&mut esme, "acme", "secret"), 0);
    }
}

/// smpp34 as a carrier lets in everybody.
fn a_carrier_that_refuses_the_password_is_asked_again(scene: Scene) {
    let habits = Habits {
        carrier_password: "changed",
        ..Habits::default()
    };
    let mut house = House::unbound(scene, habits);
    for _ in 0..2 {
        assert_eq!(house.smsc.await_event("bind")["status"], ESME_RINVPASWD);
    }
    house
        .smsc
        .order(json!({ "do": "password", "password": "north" }));
    // An attempt that was under way may still have been refused.
    let accepted = (0..3).any(|_| house.smsc.await_event("bind")["status"] == 0);
    assert!(accepted, "is asked no more, or refused for good");
    let mut esme = house.bound(Library::Npm, "acme");
    assert_eq!(esme.submit("33612345678", "Hello", "gsm")["status"], 0);
}

#[test]
fn a_carrier_that_refuses_the_password_is_asked_again_plain() {
    a_carrier_that_refuses_the_password_is_asked_again(Scene::Plain);
}

#[test]
fn a_carrier_that_refuses_the_password_is_asked_again_over_tls() {
    a_carrier_that_refuses_the_password_is_asked_again(Scene::Tls);
}

/// Who does not answer the gateway within two seconds is closed.
fn both_sides_ask_whether_the_other_is_there(scene: Scene) {
    let habits = Habits {
        enquire_link: "1s",
        patience: "2s",
        ..Habits::default()
    };
    let mut house = House::with(scene, habits);
    let mut esmes = ESMES.map(|library| house.bound(library, "acme"));
    for peer in esmes.iter_mut().chain([&mut house.smsc]) {
        if peer.library != Library::Smpp34 {
            // Asked a second time: so the first answer was understood.
            peer.await_event("enquire_link");
            peer.await_event("enquire_link");
            peer.tell_to("enquire");
            assert_eq!(peer.await_event("enquire_link_resp")["status"], 0);
        }
    }
    // Of one library only this is known: it stays. The others have been asked twice meanwhile.
    thread::sleep(Duration::from_secs(2));
    for esme in &mut esmes {
        assert!(!esme.has_told("closed"), "{:?}", esme.library);
        assert_eq!(esme.submit("33612345678", "Hello", "gsm")["status"], 0);
    }
    assert!(!house.smsc.has_told("closed"));
}

fn a_carrier_that_unbinds_is_bound_again(scene: Scene) {
    let mut house = House::open(scene);
    house.smsc.tell_to("unbind");
    if house.smsc.library != Library::Smpp34 {
        assert_eq!(house.smsc.await_event("unbind_resp")["status"], 0);
    }
    house.smsc.await_event("closed");
    assert_eq!(house.smsc.await_event("bind")["status"], 0);
    for library in ESMES {
        let mut esme = house.bound(library, "store");
        assert_eq!(esme.submit("33612345678", "Hello", "gsm")["status"], 0);
        house.smsc.await_event("submit");
        // The other direction: the ESME unbinds.
        esme.unbind();
    }
}

fn a_gateway_that_ends_unbinds_from_all(scene: Scene) {
    let mut house = House::open(scene);
    let mut esmes = ESMES.map(|library| house.bound(library, "acme"));
    assert!(house.gateway.end(), "it had to be killed");
    for peer in esmes.iter_mut().chain([&mut house.smsc]) {
        if peer.library != Library::Smpp34 {
            peer.await_event("unbind");
        }
        peer.await_event("closed");
    }
}

fn a_carrier_that_was_killed_is_bound_again_and_gets_what_waited(scene: Scene) {
    let mut house = House::open(scene);
    for library in ESMES {
        let mut esme = house.bound(library, "store");
        assert_eq!(esme.submit("33612345678", "before", "gsm")["status"], 0);
        esme.await_event("deliver");
        house.smsc.kill();
        // The gateway notices in its own time; the message is taken in either case.
        assert_eq!(esme.submit("33612345678", "between", "gsm")["status"], 0);
        house.replace_carrier();
        assert_eq!(esme.submit("33612345678", "after", "gsm")["status"], 0);
        let mut texts = Vec::new();
        while texts.last() != Some(&json!("after")) {
            texts.push(house.smsc.await_event("submit")["text"].clone());
        }
        esme.await_event("deliver");
        esme.unbind();
    }
}

fn an_esme_that_was_killed_binds_again_and_gets_what_waited(scene: Scene) {
    let mut house = House::open(scene);
    for library in ESMES {
        let esme = house.bound(library, "acme");
        drop(esme);
        house.smsc.phone("between", "gsm");
        let mut esme = house.bound(library, "acme");
        assert_eq!(esme.await_event("deliver")["text"], "between");
        assert_eq!(house.smsc.await_event("deliver_resp")["status"], 0);
        esme.unbind();
    }
}
