//! `plan`, `apply` and `policy`: what other documents would change on a server, and bringing them into force.
//!
//! The server compares and decides; here its answers are printed, saved, and sent back.

use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::check::Document;
use crate::cli::{ApplyArgs, CandidateArgs, PlanArgs, PolicyArgs, PolicyCommand};
use crate::client::Client;
use crate::exit::{Ended, Exit};

/// Prints what would change. Exit 2 where something would.
pub(crate) async fn plan(args: &PlanArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let here = CandidateArgs { policy: Some("policy.yaml".into()), roster: Some("roster.yaml".into()) };
    let named = args.files.policy.is_some() || args.files.roster.is_some();
    let candidate = documents(if named { &args.files } else { &here })?;
    finish(&client, &candidate, args.output.as_deref(), args.json).await
}

/// Brings a plan into force.
pub(crate) async fn apply(args: &ApplyArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let plan = match &args.plan {
        Some(path) => {
            let text = Document::read(path)?.text;
            serde_json::from_str(&text).with_context(|| format!("{} is no plan", path.display()))?
        }
        None => {
            let plan = client.post("/api/v1/policy/plan", &documents(&args.files)?).await?;
            show(&plan);
            plan
        }
    };
    let wish = json!({
        "base": plan["base"], "policy": plan["documents"]["policy"], "roster": plan["documents"]["roster"],
        "reason": args.reason,
    });
    let answer = client.post("/api/v1/policy/apply", &wish).await?;
    let in_force = |what: &str| answer["in_force"][what].as_str().unwrap_or_default();
    eprintln!("In force: policy {}, roster {}.", in_force("policy"), in_force("roster"));
    Ok(Exit::Ok)
}

/// What was in force, and the way back.
pub(crate) async fn policy(args: &PolicyArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    match &args.command {
        PolicyCommand::History => {
            let answer = client.get("/api/v1/policy/versions").await?;
            for version in answer["versions"].as_array().into_iter().flatten() {
                let field = |name: &str| version[name].as_str().unwrap_or("-");
                let (policy, roster) = (field("policy"), field("roster"));
                println!("{}  policy {policy}  roster {roster}  {}  {}", field("at"), field("by"), field("reason"));
            }
            Ok(Exit::Ok)
        }
        PolicyCommand::Show { version } => {
            print!("{}", text_of(&client, version).await?);
            Ok(Exit::Ok)
        }
        PolicyCommand::Rollback { version, output } => {
            let candidate = json!({ "policy": text_of(&client, version).await? });
            finish(&client, &candidate, output.as_deref(), false).await
        }
    }
}

async fn text_of(client: &Client, version: &str) -> anyhow::Result<String> {
    // A version is hexadecimal digits; anything else would be another path.
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let message = format!("`{version}` is no version; `watchbell policy history` lists them");
        return Err(Ended::with(Exit::Usage, message));
    }
    let found = client.get(&format!("/api/v1/policy/versions/{version}")).await?;
    Ok(found["text"]["policy"].as_str().unwrap_or_default().to_owned())
}

/// Asks for a plan, prints it, and saves it.
async fn finish(client: &Client, candidate: &Value, output: Option<&Path>, json: bool) -> anyhow::Result<Exit> {
    let plan = client.post("/api/v1/policy/plan", candidate).await?;
    if json {
        println!("{plan:#}");
    } else {
        show(&plan);
    }
    if plan["valid"] != true {
        return Err(Ended::with(Exit::Failure, "the documents have errors; `watchbell check` shows where"));
    }
    if let Some(path) = output {
        let saved = json!({ "base": plan["base"], "candidate": plan["candidate"], "documents": plan["documents"] });
        std::fs::write(path, format!("{saved:#}\n")).with_context(|| format!("failed to write {}", path.display()))?;
        eprintln!("Saved; `watchbell apply {} --reason …` brings it into force.", path.display());
    }
    Ok(if plan["differs"] == true { Exit::Changes } else { Exit::Ok })
}

fn documents(files: &CandidateArgs) -> anyhow::Result<Value> {
    let mut candidate = json!({});
    for (what, path) in [("policy", &files.policy), ("roster", &files.roster)] {
        if let Some(path) = path {
            candidate[what] = json!(Document::read(path)?.text);
        }
    }
    Ok(candidate)
}

fn show(plan: &Value) {
    print!("{}", said(plan));
}

/// A plan as people read it.
fn said(plan: &Value) -> String {
    if plan["differs"] != true {
        return "No changes: this is in force.\n".to_owned();
    }
    let mut text = String::new();
    for found in list(&plan["diagnostics"]) {
        let field = |name: &str| found[name].as_str().unwrap_or_default();
        let line = found["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        text += &format!("{}{line}: {}: {}\n", field("file"), field("level"), field("message"));
    }
    for what in ["policy", "roster"] {
        text += plan["text"][what].as_str().unwrap_or_default();
    }
    if plan["valid"] != true {
        return text;
    }
    text += "\nWhat it means:\n";
    let mut changes = list(&plan["changes"]).peekable();
    if changes.peek().is_none() {
        text += "  nothing is promised otherwise\n";
    }
    for change in changes {
        text += &format!("  {}\n", change["line"].as_str().unwrap_or_default());
    }
    for trigger in list(&plan["resets"]) {
        text += &format!("  trigger {} forgets what it counted\n", trigger.as_str().unwrap_or_default());
    }
    text += "\nOpen incidents keep their policy:\n";
    if list(&plan["open"]).next().is_none() {
        text += "  no clock is running\n";
    }
    for incident in list(&plan["open"]) {
        for clock in list(&incident["clocks"]) {
            let field = |name: &str| clock[name].as_str().unwrap_or("-");
            let new = clock["candidate"].as_str().map_or("says nothing".to_owned(), |target| format!("says {target}"));
            let no = incident["incident"].as_str().unwrap_or_default();
            text += &format!("  {no} {}: due {} stays; the new policy {new}\n", field("clock"), field("due_at"));
        }
    }
    text
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_says_what_changes_what_resets_and_what_stays() {
        let plan = json!({
            "differs": true, "valid": true, "diagnostics": [{ "file": "policy.yaml", "line": 3, "level": "warning", "message": "odd" }],
            "text": { "policy": "-acknowledge: 10m\n+acknowledge: 8m\n", "roster": "" },
            "changes": [{ "line": "SEV-1: acknowledge: 10 min → 8 min (tighter)" }],
            "resets": ["complaints"],
            "open": [{ "incident": "INC-3", "clocks": [
                { "clock": "Acknowledge", "due_at": "2026-11-23T09:10:00Z", "candidate": "8 min" },
                { "clock": "Resolve", "due_at": null, "candidate": null },
            ] }],
        });
        let wanted = "policy.yaml:3: warning: odd\n-acknowledge: 10m\n+acknowledge: 8m\n\n\
            What it means:\n  SEV-1: acknowledge: 10 min → 8 min (tighter)\n  trigger complaints forgets what it counted\n\n\
            Open incidents keep their policy:\n  \
            INC-3 Acknowledge: due 2026-11-23T09:10:00Z stays; the new policy says 8 min\n  \
            INC-3 Resolve: due - stays; the new policy says nothing\n";
        assert_eq!(said(&plan), wanted);
        assert_eq!(said(&json!({ "differs": false })), "No changes: this is in force.\n");
    }
}
