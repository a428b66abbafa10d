//! Defects put in on purpose, where the engine meets its store: each must be caught.
//!
//! They stand for mistakes in decisions, claims and commits, and are never part of an ordinary run.

use calendar::{Duration, Instant};
use engine::Pseudonyms;
use journal::{Batch, DeliveryState, DeliveryUpdate, EventRow};
use serde_json::Value;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each says what is done wrong")]
pub enum Defect {
    DropRequest,
    DueOffByOne,
    ForgetPause,
    BreachTwice,
    BreachErased,
    WarnTwice,
    TakeSignalsTwice,
    LoseSignals,
    LoseIdempotency,
    PageAfterAcknowledge,
    PageTheWrongPerson,
    SendLate,
    SendUnderTwoKeys,
    GiveUpSilently,
    MarkSentUnsent,
    StaleState,
    MachineInforms,
    FallSilent,
    ProveOwnFix,
    LoseClock,
}

impl Defect {
    /// All of them.
    pub const ALL: [Defect; 20] = [
        Defect::DropRequest,
        Defect::DueOffByOne,
        Defect::ForgetPause,
        Defect::BreachTwice,
        Defect::BreachErased,
        Defect::WarnTwice,
        Defect::TakeSignalsTwice,
        Defect::LoseSignals,
        Defect::LoseIdempotency,
        Defect::PageAfterAcknowledge,
        Defect::PageTheWrongPerson,
        Defect::SendLate,
        Defect::SendUnderTwoKeys,
        Defect::GiveUpSilently,
        Defect::MarkSentUnsent,
        Defect::StaleState,
        Defect::MachineInforms,
        Defect::FallSilent,
        Defect::ProveOwnFix,
        Defect::LoseClock,
    ];

    /// Spoils a batch; whether it found something to spoil.
    pub(crate) fn spoil(self, batch: &mut Batch) -> bool {
        match self {
            Defect::DropRequest => batch.requests.pop().is_some(),
            Defect::LoseIdempotency => !std::mem::take(&mut batch.idempotency).is_empty(),
            Defect::LoseSignals => batch.block.take().is_some(),
            Defect::StaleState => !std::mem::take(&mut batch.incidents).is_empty(),
            Defect::TakeSignalsTwice => twice(batch),
            Defect::SendLate
            | Defect::PageTheWrongPerson
            | Defect::SendUnderTwoKeys
            | Defect::GiveUpSilently
            | Defect::MarkSentUnsent => self.spoil_outbox(&mut batch.deliveries),
            _ => batch.events.iter_mut().any(|row| self.spoil_row(row)),
        }
    }

    /// Spoils claims and attempts.
    pub(crate) fn spoil_outbox(self, updates: &mut [DeliveryUpdate]) -> bool {
        updates.iter_mut().any(|update| match (self, update) {
            (Defect::SendLate, DeliveryUpdate::Claim(claim)) => claim.deliveries.iter_mut().any(|row| {
                row.next_attempt_at = row.next_attempt_at.map(|at| at + Duration::from_secs(40));
                row.next_attempt_at.is_some()
            }),
            (Defect::PageTheWrongPerson, DeliveryUpdate::Claim(claim)) => {
                let row = claim.deliveries.iter_mut().find(|row| row.person == "ana" && row.incident.is_some());
                row.map(|row| row.person = "nobody".to_owned()).is_some()
            }
            (Defect::SendUnderTwoKeys, DeliveryUpdate::Claim(claim)) => {
                let first = claim.deliveries.iter().find(|row| row.state == DeliveryState::Pending).cloned();
                first
                    .map(|mut row| {
                        row.id.push_str("-again");
                        row.idempotency_key.push_str("-again");
                        claim.deliveries.push(row);
                    })
                    .is_some()
            }
            (Defect::GiveUpSilently, DeliveryUpdate::Attempt(attempt)) if attempt.state == DeliveryState::Pending => {
                attempt.state = DeliveryState::Dead;
                attempt.next_attempt_at = None;
                true
            }
            (Defect::MarkSentUnsent, DeliveryUpdate::Attempt(attempt)) if attempt.state == DeliveryState::Delivered => {
                attempt.state = DeliveryState::Pending;
                attempt.next_attempt_at = Some(attempt.at + Duration::from_secs(5));
                true
            }
            _ => false,
        })
    }

    fn spoil_row(self, row: &mut EventRow) -> bool {
        let Ok(mut entry) = serde_json::from_slice::<Value>(&row.body) else { return false };
        let Some(events) = entry.get_mut("events").and_then(Value::as_array_mut) else { return false };
        let spoiled = match self {
            Defect::BreachTwice => repeat(events, "clock_breached"),
            Defect::WarnTwice => repeat(events, "clock_warned"),
            Defect::BreachErased => remove(events, "clock_breached"),
            Defect::LoseClock => remove(events, "clock_started"),
            Defect::FallSilent => remove(events, "escalation_planned"),
            _ => events.iter_mut().any(|event| self.spoil_event(event)) || self.add_event(events),
        };
        if spoiled {
            row.body = serde_json::to_vec(&entry).unwrap_or_default();
        }
        spoiled
    }

    fn spoil_event(self, event: &mut Value) -> bool {
        match self {
            Defect::DueOffByOne => event.pointer_mut("/clock_started/due_at").is_some_and(|due| shift(due, 1)),
            Defect::ForgetPause => {
                let unpaused = event.pointer("/clock_retimed/cause").and_then(Value::as_str) == Some("unpause");
                let due = event.pointer_mut("/clock_retimed/clock/due_at").filter(|_| unpaused);
                due.is_some_and(|due| shift(due, -1_000_000))
            }
            Defect::ProveOwnFix => event.pointer_mut("/validated/act/by").is_some_and(|by| {
                *by = Value::from("ben");
                true
            }),
            Defect::MachineInforms => {
                let clock = event.pointer("/clock_breached/clock").filter(|id| id.pointer("/kind/notify").is_some());
                let Some(clock) = clock.cloned() else { return false };
                let at = event.pointer("/clock_breached/due_at").cloned();
                *event = serde_json::json!({"clock_met": {"clock": clock, "at": at}});
                true
            }
            _ => false,
        }
    }

    fn add_event(self, events: &mut Vec<Value>) -> bool {
        if self != Defect::PageAfterAcknowledge || !events.iter().any(|event| event.get("acknowledged").is_some()) {
            return false;
        }
        let reason = serde_json::json!({"escalation": {"step": 0, "round": 9}});
        events.push(serde_json::json!({"page_requested": {"reason": reason, "parties": ["fallback"]}}));
        true
    }
}

fn repeat(events: &mut Vec<Value>, kind: &str) -> bool {
    let found = events.iter().find(|event| event.get(kind).is_some()).cloned();
    found.map(|event| events.push(event)).is_some()
}

fn remove(events: &mut Vec<Value>, kind: &str) -> bool {
    let place = events.iter().position(|event| event.get(kind).is_some());
    place.map(|place| events.remove(place)).is_some()
}

fn shift(text: &mut Value, micros: i64) -> bool {
    let Some(at) = text.as_str().and_then(|text| Instant::parse(text).ok()) else { return false };
    *text = Value::from((at + Duration::from_micros(micros)).to_string());
    true
}

fn twice(batch: &mut Batch) -> bool {
    let Some(block) = &mut batch.block else { return false };
    let Ok(signals) = engine::block::decode(&block.bytes) else { return false };
    block.bytes =
        engine::block::encode(&signals.iter().chain(&signals).collect::<Vec<_>>(), &Pseudonyms::new(&[0; 32]));
    true
}
