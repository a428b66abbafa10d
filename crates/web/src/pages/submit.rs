//! What a form sent, as a command. The counterpart of `actions`.
//!
//! It checks only what a form cannot express; the core judges the rest.

use std::collections::BTreeMap;

use calendar::{Duration, Instant};
use policy::model::Role;
use problem::Problem;
use wcore::Command;
use wcore::command::HoldingFields;
use wcore::event::{Evidence, Fact};
use wcore::raise::Declaration;

use super::form::TICKED;

/// The fields of a form.
pub(crate) type Fields = BTreeMap<String, String>;

/// The command that the path's last part names.
pub(crate) fn command(word: &str, fields: &Fields, now: Instant) -> Result<Command, Problem> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let given = |name: &str| Some(text(name)).filter(|text| !text.trim().is_empty());
    Ok(match word {
        "acknowledge" => Command::Acknowledge {},
        "assign" => Command::Assign { role: role(fields)?, person: text("person") },
        "accept" => Command::Accept { role: role(fields)? },
        "decline" => Command::Decline { role: role(fields)?, reason: text("reason") },
        "hand-over" => Command::HandOver { role: role(fields)?, person: text("person"), note: text("note") },
        "facts" => Command::Fact {
            fact: fact(fields)?,
            at: time(fields, "at")?,
            note: text("note"),
            notice: given("notice"),
            corrects: given("corrects"),
            sure: text("sure") == TICKED,
        },
        "updates" => said(fields, message(&text("impact"), &text("workaround")), next_update(fields, now)?),
        "closings" => said(fields, closing(&text("recovered"), &text("data")), None),
        "statements" => statement(fields, now)?,
        "approve" => Command::Approve { update: number(fields, "update")? },
        "publish" => Command::Publish { update: number(fields, "update")? },
        "corrections" => correction(fields)?,
        "decide" => {
            Command::Decide { audience: text("audience"), inform: answer(fields, "inform")?, reason: text("reason") }
        }
        "contain" => Command::Contain { customers_see: text("customers_see") },
        "mitigate" => Command::Mitigate { note: text("note") },
        "validations" => Command::Validate { passed: answer(fields, "passed")?, evidence: evidence(fields, now)? },
        "resolve" => Command::Resolve {},
        "break-glass" => {
            sure(fields)?;
            Command::BreakGlass { reason: text("reason") }
        }
        "confirm" => {
            sure(fields)?;
            Command::Confirm {}
        }
        "reopen" => Command::Reopen { reason: text("reason") },
        "severity" => Command::Severity { severity: text("severity"), reason: text("reason") },
        "confirm-severity" => {
            sure(fields)?;
            Command::ConfirmSeverity { severity: text("severity") }
        }
        "decline-severity" => Command::DeclineSeverity { reason: text("reason") },
        "notes" => Command::Note { text: text("text") },
        "pause" => Command::Pause { reason: text("reason") },
        "unpause" => Command::Unpause {},
        "waive" => Command::Waive { clock: text("clock"), reason: text("reason") },
        "reviews" => Command::Review {
            cause: text("cause"),
            action: text("action"),
            owner: given("owner"),
            due_at: time(fields, "due_at")?,
        },
        "action-done" => Command::ActionDone { note: text("note") },
        "start-checklist" => Command::StartChecklist { playbook: text("playbook") },
        "tick-step" | "untick-step" | "assign-step" => {
            let (checklist, step) = (text("checklist"), number(fields, "step")?);
            match word {
                "tick-step" => Command::TickStep { checklist, step, note: text("note") },
                "untick-step" => Command::UntickStep { checklist, step, reason: text("reason") },
                _ => Command::AssignStep { checklist, step, person: text("person") },
            }
        }
        other => {
            let shown: String = other.chars().take(40).collect();
            return Err(Problem::new(&problem::COMMAND_UNKNOWN, format!("`{shown}` is no action of an incident")));
        }
    })
}

/// What the API calls the act of a form: several forms may lead to one command.
pub(crate) fn api_word<'a>(word: &'a str, command: &Command) -> &'a str {
    match command {
        Command::Update { .. } => "updates",
        Command::Draft { .. } => "drafts",
        _ => word,
    }
}

/// A declaration.
pub(crate) fn declaration(fields: &Fields) -> Declaration {
    let text = |name: &str| fields.get(name).cloned().filter(|text| !text.is_empty());
    Declaration {
        title: text("title").unwrap_or_default(),
        class: text("class").unwrap_or_else(|| wcore::raise::UNSURE.to_owned()),
        severity: text("severity"),
        service: text("service"),
        impact_started_at: None,
    }
}

/// What the reader is told once a command has taken effect.
pub(crate) fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "acknowledge" => "Acknowledged. Paging has stopped; you lead.",
        "assign" => "Assigned.",
        "accept" => "Accepted.",
        "decline" => "Declined. Whoever has to know is told.",
        "hand-over" => "Asked. You stay accountable until they accept.",
        "facts" => "Recorded.",
        "updates" | "closings" | "statements" | "publish" | "corrections" => "Published.",
        "drafts" => "Saved as a draft. Nobody reads it before it is published.",
        "approve" => "Approved. Now publish it.",
        "decide" => "Decided.",
        "contain" => "Contained.",
        "mitigate" => "Mitigated. Now prove it.",
        "validations" => "Validation recorded.",
        "resolve" => "Resolved.",
        "break-glass" => "Asked. A second person must confirm it.",
        "confirm" => "Resolved without proof. The weekly review shows it.",
        "reopen" => "Reopened.",
        "severity" => "Recorded. A higher severity counts at once, a lower one when a second person confirms it.",
        "confirm-severity" => "Severity lowered.",
        "decline-severity" => "Ended. The severity stays.",
        "notes" => "Note added.",
        "pause" => "Paused.",
        "unpause" => "Work goes on.",
        "waive" => "Waived.",
        "reviews" => "Reviewed and closed.",
        "action-done" => "Recorded as done.",
        "start-checklist" => "Started. Its times count from now.",
        "tick-step" => "Done, on record.",
        "untick-step" => "Open again.",
        "assign-step" => "Given to them.",
        "declare" => "Declared. Whoever is on call is being paged.",
        _ => return None,
    })
}

fn role(fields: &Fields) -> Result<Role, Problem> {
    let word = fields.get("role").map(String::as_str).unwrap_or_default();
    Role::ALL.into_iter().find(|role| role.word() == word).ok_or_else(|| unreadable("role", word))
}

fn fact(fields: &Fields) -> Result<Fact, Problem> {
    match fields.get("fact").map(String::as_str).unwrap_or_default() {
        "aware_at" => Ok(Fact::AwareAt),
        "confirmed_at" => Ok(Fact::ConfirmedAt),
        "classified_at" => Ok(Fact::ClassifiedAt),
        "submitted_at" => Ok(Fact::SubmittedAt),
        other => Err(unreadable("fact", other)),
    }
}

fn answer(fields: &Fields, name: &str) -> Result<bool, Problem> {
    match fields.get(name).map(String::as_str).unwrap_or_default() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(unreadable(name, other)),
    }
}

fn evidence(fields: &Fields, now: Instant) -> Result<Evidence, Problem> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    Ok(Evidence {
        kind: text("kind"),
        text: examined(text("set").trim(), text("text").trim()),
        link: Some(text("link").trim().to_owned()).filter(|link| !link.is_empty()),
        observed_at: time(fields, "observed_at")?.unwrap_or(now),
    })
}

/// Words of the author's own, published at once or kept as a draft.
fn said(fields: &Fields, text: String, next_update_at: Option<Instant>) -> Command {
    let audience = fields.get("audience").cloned().unwrap_or_default();
    match is_draft(fields) {
        true => Command::Draft { audience, text, next_update_at, corrects: None },
        false => Command::Update { audience, text, next_update_at, statement: None },
    }
}

fn is_draft(fields: &Fields) -> bool {
    fields.get("then").is_some_and(|then| then == "draft")
}

/// The holding statement, whose words the policy has.
fn statement(fields: &Fields, now: Instant) -> Result<Command, Problem> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let next_update_at = next_update(fields, now)?.ok_or_else(|| unreadable("next_in", ""))?;
    let filled = HoldingFields { impact: text("impact"), next_update_at };
    let audience = text("audience");
    Ok(Command::Update { audience, text: String::new(), next_update_at: None, statement: Some(filled) })
}

fn correction(fields: &Fields) -> Result<Command, Problem> {
    let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let no = number(fields, "update")?;
    Ok(match is_draft(fields) {
        true => {
            Command::Draft { audience: text("audience"), text: text("text"), next_update_at: None, corrects: Some(no) }
        }
        false => Command::Correct { update: no, text: text("text") },
    })
}

fn number(fields: &Fields, name: &'static str) -> Result<u32, Problem> {
    let no = fields.get(name).map(String::as_str).unwrap_or_default();
    no.parse().map_err(|_| unreadable(name, no))
}

/// What cannot be taken back is confirmed by a tick.
fn sure(fields: &Fields) -> Result<(), Problem> {
    if fields.get("sure").is_some_and(|ticked| ticked == TICKED) {
        return Ok(());
    }
    Err(Problem::new(&problem::COMMAND_MALFORMED, "the box is not ticked, and this cannot be taken back"))
}

/// What is over, and which data it touched; empty where either is missing, so that the core asks for it.
fn closing(recovered: &str, data: &str) -> String {
    match (recovered.trim(), data.trim()) {
        ("", _) | (_, "") => String::new(),
        (recovered, data) => format!("{recovered}\n\nData affected: {data}"),
    }
}

/// The evaluation set and what it showed; empty where either is missing, so that the core asks for it.
fn examined(set: &str, showed: &str) -> String {
    if set.is_empty() || showed.is_empty() { String::new() } else { format!("{set}: {showed}") }
}

/// Impact and workaround as one message.
fn message(impact: &str, workaround: &str) -> String {
    match workaround.trim() {
        "" => impact.trim().to_owned(),
        // Without an impact the text stays empty, so that the core asks for it.
        _ if impact.trim().is_empty() => String::new(),
        workaround => format!("{}\n\nWhat you can do meanwhile: {workaround}", impact.trim()),
    }
}

fn next_update(fields: &Fields, now: Instant) -> Result<Option<Instant>, Problem> {
    match fields.get("next_in").map(String::as_str).unwrap_or_default() {
        "" => Ok(None),
        minutes => {
            let minutes: u32 = minutes.parse().map_err(|_| unreadable("next_in", minutes))?;
            Ok(Some(now + Duration::from_mins(i64::from(minutes))))
        }
    }
}

/// An instant as the script sends it, or as a browser without it does: then it is UTC.
fn time(fields: &Fields, name: &str) -> Result<Option<Instant>, Problem> {
    let text = fields.get(name).map(|text| text.trim()).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let with_seconds = if text.len() == "2026-11-23T15:04".len() { format!("{text}:00") } else { text.to_owned() };
    let instant = Instant::parse(&with_seconds).or_else(|_| Instant::parse(&format!("{with_seconds}Z")));
    instant.map(Some).map_err(|error| Problem::new(&problem::TIME_INVALID, format!("`{name}`: {error}")))
}

fn unreadable(field: &str, value: &str) -> Problem {
    let shown: String = value.chars().take(40).collect();
    Problem::new(&problem::COMMAND_MALFORMED, format!("`{field}` is `{shown}`, which is none of the choices"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn now() -> Instant {
        Instant::parse("2026-11-23T09:00:00Z").unwrap()
    }

    #[test]
    fn forms_become_commands() {
        let evidence = |at: &str| Evidence {
            kind: "evaluation".to_owned(),
            text: "set: 200 of 200".to_owned(),
            link: None,
            observed_at: Instant::parse(at).unwrap(),
        };
        let update = |text: &str, next: Option<&str>| Command::Update {
            audience: "customers".to_owned(),
            text: text.to_owned(),
            next_update_at: next.map(|at| Instant::parse(at).unwrap()),
            statement: None,
        };
        let draft = |text: &str, corrects: Option<u32>| Command::Draft {
            audience: "customers".to_owned(),
            text: text.to_owned(),
            next_update_at: None,
            corrects,
        };
        for (word, sent, wanted) in [
            ("acknowledge", vec![], Command::Acknowledge {}),
            ("accept", vec![("role", "validation")], Command::Accept { role: Role::Validation }),
            (
                "validations",
                vec![("kind", "evaluation"), ("set", "set"), ("text", "200 of 200"), ("passed", "true"), ("link", " ")],
                Command::Validate { passed: true, evidence: evidence("2026-11-23T09:00:00Z") },
            ),
            (
                "validations",
                vec![
                    ("kind", "evaluation"),
                    ("set", "set"),
                    ("text", "200 of 200"),
                    ("passed", "false"),
                    ("observed_at", "2026-11-23T08:59"),
                ],
                Command::Validate { passed: false, evidence: evidence("2026-11-23T08:59:00Z") },
            ),
            (
                "validations",
                vec![
                    ("kind", "evaluation"),
                    ("set", "set"),
                    ("text", "200 of 200"),
                    ("passed", "true"),
                    ("observed_at", "2026-11-23T10:59:30.000+02:00"),
                ],
                Command::Validate { passed: true, evidence: evidence("2026-11-23T08:59:30Z") },
            ),
            (
                "updates",
                vec![("audience", "customers"), ("impact", "Refunds"), ("workaround", "Mail us"), ("next_in", "30")],
                update("Refunds\n\nWhat you can do meanwhile: Mail us", Some("2026-11-23T09:30:00Z")),
            ),
            ("updates", vec![("audience", "customers"), ("workaround", "Mail us")], update("", None)),
            (
                "closings",
                vec![("audience", "customers"), ("recovered", "Answers are right again."), ("data", "none")],
                update("Answers are right again.\n\nData affected: none", None),
            ),
            ("closings", vec![("audience", "customers"), ("recovered", "All is well.")], update("", None)),
            (
                "updates",
                vec![("audience", "customers"), ("impact", "Refunds"), ("then", "draft")],
                draft("Refunds", None),
            ),
            (
                "corrections",
                vec![("audience", "customers"), ("update", "1"), ("text", "Fares"), ("then", "draft")],
                draft("Fares", Some(1)),
            ),
            (
                "corrections",
                vec![("update", "1"), ("text", "Fares"), ("then", "publish")],
                Command::Correct { update: 1, text: "Fares".to_owned() },
            ),
            (
                "statements",
                vec![("audience", "customers"), ("impact", "wrong refunds"), ("next_in", "30")],
                Command::Update {
                    audience: "customers".to_owned(),
                    text: String::new(),
                    next_update_at: None,
                    statement: Some(HoldingFields {
                        impact: "wrong refunds".to_owned(),
                        next_update_at: Instant::parse("2026-11-23T09:30:00Z").unwrap(),
                    }),
                },
            ),
            (
                "break-glass",
                vec![("reason", "No time"), ("sure", "yes")],
                Command::BreakGlass { reason: "No time".to_owned() },
            ),
            ("confirm", vec![("sure", "yes")], Command::Confirm {}),
            (
                "confirm-severity",
                vec![("severity", "SEV-2"), ("sure", "yes")],
                Command::ConfirmSeverity { severity: "SEV-2".to_owned() },
            ),
            (
                "facts",
                vec![("fact", "aware_at"), ("note", "the log"), ("corrects", "mistyped"), ("sure", "yes")],
                Command::Fact {
                    fact: Fact::AwareAt,
                    at: None,
                    note: "the log".to_owned(),
                    notice: None,
                    corrects: Some("mistyped".to_owned()),
                    sure: true,
                },
            ),
        ] {
            assert_eq!(command(word, &fields(&sent), now()), Ok(wanted), "{word} {sent:?}");
        }
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (word, sent, code) in [
            ("skip_step", vec![("step", "0"), ("round", "0")], &problem::COMMAND_UNKNOWN),
            ("show_update", vec![("update", "1"), ("surface", "page")], &problem::COMMAND_UNKNOWN),
            ("assign", vec![("role", "king")], &problem::COMMAND_MALFORMED),
            ("decide", vec![("audience", "customers")], &problem::COMMAND_MALFORMED),
            ("facts", vec![("fact", "guess")], &problem::COMMAND_MALFORMED),
            ("facts", vec![("fact", "aware_at"), ("at", "yesterday")], &problem::TIME_INVALID),
            ("updates", vec![("next_in", "soon")], &problem::COMMAND_MALFORMED),
            ("statements", vec![("impact", "x")], &problem::COMMAND_MALFORMED),
            ("approve", vec![("update", "first")], &problem::COMMAND_MALFORMED),
            ("break-glass", vec![("reason", "No time")], &problem::COMMAND_MALFORMED),
            ("confirm", vec![("sure", "on")], &problem::COMMAND_MALFORMED),
        ] {
            let refused = command(word, &fields(&sent), now()).unwrap_err();
            assert_eq!(refused.code, code, "{word}: {refused}");
        }
    }

    #[test]
    fn every_action_says_what_it_did() {
        for word in [
            "acknowledge",
            "assign",
            "accept",
            "facts",
            "updates",
            "decide",
            "contain",
            "mitigate",
            "validations",
            "resolve",
            "reopen",
            "severity",
            "notes",
            "pause",
            "unpause",
            "waive",
            "reviews",
            "decline",
            "hand-over",
            "statements",
            "closings",
            "drafts",
            "approve",
            "publish",
            "corrections",
            "break-glass",
            "confirm",
            "action-done",
        ] {
            assert!(done(word).is_some(), "{word}");
        }
        assert_eq!(done("<script>"), None);
    }
}
