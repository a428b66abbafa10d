//! One attempt of one delivery, and what follows from its outcome.

use calendar::{Duration, Instant};
use channel::retry::{self, Schedule, Standing};
use channel::{Letter, Outcome, Receipt, Target, Thread};
use journal::{Attempt, DeliveryRow, DeliveryState, DeliveryUpdate, DocumentChange};
use problem::Problem;
use wcore::Command;

use crate::codec;
use crate::outbox::dispatch::DISABLED_CHANNELS;
use crate::outbox::record::Record;
use crate::outbox::{Mail, contacts};
use crate::queue::FollowUp;
use crate::rules::Rules;
use crate::shared::Shared;

/// What an attempt came to: the row's change, and what else is to be done.
pub(crate) struct Sent {
    pub(crate) attempt: Attempt,
    pub(crate) follow_ups: Vec<FollowUp>,
    /// The receipt has come: these deliveries to the same person need not be tried.
    pub(crate) spared: Vec<String>,
    pub(crate) complaints: Vec<Problem>,
    /// The channel whose receiver is gone for good.
    pub(crate) disable: Option<String>,
}

/// Where a delivery goes, or why it cannot be sent at all.
pub(crate) fn target<'r>(row: &DeliveryRow, rules: &'r Rules, shared: &Shared) -> Result<&'r Target, Outcome> {
    if shared.is_disabled(&row.channel) {
        return Err(refused(format!("`{}` is switched off: its receiver answered 410", row.channel)));
    }
    match rules.channels.get(&row.channel) {
        None => Err(refused(format!("the roster has no channel `{}` any more", row.channel))),
        // The document itself leads where nothing may be sent: time does not mend it.
        Some(Err(problem)) if is_final(problem) => Err(refused(problem.to_string())),
        Some(Err(problem)) => Err(Outcome::Retry { after: None, reason: problem.to_string() }),
        Some(Ok(target)) => Ok(target),
    }
}

fn is_final(problem: &Problem) -> bool {
    [problem::ADDRESS_FORBIDDEN.id, problem::CHANNEL_URL_INVALID.id].contains(&problem.code.id)
}

/// What one attempt of a delivery sends; `acknowledge` is the recipient's own link.
pub(super) fn letter(row: &DeliveryRow, mail: &Mail, acknowledge: Option<String>) -> Letter {
    Letter {
        id: row.idempotency_key.clone(),
        kind: mail.kind.clone(),
        created_at: row.created_at,
        to: row.address.clone(),
        thread: row.incident.map(|no| thread(no.0, mail)),
        subject: mail.subject.clone(),
        text: mail.text.clone(),
        link: mail.link.clone(),
        acknowledge,
        data: mail.data.clone(),
    }
}

/// Mails about one incident belong together, whatever its severity becomes. The link tells
/// installations apart that share a sender.
fn thread(no: u64, mail: &Mail) -> Thread {
    let incident = format!("INC-{no}");
    let field = |name: &str| mail.data.get(name).and_then(serde_json::Value::as_str);
    let subject = match (field("class"), field("service")) {
        (Some(class), Some(service)) => format!("{incident}: {class} on {service}"),
        // Words to an audience name neither: who reads them need not know.
        _ => mail.subject.clone(),
    };
    let key = mail.link.clone().unwrap_or_else(|| incident.clone());
    Thread { incident, key, subject }
}

fn refused(reason: String) -> Outcome {
    Outcome::Refused { reason, disable: false }
}

/// What an outcome means for the row: done, again later, or given up.
pub(crate) fn settle(row: &DeliveryRow, mail: &Mail, outcome: Outcome, now: Instant, jitter: f64) -> Sent {
    let attempts = row.attempts + 1;
    let mut sent = Sent::pending(row, attempts, now);
    match outcome {
        Outcome::Delivered { receipt } => {
            sent.attempt.state = DeliveryState::Delivered;
            sent.attempt.outcome = "delivered".to_owned();
            sent.follow_ups.extend(shown(row, mail));
            if receipt > Receipt::None {
                sent.follow_ups.extend(received(row, mail));
                sent.spared = mail.siblings(&row.id).1.to_vec();
            }
        }
        Outcome::Retry { after, reason } => {
            let standing = Standing { created_at: row.created_at, attempts, retry_after: after };
            sent.attempt.next_attempt_at = schedule(mail).next_attempt(&standing, now, jitter);
            if sent.attempt.next_attempt_at.is_none() {
                sent.give_up(row, &format!("{reason}; it expired after {attempts} attempts"));
            } else {
                sent.attempt.outcome = reason;
            }
        }
        Outcome::Refused { reason, disable } => {
            if disable {
                sent.disable = Some(row.channel.clone());
                let detail = format!("channel `{}`: {reason}", row.channel);
                sent.complaints.push(Problem::new(&problem::CHANNEL_DISABLED, detail));
            }
            sent.give_up(row, &reason);
        }
    }
    if let Some(why) = contacts::why_tried(mail, &row.id) {
        sent.attempt.outcome = format!("{why}; {}", sent.attempt.outcome);
    }
    sent
}

/// A delivery that nobody waits for any more, and why.
pub(super) fn supersede(row: &DeliveryRow, now: Instant, why: String) -> Attempt {
    Attempt {
        delivery: row.id.clone(),
        at: now,
        state: DeliveryState::Superseded,
        attempts: row.attempts,
        next_attempt_at: None,
        outcome: why,
    }
}

/// A delivery whose message cannot be read, and never will be.
pub(super) fn unreadable(row: &DeliveryRow, now: Instant, problem: &Problem) -> Sent {
    let mut sent = Sent::pending(row, row.attempts, now);
    sent.give_up(row, &problem.detail);
    sent
}

impl Sent {
    fn pending(row: &DeliveryRow, attempts: u32, now: Instant) -> Sent {
        let attempt = Attempt {
            delivery: row.id.clone(),
            at: now,
            state: DeliveryState::Pending,
            attempts,
            next_attempt_at: None,
            outcome: String::new(),
        };
        Sent { attempt, follow_ups: Vec::new(), spared: Vec::new(), complaints: Vec::new(), disable: None }
    }

    /// All of it, for one transaction.
    pub(crate) fn record(self) -> Record {
        let disabled = self.disable.map(|channel| DocumentChange {
            collection: DISABLED_CHANNELS.to_owned(),
            id: channel,
            body: Some(codec::json(&self.attempt.outcome)),
        });
        let complaints = self.complaints.into_iter().map(FollowUp::Complaint);
        Record {
            documents: disabled.into_iter().collect(),
            follow_ups: self.follow_ups.into_iter().chain(complaints).collect(),
            update: DeliveryUpdate::Attempt(self.attempt),
        }
    }

    fn give_up(&mut self, row: &DeliveryRow, reason: &str) {
        self.attempt.state = DeliveryState::Dead;
        self.attempt.next_attempt_at = None;
        self.attempt.outcome = reason.to_owned();
        let about = row.incident.map_or_else(|| "a self-alert".to_owned(), |no| format!("INC-{no}"));
        let whom = if row.person.is_empty() { &row.address } else { &row.person };
        let detail = format!("{about} to {whom} by {}: {reason}", row.channel);
        self.complaints.push(Problem::new(&problem::DELIVERY_DEAD, detail));
    }
}

/// A first delivery accepted makes a message to an audience visible.
fn shown(row: &DeliveryRow, mail: &Mail) -> Option<FollowUp> {
    let (update, no) = (mail.update?, row.incident?);
    let command = Command::ShowUpdate { update, surface: row.channel.clone() };
    Some(FollowUp::Act { no: no.0, command })
}

/// A step of the escalation has reached somebody.
fn received(row: &DeliveryRow, mail: &Mail) -> Option<FollowUp> {
    let ((step, round), no) = (mail.step?, row.incident?);
    let command = Command::StepReceipt { step, round, person: row.person.clone(), channel: row.channel.clone() };
    Some(FollowUp::Act { no: no.0, command })
}

fn schedule(mail: &Mail) -> &'static Schedule {
    if mail.update.is_some() { &retry::PUBLICATIONS } else { &retry::PAGES }
}

/// A fraction within 0..1 for jitter; the middle where the system has no randomness to give.
pub(super) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

/// A page that waited longer than this before its first attempt is worth a complaint in the log.
pub(super) const SLOW_FIRST_ATTEMPT: Duration = Duration::from_secs(15);
