//! Sources as people see them: what each takes, where, what to paste at the sender, and what came.
//!
//! One table for the built-in ways in; declared webhooks come from the policy in force.

use policy::mapping::DeclaredSource;
use policy::model::Heartbeat;
use problem::Problem;
use serde_json::{Value, json};

use crate::access::Token;
use crate::app::App;
use crate::intake::heartbeat::PREFIX;
use crate::intake::way::Account;

/// Stands for the key in what is pasted at a sender.
pub(crate) const KEY: &str = "wb_…";

/// One way in.
pub(crate) struct Source {
    /// Its name in addresses and tokens.
    pub(crate) name: String,
    /// Its name for people.
    pub(crate) title: String,
    /// Who sends here, in a sentence.
    pub(crate) about: String,
    /// Declared in the policy.
    pub(crate) declared: bool,
    /// Where the sender posts.
    pub(crate) url: String,
    /// How its bodies are signed, in a sentence; empty where they are not.
    pub(crate) signed: String,
    /// Its keys can have a secret with which the sender signs.
    pub(crate) can_sign: bool,
    /// What to paste at the sender.
    pub(crate) snippet: String,
    /// A body to try it with; null where there is nothing to read.
    pub(crate) example: Value,
    /// Signals that it may send in a minute.
    pub(crate) per_minute: Option<u32>,
    /// What came by it since the server started.
    pub(crate) account: Account,
}

/// A built-in way in: name, title, path, who sends here.
const BUILT_IN: [(&str, &str, &str, &str); 5] = [
    ("native", "Native signals", "/v1/signals", "Evaluation runs, scripts and services that speak our own format."),
    ("alertmanager", "Alertmanager", "/intake/alertmanager", "Alertmanager's webhook receiver."),
    ("prometheus", "Prometheus", "/api/v2/alerts", "Prometheus and rulers, with Watchbell in Alertmanager's place."),
    ("grafana", "Grafana", "/intake/grafana", "A webhook contact point of Grafana's alerting."),
    ("pagerduty", "PagerDuty events", "/v2/enqueue", "Whatever sends PagerDuty's Events API, version 2."),
];

/// Every way in: the built-in ones, then the declared webhooks.
pub(crate) fn all(app: &App) -> Vec<Source> {
    let rules = app.engine.rules();
    let built_in = BUILT_IN.iter().map(|row| built_in(app, *row));
    let declared = rules.policy.sources.iter().map(|(name, source)| declared(app, name, source));
    let heartbeats = rules.policy.heartbeats.iter().map(|(name, beat)| heartbeat(app, name, beat));
    built_in.chain(declared).chain(heartbeats).collect()
}

/// The way in of that name.
pub(crate) fn find(app: &App, name: &str) -> Result<Source, Problem> {
    let unknown = || Problem::new(&problem::SOURCE_UNKNOWN, "/sources lists the ways in");
    all(app).into_iter().find(|source| source.name == name).ok_or_else(unknown)
}

/// The keys that were made for a source, by id.
pub(crate) fn keys(app: &App, name: &str) -> Vec<(String, Token)> {
    let now = app.engine.now();
    let mut tokens = app.access.list_tokens();
    tokens.retain(|(_, token)| token.source.as_deref() == Some(name) && token.expires_at > now);
    tokens
}

fn built_in(app: &App, (name, title, path, about): (&str, &str, &str, &str)) -> Source {
    let url = format!("{}{path}", app.config.public_url);
    let can_sign = name == "grafana";
    let signed =
        if can_sign { "A key that is made with a signing secret takes in only what is signed with it." } else { "" };
    Source {
        name: name.to_owned(),
        title: title.to_owned(),
        about: about.to_owned(),
        declared: false,
        signed: signed.to_owned(),
        can_sign,
        snippet: snippet(name, &app.config.public_url, &url),
        example: example(app, name),
        url,
        per_minute: app.config.signals_per_minute,
        account: app.ledger.account(name),
    }
}

fn declared(app: &App, name: &str, source: &DeclaredSource) -> Source {
    let url = format!("{}/intake/webhook/{name}", app.config.public_url);
    let signed = source.signature.as_ref().map(|signature| {
        format!(
            "Only bodies signed with the secret in {} are taken in; the signature stands in the header {}.",
            signature.secret_env, signature.header
        )
    });
    let example = source.mapping.example(&a_service(app), &app.engine.now().to_string());
    Source {
        name: name.to_owned(),
        title: source.name.clone(),
        about: "JSON of another product, read by the mapping that the policy declares.".to_owned(),
        declared: true,
        signed: signed.unwrap_or_default(),
        can_sign: false,
        snippet: curl(&format!("{url}?key={KEY}"), &example, ""),
        example,
        url,
        per_minute: Some(source.per_minute),
        account: app.ledger.account(name),
    }
}

fn heartbeat(app: &App, name: &str, beat: &Heartbeat) -> Source {
    let url = format!("{}/heartbeat/{KEY}", app.config.public_url);
    let name = format!("{PREFIX}{name}");
    Source {
        title: format!("Heartbeat {}", name.trim_start_matches(PREFIX)),
        about: format!(
            "A job of {} that comes every {:#}, and may be {:#} late.",
            beat.service, beat.every, beat.grace
        ),
        declared: true,
        signed: String::new(),
        can_sign: false,
        snippet: format!("curl -fsS -m 10 --retry 5 -o /dev/null '{url}'\n"),
        example: Value::Null,
        url,
        per_minute: app.config.signals_per_minute,
        account: app.ledger.account(&name),
        name,
    }
}

/// A service of the policy, for examples.
fn a_service(app: &App) -> String {
    app.engine.rules().policy.services.keys().next().cloned().unwrap_or_else(|| "support-assistant".to_owned())
}

/// What to paste at the sender.
fn snippet(name: &str, server: &str, url: &str) -> String {
    let host = server.split_once("://").map_or(server, |(_, host)| host);
    match name {
        "alertmanager" => format!(
            "receivers:\n  - name: watchbell\n    webhook_configs:\n      - url: {url}\n        send_resolved: true\n        \
             http_config: {{authorization: {{type: Bearer, credentials: {KEY}}}}}\n"
        ),
        "prometheus" => format!(
            "alerting:\n  alertmanagers:\n    - authorization: {{credentials: {KEY}}}\n      \
             static_configs: [{{targets: [\"{host}\"]}}]\n"
        ),
        "grafana" => format!(
            "Contact point: Webhook\nURL: {url}\nHTTP method: POST\nAuthorization Header, Scheme: Bearer\n\
             Authorization Header, Credentials: {KEY}\nHMAC Signature, Timestamp header: X-Grafana-Alerting-Timestamp\n"
        ),
        "pagerduty" => format!(
            "receivers:\n  - name: watchbell\n    pagerduty_configs:\n      - url: {url}\n        routing_key: {KEY}\n        \
             class: '{{{{ .CommonLabels.alertname }}}}'\n        component: '{{{{ .CommonLabels.service }}}}'\n"
        ),
        _ => {
            let body =
                json!({"source": "evals", "metric": "pii_leak", "service": "support-assistant", "label": "confirmed"});
            curl(url, &body, &format!(" -H 'Authorization: Bearer {KEY}'"))
        }
    }
}

fn curl(url: &str, body: &Value, header: &str) -> String {
    // A quote would end the shell's text, so that it is written as JSON writes it.
    let body = body.to_string().replace('\'', "\\u0027");
    format!("curl '{url}'{header} \\\n  -H 'Content-Type: application/json' -d '{body}'\n")
}

/// A body to try a built-in way in with.
fn example(app: &App, name: &str) -> Value {
    let service = a_service(app);
    let at = app.engine.now().to_string();
    let labels = json!({"alertname": "guardrail_failure", "service": service});
    let alert = json!({
        "status": "firing", "labels": labels, "annotations": {"summary": "A test"}, "startsAt": at,
        "endsAt": "0001-01-01T00:00:00Z", "fingerprint": "e1", "generatorURL": "",
    });
    match name {
        "alertmanager" => json!({"version": "4", "receiver": "watchbell", "status": "firing", "alerts": [alert]}),
        "grafana" => {
            json!({"version": "1", "orgId": 1, "receiver": "watchbell", "status": "firing", "alerts": [alert]})
        }
        "prometheus" => json!([{"labels": labels, "annotations": {"summary": "A test"}, "startsAt": at}]),
        "pagerduty" => json!({
            "routing_key": "test", "event_action": "trigger", "dedup_key": "test/1",
            "payload": {
                "summary": "A test", "source": "edge-1", "severity": "critical", "class": "guardrail_failure",
                "component": service,
            },
        }),
        _ => json!({
            "id": "test-1", "source": "evals", "metric": "pii_leak", "service": service, "label": "confirmed",
            "unit": {"kind": "conversation", "id": "c-1"},
        }),
    }
}
