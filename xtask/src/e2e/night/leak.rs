//! Disclosed personal data: the statutory clock that nothing moves, and what outsiders find.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::stage::{Stage, WEEK, text};
use crate::e2e::walk::{self, Seen};
use crate::e2e::{Checks, documents};
use crate::http::Api;

/// The restricted incident.
const INCIDENT: &str = "INC-3";
/// One that does not exist, with a name of the same length.
const NOWHERE: &str = "INC-9";
/// The statutory promise.
const CLOCK: &str = "statutory:gdpr-33-1";
/// Friday, 15:00 in Berlin.
const AWARE_AT: &str = "2026-11-27T15:00:00+01:00";
/// Monday: 72 hours later, and the end of the hour in which they end (Regulation 1182/71, article 3).
const STRICT: &str = "2026-11-30T14:00:00Z";
const LATEST: &str = "2026-11-30T15:00:00Z";
/// Stands in everything that people and programs say of the incident, and nowhere else.
const MARK: &str = "quartz";
/// The kind of incident, which only the documents may name that say what is promised for it or what to do,
/// and the generator, which looks at answers alone.
const CLASS_WORDS: [&str; 2] = ["pii_leak", "Personal data disclosed"];
const DOCUMENTS: [&str; 8] = [
    "/policy",
    "/policy/proof",
    "/api/v1/policy",
    "/api/v1/playbooks",
    "/playbooks",
    "/matrix",
    "/generator",
    "/incidents/new",
];

pub(super) async fn run(stage: &mut Stage, checks: &mut Checks) -> Result<()> {
    stage.advance("14h").await?;
    let declaration = json!({
        "title": "The quartz ledger is public", "class": "pii_leak", "severity": "SEV-2", "service": "account-assistant",
    });
    let declared = stage.person("ines").post("/api/v1/incidents", &declaration).await?;
    ensure!(declared["id"] == INCIDENT && declared["restricted"] == true, "declared: {declared}");
    let signal = json!({
        "id": "quartz-1", "source": "evals", "metric": "pii_leak", "service": "account-assistant",
        "label": "confirmed", "summary": "rows of the quartz ledger", "unit": {"kind": "conversation", "id": "quartz"},
    });
    let attached = stage.signals(&[signal]).await?;
    ensure!(attached["incidents"] == json!([INCIDENT]), "the signal should attach: {attached}");
    stage.act("ana", INCIDENT, "acknowledge", json!({})).await?;
    stage.advance("20h").await?;
    deadline(stage, checks).await?;

    let words = json!({"audience": "strangers", "text": "The quartz ledger was readable for some hours."});
    stage.act("tom", INCIDENT, "updates", words).await?;
    outsiders(stage, checks).await
}

/// The statutory clock runs from when people knew, whatever else happens.
async fn deadline(stage: &Stage, checks: &mut Checks) -> Result<()> {
    let recorded_at = stage.now().await?;
    ensure!(recorded_at.starts_with("2026-11-28"), "it should be Saturday, but it is {recorded_at}");
    let fact = json!({"fact": "aware_at", "at": AWARE_AT, "note": "the quartz export was found"});
    stage.act("ines", INCIDENT, "facts", fact).await?;
    let started = stage.clock(INCIDENT, CLOCK).await?;
    let instants = |clock: &Value| (clock["due_at"].clone(), clock["latest_at"].clone());
    ensure!(instants(&started) == (json!(STRICT), json!(LATEST)), "GDPR 33(1) should be due {STRICT}: {started}");
    checks
        .pass(format!("aware at {AWARE_AT}, recorded {recorded_at}: GDPR 33(1) due {STRICT} strict, {LATEST} latest"));
    let raise = json!({"severity": "SEV-1", "reason": "more rows than thought"});
    let lower = json!({"severity": "SEV-2", "reason": "fewer rows than thought"});
    for (who, command, body, wait) in [
        ("ines", "severity", raise, "1h"),
        ("ines", "pause", json!({"reason": "night"}), "1h"),
        // Two people lower it, within half an hour.
        ("ines", "severity", lower, "20m"),
        ("mara", "confirm-severity", json!({"severity": "SEV-2"}), "40m"),
    ] {
        stage.act(who, INCIDENT, command, body).await?;
        stage.advance(wait).await?;
        let clock = stage.clock(INCIDENT, CLOCK).await?;
        ensure!(instants(&clock) == instants(&started), "after `{command}`: {clock}");
    }
    stage.act("ines", INCIDENT, "unpause", json!({})).await?;
    let clock = stage.clock(INCIDENT, CLOCK).await?;
    ensure!(instants(&clock) == instants(&started), "after two hours of pause: {clock}");
    checks.pass("raised, lowered and paused for hours, both instants stay");
    Ok(())
}

/// Who is not involved finds nothing, wherever they look.
async fn outsiders(stage: &Stage, checks: &mut Checks) -> Result<()> {
    let wish = json!({"name": "vic reads", "person": "vic", "scopes": ["incidents:read"]});
    let token = text(&stage.server.api.post("/api/v1/tokens", &wish).await?, "token")?;
    let viewer = stage.server.api.with_token(&token);
    let more = [format!("/review?week={WEEK}"), format!("/api/v1/deliveries?incident={INCIDENT}")];
    let shown = walk::everything(&stage.server.api, INCIDENT, &more).await?.iter().filter(|seen| tells(seen)).count();
    ensure!(shown >= 10, "an administrator should find it in many places, but found it in {shown}");

    let seen = walk::everything(&viewer, INCIDENT, &more).await?;
    let readable = seen.iter().filter(|seen| seen.status == 200).count();
    let asked = |path: &str| path.contains(INCIDENT);
    for seen in &seen {
        ensure!(asked(&seen.path) || !tells(seen), "GET {} tells an outsider: {}", seen.path, seen.text);
        ensure!(!seen.text.contains(MARK), "GET {} tells an outsider: {}", seen.path, seen.text);
    }
    same_as_nowhere(&viewer, &seen).await?;
    checks.pass(format!(
        "a viewer outside finds no id, title, class or word of it in {} answers ({readable} of them 200); \
         an administrator finds them in {shown}",
        seen.len()
    ));

    stage.act("tom", "INC-1", "notes", json!({"text": "the night is over"})).await?;
    let stream = viewer.events_until("the night is over").await?;
    let tells = [INCIDENT, MARK, CLASS_WORDS[0]].iter().any(|word| walk::has_word(&stream, word));
    ensure!(!tells, "the stream of events tells an outsider: {stream}");
    let events = stream.matches("event: entry").count();
    ensure!(events > 10, "the stream should have the night's other events: {stream}");
    let all = documents::timeline(&stage.server.api, INCIDENT).await?.len();
    checks.pass(format!("nor in {events} streamed events, of which {all} are kept back"));
    Ok(())
}

/// Whether an answer says anything of the incident.
fn tells(seen: &Seen) -> bool {
    let is_document = DOCUMENTS.contains(&seen.path.split('?').next().unwrap_or_default());
    let class = !is_document && CLASS_WORDS.iter().any(|word| seen.text.contains(word));
    class || seen.text.contains(MARK) || walk::has_word(&seen.text, INCIDENT)
}

/// Asked for by name, it is answered like one that does not exist.
async fn same_as_nowhere(viewer: &Api, seen: &[Seen]) -> Result<()> {
    for seen in seen.iter().filter(|seen| seen.path.contains(INCIDENT)) {
        let nowhere = viewer.call("GET", &seen.path.replace(INCIDENT, NOWHERE), None).await?;
        let (as_other, text) = (nowhere.text().replace(NOWHERE, INCIDENT), &seen.text);
        ensure!(
            (nowhere.status, &as_other) == (seen.status, text),
            "GET {}: {text}, but nowhere: {as_other}",
            seen.path
        );
    }
    Ok(())
}
