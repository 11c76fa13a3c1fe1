//! Seeded chance: how long something takes and how often it goes wrong.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A small generator (splitmix64): the same seed gives the same run.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// A generator that begins at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number from 0 up to, but not including, 1.
    pub fn share(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Whether something happens that has this share; 0 never, 1 always.
    pub fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.share() < share
    }

    /// One of several things by their shares; nothing with the share that they leave.
    pub fn pick<T: Copy>(&mut self, shares: &[(T, f64)]) -> Option<T> {
        if shares.is_empty() {
            return None;
        }
        let mut drawn = self.share();
        for (thing, share) in shares {
            if drawn < *share {
                return Some(*thing);
            }
            drawn -= share;
        }
        None
    }
}

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Law {
    /// No time at all: done in the same turn.
    #[default]
    None,
    /// Always the same.
    Fixed(Duration),
    /// Anything between the two, all equally likely.
    Between(Duration, Duration),
    /// Log-normal: half of all below the median, a long tail above; sigma of the logarithm.
    LogNormal(Duration, f64),
}

impl Law {
    /// One duration drawn by this law.
    pub fn draw(&self, dice: &mut Dice) -> Duration {
        match *self {
            Self::None => Duration::ZERO,
            Self::Fixed(span) => span,
            Self::Between(low, high) => low + high.saturating_sub(low).mul_f64(dice.share()),
            Self::LogNormal(median, sigma) => {
                // Box-Muller; 1 - share is never 0.
                let radius = (-2.0 * (1.0 - dice.share()).ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * dice.share()).cos();
                // Six sigma is where the tail is cut, so that no draw overflows.
                median.mul_f64((sigma * normal.clamp(-6.0, 6.0)).exp())
            }
        }
    }
}

impl FromStr for Law {
    type Err = String;

    /// Reads `0`, `5ms`, `5ms..20ms` (uniform) or `2s~0.4` (log-normal: median and sigma).
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((low, high)) = text.split_once("..") {
            let (low, high) = (span(low)?, span(high)?);
            if low > high {
                return Err(format!("{text}: the first duration is the longer one"));
            }
            return Ok(Self::Between(low, high));
        }
        if let Some((median, sigma)) = text.split_once('~') {
            let sigma: f64 = sigma
                .trim()
                .parse()
                .map_err(|_| format!("{sigma}: not a number"))?;
            if !(0.0..=5.0).contains(&sigma) {
                return Err(format!("{sigma}: sigma is between 0 and 5"));
            }
            return Ok(Self::LogNormal(span(median)?, sigma));
        }
        Ok(match span(text)? {
            Duration::ZERO => Self::None,
            fixed => Self::Fixed(fixed),
        })
    }
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("0"),
            Self::Fixed(span) => write!(f, "{span:?}"),
            Self::Between(low, high) => write!(f, "{low:?}..{high:?}"),
            Self::LogNormal(median, sigma) => write!(f, "{median:?}~{sigma}"),
        }
    }
}

/// Reads a duration: a number and `us`, `ms`, `s`, `m` or `h`; `0` needs no unit.
pub fn span(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let wrong = || format!("{text}: not a duration like 200us, 5ms, 10s or 2m");
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().map_err(|_| wrong())?;
    let unit = match &text[digits..] {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "" if number == 0.0 => 1.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(number * unit).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_is_read_from_its_text() {
        let ms = Duration::from_millis;
        assert_eq!("0".parse(), Ok(Law::None));
        assert_eq!("5ms".parse(), Ok(Law::Fixed(ms(5))));
        assert_eq!("5ms..20ms".parse(), Ok(Law::Between(ms(5), ms(20))));
        assert_eq!("2s~0.4".parse(), Ok(Law::LogNormal(ms(2_000), 0.4)));
        for wrong in ["", "5", "ms", "20ms..5ms", "2s~x", "2s~9", "-1s", "1.2.3s"] {
            assert!(wrong.parse::<Law>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn half_of_a_log_normal_law_lies_below_its_median() {
        let (mut dice, median) = (Dice::new(7), Duration::from_millis(100));
        let law = Law::LogNormal(median, 0.5);
        let below = (0..10_000).filter(|_| law.draw(&mut dice) < median).count();
        assert!((4_800..5_200).contains(&below), "{below}");
    }

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let run = |seed| -> Vec<bool> {
            let mut dice = Dice::new(seed);
            (0..64).map(|_| dice.happens(0.3)).collect()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
