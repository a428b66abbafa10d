//! `Idempotency-Key`: the same request twice takes effect once.
//!
//! The engine remembers answers; here a request is only named.

use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use engine::Idempotency;
use problem::Problem;
use sha2::{Digest, Sha256};

use crate::access::Principal;

/// The header that names a request.
const KEY: &str = "idempotency-key";
/// The header that says that an answer is an earlier one.
const REPLAYED: &str = "idempotent-replayed";
/// Longest key, in characters: room for any kind of unique id.
const KEY_MAX: usize = 255;

/// What a request is called, if it has a key.
pub(crate) fn of(
    principal: &Principal,
    headers: &HeaderMap,
    (method, uri): (&Method, &Uri),
    body: &[u8],
) -> Result<Option<Idempotency>, Problem> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let key = value
        .to_str()
        .ok()
        .filter(|key| !key.is_empty() && key.len() <= KEY_MAX && key.bytes().all(|byte| byte.is_ascii_graphic()));
    let invalid = || Problem::new(&problem::IDEMPOTENCY_KEY_INVALID, format!("it has {} bytes", value.len()));
    let key = key.ok_or_else(invalid)?.to_owned();
    let mut hash = Sha256::new();
    for part in [method.as_str().as_bytes(), uri.path().as_bytes(), body] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    let first: [u8; 8] = hash.finalize()[..8].try_into().expect("a SHA-256 digest has 32 bytes");
    Ok(Some(Idempotency { scope: principal.credential.clone(), key, fingerprint: u64::from_le_bytes(first) }))
}

/// Marks an answer that was given before.
pub(crate) fn marked(answer: impl IntoResponse, replayed: bool) -> Response {
    let mut response = answer.into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
