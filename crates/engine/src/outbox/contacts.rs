//! A person's contacts in turn: the next one only where those before it gave no receipt.
//!
//! Receipts are the channels' word; whether somebody acknowledged is the escalation's business.

use calendar::Duration;
use journal::{DeliveryRow, StoredRequest};
use policy::model::Contact;
use wcore::escalation::NEXT_CONTACT_AFTER;

use super::Mail;
use super::claim::{Desk, delivery_id};

impl Desk<'_> {
    /// One delivery per usable contact, in the roster's order, each due when those before it had
    /// their time.
    pub(super) fn in_turn(&self, stored: &StoredRequest, person: &str, mail: &Mail) -> Vec<DeliveryRow> {
        let contacts = self.usable(person);
        let mut ids: Vec<String> = Vec::new();
        for contact in &contacts {
            let id = delivery_id(&stored.request.id, person, &contact.channel, &contact.to);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        if ids.len() < 2 {
            return self.at_once(stored, person, mail);
        }
        let mut waits = Duration::ZERO;
        let mut rows: Vec<DeliveryRow> = Vec::new();
        for contact in contacts {
            let waits_s = u32::try_from(waits.as_secs()).unwrap_or(u32::MAX);
            let mail = Mail { contacts: ids.clone(), waits_s, ..mail.clone() };
            let row = self.row(stored, person, &contact.channel, &contact.to, &mail);
            if rows.iter().any(|known| known.id == row.id) {
                continue;
            }
            let outcome = if waits_s == 0 { String::new() } else { waiting(&mail, &row.id) };
            rows.push(DeliveryRow { next_attempt_at: Some(self.now + waits), outcome, ..row });
            // Nobody waits for a channel that cannot send anything.
            if self.works(&contact.channel) {
                waits += NEXT_CONTACT_AFTER;
            }
        }
        rows
    }

    /// One delivery per usable contact, all of them at once.
    pub(super) fn at_once(&self, stored: &StoredRequest, person: &str, mail: &Mail) -> Vec<DeliveryRow> {
        let contacts = self.usable(person).into_iter();
        contacts.map(|contact| self.row(stored, person, &contact.channel, &contact.to, mail)).collect()
    }

    /// Contacts whose channel the roster has.
    fn usable(&self, person: &str) -> Vec<&Contact> {
        let roster = &self.rules.roster;
        let contacts = roster.people.get(person).map(|person| person.contacts.as_slice()).unwrap_or_default();
        contacts.iter().filter(|contact| roster.channels.contains_key(&contact.channel)).collect()
    }

    fn works(&self, channel: &str) -> bool {
        !self.disabled.contains(channel) && self.rules.channels.get(channel).is_some_and(Result::is_ok)
    }
}

/// What stands at a contact that waits for its turn.
fn waiting(mail: &Mail, id: &str) -> String {
    let number = mail.siblings(id).0.len() + 1;
    format!("contact {number} waits: it is tried after {} s if none before it gives a receipt", mail.waits_s)
}

/// Why a later contact was tried at all; nothing at the first one.
pub(super) fn why_tried(mail: &Mail, id: &str) -> Option<String> {
    let number = mail.siblings(id).0.len() + 1;
    match (number, mail.waits_s) {
        (1, _) => None,
        (_, 0) => Some(format!("contact {number} tried at once: none before it can be used")),
        (_, waited) => Some(format!("contact {number} tried: no receipt within {waited} s")),
    }
}
