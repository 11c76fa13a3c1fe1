//! What customers and phones write.

use crate::rig::chance::Dice;

/// A text of the customer of this name.
pub fn from_customer(name: &str, dice: &mut Dice) -> String {
    let number = |dice: &mut Dice, from: u64, to: u64| from + dice.bits() % (to - from);
    let kind = dice.bits() % 3;
    match (name, kind) {
        ("Bank", 0) => format!("Your code: {}", number(dice, 100_000, 1_000_000)),
        ("Bank", 1) => format!("You paid {} €", number(dice, 2, 300)),
        ("Bank", _) => format!("You received {} €", number(dice, 2, 3_000)),
        (_, 0) => format!("Order {} is paid", number(dice, 10_000, 100_000)),
        (_, 1) => format!("Order {} sent", number(dice, 10_000, 100_000)),
        (_, _) => format!("Parcel due at {:02}:30", number(dice, 8, 19)),
    }
}

/// A text that somebody sends to a short code.
pub fn from_phone(dice: &mut Dice) -> &'static str {
    const TEXTS: [&str; 5] = ["STOP", "Yes please", "Where is it?", "Thanks!", "HELP"];
    TEXTS[dice.bits() as usize % TEXTS.len()]
}

/// A phone number of eleven digits.
pub fn phone(prefix: &str, dice: &mut Dice) -> String {
    format!("{prefix}{:08}", dice.bits() % 100_000_000)
}
