//! The routes of the status page. Anybody may read; answers are shared by caches for some seconds.

use axum::extract::{MatchedPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::{feed as atom, json, page as html};
use crate::app::App;
use crate::refusal::Refusal;

/// How long caches may show an answer: an update is promised within minutes, not seconds.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=15, stale-if-error=300");
/// Bytes of the hash in an `ETag`: two versions never share them.
const TAG_BYTES: usize = 12;

/// The path of every document, for the table of routes.
pub(crate) fn documents() -> impl Iterator<Item = &'static str> {
    json::DOCUMENTS.iter().map(|(path, _)| *path)
}

/// `GET /status`
pub(crate) async fn page(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    let board = app.status.board().await?;
    Ok(answer(&headers, "text/html; charset=utf-8", html::page(&board)))
}

/// `GET /status/history.atom`
pub(crate) async fn feed(State(app): State<App>, headers: HeaderMap) -> Result<Response, Refusal> {
    let board = app.status.board().await?;
    Ok(answer(&headers, atom::CONTENT_TYPE, atom::atom(&board)))
}

/// `GET /api/v2/….json`, which pages of other sites may read, too.
pub(crate) async fn document(
    State(app): State<App>,
    path: MatchedPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let board = app.status.board().await?;
    let make = json::DOCUMENTS.iter().find(|(known, _)| *known == path.as_str()).map(|(_, make)| make);
    let body = make.map(|make| make(&board)).unwrap_or_default().to_string();
    let mut response = answer(&headers, "application/json; charset=utf-8", body);
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

/// The content, unless the reader has it already.
fn answer(headers: &HeaderMap, kind: &'static str, body: String) -> Response {
    let tag = tag(&body);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let has_it = known.is_some_and(|known| known == "*" || known.split(',').any(|one| same(one, &tag)));
    let mut response = match has_it {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, kind)], body).into_response(),
    };
    let tag = HeaderValue::from_str(&tag).expect("hexadecimal digits and quotes are visible ASCII");
    response.headers_mut().insert(header::ETAG, tag);
    response.headers_mut().insert(header::CACHE_CONTROL, CACHE);
    response
}

/// Weak comparison (RFC 9110, 8.8.3.2): proxies weaken tags when they compress.
fn same(known: &str, tag: &str) -> bool {
    known.trim().trim_start_matches("W/") == tag
}

fn tag(body: &str) -> String {
    let digits: String =
        Sha256::digest(body.as_bytes()).iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}
