//! The public API, one file per resource, and what its lists have in common.
//!
//! Lists answer `{"<plural>": […], "next": cursor or null}`. A cursor is opaque to callers. What the
//! caller may not see is left out before pages are cut, so that neither their length nor `next` tells of it.

pub(crate) mod audit;
pub(crate) mod clocks;
pub(crate) mod commands;
pub(crate) mod decisions;
pub(crate) mod deliveries;
pub(crate) mod erasures;
pub(crate) mod hold;
pub(crate) mod idempotency;
pub(crate) mod incidents;
pub(crate) mod plans;
pub(crate) mod playbooks;
pub(crate) mod reviews;
pub(crate) mod rules;
pub(crate) mod sessions;
pub(crate) mod signals;
pub(crate) mod sources;
pub(crate) mod test_pages;
pub(crate) mod tokens;
pub(crate) mod users;

use axum::Json;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use problem::Problem;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Elements of a page that does not say otherwise.
const LIMIT: u32 = 50;
/// Most elements of a page: some hundred kilobytes of incidents.
const LIMIT_MAX: u32 = 200;
/// Longest piece of a caller's value that is repeated in a refusal, in characters.
const SHOWN_MAX: usize = 200;

/// The parameters of a URL; unknown ones are refused, since they would be ignored silently.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Params<T>, Refusal> {
        let Query(params) = Query::try_from_uri(&parts.uri)
            .map_err(|error| query(error.body_text().chars().take(SHOWN_MAX).collect::<String>()))?;
        Ok(Params(params))
    }
}

/// A page of a list that takes no other parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// A page's limit, within its bounds.
fn limit(wanted: Option<u32>) -> Result<u32, Problem> {
    match wanted {
        None => Ok(LIMIT),
        Some(limit @ 1..=LIMIT_MAX) => Ok(limit),
        Some(_) => Err(query(format!("`limit` must lie between 1 and {LIMIT_MAX}"))),
    }
}

/// A cursor as it was given out, or a refusal.
fn cursor<T>(text: Option<&str>, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Problem> {
    match text {
        None => Ok(None),
        Some(text) => match parse(text) {
            Some(cursor) => Ok(Some(cursor)),
            None => Err(query("`cursor` does not come from `next` of an earlier answer of this list")),
        },
    }
}

/// Two numbers with a dot between them, as several cursors have it.
fn pair(text: &str) -> Option<(u64, u32)> {
    let (major, minor) = text.split_once('.')?;
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let in_range = |major: &u64| i64::try_from(*major).is_ok();
    (plain(major) && plain(minor)).then_some(())?;
    Some((major.parse().ok().filter(in_range)?, minor.parse().ok()?))
}

/// A parameter that cannot be used.
pub(crate) fn query(detail: impl Into<String>) -> Problem {
    Problem::new(&problem::QUERY_INVALID, detail)
}

/// A list's answer.
fn list(plural: &str, items: Vec<Value>, next: Option<String>) -> Json<Value> {
    Json(json!({ plural: items, "next": next }))
}

/// A value as JSON.
fn value<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).expect("the API's shapes have text keys and no failing serializers")
}
