//! `POST /intake/webhook/{name}`: any JSON, read by the mapping that the policy declares for it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use engine::Rules;
use intake::limit;
use intake::mapping::Mapped;
use policy::mapping::DeclaredSource;
use problem::Problem;
use serde_json::Value;

use super::notified;
use super::way::Way;
use crate::access::Principal;
use crate::app::App;
use crate::body;
use crate::refusal::Refusal;

/// Answers 200 after the commit. A source with a signature takes nothing unsigned in.
pub(crate) async fn webhook(
    State(app): State<App>,
    Path(name): Path<String>,
    principal: Principal,
    request: Request,
) -> Result<Json<Value>, Refusal> {
    let rules = app.engine.rules();
    let source = declared(&rules, &name)?;
    let way = Way::declared(&app, &name, &principal, request.uri(), Some(source.per_minute))?;
    let (head, body) = request.into_parts();
    let body = way.hear(body::read(body, limit::MAPPED_BODY_BYTES).await)?;
    way.hear(verify(&rules, &name, source, &head.headers, &body))?;
    let Mapped { signals, warnings } = way.hear(intake::mapping::read(&body, &source.mapping, app.engine.now()))?;
    notified(&way, (signals, warnings), body.len()).await
}

/// The source of that name.
pub(super) fn declared<'r>(rules: &'r Rules, name: &str) -> Result<&'r DeclaredSource, Problem> {
    let unknown = || {
        let known: Vec<&str> = rules.policy.sources.keys().map(String::as_str).take(30).collect();
        let detail = match known.is_empty() {
            true => "the policy declares none under `sources`".to_owned(),
            false => format!("the policy declares {}", known.join(", ")),
        };
        Problem::new(&problem::SOURCE_UNKNOWN, detail)
    };
    rules.policy.sources.get(name).ok_or_else(unknown)
}

fn verify(
    rules: &Rules,
    name: &str,
    source: &DeclaredSource,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(), Problem> {
    let Some(signature) = &source.signature else { return Ok(()) };
    let secret = rules.source_secret(name)?;
    let given = headers.get(&signature.header).and_then(|value| value.to_str().ok());
    intake::signature::verify(secret.expose().as_bytes(), &signature.header, given, body)
}
