//! From an entry of the journal back to the input that caused it.
//!
//! The journal holds what was decided, not what was asked; most events name their command. An act
//! that no command is known for is not replayed, and shows as a deviation: such as a severity that one
//! person lowered, as could be done once.

use policy::model::Policy;
use wcore::clock::Ending;
use wcore::command::HoldingFields;
use wcore::event::{Actor, Approval, ChecklistEvent, Entry, Event, Fact, Update};
use wcore::raise::{self, Declaration};
use wcore::{Command, Incident};

/// What caused an entry.
#[derive(Debug, PartialEq)]
pub(super) enum Input {
    /// Somebody declared the incident.
    Declared(Declaration),
    /// Somebody, or the outbox, acted on it.
    Acts(Vec<Command>),
    /// Something fell due.
    Due,
    /// Signals: those are replayed themselves.
    Signals,
}

/// What an entry alone does not say.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    /// The policy that is replayed.
    pub(super) policy: &'a Policy,
    /// The incident before the entry, as it was replayed so far.
    pub(super) state: Option<&'a Incident>,
}

/// Stands for the impact in a holding statement: no text of a person holds it.
const IMPACT: &str = "\0";

/// Reads an entry backwards.
pub(super) fn input(entry: &Entry, situation: Situation<'_>) -> Input {
    if let Some(Event::Opened(opened)) = entry.events.first() {
        return match &opened.decision {
            Some(_) => Input::Signals,
            None => Input::Declared(Declaration {
                title: opened.title.clone(),
                class: opened.class.clone(),
                severity: Some(opened.severity.to_string()),
                // Nobody named one, and the policy left a choice.
                service: (opened.service != raise::UNSURE).then(|| opened.service.clone()),
                impact_started_at: opened.impact_started_at,
            }),
        };
    }
    if entry.events.iter().any(|event| matches!(event, Event::Attached(_) | Event::SourceCleared { .. })) {
        return Input::Signals;
    }
    let mut acts: Vec<Command> = entry.events.iter().filter_map(|event| act(event, entry, situation)).collect();
    if acts.is_empty() {
        acts.extend(consequence(entry));
    }
    if acts.is_empty() { Input::Due } else { Input::Acts(acts) }
}

/// The command whose own event this is.
fn act(event: &Event, entry: &Entry, situation: Situation<'_>) -> Option<Command> {
    let by_person = matches!(entry.by, Actor::Person(_));
    let has = |other: fn(&Event) -> bool| entry.events.iter().any(other);
    Some(match event {
        Event::Contained { customers_see, .. } => Command::Contain { customers_see: customers_see.clone() },
        Event::Mitigated { note, .. } => Command::Mitigate { note: note.clone() },
        Event::Validated { passed, evidence, .. } => Command::Validate { passed: *passed, evidence: evidence.clone() },
        Event::BreakGlassRequested { reason, .. } => Command::BreakGlass { reason: reason.clone() },
        Event::BrokenGlass { .. } => Command::Confirm {},
        Event::Resolved { .. } if !has(|event| matches!(event, Event::BrokenGlass { .. })) => Command::Resolve {},
        Event::RoleDeclined { role, reason, .. } => Command::Decline { role: *role, reason: reason.clone() },
        Event::HandOverOffered { role, person, note } => {
            Command::HandOver { role: *role, person: person.clone(), note: note.clone() }
        }
        Event::Reopened { reason } => Command::Reopen { reason: reason.clone() },
        Event::Reviewed { cause, action, owner, due_at, .. } => {
            Command::Review { cause: cause.clone(), action: action.clone(), owner: owner.clone(), due_at: *due_at }
        }
        Event::ActionDone { note, .. } => Command::ActionDone { note: note.clone() },
        Event::FactRecorded { .. } | Event::FactCorrected { .. } | Event::NoticeSubmitted { .. } => stated(event)?,
        Event::LoweringRequested { to, reason, .. } => {
            Command::Severity { severity: to.to_string(), reason: reason.clone() }
        }
        Event::LoweringDeclined { reason, .. } => Command::DeclineSeverity { reason: reason.clone() },
        // Lowered, two people had agreed.
        Event::SeverityChanged { from, to, .. }
            if from < to && has(|e| matches!(e, Event::LoweringConfirmed { .. })) =>
        {
            Command::ConfirmSeverity { severity: to.to_string() }
        }
        Event::SeverityChanged { from, to, reason } if to < from && by_person => {
            Command::Severity { severity: to.to_string(), reason: reason.clone() }
        }
        Event::Noted { text } => Command::Note { text: text.clone() },
        Event::Paused { reason } => Command::Pause { reason: reason.clone() },
        // A resolution ends a pause by itself.
        Event::Unpaused if !has(|event| matches!(event, Event::Resolved { .. })) => Command::Unpause {},
        Event::UpdateDrafted(words) => Command::Draft {
            audience: words.audience.clone(),
            text: words.text.clone(),
            next_update_at: words.next_update_at,
            corrects: words.corrects,
        },
        Event::UpdateApproved { update, .. } => Command::Approve { update: *update },
        Event::UpdatePublished(update) => published(update, situation),
        // A surface that shows a message at once shows it in the same entry.
        Event::UpdateVisible { update, surface } if !has(|event| matches!(event, Event::UpdatePublished(_))) => {
            Command::ShowUpdate { update: *update, surface: surface.clone() }
        }
        Event::AudienceDecided { audience, inform, reason } => {
            Command::Decide { audience: audience.clone(), inform: *inform, reason: reason.clone() }
        }
        Event::ClockEnded { clock, ending: Ending::Waived { reason, .. } } => {
            Command::Waive { clock: clock.to_string(), reason: reason.clone() }
        }
        Event::Checklist(event) => followed(event),
        Event::StepSkipped { step, round } => Command::SkipStep { step: *step, round: *round },
        Event::StepReceived { step, round, person, channel } => {
            Command::StepReceipt { step: *step, round: *round, person: person.clone(), channel: channel.clone() }
        }
        _ => return None,
    })
}

/// What was done with a checklist.
fn followed(event: &ChecklistEvent) -> Command {
    match event {
        ChecklistEvent::Started { playbook, .. } => Command::StartChecklist { playbook: playbook.clone() },
        ChecklistEvent::Ticked { playbook, step, note, .. } => {
            Command::TickStep { checklist: playbook.clone(), step: *step, note: note.clone() }
        }
        ChecklistEvent::Unticked { playbook, step, reason, .. } => {
            Command::UntickStep { checklist: playbook.clone(), step: *step, reason: reason.clone() }
        }
        ChecklistEvent::Assigned { playbook, step, person } => {
            Command::AssignStep { checklist: playbook.clone(), step: *step, person: person.clone() }
        }
    }
}

/// A dated statement. Whoever made it was sure.
fn stated(event: &Event) -> Option<Command> {
    let (fact, notice, act, note, corrects) = match event {
        Event::FactRecorded { fact, act, note } => (*fact, None, act, note, None),
        Event::FactCorrected { fact, notice, act, note, reason, .. } => {
            (*fact, notice.clone(), act, note, Some(reason.clone()))
        }
        Event::NoticeSubmitted { notice, act, note } => (Fact::SubmittedAt, Some(notice.clone()), act, note, None),
        _ => return None,
    };
    Some(Command::Fact { fact, at: Some(act.at), note: note.clone(), notice, corrects, sure: true })
}

/// Words are published in one step, as a correction, or where they had waited.
fn published(update: &Update, situation: Situation<'_>) -> Command {
    let waited = situation.state.is_some_and(|state| state.pending.values().any(|p| p.words.no == update.no));
    if waited {
        return Command::Publish { update: update.no };
    }
    if let Some(corrected) = update.corrects {
        return Command::Correct { update: corrected, text: update.text.clone() };
    }
    let statement = holding(update, situation);
    let own = statement.is_none();
    Command::Update {
        audience: update.audience.clone(),
        text: if own { update.text.clone() } else { String::new() },
        next_update_at: update.next_update_at.filter(|_| own),
        statement,
    }
}

/// The fields from which the class's holding statement became these words.
fn holding(update: &Update, situation: Situation<'_>) -> Option<HoldingFields> {
    if update.approval != Approval::InAdvance {
        return None;
    }
    let next_update_at = update.next_update_at?;
    let language = situation.policy.audiences.get(&update.audience)?.language.as_deref();
    let template = situation.policy.statement(&situation.state?.class, language)?.fill(IMPACT, next_update_at);
    let (before, after) = template.split_once(IMPACT)?;
    let impact = update.text.strip_prefix(before.trim_start())?.strip_suffix(after.trim_end())?;
    Some(HoldingFields { impact: impact.to_owned(), next_update_at })
}

/// The command whose event other commands cause as well; asked for where there is none of those.
fn consequence(entry: &Entry) -> Option<Command> {
    if !matches!(entry.by, Actor::Person(_)) {
        return None;
    }
    let events = || entry.events.iter();
    let acknowledged = events().find_map(|event| match event {
        Event::Acknowledged(_) => Some(Command::Acknowledge {}),
        _ => None,
    });
    let assigned = || {
        events().find_map(|event| match event {
            Event::RoleAssigned { role, person, .. } => Some(Command::Assign { role: *role, person: person.clone() }),
            _ => None,
        })
    };
    let accepted = || {
        events().find_map(|event| match event {
            Event::RoleAccepted { role, .. } => Some(Command::Accept { role: *role }),
            _ => None,
        })
    };
    acknowledged.or_else(assigned).or_else(accepted)
}
