//! Where each resource is, and what is said where there is none.

use super::{accounts, carriers, dead_letters, messages, sessions};
use crate::admin::State;
use crate::admin::answer::Refusal;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri, header};
use axum::response::IntoResponse;
use axum::routing::{any, delete, get, post};
use std::sync::Arc;

/// What describes all of them.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// Octets of a request's body: it names an account at the most.
const BODY_MAX: usize = 4_096;

/// Everything below `/v1`.
pub fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/openapi.json", get(openapi))
        .route("/v1/accounts", get(accounts::list))
        .route("/v1/sessions", get(sessions::list))
        .route("/v1/carriers", get(carriers::list))
        .route("/v1/messages", get(messages::list))
        .route("/v1/messages/{id}", get(messages::one))
        .route("/v1/dead-letters", get(dead_letters::list))
        .route("/v1/dead-letters/{id}", delete(dead_letters::let_go))
        .route(
            "/v1/dead-letters/{id}/redeliver",
            post(dead_letters::redeliver),
        )
        .route("/v1", any(nothing))
        .route("/v1/", any(nothing))
        .route("/v1/{*rest}", any(nothing))
        .method_not_allowed_fallback(other_method)
        .layer(DefaultBodyLimit::max(BODY_MAX))
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI)
}

async fn nothing(uri: Uri) -> Refusal {
    Refusal::nothing(uri.path())
}

async fn other_method(method: Method, uri: Uri) -> Refusal {
    Refusal::other_method(method.as_str(), uri.path())
}
