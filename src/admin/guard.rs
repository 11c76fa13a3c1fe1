//! Who may ask: whoever is on this machine, or shows the token.

use super::Token;
use arc_swap::ArcSwapOption;
use std::net::{IpAddr, SocketAddr};
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

    /// Whether a page with this Origin may change something here; the request names this Host. A
    /// browser sends for whatever page it shows, and says whose it is (RFC 6454): only a page that came
    /// from here may, under the name that the request has for us. On loopback that name must be one of
    /// loopback: any other can be made to lead here by whoever owns it.
    pub fn trusts(&self, origin: &[u8], host: Option<&[u8]>) -> bool {
        let (Ok(origin), Some(Ok(host))) = (str::from_utf8(origin), host.map(str::from_utf8))
        else {
            return false;
        };
        let Some((_, authority)) = origin.split_once("://") else {
            return false;
        };
        authority.eq_ignore_ascii_case(host) && (self.is_exposed || is_loopback(host))
    }

    /// Whether who shows this Authorization header may see the metrics.
    pub fn shows_metrics(&self, authorization: Option<&[u8]>) -> bool {
        !self.is_exposed || self.admits(authorization)
    }
}

/// Whether these are an address or the name of this machine, with a port or without.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address = name.parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
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
    fn only_a_page_of_our_own_may_change_something() {
        let on_loopback = guard("127.0.0.1:2780", false);
        for own in [
            "127.0.0.1:2780",
            "localhost:2780",
            "[::1]:2780",
            "LOCALHOST",
            "127.9.9.9",
        ] {
            let origin = format!("http://{own}");
            assert!(
                on_loopback.trusts(origin.as_bytes(), Some(own.as_bytes())),
                "{own}"
            );
        }
        for (origin, host) in [
            ("https://evil.example", "127.0.0.1:2780"),
            // Its name leads to this machine.
            ("http://evil.example:2780", "evil.example:2780"),
            ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example"),
            // Another server on this machine.
            ("http://127.0.0.1:8080", "127.0.0.1:2780"),
            ("null", "127.0.0.1:2780"),
            ("", ""),
        ] {
            let is_trusted = on_loopback.trusts(origin.as_bytes(), Some(host.as_bytes()));
            assert!(!is_trusted, "{origin} at {host}");
        }
        assert!(!on_loopback.trusts(b"http://127.0.0.1:2780", None));
        let exposed = guard("0.0.0.0:2780", true);
        let named: Option<&[u8]> = Some(b"gate.example:2780");
        assert!(exposed.trusts(b"https://gate.example:2780", named));
        assert!(!exposed.trusts(b"https://evil.example", named));
    }

    #[test]
    fn a_token_that_is_renewed_counts_at_once() {
        let guard = guard("0.0.0.0:2780", true);
        guard.renew(Some(Token::new(b"fedcba9876543210".to_vec()).unwrap()));
        assert!(!guard.admits(RIGHT));
        assert!(guard.admits(Some(b"Bearer fedcba9876543210")));
    }
}
