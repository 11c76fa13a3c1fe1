//! Numbers that look random and follow from a seed alone.

use std::time::Duration;

/// A source of numbers. The same seed gives the same numbers, on every machine.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        // Seeds that follow each other are to have nothing in common.
        let mut chance = Self(seed ^ 0x5EED_5EED_5EED_5EED);
        chance.next();
        chance
    }

    /// The next 64 bits (SplitMix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub fn range(&mut self, least: u64, most: u64) -> u64 {
        let span = most.saturating_sub(least).saturating_add(1);
        least + ((u128::from(self.next()) * u128::from(span)) >> 64) as u64
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.range(0, count.max(1) as u64 - 1) as usize
    }

    /// Whether something happens that happens so many times in a thousand.
    pub fn permille(&mut self, rate: u32) -> bool {
        rate > 0 && self.range(0, 999) < u64::from(rate)
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.range(1, count.max(1)) == 1
    }

    pub fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        *self.of(choices)
    }

    /// A span of so many microseconds.
    pub fn micros(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_micros(self.range(least, most))
    }

    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        self.micros(least * 1_000, most * 1_000)
    }

    /// A number from 0 to 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
