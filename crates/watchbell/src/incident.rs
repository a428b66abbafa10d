//! `incident`: the same acts as in the interface, over the API.

use calendar::Instant;
use serde_json::{Value, json};

use crate::cli::{IncidentArgs, IncidentCommand};
use crate::client::Client;
use crate::exit::Exit;

pub(crate) async fn run(args: &IncidentArgs) -> anyhow::Result<Exit> {
    let client = Client::from_env(&args.server.server)?;
    let value = match &args.command {
        IncidentCommand::List { status, limit } => {
            let list = client.get(&format!("/api/v1/incidents?status={status}&limit={limit}")).await?;
            print_list(args, &list);
            return Ok(Exit::Ok);
        }
        IncidentCommand::Show { id } => client.get(&format!("/api/v1/incidents/{id}")).await?,
        IncidentCommand::Timeline { id } => {
            let timeline = client.get(&format!("/api/v1/incidents/{id}/timeline")).await?;
            println!("{timeline:#}");
            return Ok(Exit::Ok);
        }
        IncidentCommand::Declare { title, class, severity, service } => {
            let body = json!({"title": title, "class": class, "severity": severity, "service": service});
            client.post("/api/v1/incidents", &body).await?
        }
        command => {
            let (id, action, body) = request(command);
            client.post(&format!("/api/v1/incidents/{id}/{action}"), &body).await?
        }
    };
    print_one(args, &value);
    Ok(Exit::Ok)
}

/// Id, action and body of a command on one incident.
fn request(command: &IncidentCommand) -> (&str, &'static str, Value) {
    match command {
        IncidentCommand::Ack { id } => (id, "acknowledge", json!({})),
        IncidentCommand::Assign { id, role, person } => (id, "assign", json!({"role": role, "person": person})),
        IncidentCommand::Accept { id, role } => (id, "accept", json!({"role": role})),
        IncidentCommand::Fact { id, fact, at, note, notice, corrects, sure } => {
            let stated =
                json!({"fact": fact, "at": at, "note": note, "notice": notice, "corrects": corrects, "sure": sure});
            (id, "facts", stated)
        }
        IncidentCommand::Update { id, audience, text, next_update_at } => {
            (id, "updates", json!({"audience": audience, "text": text, "next_update_at": next_update_at}))
        }
        IncidentCommand::Decide { id, audience, inform, reason } => {
            (id, "decide", json!({"audience": audience, "inform": inform, "reason": reason}))
        }
        IncidentCommand::Contain { id, customers_see } => (id, "contain", json!({"customers_see": customers_see})),
        IncidentCommand::Mitigate { id, note } => (id, "mitigate", json!({"note": note})),
        IncidentCommand::Validate { id, passed, kind, evidence, link, observed_at, .. } => {
            let now = || Instant::from(jiff::Timestamp::now()).to_string();
            let observed_at = observed_at.clone().unwrap_or_else(now);
            let evidence = json!({"kind": kind, "text": evidence, "link": link, "observed_at": observed_at});
            (id, "validations", json!({"passed": passed, "evidence": evidence}))
        }
        IncidentCommand::Resolve { id } => (id, "resolve", json!({})),
        IncidentCommand::Reopen { id, reason } => (id, "reopen", json!({"reason": reason})),
        IncidentCommand::Severity { id, severity, reason } => {
            (id, "severity", json!({"severity": severity, "reason": reason}))
        }
        IncidentCommand::ConfirmSeverity { id, severity } => (id, "confirm-severity", json!({"severity": severity})),
        IncidentCommand::DeclineSeverity { id, reason } => (id, "decline-severity", json!({"reason": reason})),
        IncidentCommand::Note { id, text } => (id, "notes", json!({"text": text})),
        IncidentCommand::Pause { id, reason } => (id, "pause", json!({"reason": reason})),
        IncidentCommand::Unpause { id } => (id, "unpause", json!({})),
        IncidentCommand::Waive { id, clock, reason } => (id, "waive", json!({"clock": clock, "reason": reason})),
        IncidentCommand::Review { id, cause, action, owner, due_at } => {
            (id, "reviews", json!({"cause": cause, "action": action, "owner": owner, "due_at": due_at}))
        }
        IncidentCommand::ActionDone { id, note } => (id, "action-done", json!({"note": note})),
        IncidentCommand::Decline { id, role, reason } => (id, "decline", json!({"role": role, "reason": reason})),
        IncidentCommand::HandOver { id, role, person, note } => {
            (id, "hand-over", json!({"role": role, "person": person, "note": note}))
        }
        IncidentCommand::Draft { id, audience, text, next_update_at } => {
            (id, "drafts", json!({"audience": audience, "text": text, "next_update_at": next_update_at}))
        }
        IncidentCommand::Approve { id, update } => (id, "approve", json!({"update": update})),
        IncidentCommand::Publish { id, update } => (id, "publish", json!({"update": update})),
        IncidentCommand::Correct { id, update, text } => (id, "corrections", json!({"update": update, "text": text})),
        IncidentCommand::BreakGlass { id, reason } => (id, "break-glass", json!({"reason": reason})),
        IncidentCommand::Confirm { id } => (id, "confirm", json!({})),
        IncidentCommand::List { .. }
        | IncidentCommand::Show { .. }
        | IncidentCommand::Timeline { .. }
        | IncidentCommand::Declare { .. } => unreachable!("`run` handles these itself"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn print_list(args: &IncidentArgs, list: &Value) {
    let incidents = list["incidents"].as_array();
    if args.json {
        println!("{list:#}");
        return;
    }
    for incident in incidents.into_iter().flatten() {
        if args.quiet { println!("{}", text(&incident["id"])) } else { println!("{}", line(incident)) }
    }
    if incidents.is_none_or(Vec::is_empty) && !args.quiet {
        eprintln!("no incidents");
    }
}

fn line(incident: &Value) -> String {
    format!(
        "{}  {}  {}  {}",
        text(&incident["id"]),
        text(&incident["severity"]["name"]),
        text(&incident["status"]),
        text(&incident["title"])
    )
}

fn print_one(args: &IncidentArgs, incident: &Value) {
    if args.json {
        println!("{incident:#}");
        return;
    }
    if incident["id"].is_null() {
        eprintln!("It was taken. It is restricted, and you are not among those who see it.");
        return;
    }
    if args.quiet {
        println!("{}", text(&incident["id"]));
        return;
    }
    println!("{}", line(incident));
    let lowering = &incident["lowering"];
    if lowering.is_object() {
        let (by, to) = (text(&lowering["by"]), text(&lowering["severity"]["name"]));
        println!(
            "  {by} asks to lower it to {to}, to be confirmed by {}: {}",
            text(&lowering["until"]),
            text(&lowering["reason"])
        );
    }
    for (role, holder) in incident["roles"].as_object().into_iter().flatten() {
        println!("  {role}: {} ({})", text(&holder["person"]), text(&holder["state"]));
    }
    for clock in incident["clocks"].as_array().into_iter().flatten() {
        println!("  {}: {}, due {}", text(&clock["id"]), text(&clock["state"]), text(&clock["due_at"]));
    }
}
