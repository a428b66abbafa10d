//! Refusals as answers: problem+json for programs, a page for browsers, PagerDuty's own shape for
//! its senders.
//!
//! Handlers only say what is wrong. One layer knows the public URL, the path and the caller's
//! wishes, and writes the answer.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use problem::{Code, Problem};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::pages::outside;

/// Wait after an overload, in seconds: queues empty within one.
const RETRY_OVERLOAD_S: u16 = 1;
/// Wait after another failure of the server, in seconds: a restart takes about so long.
const RETRY_FAILURE_S: u16 = 5;
/// The content type of RFC 9457.
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A request that is refused, and why.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    problem: Problem,
    members: Map<String, Value>,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Refusal {
        Refusal { problem, members: Map::new() }
    }
}

impl Refusal {
    /// With a further member in its JSON.
    pub(crate) fn with(mut self, member: &str, value: Value) -> Refusal {
        self.members.insert(member.to_owned(), value);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = status(self.problem.code.status).into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The page or the URL that explains a code.
pub(crate) fn help(public_url: &str, code: &Code) -> String {
    format!("{public_url}/docs/errors/{}", code.id)
}

/// Writes the refusals of everything inside.
pub(crate) async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let asked = request.uri().path().to_owned();
    let path = Path::of(&asked);
    let html = path == Path::Page && wants_html(request.headers());
    let mut response = next.run(request).await;
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let allow = response.headers_mut().remove(header::ALLOW);
    let status = path.status(refusal.problem.code);
    let mut answer = match path {
        _ if html => (status, Html(outside::problem(&refusal.problem, &asked).into_string())).into_response(),
        Path::PagerDuty => (status, Json(pagerduty(&refusal))).into_response(),
        _ => json_of(&refusal, status, &app.config.public_url),
    };
    let headers = answer.headers_mut();
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, allow);
    }
    match status {
        StatusCode::UNAUTHORIZED => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"watchbell\""));
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let wait_s = if is_overload(refusal.problem.code) { RETRY_OVERLOAD_S } else { RETRY_FAILURE_S };
            headers.insert(header::RETRY_AFTER, wait_s.into());
        }
        _ => {}
    }
    answer
}

fn json_of(refusal: &Refusal, status: StatusCode, public_url: &str) -> Response {
    let Refusal { problem, members } = refusal;
    let help = help(public_url, problem.code);
    let mut body = json!({
        "type": help,
        "code": problem.code.id,
        "title": problem.code.title,
        "status": status.as_u16(),
        "detail": problem.detail,
        "remedy": problem.code.remedy,
        "help": help,
    });
    if let Some(object) = body.as_object_mut() {
        object.extend(members.clone());
    }
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
    response
}

/// What PagerDuty's senders parse. A refusal that the format's reader did not word has no members.
fn pagerduty(Refusal { problem, members }: &Refusal) -> Value {
    let member = |name: &str, otherwise: Value| members.get(name).cloned().unwrap_or(otherwise);
    json!({
        "status": member("status", json!(problem.code.id)),
        "message": member("message", json!(problem.code.title)),
        "errors": member("errors", json!([format!("{} [{}]", problem.detail, problem.code.id)])),
    })
}

/// Kinds of paths, as far as refusals differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Path {
    /// Senders that drop on 429 and repeat on 503.
    Emulated,
    /// Senders of PagerDuty's events, who know 400 and 429, and give up at 401.
    PagerDuty,
    /// Senders that follow `Retry-After`.
    Signals,
    /// Programs.
    Api,
    /// People.
    Page,
}

impl Path {
    fn of(path: &str) -> Path {
        if path.starts_with("/intake/webhook/") {
            Path::Signals
        } else if path.starts_with("/intake/") || path == "/api/v2/alerts" {
            Path::Emulated
        } else if path.starts_with("/v2/") {
            Path::PagerDuty
        } else if path.starts_with("/v1/") || path.starts_with("/heartbeat/") {
            Path::Signals
        } else if path.starts_with("/api/") {
            Path::Api
        } else {
            Path::Page
        }
    }

    fn status(self, code: &Code) -> StatusCode {
        match self {
            Path::Emulated if is_overload(code) => StatusCode::SERVICE_UNAVAILABLE,
            Path::Signals | Path::PagerDuty if is_overload(code) => StatusCode::TOO_MANY_REQUESTS,
            Path::PagerDuty if [401, 403, 422].contains(&code.status) => StatusCode::BAD_REQUEST,
            _ => status(code.status),
        }
    }
}

fn is_overload(code: &Code) -> bool {
    [problem::OVERLOADED.id, problem::IN_FLIGHT_TOO_MANY.id, problem::QUOTA_EXCEEDED.id].contains(&code.id)
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overload_is_told_in_each_senders_way() {
        for (path, code, wanted) in [
            ("/intake/alertmanager", &problem::OVERLOADED, 503),
            ("/intake/alertmanager", &problem::IN_FLIGHT_TOO_MANY, 503),
            ("/intake/alertmanager", &problem::STOPPING, 503),
            ("/intake/alertmanager", &problem::TOKEN_MISSING, 401),
            ("/api/v2/alerts", &problem::OVERLOADED, 503),
            ("/intake/grafana", &problem::QUOTA_EXCEEDED, 503),
            ("/intake/webhook/desk", &problem::QUOTA_EXCEEDED, 429),
            ("/v1/signals", &problem::QUOTA_EXCEEDED, 429),
            ("/v2/enqueue", &problem::OVERLOADED, 429),
            ("/v2/enqueue", &problem::IN_FLIGHT_TOO_MANY, 429),
            ("/v2/enqueue", &problem::STOPPING, 503),
            ("/v2/enqueue", &problem::TOKEN_UNKNOWN, 400),
            ("/v2/enqueue", &problem::BODY_TOO_LARGE, 413),
            ("/v1/signals", &problem::OVERLOADED, 429),
            ("/v1/signals", &problem::IN_FLIGHT_TOO_MANY, 429),
            ("/v1/signals", &problem::STOPPING, 503),
            ("/api/v1/incidents", &problem::OVERLOADED, 503),
            ("/api/v1/incidents", &problem::IN_FLIGHT_TOO_MANY, 429),
            ("/", &problem::OVERLOADED, 503),
        ] {
            assert_eq!(Path::of(path).status(code).as_u16(), wanted, "{path} {}", code.id);
        }
    }
}
