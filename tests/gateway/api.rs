//! What the API shows, to whom, and what it says when it does not.

use crate::support::{
    Carrier, Esme, House, Page, Smsc, account, one_carrier, route, two_carriers, until,
};
use serde_json::Value;
use smppgate_codec::code::{Command, Status};
use smppgate_codec::pdu::{Address, Pdu, Sm};

const TOKEN: &str = "0123456789abcdef";
const SHOWN: &str = "authorization: Bearer 0123456789abcdef\r\n";

/// On loopback, but not by an address that says so.
const EXPOSED: &str = "address = \"[::ffff:127.0.0.1]:0\"\ntoken = \"0123456789abcdef\"";

fn json(page: &Page) -> Value {
    assert!(
        page.head.contains("\r\ncontent-type: application/json"),
        "{page:?}"
    );
    serde_json::from_str(&page.body).expect("JSON")
}

fn get(house: &House, path: &str) -> Value {
    let page = house.asked(&format!("GET {path}"), "");
    assert_eq!(page.status, 200, "{page:?}");
    json(&page)
}

/// The sentence of a no.
fn no(page: &Page, status: u16) -> String {
    assert_eq!(page.status, status, "{page:?}");
    let said = json(page);
    assert_eq!(said.as_object().map(|fields| fields.len()), Some(1));
    said["error"].as_str().expect("a sentence").to_owned()
}

/// A message from a phone to a number that nobody has.
fn lost(north: &mut Carrier, from: &[u8]) {
    let sm = Sm {
        source: Address::new(1, 1, from),
        destination: Address::new(3, 0, b"99999"),
        short_message: b"hello",
        ..Sm::default()
    };
    let sequence = north.send(&Pdu::DeliverSm(sm));
    assert_eq!(north.answered(sequence), Status::ESME_ROK);
}

#[test]
fn on_loopback_the_api_is_open_until_there_is_a_token() {
    let house = House::open(&[account("acme", "")]);
    assert_eq!(house.http("/v1/accounts").0, 200);
    // Whoever shows one all the same is not asked.
    assert_eq!(house.asked("GET /v1/accounts", SHOWN).status, 200);
}

#[test]
fn a_token_is_asked_for_where_there_is_one_and_a_wrong_one_is_told_apart_from_none() {
    let admin = format!("address = \"127.0.0.1:0\"\ntoken = \"{TOKEN}\"");
    let house = House::looked_into(&admin, &[account("acme", "")]);
    for request in [
        "GET /v1/accounts",
        "HEAD /v1/accounts",
        "POST /v1/accounts",
        "GET /v1/openapi.json",
        "POST /v1/dead-letters/1/redeliver",
        "DELETE /v1/dead-letters/1",
        "GET /v1/nothing",
        "GET /v1/",
        "GET /v1",
    ] {
        let page = house.asked(request, "");
        if request.starts_with("HEAD") {
            assert_eq!((page.status, page.body.as_str()), (401, ""));
            continue;
        }
        assert!(page.head.contains("\r\nwww-authenticate: bearer\r\n"));
        assert!(no(&page, 401).contains("this needs the token"));
        for wrong in [
            "Bearer 0123456789abcdeF",
            "Bearer",
            "Basic 0123456789abcdef",
        ] {
            let headers = format!("authorization: {wrong}\r\n");
            let page = house.asked(request, &headers);
            assert!(no(&page, 401).contains("the token is wrong"));
            assert!(!page.body.contains("0123456789"), "{page:?}");
        }
    }
    assert_eq!(house.asked("GET /v1/accounts", SHOWN).status, 200);
    // Health and metrics are for everybody on this machine.
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(house.http(path).0, 200, "{path}");
    }
}

#[test]
fn elsewhere_than_on_loopback_metrics_need_the_token_and_health_does_not() {
    let house = House::looked_into(EXPOSED, &[account("acme", "")]);
    assert_eq!(house.http("/livez").0, 200);
    assert_eq!(house.http("/readyz").0, 200);
    for path in ["/metrics", "/v1/accounts"] {
        let page = house.asked(&format!("GET {path}"), "");
        assert!(page.head.contains("\r\nwww-authenticate: bearer\r\n"));
        no(&page, 401);
        assert_eq!(house.asked(&format!("GET {path}"), SHOWN).status, 200);
    }
}

#[test]
fn a_page_in_a_browser_changes_nothing_unless_it_is_ours() {
    let house = House::open(&[account("acme", "")]);
    let paths = [
        "POST /v1/dead-letters/1/redeliver",
        "DELETE /v1/dead-letters/1",
    ];
    for from in [
        "host: 127.0.0.1:2780\r\norigin: https://evil.example\r\n",
        "host: evil.example:2780\r\norigin: http://evil.example:2780\r\n",
        "origin: null\r\n",
    ] {
        for request in paths {
            let said = no(&house.asked(request, from), 403);
            assert!(said.starts_with("a page from elsewhere may change nothing here: "));
        }
        // Whoever only looks does no harm: the browser does not show it to the page.
        assert_eq!(house.asked("GET /v1/accounts", from).status, 200);
    }
    let ours = "host: localhost:2780\r\norigin: http://localhost:2780\r\n";
    for request in paths {
        no(&house.asked(request, ours), 404);
        no(&house.asked(request, ""), 404);
    }
}

#[test]
fn a_token_changes_without_a_restart_and_does_not_follow_the_address() {
    let parts = [account("acme", "")];
    let mut house = House::looked_into(EXPOSED, &parts);
    let other = EXPOSED.replace(TOKEN, "fedcba9876543210");
    house.reload_admin(&other, &parts);
    no(&house.asked("GET /v1/accounts", SHOWN), 401);
    let shown = "authorization: Bearer fedcba9876543210\r\n";
    assert_eq!(house.asked("GET /v1/accounts", shown).status, 200);
    // Loopback would need none, but that is where it will listen after the next start.
    house.reload_admin("address = \"127.0.0.1:0\"", &parts);
    no(&house.asked("GET /v1/accounts", ""), 401);
    assert_eq!(house.asked("GET /v1/accounts", shown).status, 200);
}

#[test]
fn what_the_api_does_not_know_it_says_in_a_sentence() {
    let house = House::open(&[account("acme", "")]);
    for path in [
        "/v1",
        "/v1/",
        "/v1/account",
        "/v1/accounts/",
        "/v1/accounts/acme",
    ] {
        let said = no(&house.asked(&format!("GET {path}"), ""), 404);
        let expected =
            format!("there is nothing at {path}; GET /v1/openapi.json tells what there is");
        assert_eq!(said, expected);
    }
    for path in ["/v1/", "/v1/nothing"] {
        no(&house.asked(&format!("POST {path}"), ""), 404);
    }
    for method in ["POST", "DELETE"] {
        let page = house.asked(&format!("{method} /v1/accounts"), "");
        assert!(no(&page, 405).starts_with(&format!("/v1/accounts knows no {method}; ")));
    }
    for (query, expected) in [
        ("limit=0", "limit is `0`; write a number from 1 to 1000"),
        (
            "after=x",
            "after is `x`; write what `next` was in the answer before",
        ),
        ("first=7", "first is no key here; there is limit and after"),
    ] {
        let page = house.asked(&format!("GET /v1/dead-letters?{query}"), "");
        assert!(no(&page, 400).starts_with(expected), "{page:?}");
    }
    let page = house.asked("GET /v1/carriers?limit=7", "");
    assert_eq!(no(&page, 400), "limit is no key here; leave it out");
}

#[test]
fn accounts_show_who_is_bound_and_what_waits_and_no_password() {
    let house = House::open(&[
        account("beta", "class = \"otp\"\nack = \"carrier\"\nbinds = 3"),
        account("acme", "window = 7\ndeliver_window = 5"),
    ]);
    let _acme = [house.rx("acme"), house.tx("acme")];
    let shown = get(&house, "/v1/accounts");
    assert!(!shown.to_string().contains("secret"));
    let expected = serde_json::json!([
        {
            "system_id": "acme", "class": "transactional", "ack": "stored",
            "binds": 2, "binds_max": 8, "window": 7, "deliver_window": 5,
            "places_taken": 0, "places_max": 250_000, "deliveries_waiting": 0,
        },
        {
            "system_id": "beta", "class": "otp", "ack": "carrier",
            "binds": 0, "binds_max": 3, "window": 100, "deliver_window": 10,
            "places_taken": 0, "places_max": 250_000, "deliveries_waiting": 0,
        },
    ]);
    assert_eq!(shown["accounts"], expected);
}

#[test]
fn what_waits_for_an_account_that_is_not_bound_is_shown() {
    let (house, _smsc, mut north, mut acme) = one_carrier("", "");
    let sequence = acme.submit("33612345678");
    acme.accepted(sequence);
    north.takes("n1");
    acme.unbind();
    acme.closed();
    north.reports("n1", "DELIVRD", "000");
    until("the receipt waits", || {
        let account = &get(&house, "/v1/accounts")["accounts"][0];
        account["deliveries_waiting"] == 1 && account["places_taken"] == 1
    });
}

#[test]
fn sessions_show_who_is_bound_from_where_and_since_when() {
    let house = House::open(&[account("acme", ""), account("beta", "")]);
    let mut acme = house.dial_from([127, 0, 0, 9]);
    acme.bind_as(Command::BIND_RECEIVER, "acme", "secret", 0x33);
    let mut beta = house.trx("beta");
    let shown = get(&house, "/v1/sessions");
    let [first, second] = &shown["sessions"].as_array().unwrap()[..] else {
        panic!("two are bound: {shown}");
    };
    assert_eq!(first["account"], "acme");
    assert_eq!(first["bind"], "receiver");
    assert_eq!(first["peer"], "127.0.0.9");
    assert_eq!(first["optional_parameters"], false);
    assert_eq!(second["account"], "beta");
    assert_eq!(second["bind"], "transceiver");
    assert_eq!(second["peer"], "127.0.0.1");
    assert_eq!(second["optional_parameters"], true);
    assert!(first["connection"].as_u64() < second["connection"].as_u64());
    for session in [first, second] {
        assert_eq!(session["deliveries_waiting"], 0);
        let since: jiff::Timestamp = session["since"].as_str().unwrap().parse().unwrap();
        let ago = jiff::Timestamp::now().duration_since(since).as_secs();
        assert!((0..60).contains(&ago), "{session}");
    }
    beta.unbind();
    until("beta has gone", || {
        get(&house, "/v1/sessions")["sessions"]
            .as_array()
            .map(Vec::len)
            == Some(1)
    });
}

#[test]
fn carriers_show_their_binds_and_what_waits_for_them() {
    let (house, north_smsc, south_smsc) = two_carriers(
        "",
        "window = 2\nrate = 1000\ngroup = \"nordic\"",
        "bind = \"pair\"\nbinds = 2",
    );
    let mut north = north_smsc.bound();
    let mut acme = house.trx("acme");
    let sequences: Vec<u32> = (0..5).map(|_| acme.submit("33612345678")).collect();
    for sequence in sequences {
        acme.accepted(sequence);
    }
    let first = north.request();
    north.accept(&first, "n1");
    // Two are unanswered, two wait, and one is to be reported.
    until("the window is full again", || {
        let shown = &get(&house, "/v1/carriers")["carriers"][0];
        shown["in_flight"] == 2 && shown["waiting"] == 2 && shown["reports_awaited"] == 1
    });
    let shown = get(&house, "/v1/carriers");
    assert!(!shown.to_string().contains("secret"));
    let expected = serde_json::json!([
        {
            "name": "north", "group": "nordic", "addresses": [north_smsc.address().to_string()],
            "bind": "transceiver", "binds": 1, "binds_wanted": 1, "window": 2, "in_flight": 2,
            "rate": 1000, "waiting": 2, "parked": 0, "reports_awaited": 1, "reports_parked": 0,
        },
        {
            "name": "south", "group": "south", "addresses": [south_smsc.address().to_string()],
            "bind": "pair", "binds": 0, "binds_wanted": 4, "window": 10, "in_flight": 0,
            "rate": 0, "waiting": 0, "parked": 0, "reports_awaited": 0, "reports_parked": 0,
        },
    ]);
    assert_eq!(shown["carriers"], expected);
}

#[test]
fn messages_that_wait_until_their_carrier_is_bound_are_shown_with_it() {
    let smsc = Smsc::open();
    let house = House::open(&[
        account("acme", ""),
        smsc.settings("north", ""),
        route("all", "via = [\"north\"]"),
    ]);
    let mut acme = house.trx("acme");
    for _ in 0..3 {
        let sequence = acme.submit("33612345678");
        acme.accepted(sequence);
    }
    assert_eq!(get(&house, "/v1/carriers")["carriers"][0]["parked"], 3);
}

#[test]
fn dead_letters_are_read_in_portions() {
    let (house, _smsc, mut north, _acme) = one_carrier("", "");
    let shown = get(&house, "/v1/dead-letters");
    assert_eq!(shown, serde_json::json!({"dead_letters": [], "next": null}));
    for from in 1..=5 {
        lost(&mut north, format!("3361234567{from}").as_bytes());
    }
    let first = get(&house, "/v1/dead-letters?limit=2");
    let letter = &first["dead_letters"][0];
    assert_eq!(letter["carrier"], "north");
    assert_eq!(letter["address"], "99999");
    for field in ["account", "carrier_message_id"] {
        assert_eq!(letter[field], Value::Null, "{field}");
    }
    assert!(!letter["reason"].as_str().unwrap().is_empty());
    let ids = |portion: &Value| -> Vec<String> {
        let letters = portion["dead_letters"].as_array().unwrap().iter();
        letters
            .map(|letter| letter["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&first).len(), 2);
    let mut read = ids(&first);
    let mut portion = first;
    while let Some(next) = portion["next"].as_str() {
        portion = get(&house, &format!("/v1/dead-letters?limit=2&after={next}"));
        read.extend(ids(&portion));
    }
    assert_eq!(read, ids(&get(&house, "/v1/dead-letters")));
    assert_eq!(read.len(), 5);
    assert!(read.is_sorted());
}

#[test]
fn a_dead_letter_names_the_message_as_its_account_sees_it() {
    let (house, _smsc, mut north, mut acme) = one_carrier("message_id = \"hex\"", "");
    let sequence = acme.submit("33612345678");
    let id = acme.accepted(sequence);
    north.takes("n1");
    north.reports("n1", "DELIVRD", "000");
    let receipt = acme.expect(Command::DELIVER_SM);
    acme.settle(&receipt, Status::ESME_RX_R_APPN);
    until("it is given up", || house.metric("dead_letters_total") == 1);
    let letter = &get(&house, "/v1/dead-letters")["dead_letters"][0];
    assert_eq!(letter["id"], id);
    assert_eq!(letter["account"], "acme");
}

/// What is wrong with a value by this schema: types, words, and fields that only one of both has.
fn flaws(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.trim_start_matches('#'));
        let schema = schema.unwrap_or_else(|| panic!("{reference} is nowhere"));
        return flaws(document, schema, value, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        // Something, or null.
        let [something, nothing] = &choices[..] else {
            panic!("{at}: a choice of two is understood: {schema}");
        };
        assert_eq!(nothing["type"], "null", "{at}");
        return match value.is_null() {
            true => {}
            false => flaws(document, something, value, at, found),
        };
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => panic!("{at} has no type: {schema}"),
    };
    let is = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&is) {
        found.push(format!("{at} is {value}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{at} is {value}"));
    }
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        flaws(
            document,
            &schema["items"],
            item,
            &format!("{at}[{place}]"),
            found,
        );
    }
    let (Some(fields), Some(described)) = (value.as_object(), schema["properties"].as_object())
    else {
        return;
    };
    for name in described.keys().filter(|name| !fields.contains_key(*name)) {
        found.push(format!("{at}.{name} is not there"));
    }
    for (name, field) in fields {
        match described.get(name) {
            Some(schema) => flaws(document, schema, field, &format!("{at}.{name}"), found),
            None => found.push(format!("{at}.{name} is not described")),
        }
    }
}

/// A number that a message of the furnished house goes to.
const FURNISHED: &str = "33612345678";

/// A house where each list of the API has something to show.
fn furnished() -> (House, Smsc, Carrier, Esme) {
    let (house, smsc, mut north, mut acme) = one_carrier("", "");
    for from in [b"33612345678", b"33612345679"] {
        lost(&mut north, from);
    }
    let sequence = acme.submit_multi(&[FURNISHED, "33612345679"]);
    acme.accepted(sequence);
    for id in ["n1", "n2"] {
        north.takes(id);
    }
    north.reports("n2", "UNDELIV", "005");
    acme.receipt();
    (house, smsc, north, acme)
}

/// What is asked for to see what is at a path.
fn example(house: &House, method: &str, path: &str) -> String {
    let path = match path {
        "/v1/dead-letters/{id}" | "/v1/dead-letters/{id}/redeliver" => {
            let letters = get(house, "/v1/dead-letters?limit=1");
            let id = letters["dead_letters"][0]["id"].as_str();
            path.replace("{id}", id.expect("a letter"))
        }
        "/v1/messages" => format!("{path}?to={FURNISHED}"),
        "/v1/messages/{id}" => {
            let messages = get(house, &format!("/v1/messages?to={FURNISHED}"));
            let id = messages["messages"][0]["id"].as_str();
            path.replace("{id}", id.expect("a message"))
        }
        _ => path.to_owned(),
    };
    assert!(!path.contains('{'), "{path}: nobody knows what to ask for");
    format!("{} {path}", method.to_uppercase())
}

/// What the document says of an answer with this status, if it knows one.
fn described<'a>(document: &'a Value, operation: &'a Value, status: u16) -> Option<&'a Value> {
    let response = operation["responses"].get(status.to_string())?;
    let response = match response["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#'))?,
        None => response,
    };
    response.pointer("/content/application~1json/schema")
}

#[test]
fn the_api_is_what_its_document_says() {
    let (house, _smsc, _north, _acme) = furnished();
    let document = get(&house, "/v1/openapi.json");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 9, "the paths are gone");
    let mut found = Vec::new();
    // What changes something comes after what only looks.
    let mut operations: Vec<(&str, &str, &Value)> = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((method, path, operation));
        }
    }
    operations.sort_by_key(|(method, ..)| *method != "get");
    for (method, path, operation) in operations {
        let page = house.asked(&example(&house, method, path), "");
        let Some(schema) = described(&document, operation, page.status) else {
            panic!("{method} {path}: not described: {page:?}");
        };
        let shown = json(&page);
        flaws(&document, schema, &shown, path, &mut found);
        for (name, list) in shown.as_object().unwrap() {
            let is_empty = list.as_array().is_some_and(Vec::is_empty);
            let is_document = path == "/v1/openapi.json";
            assert!(
                !is_empty || is_document,
                "{path}: nothing of {name} is shown"
            );
        }
        // Over memory nothing is kept that could be delivered again.
        let expected = match method {
            "post" => 501,
            _ => 200,
        };
        assert_eq!(page.status, expected, "{method} {path}");
    }
    assert!(found.is_empty(), "{found:#?}");
    let refusals = ["/v1/accounts?x=1", "/v1/nothing"];
    for path in refusals {
        let page = house.asked(&format!("GET {path}"), "");
        let schema = &document["components"]["schemas"]["Error"];
        flaws(&document, schema, &json(&page), path, &mut found);
    }
    assert!(found.is_empty(), "{found:#?}");
}
