//! The HTTP side: `/metrics`, `/livez`, `/readyz`, and the API at `/v1`.

use super::answer::Refusal;
use super::callers::Callers;
use super::{State, metrics, v1};
use crate::link::accept::Entrance;
use axum::Router;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Answers until the process ends.
pub async fn serve(entrance: Entrance, state: Arc<State>) {
    let api = v1::router().layer(from_fn_with_state(state.clone(), for_api));
    let router = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .merge(api)
        .with_state(state);
    if let Err(error) = axum::serve(Callers::new(entrance), router).await {
        tracing::error!(%error, "the admin address does not answer any more");
    }
}

/// The API is for those whom the guard lets in.
async fn for_api(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let shown = shown(request.headers());
    if !state.guard.admits(shown) {
        return Refusal::stranger(shown.is_some()).into_response();
    }
    if !request.method().is_safe() && !is_trusted(&state, request.headers()) {
        return Refusal::other_page().into_response();
    }
    next.run(request).await
}

/// Whether no page has sent this, or one of our own.
fn is_trusted(state: &State, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(|value| value.as_bytes());
    let mut origins = headers.get_all(header::ORIGIN).iter();
    origins.all(|origin| state.guard.trusts(origin.as_bytes(), host))
}

/// What the caller shows.
fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    headers
        .get(header::AUTHORIZATION)
        .map(|value| value.as_bytes())
}

async fn ready(Shared(state): Shared<Arc<State>>) -> Response {
    let unready = |reason: &'static str| (StatusCode::SERVICE_UNAVAILABLE, reason).into_response();
    if state.draining.load(Ordering::Acquire) {
        return unready("draining\n");
    }
    if state.board.has_failed() {
        return unready("the journal has failed\n");
    }
    if state.board.is_full() {
        return unready("no room for another message\n");
    }
    "ready\n".into_response()
}

async fn metrics(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    let shown = shown(&headers);
    if !state.guard.shows_metrics(shown) {
        return Refusal::stranger(shown.is_some()).into_response();
    }
    let certificates = state.certificates.load();
    match metrics::render(&state.board, state.server.open(), &certificates) {
        Ok(text) => {
            let kind = [(
                header::CONTENT_TYPE,
                "text/plain; version=0.0.4; charset=utf-8",
            )];
            (kind, text).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response(),
    }
}
