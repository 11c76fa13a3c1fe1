//! What came twice, and whether a break allows it.

use super::breaks::Breaks;
use super::terms::Terms;

/// A peer notes a little late what had reached it before the gateway was killed.
const LAG_NS: u64 = 100_000_000;

/// The place of the break on account of which something that was done at `first` may be done again
/// at `second`: it was in flight at that time, or its answer, given at `answered`, may not have been
/// taken any more.
pub(super) fn allowed(
    breaks: &Breaks,
    terms: &Terms,
    (first, answered): (u64, Option<u64>),
    second: u64,
) -> Option<usize> {
    let settled = u64::try_from(terms.settled_after.as_nanos()).unwrap_or(u64::MAX);
    let mut from = first.saturating_sub(LAG_NS);
    if breaks.is_limbo(first) {
        // Nobody knows of it: the cut that it came after is to blame, however long ago.
        from = breaks.limbo_before(first);
    }
    let place = breaks.first_between(from, second)?;
    let at = breaks.all()[place].at;
    let is_known = answered.is_some_and(|answered| answered.saturating_add(settled) < at);
    (!is_known).then_some(place)
}

#[cfg(test)]
mod tests {
    use super::super::breaks::BreakKind;
    use super::*;
    use std::time::Duration;

    const MS: u64 = 1_000_000;

    #[test]
    fn only_what_was_in_flight_may_come_again() {
        let terms = Terms {
            settled_after: Duration::from_millis(250),
            ..Terms::default()
        };
        let mut breaks = Breaks::default();
        breaks.note(0, BreakKind::Started);
        breaks.note(1_000 * MS, BreakKind::Killed);
        let allowed = |first, answered: Option<u64>, second| {
            let first = (first * MS, answered.map(|at| at * MS));
            allowed(&breaks, &terms, first, second * MS)
        };
        assert_eq!(allowed(500, None, 1_500), Some(1), "never answered");
        assert_eq!(
            allowed(500, Some(900), 1_500),
            Some(1),
            "answered just before"
        );
        assert_eq!(allowed(500, Some(600), 1_500), None, "answered long before");
        assert_eq!(allowed(500, None, 900), None, "no break between");
        assert_eq!(allowed(1_050, None, 1_500), Some(1), "noted late");
        assert_eq!(allowed(1_200, None, 1_500), None, "done after it");
        breaks.note(2_000 * MS, BreakKind::Cut);
        breaks.note(2_500 * MS, BreakKind::Started);
        let first = (2_400 * MS, Some(2_410 * MS));
        assert_eq!(
            super::allowed(&breaks, &terms, first, 3_000 * MS),
            Some(2),
            "in limbo"
        );
    }
}
