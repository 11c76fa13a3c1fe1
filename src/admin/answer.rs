//! What the API answers: JSON, also when it says no.

use crate::moment::Moment;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

/// Something that the API shows.
pub struct Shown<T>(pub T);

/// Something that the API has begun, and what it is.
pub struct Begun<T>(pub T);

/// Why the API does not answer, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    sentence: String,
}

/// A refusal as it is written.
#[derive(Serialize)]
struct Written<'a> {
    error: &'a str,
}

impl Refusal {
    /// Something is wrong with the request.
    pub fn wrong(sentence: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            sentence: sentence.into(),
        }
    }

    /// There is no such thing.
    pub fn unknown(sentence: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            sentence: sentence.into(),
        }
    }

    /// It does not fit how things are.
    pub fn conflict(sentence: impl Into<String>) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            sentence: sentence.into(),
        }
    }

    /// It cannot be done as the gateway is set up.
    pub fn impossible(sentence: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_IMPLEMENTED,
            sentence: sentence.into(),
        }
    }

    /// It takes long, and was asked for just now.
    pub fn too_often(sentence: impl Into<String>) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            sentence: sentence.into(),
        }
    }

    /// It cannot be done now.
    pub fn busy(sentence: impl Into<String>) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            sentence: sentence.into(),
        }
    }

    /// The token is missing, or it is not the right one.
    pub fn stranger(is_token_shown: bool) -> Self {
        let sentence = match is_token_shown {
            true => "the token is wrong; send the one that [admin] has in the configuration",
            false => {
                "this needs the token that [admin] has in the configuration; \
                 send it in a header: Authorization: Bearer …"
            }
        };
        Self {
            status: StatusCode::UNAUTHORIZED,
            sentence: sentence.to_owned(),
        }
    }

    /// A page of somebody else has made a browser send this.
    pub fn other_page() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            sentence:
                "a page from elsewhere may change nothing here: its Origin is not the address \
                       that this was sent to; send it without an Origin"
                    .to_owned(),
        }
    }

    /// There is nothing at this path.
    pub fn nothing(path: &str) -> Self {
        let path = path.escape_debug();
        Self {
            status: StatusCode::NOT_FOUND,
            sentence: format!(
                "there is nothing at {path}; GET /v1/openapi.json tells what there is"
            ),
        }
    }

    /// Nothing is done by this method there.
    pub fn other_method(method: &str, path: &str) -> Self {
        let path = path.escape_debug();
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            sentence: format!("{path} knows no {method}; GET /v1/openapi.json tells what there is"),
        }
    }
}

/// A point in time, in UTC (RFC 3339).
pub fn time(moment: Moment) -> String {
    let millis = i64::try_from(moment.millis()).unwrap_or(i64::MAX);
    let time = Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX);
    format!("{time:.3}")
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        written(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Begun<T> {
    fn into_response(self) -> Response {
        written(StatusCode::ACCEPTED, &self.0)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Written {
            error: &self.sentence,
        };
        let mut response = written(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn written(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(mut text) => {
            text.push(b'\n');
            let kind = [
                (header::CONTENT_TYPE, "application/json"),
                // What is shown is true now, and whoever asks again wants to know anew.
                (header::CACHE_CONTROL, "no-store"),
            ];
            (status, kind, text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let noon = Moment(1_772_366_400_123_456);
        assert_eq!(time(noon), "2026-03-01T12:00:00.123Z");
        assert_eq!(time(Moment(0)), "1970-01-01T00:00:00.000Z");
        assert!(time(Moment::NEVER).starts_with("9999-12-30T"));
    }
}
