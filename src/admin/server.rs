//! The HTTP side: `/metrics`, `/livez`, `/readyz`.

use super::callers::Callers;
use super::{Certificate, metrics};
use crate::esme::Server;
use crate::flow::Switchboard;
use crate::link::accept::Entrance;
use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What can be looked at.
pub struct State {
    /// The heart of the gateway.
    pub board: Arc<Switchboard>,
    /// Who is connected.
    pub server: Arc<Server>,
    /// What is shown to peers, as it was when the configuration was last read.
    pub certificates: ArcSwap<Vec<Certificate>>,
    /// Set once the gateway is on its way out.
    pub draining: AtomicBool,
}

/// Answers until the process ends.
pub async fn serve(entrance: Entrance, state: Arc<State>) {
    let router = Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(state);
    if let Err(error) = axum::serve(Callers::new(entrance), router).await {
        tracing::error!(%error, "the admin address does not answer any more");
    }
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

async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
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
