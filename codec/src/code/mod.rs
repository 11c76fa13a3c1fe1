//! Numbers of the wire that have names: open, so that what has no name passes through unharmed.

mod command;
mod status;
mod tag;
mod coding;

pub use coding::{Alphabet, DataCoding, EsmClass, MessageState, MessageType, RegisteredDelivery};
pub use command::Command;
pub use status::{Class, Status};
pub use tag::Tag;

/// Makes a newtype over a wire number, with a constant for each known value.
macro_rules! open_number {
    (
        $(#[$meta:meta])*
        $name:ident($int:ty) { $($(#[$vmeta:meta])* $constant:ident = $value:literal, $spelled:literal;)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(pub $int);

        #[allow(non_upper_case_globals)]
        impl $name {
            $($(#[$vmeta])* #[doc = $spelled] pub const $constant: Self = Self($value);)*

            /// Every value that has a name, in numerical order.
            pub const KNOWN: &'static [(Self, &'static str)] = &[$((Self($value), $spelled),)*];

            /// The name by the specification, if the number has one.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($spelled),)*
                    _ => None,
                }
            }

            /// The number that bears this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::KNOWN.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "0x{:0width$X}", self.0, width = 2 * size_of::<$int>()),
                }
            }
        }
    };
}
use open_number;
