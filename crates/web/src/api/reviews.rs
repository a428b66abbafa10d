//! The weekly review, and another policy tried on the past, for programs.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use calendar::Instant;
use lab::backtest::Rules;
use policy::{Level, Source};
use problem::Problem;
use serde::Deserialize;
use serde_json::Value;

use super::Params;
use crate::access::Viewer;
use crate::app::App;
use crate::body::Posted;
use crate::learning::{self, Span};
use crate::refusal::Refusal;
use crate::reports;

/// Which week.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    week: Option<String>,
}

/// `GET /api/v1/reviews?week=2026-W47`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Refusal> {
    let review = reports::seen_review(&app, &viewer, wanted.week).await?;
    let kind = (header::CONTENT_TYPE, "application/json");
    Ok(([kind], report::review::json(&review)).into_response())
}

/// A policy to try.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate {
    /// Its text.
    policy: String,
    /// The roster's text; the one in force if absent.
    roster: Option<String>,
    from: Option<Instant>,
    until: Option<Instant>,
}

/// `POST /api/v1/backtests`: the stored signals under another policy. It changes nothing,
/// and answers for people, too, as `text`.
pub(crate) async fn backtest(State(app): State<App>, posted: Posted) -> Result<Json<Value>, Refusal> {
    let Candidate { policy, roster, from, until } = posted.parse()?;
    let rules = app.engine.rules();
    let until = until.unwrap_or_else(|| app.engine.now());
    if from.is_some_and(|from| from >= until) {
        return Err(super::query("`from` must lie before `until`").into());
    }
    let read = app.engine.read(move |view| {
        let roster = roster.as_ref().unwrap_or(&rules.documents.roster);
        let loaded = policy::load(Source { name: "policy", text: &policy }, Source { name: "roster", text: roster });
        let Some((policy, roster)) = loaded.policy.zip(loaded.roster) else {
            let errors = loaded.diagnostics.iter().filter(|found| found.severity == Level::Error);
            let errors: Vec<&str> = errors.map(|found| found.message.as_str()).collect();
            let detail = format!("the candidate has errors: {}", errors.join("; "));
            return Err(Problem::new(&problem::COMMAND_MALFORMED, detail));
        };
        let live = Rules { policy: &rules.policy, roster: &rules.roster };
        let candidate = Rules { policy: &policy, roster: &roster };
        learning::backtest(view, live, candidate, Span { from, until })
    });
    let _alone = app.remembered.alone().await;
    let found = read.await?;
    let mut value = report::backtest::json(&found);
    value["text"] = report::backtest::markdown(&found).into();
    Ok(Json(value))
}
