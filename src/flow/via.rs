//! The carriers that may carry a message, in the order to try them.

use crate::message::CarrierId;
use std::ops::Deref;

/// Carriers that lie in the message itself: most routes name two or three.
const FEW: usize = 6;

/// Carriers in an order, in the place that two references take: there may be millions.
#[derive(Debug, Clone)]
pub struct Via(Named);

#[derive(Debug, Clone)]
#[expect(
    clippy::box_collection,
    reason = "a vector would be as large as all the rest"
)]
enum Named {
    Few(u8, [CarrierId; FEW]),
    Many(Box<Vec<CarrierId>>),
}

impl Default for Via {
    fn default() -> Self {
        Self(Named::Few(0, [CarrierId::NONE; FEW]))
    }
}

impl Via {
    /// One more, behind the others.
    pub fn push(&mut self, carrier: CarrierId) {
        match &mut self.0 {
            Named::Few(count, few) if usize::from(*count) < FEW => {
                few[usize::from(*count)] = carrier;
                *count += 1;
            }
            Named::Few(_, few) => {
                let many = few.iter().copied().chain([carrier]).collect();
                self.0 = Named::Many(Box::new(many));
            }
            Named::Many(many) => many.push(carrier),
        }
    }
}

impl Deref for Via {
    type Target = [CarrierId];

    fn deref(&self) -> &[CarrierId] {
        match &self.0 {
            Named::Few(count, few) => &few[..usize::from(*count)],
            Named::Many(many) => many,
        }
    }
}

impl FromIterator<CarrierId> for Via {
    fn from_iter<I: IntoIterator<Item = CarrierId>>(carriers: I) -> Self {
        let mut via = Self::default();
        carriers.into_iter().for_each(|carrier| via.push(carrier));
        via
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_or_many_carriers_are_given_back_in_their_order() {
        for count in 0..20 {
            let named: Vec<_> = (0..count).map(CarrierId).collect();
            assert_eq!(*Via::from_iter(named.clone()), *named);
        }
        assert_eq!(size_of::<Via>(), 16);
    }
}
