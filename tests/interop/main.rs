//! The gateway between peers that nobody here has written, on real sockets.
//!
//! Goal: what we take for SMPP is what others take for it. Method: each story is told with ESMEs on npm smpp,
//! smpplib and smpp34, plain and over TLS, the carrier being npm smpp, and once more with smpp34 as the
//! carrier; the gateway is the program itself. Each end encodes and decodes with its own library, so a text
//! that arrives whole was understood by both.

#[path = "../shared/authority.rs"]
mod authority;
mod install;
mod peer;
mod house;
mod texts;
mod binds;

use peer::Library;

/// The libraries that an ESME may stand on.
const ESMES: [Library; 3] = [Library::Npm, Library::Smpplib, Library::Smpp34];

/// A test of each story in each scene.
macro_rules! stories {
    ($($story:ident)*) => {$(
        mod $story {
            use crate::house::Scene;

            #[test]
            fn plain() {
                super::$story(Scene::Plain);
            }

            #[test]
            fn over_tls() {
                super::$story(Scene::Tls);
            }

            #[test]
            fn with_smpp34_as_the_carrier() {
                super::$story(Scene::Smpp34);
            }
        }
    )*};
}
use stories;
