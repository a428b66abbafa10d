//! The policy and roster of the end-to-end checks: small, with deadlines that fall within a test.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use calendar::Instant;
use serde_json::{Value, json};

use super::receiver::Receiver;
use crate::http::Api;
use crate::site::Site;

/// Any signing secret: 32 bytes.
pub(super) const SECRET: &str = "whsec_ZW5kLXRvLWVuZCBzZWNyZXQgb2YgMzIgYnl0ZXMhISE=";

/// Each `labels.case` is an incident of its own; Alertmanager's alerts have classes with and
/// without `resolve: on_clear`.
pub(super) const POLICY: &str = r#"
version: 1
organization: End-to-end
severities: [{rank: 1, name: SEV-1}, {rank: 2, name: SEV-2}]
services:
  support-assistant: {name: Support assistant}
triggers:
  - id: leak
    when: signal.metric == "pii_leak"
    raise: {class: leak, severity: SEV-1, key: [class, service, labels.case]}
  - id: answers-wrong
    when: signal.metric == "AnswersWrong"
    raise: {class: quality_regression, severity: SEV-1}
  - id: answers-slow
    when: signal.metric == "AnswersSlow"
    raise: {class: latency, severity: SEV-2}
audiences:
  support: {surface: status-page, calendar: always}
targets:
  SEV-1:
    acknowledge: 3s
    contain: 5s
    mitigate: 4h
    resolve: 24h
    updates:
      support: {first: 15m, every: 30m, until: resolved}
  SEV-2: {acknowledge: 20m, resolve: 48h}
classes:
  leak: {}
  quality_regression: {}
  latency: {resolve: on_clear}
roles:
  commander:   {owner: ana, backup: ben}
  remediation: {owner: ana, backup: ben}
  validation:  {owner: ben, backup: ana, not: remediation}
  publishing:  {owner: ben}
escalation:
  default:
    - {page: [ana], wait: 10m}
    - {page: fallback, wait: 10m, repeat: until acknowledged}
"#;

/// Two people behind one webhook that leads inside, as test receivers do.
pub(super) const ROSTER: &str = r#"
people:
  ana: {name: Ana Ruiz, contacts: [{webhook: pager, to: ana}]}
  ben: {name: Ben Okoye, contacts: [{webhook: pager, to: ben}]}
fallback: [ben]
channels:
  pager: {type: webhook, url_env: PAGER_URL, secret_env: PAGER_SECRET, allow_internal: true}
"#;

/// A site whose pages go to `receiver`.
pub(super) fn site(receiver: &Receiver) -> Result<Site> {
    site_with(POLICY, ROSTER, receiver)
}

/// A site with other documents whose pages go to `receiver`.
pub(super) fn site_with(policy: &str, roster: &str, receiver: &Receiver) -> Result<Site> {
    Ok(Site::new(policy, roster)?.env("PAGER_URL", receiver.url()).env("PAGER_SECRET", SECRET))
}

/// A signal that opens the incident of its case, or attaches to it.
pub(super) fn signal(id: &str, case: &str) -> Value {
    json!({"id": id, "source": "evals", "metric": "pii_leak", "service": "support-assistant", "labels": {"case": case}})
}

/// Makes a token with which `person` acts.
pub(super) async fn token(admin: &Api, person: &str) -> Result<String> {
    let scopes = ["signals:write", "incidents:read", "incidents:write"];
    let made = admin.post("/api/v1/tokens", &json!({"name": person, "person": person, "scopes": scopes})).await?;
    Ok(made["token"].as_str().with_context(|| format!("no `token` in {made}"))?.to_owned())
}

/// The entries of an incident's timeline, oldest first.
pub(super) async fn timeline(api: &Api, id: &str) -> Result<Vec<Value>> {
    let mut entries = api.list(&format!("/api/v1/incidents/{id}/timeline"), "entries").await?;
    entries.sort_by_key(|entry| entry["position"].as_u64());
    Ok(entries)
}

/// The events of an entry: each one's kind and content.
pub(super) fn events(entry: &Value) -> Vec<(String, Value)> {
    let events = entry["events"].as_array().into_iter().flatten();
    let parts = events.map(|event| match event {
        Value::String(kind) => (kind.clone(), Value::Null),
        other => other
            .as_object()
            .and_then(|map| map.iter().next())
            .map_or_else(|| (String::new(), Value::Null), |(kind, content)| (kind.clone(), content.clone())),
    });
    parts.collect()
}

/// The system's time, as the API writes it.
pub(super) fn now() -> Result<String> {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
    Ok(Instant::from_micros(i64::try_from(micros)?).to_string())
}

/// The name of a clock as the API lists it, such as `update:customers#3`, from either of its forms.
pub(super) fn clock_name(id: &Value) -> Result<String> {
    if let Some(name) = id.as_str() {
        return Ok(name.to_owned());
    }
    let kind = match &id["kind"] {
        Value::String(word) => word.clone(),
        other => {
            let part =
                other.as_object().and_then(|map| map.iter().next()).with_context(|| format!("no clock: {id}"))?;
            format!("{}:{}", part.0, part.1.as_str().unwrap_or_default())
        }
    };
    let cycle = id["cycle"].as_u64().unwrap_or(1);
    Ok(if cycle == 1 { kind } else { format!("{kind}#{cycle}") })
}
