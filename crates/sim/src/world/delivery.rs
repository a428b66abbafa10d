//! What becomes of messages: sent, lost, late, doubled, answered.

use channel::Outcome;
use engine::Sending;
use journal::DeliveryRow;

use super::{Item, World};
use crate::model::Violation;
use crate::people;
use crate::plan::{CHANNELS, Fault, SECOND};
use crate::receiver;

/// An attempt whose answer has not come back.
pub(super) struct UnderWay {
    sending: Sending,
    outcome: Outcome,
    /// What happens to it on the way.
    fault: Option<Fault>,
}

impl World<'_> {
    pub(super) fn send(&mut self, sending: Sending) {
        self.post.begun(&sending.row);
        let channel = CHANNELS.iter().position(|name| *name == sending.row.channel).unwrap_or(0);
        let fault = self.receivers[channel].filter(|(_, until)| *until > self.now).map(|(fault, _)| fault);
        let (outcome, takes) = receiver::answer(fault, &mut self.random);
        self.trace.note(self.now, sending.row.id.as_bytes(), || {
            format!("sends {} to {}: {fault:?}", sending.row.id, sending.row.person)
        });
        if let Some(fault) = fault
            && fault != Fault::DoubledOnTheWay
            && sending.reaches_receiver()
        {
            self.count(fault);
        }
        self.sequence += 1;
        let id = self.sequence;
        self.agenda.insert((self.now + takes, id), Item::Outcome(id));
        self.under_way.insert(id, UnderWay { sending, outcome, fault });
    }

    /// A message arrived or did not, and the answer comes back.
    pub(super) fn arrive(&mut self, id: u64) -> Result<(), Violation> {
        let Some(UnderWay { sending, outcome, fault }) = self.under_way.remove(&id) else { return Ok(()) };
        let accepted = matches!(outcome, Outcome::Delivered { .. }) || fault == Some(Fault::LostReceipt);
        if accepted && sending.reaches_receiver() {
            self.post.arrived(&sending.row)?;
            self.arrivals += 1;
            if fault == Some(Fault::DoubledOnTheWay) {
                let pause = self.random.range(50_000, 60 * SECOND);
                self.put(self.now + pause, Item::Again(Box::new(sending.row.clone())));
            }
            if fault != Some(Fault::Lying) {
                self.react(&sending);
            }
            if std::mem::take(&mut self.dies_after_send) && self.engine.is_some() {
                self.die(Fault::CrashAfterSend);
                return Ok(());
            }
        }
        let Some(engine) = &mut self.engine else { return Ok(()) };
        let delivered = matches!(outcome, Outcome::Delivered { .. }) && sending.reaches_receiver();
        match engine.finish(&sending, outcome.clone(), self.random.fraction()) {
            Ok(()) if delivered => self.post.settled(&sending.row),
            Ok(()) => {}
            Err(_) => {
                self.put(self.now + SECOND, Item::Outcome(id));
                self.under_way.insert(id, UnderWay { sending, outcome, fault });
            }
        }
        Ok(())
    }

    /// A person who was paged about an incident takes it, or not.
    fn react(&mut self, sending: &Sending) {
        let Some(no) = sending.row.incident.map(|no| no.0).filter(|_| sending.kind() == "page.requested") else {
            return;
        };
        if !self.reacting.insert((no, sending.row.person.clone())) {
            return;
        }
        let Some((after, by, fault)) = people::reaction(self.plan, no, &sending.row.person) else {
            self.count(Fault::NobodyAnswers);
            return;
        };
        if let Some(fault) = fault {
            self.count(fault);
        }
        self.put(self.now + after, Item::Wish(people::acknowledge(no, by)));
    }

    /// The network delivers a message once more. Its receiver knows the key and shows it once; but
    /// whoever acts on it may press the button again.
    pub(super) fn arrive_again(&mut self, row: &DeliveryRow) {
        self.count(Fault::DoubledOnTheWay);
        let Some(no) = row.incident.map(|no| no.0) else { return };
        if let Some((after, by, _)) = people::reaction(self.plan, no, &row.person) {
            self.put(self.now + after, Item::Wish(people::acknowledge(no, by)));
        }
    }
}
