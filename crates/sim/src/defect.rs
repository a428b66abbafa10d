//! Defects put in on purpose, where the engine meets its store: each must be caught.
//!
//! They stand for mistakes in decisions, claims and commits, and are never part of an ordinary run.

use calendar::{Duration, Instant};
use engine::Pseudonyms;
use journal::{Batch, DeliveryState, DeliveryUpdate, EventRow};
use serde_json::Value;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "`Defect::says` has their words")]
pub enum Defect {
    DropRequest,
    DueOffByOne,
    ForgetPause,
    StandStill,
    BreachTwice,
    BreachErased,
    WarnTwice,
    LoseClock,
    LawLater,
    TakeSignalsTwice,
    LoseSignals,
    IgnoreFiring,
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
    DeafToReceipts,
    ProveOwnFix,
    StaleProof,
    SkipHold,
    BreakGlassAlone,
    LowerAlone,
    PublishUnapproved,
    LoseAcceptance,
    TickTwice,
}

impl Defect {
    /// All of them.
    pub const ALL: [Defect; 31] = [
        Defect::DropRequest,
        Defect::DueOffByOne,
        Defect::ForgetPause,
        Defect::StandStill,
        Defect::BreachTwice,
        Defect::BreachErased,
        Defect::WarnTwice,
        Defect::LoseClock,
        Defect::LawLater,
        Defect::TakeSignalsTwice,
        Defect::LoseSignals,
        Defect::IgnoreFiring,
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
        Defect::DeafToReceipts,
        Defect::ProveOwnFix,
        Defect::StaleProof,
        Defect::SkipHold,
        Defect::BreakGlassAlone,
        Defect::LowerAlone,
        Defect::PublishUnapproved,
        Defect::LoseAcceptance,
        Defect::TickTwice,
    ];

    /// What is done wrong, and the invariant that must notice it.
    pub fn says(self) -> (&'static str, &'static str) {
        match self {
            Defect::DropRequest => {
                ("a page that was asked for is not in the outbox", "every page asked for is in the outbox")
            }
            Defect::DueOffByOne => ("a deadline a microsecond late", "due is start, target and pauses"),
            Defect::ForgetPause => ("a pause credited a second too little", "due is start, target and pauses"),
            Defect::StandStill => {
                ("a clock paused for ever though nobody paused anything", "an open clock stands still only in a pause")
            }
            Defect::BreachTwice => ("one miss recorded twice", "a breach is recorded once"),
            Defect::BreachErased => ("a miss not recorded, so that it stays due", "the engine comes to rest"),
            Defect::WarnTwice => ("one warning given twice", "a warning is given once"),
            Defect::LoseClock => ("an incident without its acknowledge clock", "no clock is lost"),
            Defect::LawLater => ("a statutory deadline an hour late", "the law's clock runs from the first awareness"),
            Defect::TakeSignalsTwice => ("signals written twice", "nothing is taken in twice"),
            Defect::LoseSignals => ("signals answered and not written", "what was answered is in the journal"),
            Defect::IgnoreFiring => ("a trigger that fires and raises nothing", "what fires is raised"),
            Defect::LoseIdempotency => ("a repeated act done again", "nothing is taken in twice"),
            Defect::PageAfterAcknowledge => {
                ("a page after the acknowledgement", "nobody is paged after the acknowledgement")
            }
            Defect::PageTheWrongPerson => (
                "a page to somebody who is neither on call nor named",
                "only whoever is on call, named or the fallback is paged",
            ),
            Defect::SendLate => ("the first attempt after forty seconds", "contacts are tried in turn"),
            Defect::SendUnderTwoKeys => ("one page under two keys", "one key for one page"),
            Defect::GiveUpSilently => ("a delivery given up, and nobody told", "what is given up is said"),
            Defect::MarkSentUnsent => ("a delivered message sent again", "nothing is sent again once it arrived"),
            Defect::StaleState => ("the incident's row not written", "a row equals its fold"),
            Defect::MachineInforms => ("a notice kept by nobody's words", "only a person's visible words inform"),
            Defect::FallSilent => ("no further page planned", "a SEV-1 never falls silent"),
            Defect::DeafToReceipts => ("no receipt awaited", "without a receipt the next step is paged"),
            Defect::ProveOwnFix => ("a validation by whoever fixed it", "nobody proves the own fix"),
            Defect::StaleProof => ("evidence older than the fix", "proof is newer than the fix"),
            Defect::SkipHold => ("a hold that ends as it begins", "a proven fix is held"),
            Defect::BreakGlassAlone => ("one person in the place of two", "two people break the glass"),
            Defect::LowerAlone => ("one person lowers the severity", "two people lower the severity"),
            Defect::PublishUnapproved => {
                ("words to customers that nobody approved", "customers read only what was approved")
            }
            Defect::LoseAcceptance => ("a role given to somebody who is never reminded", "a role waits under a clock"),
            Defect::TickTwice => ("one tick of a step recorded twice", "a step is done once"),
        }
    }

    /// Spoils a batch; whether it found something to spoil.
    pub(crate) fn spoil(self, batch: &mut Batch) -> bool {
        match self {
            Defect::DropRequest => {
                let page = batch.requests.iter().rposition(|request| request.kind == "page");
                let Some(dropped) = page.map(|place| batch.requests.remove(place)) else { return false };
                let of =
                    |update: &DeliveryUpdate| matches!(update, DeliveryUpdate::Claim(c) if c.request == dropped.id);
                batch.deliveries.retain(|update| !of(update));
                true
            }
            Defect::LoseIdempotency => !std::mem::take(&mut batch.idempotency).is_empty(),
            Defect::LoseSignals => batch.block.take().is_some(),
            Defect::StaleState => !std::mem::take(&mut batch.incidents).is_empty(),
            Defect::TakeSignalsTwice => twice(batch),
            Defect::SendLate | Defect::PageTheWrongPerson | Defect::SendUnderTwoKeys | Defect::GiveUpSilently => {
                self.spoil_outbox(&mut batch.deliveries)
            }
            _ => batch.events.iter_mut().any(|row| self.spoil_row(row)),
        }
    }

    /// The mistake is one of deciding: state would follow it, and so the row does.
    pub(crate) fn is_decided(self) -> bool {
        !matches!(
            self,
            Defect::DropRequest
                | Defect::TakeSignalsTwice
                | Defect::LoseSignals
                | Defect::LoseIdempotency
                | Defect::PageTheWrongPerson
                | Defect::SendLate
                | Defect::SendUnderTwoKeys
                | Defect::GiveUpSilently
                | Defect::MarkSentUnsent
                | Defect::StaleState
        )
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
            Defect::TickTwice => repeat_where(events, |event| event.pointer("/checklist/ticked").is_some()),
            Defect::BreachErased => remove(events, "clock_breached"),
            Defect::LoseClock => remove_where(events, |event| {
                event.pointer("/clock_started/id/kind") == Some(&Value::from("acknowledge"))
            }),
            Defect::LoseAcceptance => {
                remove_where(events, |event| event.pointer("/clock_started/id/kind/accept").is_some())
            }
            Defect::IgnoreFiring => remove(events, "attached"),
            Defect::FallSilent => remove(events, "escalation_planned"),
            Defect::DeafToReceipts => remove(events, "receipt_awaited"),
            _ => events.iter_mut().any(|event| self.spoil_event(event)) || self.add_event(events),
        };
        if spoiled {
            row.body = serde_json::to_vec(&entry).unwrap_or_default();
        }
        spoiled
    }

    fn spoil_event(self, event: &mut Value) -> bool {
        match self {
            Defect::DueOffByOne => {
                let mitigates = event.pointer("/clock_started/id/kind") == Some(&Value::from("mitigate"));
                let due = event.pointer_mut("/clock_started/due_at").filter(|_| mitigates);
                due.is_some_and(|due| shift(due, 1))
            }
            Defect::LawLater => {
                let law = event.pointer("/clock_started/id/kind/statutory").is_some();
                let due = event.pointer_mut("/clock_started/due_at").filter(|_| law);
                due.is_some_and(|due| shift(due, 3_600_000_000))
            }
            Defect::StandStill => event.get_mut("clock_started").is_some_and(|clock| {
                let mitigates = clock["id"]["kind"] == "mitigate";
                if mitigates {
                    clock["pauses"] = serde_json::json!([[clock["started_at"], "9998-12-31T00:00:00Z"]]);
                    clock["due_at"] = Value::Null;
                }
                mitigates
            }),
            Defect::StaleProof => {
                let proof = event.pointer_mut("/validated/evidence/observed_at");
                proof.is_some_and(|at| shift(at, -2 * 86_400_000_000))
            }
            Defect::SkipHold => {
                event.pointer_mut("/hold_started/until").is_some_and(|until| shift(until, -1_200_000_000))
            }
            Defect::BreakGlassAlone => event.get_mut("broken_glass").is_some_and(|glass| {
                glass["confirmed_by"] = glass["by"].clone();
                true
            }),
            Defect::LowerAlone => event.get_mut("lowering_confirmed").is_some_and(|confirmed| {
                confirmed["confirmed_by"] = confirmed["by"].clone();
                true
            }),
            Defect::PublishUnapproved => {
                let approval = event.pointer_mut("/update_published/approval").filter(|how| how.is_object());
                approval.is_some_and(|how| {
                    *how = Value::from("not_needed");
                    true
                })
            }
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
    repeat_where(events, |event| event.get(kind).is_some())
}

fn repeat_where(events: &mut Vec<Value>, wanted: impl Fn(&Value) -> bool) -> bool {
    let found = events.iter().find(|event| wanted(event)).cloned();
    found.map(|event| events.push(event)).is_some()
}

fn remove(events: &mut Vec<Value>, kind: &str) -> bool {
    remove_where(events, |event| event.get(kind).is_some())
}

fn remove_where(events: &mut Vec<Value>, wanted: impl Fn(&Value) -> bool) -> bool {
    let place = events.iter().position(wanted);
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
