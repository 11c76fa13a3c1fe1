//! What callers must show to be answered: a bearer token (RFC 6750).

use std::fmt;
use subtle::ConstantTimeEq;
use thiserror::Error;

/// What an Authorization header begins with, in any case (RFC 9110 §11.1).
const SCHEME: &[u8] = b"Bearer";

/// What callers must show.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Vec<u8>);

/// Why a text is no token. The texts read after "the token ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It could be guessed.
    #[error("has {0} characters; write {least} to {most} of them, for example what `openssl rand -hex 32` prints",
        least = Token::CHARACTERS_LEAST, most = Token::CHARACTERS_MOST)]
    Length(usize),
    /// It cannot be shown in a header.
    #[error("holds a character that no token may have; write letters, digits and `-._~+/=`")]
    Character,
}

impl Token {
    /// Characters of the shortest token: fewer can be guessed by who asks often enough.
    pub const CHARACTERS_LEAST: usize = 16;

    /// Characters of the longest token: some clients and proxies cut headers that are longer.
    pub const CHARACTERS_MOST: usize = 1_024;

    /// A token of these characters.
    pub fn new(characters: Vec<u8>) -> Result<Self, TokenError> {
        // The characters of a b64token (RFC 6750 §2.1).
        let is_of_token = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(octet);
        if !characters.iter().all(is_of_token) {
            return Err(TokenError::Character);
        }
        match characters.len() {
            Self::CHARACTERS_LEAST..=Self::CHARACTERS_MOST => Ok(Self(characters)),
            count => Err(TokenError::Length(count)),
        }
    }

    /// Whether this Authorization header shows it. How far a wrong one is right does not show in the
    /// time that it takes.
    pub fn is_shown_by(&self, authorization: &[u8]) -> bool {
        let Some((scheme, shown)) = authorization.split_at_checked(SCHEME.len()) else {
            return false;
        };
        let Some(shown) = shown.strip_prefix(b" ") else {
            return false;
        };
        let is_right = bool::from(self.0.as_slice().ct_eq(shown.trim_ascii()));
        scheme.eq_ignore_ascii_case(SCHEME) && is_right
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn a_token_is_shown_as_bearer_and_whole() {
        let token = Token::new(SECRET.into()).unwrap();
        for right in [
            "Bearer 0123456789abcdef",
            "bearer 0123456789abcdef",
            "Bearer  0123456789abcdef ",
        ] {
            assert!(token.is_shown_by(right.as_bytes()), "{right}");
        }
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "0123456789abcdef",
            "Bearer0123456789abcdef",
            "Basic 0123456789abcdef",
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdeF",
            "Bearer 0123456789abcdef0",
        ] {
            assert!(!token.is_shown_by(wrong.as_bytes()), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token(…)");
    }

    #[test]
    fn what_is_short_or_does_not_fit_into_a_header_is_no_token() {
        assert_eq!(Token::new(SECRET[1..].into()), Err(TokenError::Length(15)));
        assert_eq!(
            Token::new(vec![b'a'; 1_025]),
            Err(TokenError::Length(1_025))
        );
        for wrong in [
            "0123456789 abcdef",
            "0123456789abcdef\n",
            "schlüssel-schlüssel",
        ] {
            assert_eq!(
                Token::new(wrong.into()),
                Err(TokenError::Character),
                "{wrong}"
            );
        }
    }
}
