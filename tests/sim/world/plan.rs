//! What a seed stands for: who there is, what they send, and what goes wrong.

use super::chance::Chance;
use super::faults::{Faults, Trouble};
use smppgate::carrier::{
    Binding, Carrier, Group, Long, Numbering, Password, Receipts, Reconnect, SegmentReceipts,
};
use smppgate::esme::{Account, Password as EsmePassword, ReceiptBind};
use smppgate::message::{AckMode, Class, IdForm, OnUnknown, UnknownOutcome};
use smppgate::moment::Moment;
use smppgate::receipt::{IdForms, Written};
use smppgate::session::BindKind;
use std::time::Duration;

/// 2026-05-04 05:33:20 UTC, from where seeds spread over a year.
const SPRING: Moment = Moment(1_777_872_800_000_000);

/// Countries that numbers are in.
pub const PREFIXES: [&str; 4] = ["33", "44", "49", "7"];

/// All of it.
#[derive(Debug)]
pub struct Plan {
    pub start: Moment,
    pub accounts: Vec<EsmePlan>,
    pub carriers: Vec<CarrierPlan>,
    /// How each operator writes its ids, and the bounds of its group.
    pub operators: Vec<OperatorPlan>,
    /// Which carriers a country goes to, in this order; none is no route.
    pub routes: Vec<Vec<usize>>,
    /// What the route to each country says of outcomes that nobody knows.
    pub unknown_outcomes: Vec<Option<UnknownOutcome>>,
    pub housekeeping: Duration,
    /// Whether the journal is on a disk, and the gateway dies at times.
    pub is_on_disk: bool,
    pub faults: Faults,
    pub troubles: Vec<Trouble>,
    pub load: Vec<Order>,
    /// How long load and troubles last.
    pub day: Duration,
}

#[derive(Debug)]
pub struct EsmePlan {
    pub settings: Account,
    pub binds: Vec<BindKind>,
    /// Requests that it leaves unanswered on a bind; more than the account allows in some.
    pub window: usize,
}

#[derive(Debug)]
pub struct CarrierPlan {
    pub settings: Carrier,
    pub operator: usize,
    /// Messages a second that it takes, 0 for all.
    pub takes: u32,
}

/// What all carriers of an operator have in common.
#[derive(Debug)]
pub struct OperatorPlan {
    pub ids: IdHabit,
    /// What we were told of its ids.
    pub message_id: IdForms,
    pub segment_receipts: SegmentReceipts,
    pub acceptd_final: bool,
    pub bounds: Option<Group>,
}

/// How an operator writes its ids in responses and in receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdHabit {
    /// The same decimal digits in both.
    Decimal,
    /// Letters and digits.
    Token,
    /// Hexadecimal in responses, decimal in receipts.
    HexThenDecimal,
    /// Eight decimal digits with zeros, and without them in receipts.
    Padded,
}

/// Something that is sent into the gateway.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub at: Moment,
    /// Whose: an account, or an operator if a phone has written.
    pub of: usize,
    /// Which bind, among those that can.
    pub bind: usize,
    pub wish: Wish,
    pub registered: u8,
    pub valid_seconds: Option<u64>,
    pub prefix: usize,
    /// Whether the number is written with a plus or zeros in front.
    pub written: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    One,
    Data,
    Payload {
        octets: usize,
    },
    Segments {
        total: u8,
    },
    Multi {
        count: usize,
    },
    Query,
    Cancel,
    Replace,
    /// A phone writes to an account.
    Phone {
        account: usize,
        segments: u8,
    },
}

impl Plan {
    pub fn of(chance: &mut Chance) -> Self {
        let start = SPRING + Duration::from_secs(chance.range(0, 365 * 86_400));
        let day = Duration::from_secs(chance.pick(&[5, 20, 20, 60, 60, 180]));
        let accounts: Vec<_> = (0..chance.range(1, 3)).map(|at| esme(at, chance)).collect();
        let operators: Vec<_> = (0..chance.range(1, 2))
            .map(|at| operator(at, chance))
            .collect();
        let count = chance.range(operators.len() as u64, 3) as usize;
        let carriers: Vec<_> = (0..count)
            .map(|at| {
                let operator = match at < operators.len() {
                    true => at,
                    false => chance.below(operators.len()),
                };
                carrier(at, operator, &operators[operator], chance)
            })
            .collect();
        let routes = routes(carriers.len(), chance);
        let unknown_outcomes = PREFIXES.iter().map(|_| match chance.one_in(6) {
            true => unknown_outcome(chance),
            false => None,
        });
        let unknown_outcomes = unknown_outcomes.collect();
        let faults = Faults::of(chance);
        let mut troubles = Trouble::all(&accounts, &carriers, start, day, chance);
        let is_on_disk = chance.one_in(3);
        if is_on_disk {
            troubles.extend(Trouble::ends(start, day, chance));
            troubles.sort_by_key(|trouble| trouble.from);
        }
        let mut plan = Self {
            start,
            accounts,
            carriers,
            operators,
            routes,
            unknown_outcomes,
            housekeeping: Duration::from_millis(chance.pick(&[100, 100, 300, 1_000])),
            is_on_disk,
            faults,
            troubles,
            load: Vec::new(),
            day,
        };
        plan.load = plan.orders(chance);
        plan
    }

    fn orders(&self, chance: &mut Chance) -> Vec<Order> {
        let most = chance.pick(&[10, 30, 60, 60, 100, 250]);
        let count = chance.range(1, most);
        let is_burst = chance.one_in(3);
        let span = self.day.as_micros() as u64 * 9 / 10;
        let receipts = chance.pick(&[&[0, 1, 1, 1, 2, 3, 0x11][..], &[1], &[0, 1]]);
        let has_validity = chance.one_in(3);
        let special = chance.pick(&[0, 50, 300]);
        let mut orders: Vec<_> = (0..count)
            .map(|_| {
                let account = chance.below(self.accounts.len());
                let at = match is_burst {
                    // Ten bursts of one second.
                    true => {
                        span * chance.range(0, 9) / 10 + chance.range(0, 1_000_000).min(span / 10)
                    }
                    false => chance.range(0, span),
                };
                let wish = match chance.permille(special) {
                    false => Wish::One,
                    true => self.wish(chance),
                };
                let of = match wish {
                    Wish::Phone { .. } => chance.below(self.operators.len()),
                    _ => account,
                };
                let valid_seconds = match has_validity && chance.one_in(2) {
                    true => Some(chance.pick(&[5, 30, 120, 3_600, 90_000])),
                    false => None,
                };
                Order {
                    at: self.start + Duration::from_micros(at),
                    of,
                    bind: chance.below(8),
                    wish,
                    registered: chance.pick(receipts),
                    valid_seconds,
                    prefix: match chance.one_in(40) {
                        true => PREFIXES.len() - 1,
                        false => chance.below(PREFIXES.len() - 1),
                    },
                    written: chance.below(8).saturating_sub(5),
                }
            })
            .collect();
        orders.sort_by_key(|order| order.at);
        orders
    }

    fn wish(&self, chance: &mut Chance) -> Wish {
        match chance.range(0, 10) {
            0 => Wish::Data,
            1 => Wish::Payload {
                octets: chance.pick(&[200, 300, 700, 1_200]),
            },
            2 => Wish::Segments {
                total: chance.range(2, 4) as u8,
            },
            3 => Wish::Multi {
                count: chance.range(1, 6) as usize,
            },
            4 => Wish::Query,
            5 => Wish::Cancel,
            6 => Wish::Replace,
            _ => Wish::Phone {
                account: chance.below(self.accounts.len()),
                segments: chance.pick(&[1, 1, 1, 2, 3]),
            },
        }
    }
}

fn esme(at: u64, chance: &mut Chance) -> EsmePlan {
    use BindKind::{Receiver, Transceiver, Transmitter};
    let binds = match chance.range(0, 5) {
        0 | 1 => vec![Transceiver],
        2 => vec![Transmitter, Receiver],
        3 => vec![Transceiver, Transceiver],
        4 => vec![Transmitter, Transmitter, Receiver],
        _ => vec![Transceiver, Receiver, Transceiver],
    };
    let ack = match chance.one_in(3) {
        true => AckMode::Carrier,
        false => AckMode::Stored,
    };
    let window = chance.pick(&[1, 3, 10, 50]);
    EsmePlan {
        settings: Account {
            system_id: format!("esme{at}"),
            password: EsmePassword::Plain(b"secret".to_vec()),
            window,
            deliver_window: chance.pick(&[1, 2, 5, 10]),
            deliver_timeout: chance.millis(1_000, 20_000),
            enquire_link: chance.millis(5_000, 60_000),
            ack,
            on_unknown: chance.pick(&[OnUnknown::Accept, OnUnknown::Accept, OnUnknown::Refuse]),
            respond_within: chance.millis(1_000, 10_000),
            class: chance.pick(&[Class::Otp, Class::Transactional, Class::Marketing]),
            unknown_outcome: unknown_outcome(chance),
            ordered: chance.one_in(4),
            message_id: chance.pick(&[IdForm::Decimal, IdForm::Hex]),
            reassemble: chance.one_in(3),
            receipt_bind: chance.pick(&[ReceiptBind::Any, ReceiptBind::Same]),
            rate: chance.pick(&[0, 0, 0, 0, 20, 3]),
            ..Account::default()
        },
        binds,
        window: match chance.one_in(4) {
            true => 4 * window as usize,
            false => window as usize,
        },
    }
}

fn unknown_outcome(chance: &mut Chance) -> Option<UnknownOutcome> {
    use UnknownOutcome::{Hold, Resend, ResendOnce};
    chance.pick(&[None, None, Some(ResendOnce), Some(Hold), Some(Resend)])
}

fn operator(at: u64, chance: &mut Chance) -> OperatorPlan {
    let ids = chance.pick(&[
        IdHabit::Decimal,
        IdHabit::Token,
        IdHabit::HexThenDecimal,
        IdHabit::Padded,
    ]);
    let known = |response, receipt, strip_zeros| IdForms::Known {
        response,
        receipt,
        fold_case: false,
        strip_zeros,
    };
    let message_id = match ids {
        _ if chance.one_in(2) => IdForms::Auto,
        IdHabit::Decimal | IdHabit::Token => known(Written::Literal, Written::Literal, false),
        IdHabit::HexThenDecimal => known(Written::Hex, Written::Decimal, false),
        IdHabit::Padded => known(Written::Literal, Written::Literal, true),
    };
    OperatorPlan {
        ids,
        message_id,
        segment_receipts: chance.pick(&[
            SegmentReceipts::Each,
            SegmentReceipts::Each,
            SegmentReceipts::Any,
            SegmentReceipts::Last,
        ]),
        acceptd_final: chance.one_in(3),
        bounds: chance.one_in(4).then(|| Group {
            name: format!("group{at}"),
            window: chance.pick(&[0, 1, 5]),
            rate: chance.pick(&[0, 10, 50]),
        }),
    }
}

fn carrier(at: usize, operator: usize, plan: &OperatorPlan, chance: &mut Chance) -> CarrierPlan {
    let takes = chance.pick(&[0, 0, 0, 5, 30]);
    CarrierPlan {
        settings: Carrier {
            name: format!("carrier{at}"),
            addresses: vec!["simulated:1".to_owned()],
            system_id: "smppgate".to_owned(),
            password: Password(b"secret".to_vec()),
            group: format!("group{operator}"),
            bind: chance.pick(&[Binding::Transceiver, Binding::Transceiver, Binding::Pair]),
            binds: chance.pick(&[1, 1, 2]),
            window: chance.range(1, 10) as u32,
            rate: chance.pick(&[0, 0, 0, 10, 100]),
            enquire_link: chance.millis(5_000, 60_000),
            response_timeout: chance.millis(2_000, 30_000),
            reconnect: Reconnect {
                first: chance.millis(100, 2_000),
                most: chance.millis(2_000, 120_000),
            },
            receipts: chance.pick(&[Receipts::Always, Receipts::Always, Receipts::AsAsked]),
            long: chance.pick(&[
                Long::Pass,
                Long::Pass,
                Long::Pass,
                Long::Udh,
                Long::Sar,
                Long::Payload,
            ]),
            destination_ton: chance.pick(&[Numbering::Set(1), Numbering::Keep]),
            segment_receipts: plan.segment_receipts,
            acceptd_final: plan.acceptd_final,
            message_id: plan.message_id,
            ..Carrier::default()
        },
        operator,
        takes,
    }
}

fn routes(carriers: usize, chance: &mut Chance) -> Vec<Vec<usize>> {
    let route = |chance: &mut Chance| {
        let first = chance.below(carriers);
        let count = chance.range(1, carriers as u64) as usize;
        (0..count).map(|step| (first + step) % carriers).collect()
    };
    let mut routes: Vec<Vec<usize>> = (1..PREFIXES.len()).map(|_| route(chance)).collect();
    routes.push(Vec::new());
    routes
}
