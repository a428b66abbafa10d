//! `incident`: the same acts as in the interface, over the API.

use calendar::Instant;
use serde_json::{Value, json};

use crate::cli::{ChecklistCommand, IncidentArgs, IncidentCommand};
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
        IncidentCommand::Checklist { command: ChecklistCommand::Show { id } } => {
            let incident = client.get(&format!("/api/v1/incidents/{id}")).await?;
            checklists(args, &incident);
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
        IncidentCommand::Checklist { command } => followed(command),
        IncidentCommand::BreakGlass { id, reason } => (id, "break-glass", json!({"reason": reason})),
        IncidentCommand::Confirm { id } => (id, "confirm", json!({})),
        IncidentCommand::List { .. }
        | IncidentCommand::Show { .. }
        | IncidentCommand::Timeline { .. }
        | IncidentCommand::Declare { .. } => unreachable!("`run` handles these itself"),
    }
}

/// The same of a command on a checklist.
fn followed(command: &ChecklistCommand) -> (&str, &'static str, Value) {
    match command {
        ChecklistCommand::Start { id, playbook } => (id, "start-checklist", json!({"playbook": playbook})),
        ChecklistCommand::Tick { id, checklist, step, note } => {
            (id, "tick-step", json!({"checklist": checklist, "step": step, "note": note}))
        }
        ChecklistCommand::Untick { id, checklist, step, reason } => {
            (id, "untick-step", json!({"checklist": checklist, "step": step, "reason": reason}))
        }
        ChecklistCommand::Assign { id, checklist, step, person } => {
            (id, "assign-step", json!({"checklist": checklist, "step": step, "person": person}))
        }
        ChecklistCommand::Show { .. } => unreachable!("`run` handles it itself"),
    }
}

/// Every step: whether it is done, who has it, until when.
fn checklists(args: &IncidentArgs, incident: &Value) {
    let lists = &incident["checklists"];
    if args.json {
        let none = json!([]);
        println!("{:#}", if lists.is_null() { &none } else { lists });
        return;
    }
    let lists = lists.as_array().map(Vec::as_slice).unwrap_or_default();
    if lists.is_empty() && !args.quiet {
        eprintln!(
            "no checklist was started; `watchbell incident checklist start {} PLAYBOOK` starts one",
            text(&incident["id"])
        );
    }
    let now = Instant::from(jiff::Timestamp::now());
    for list in lists {
        let steps = list["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        println!("{} ({}): {} of {} done", text(&list["title"]), text(&list["playbook"]), list["done"], steps.len());
        for step in steps {
            let (mark, state) = match step["done"].as_object() {
                Some(act) => ("x", format!("done by {} at {}", text(&act["by"]), text(&act["at"]))),
                None => {
                    let late = Instant::parse(text(&step["due_at"])).is_ok_and(|due| due < now);
                    let late = if late { ", late" } else { "" };
                    (" ", format!("{}, due {}{late}", text(&step["owner"]), text(&step["due_at"])))
                }
            };
            let no = step["no"].to_string();
            println!("  [{mark}] {no:>2}. {}\n          {state}", text(&step["do"]));
            if !text(&step["note"]).is_empty() {
                println!("          note: {}", text(&step["note"]));
            }
        }
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
    for list in incident["checklists"].as_array().into_iter().flatten() {
        let all = list["steps"].as_array().map_or(0, Vec::len);
        println!("  checklist {}: {} of {all} steps done", text(&list["playbook"]), list["done"]);
    }
}
