//! Who may ask: whoever is on this machine, or shows the token.

use super::Token;
use arc_swap::ArcSwapOption;
use std::net::SocketAddr;
use std::sync::Arc;

/// Decides who may ask.
#[derive(Debug)]
pub struct Guard {
    token: ArcSwapOption<Token>,
    /// Whether others than this machine can connect.
    is_exposed: bool,
}

impl Default for Guard {
    /// Nobody may ask.
    fn default() -> Self {
        Self {
            token: ArcSwapOption::default(),
            is_exposed: true,
        }
    }
}

impl Guard {
    /// A guard of this address.
    pub fn new(address: SocketAddr, token: Option<Token>) -> Self {
        Self {
            token: ArcSwapOption::new(token.map(Arc::new)),
            is_exposed: !address.ip().is_loopback(),
        }
    }

    /// From now on this is the token.
    pub fn renew(&self, token: Option<Token>) {
        self.token.store(token.map(Arc::new));
    }

    /// Whether who shows this Authorization header may use the API. Where others can connect
    /// nobody may without a token.
    pub fn admits(&self, authorization: Option<&[u8]>) -> bool {
        match &*self.token.load() {
            Some(token) => authorization.is_some_and(|shown| token.is_shown_by(shown)),
            None => !self.is_exposed,
        }
    }

    /// Whether who shows this Authorization header may see the metrics.
    pub fn shows_metrics(&self, authorization: Option<&[u8]>) -> bool {
        !self.is_exposed || self.admits(authorization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Option<&[u8]> = Some(b"Bearer 0123456789abcdef");
    const WRONG: Option<&[u8]> = Some(b"Bearer 0123456789abcdeF");

    fn guard(address: &str, is_with_token: bool) -> Guard {
        let token = Token::new(b"0123456789abcdef".to_vec()).unwrap();
        Guard::new(address.parse().unwrap(), is_with_token.then_some(token))
    }

    #[test]
    fn on_loopback_a_token_is_asked_for_if_there_is_one_and_never_for_metrics() {
        for address in ["127.0.0.1:2780", "127.9.9.9:2780", "[::1]:2780"] {
            let open = guard(address, false);
            assert!(open.admits(None) && open.admits(WRONG));
            let guarded = guard(address, true);
            assert!(guarded.admits(RIGHT));
            assert!(!guarded.admits(WRONG) && !guarded.admits(None));
            assert!(guarded.shows_metrics(None));
        }
    }

    #[test]
    fn where_others_can_connect_nothing_is_shown_without_the_token() {
        for address in ["0.0.0.0:2780", "[::]:2780", "192.0.2.1:2780"] {
            let guarded = guard(address, true);
            assert!(guarded.admits(RIGHT) && guarded.shows_metrics(RIGHT));
            assert!(!guarded.admits(WRONG) && !guarded.shows_metrics(WRONG));
            assert!(!guarded.admits(None) && !guarded.shows_metrics(None));
            // No configuration allows this; if it came to it, nobody is let in.
            let without = guard(address, false);
            assert!(!without.admits(RIGHT) && !without.shows_metrics(None));
        }
    }

    #[test]
    fn a_token_that_is_renewed_counts_at_once() {
        let guard = guard("0.0.0.0:2780", true);
        guard.renew(Some(Token::new(b"fedcba9876543210".to_vec()).unwrap()));
        assert!(!guard.admits(RIGHT));
        assert!(guard.admits(Some(b"Bearer fedcba9876543210")));
    }
}
