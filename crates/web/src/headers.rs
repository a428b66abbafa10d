//! What every answer carries besides its content, and what is logged of it.
//!
//! Logs hold the route's template, never the path or the query, which may hold keys.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;

/// Scripts, styles and connections only of our own; no frames, no plugins, no foreign forms.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// On every answer. `same-origin`, not `no-referrer`: browsers would then hide the origin of our own forms.
const FIXED: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Adds the headers, counts and logs.
pub(crate) async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let mut response = next.run(request).await;
    harden(response.headers_mut());
    let route = route.as_ref().map_or("(none)", MatchedPath::as_str);
    let status = response.status().as_u16();
    let duration = started.elapsed();
    app.meters.answered(route, status, duration.as_secs_f64());
    let duration_ms = duration.as_secs_f64() * 1_000.0;
    match status {
        500.. => {
            tracing::warn!(http.method = %method, http.route = route, http.status = status, duration_ms, "answered")
        }
        400.. => {
            tracing::info!(http.method = %method, http.route = route, http.status = status, duration_ms, "answered")
        }
        _ => tracing::debug!(http.method = %method, http.route = route, http.status = status, duration_ms, "answered"),
    }
    response
}

fn harden(headers: &mut HeaderMap) {
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Only assets say otherwise; everything else may be meant for one reader.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
