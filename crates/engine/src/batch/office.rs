//! Inputs that concern no incident: a policy or roster comes into force, everything outgoing is
//! held and let go again.

use std::borrow::Cow;
use std::sync::Arc;

use calendar::Duration;
use journal::EventRow;
use problem::Problem;
use wcore::event::Actor;

use super::{Answer, Work};
use crate::audit::Act;
use crate::hold::{self, Hold};
use crate::outbox::{DISABLED_CHANNELS, INBOX, Request};
use crate::queue::{ActivateInput, HoldInput, HoldWish, TestPageInput};
use crate::versions::{Activated, Origin, Versions};
use crate::{ACTIVE, DECIDED_BY, DECIDES, FILES_TAKEN, PINNED_POLICIES, SETTINGS, codec};

/// Severity under which announcements travel: behind a SEV-1, before what is merely degraded.
const ANNOUNCEMENT_SEVERITY: u8 = 2;

/// That of a test page: it goes the way of the page that must not fail, before all others and during a hold.
const TEST_SEVERITY: u8 = 1;

impl Work<'_, '_> {
    /// Records an act that concerns no incident.
    pub(super) fn note(&mut self, act: &Act) {
        self.events.push(act.row());
        self.moves_head = true;
    }

    pub(super) fn activate(&mut self, input: &ActivateInput) -> Result<Answer, Problem> {
        let before = Versions::of_rules(&self.basis.rules);
        let reason = match &input.origin {
            Origin::Applied { base, .. } if *base != before => {
                return Ok(Answer::Refused(Problem::new(&problem::PLAN_OUTDATED, moved(base, &before))));
            }
            Origin::Applied { reason, .. } => reason.clone(),
            Origin::Files(_) => String::new(),
        };
        // Another roster may name other addresses: what was switched off gets another chance.
        for (channel, _) in codec::stored(self.basis.reader.documents(DISABLED_CHANNELS, "", u32::MAX))? {
            self.document(DISABLED_CHANNELS, &channel, None);
        }
        let rules = Arc::clone(&input.rules);
        self.document(PINNED_POLICIES, &rules.policy.id, Some(codec::json(&rules.documents)));
        self.document(SETTINGS, ACTIVE, Some(codec::json(&rules.documents)));
        if let Origin::Files(versions) = &input.origin {
            self.document(SETTINGS, FILES_TAKEN, Some(codec::json(versions)));
        }
        let activated =
            Activated { documents: rules.documents.clone(), by: Some(input.by.clone()), reason: reason.clone() };
        let body = codec::json(&activated);
        self.document(SETTINGS, DECIDED_BY, Some(codec::json(&DECIDES)));
        self.events.push(EventRow { incident: None, kind: Cow::Borrowed(codec::ACTIVATED), body });
        let acts = [
            ("policy.activated", &rules.policy.id, &before.policy),
            ("roster.activated", &rules.roster.id, &before.roster),
        ];
        for (what, id, was) in acts {
            let act = Act::new(input.by.clone(), what, id.clone());
            self.note(&if reason.is_empty() { act } else { act.noting(format!("after {was}: {reason}")) });
        }
        self.basis.pins.add(&rules.policy);
        rules.triggers.watch(&rules.policy, self.basis.detectors, self.basis.now);
        self.basis.rules = Arc::clone(&rules);
        self.activated = Some(rules);
        self.moves_head = true;
        Ok(Answer::Done)
    }

    /// Everything outgoing but what is most severe is held, or let go again.
    pub(super) fn hold(&mut self, input: &HoldInput) -> Result<Answer, Problem> {
        let running = self.running_hold()?;
        match (&input.wish, running) {
            (HoldWish::Begin { .. }, Some(running)) => {
                let detail = format!("until {}, by {}", running.until, words(&running.by));
                Ok(Answer::Refused(Problem::new(&problem::OUTGOING_HELD, detail)))
            }
            (HoldWish::Begin { length, reason }, None) => Ok(self.begin_hold(*length, reason, &input.by)),
            (HoldWish::End, None) => {
                Ok(Answer::Refused(Problem::new(&problem::NOTHING_HELD, "no hold is running now")))
            }
            // Of two who see it end one says so: a hold that began since is another one.
            (HoldWish::Expire, Some(running)) if running.until > self.basis.now => Ok(Answer::Done),
            (HoldWish::Expire, None) => Ok(Answer::Done),
            (HoldWish::End | HoldWish::Expire, Some(running)) => {
                self.end_hold(&running, &input.by);
                Ok(Answer::Done)
            }
        }
    }

    /// A page to all contacts of a person, as severe as the worst, that asks for nothing.
    pub(super) fn test_page(&mut self, input: &TestPageInput) -> Answer {
        let person = &input.person;
        let Some(known) = self.basis.rules.roster.people.get(person) else {
            let detail = format!("nobody in the roster has the id `{person}`");
            return Answer::Refused(Problem::new(&problem::TEST_PAGE_NOBODY, detail));
        };
        if known.contacts.iter().all(|contact| contact.channel == INBOX) {
            let detail = format!("`{person}` has no contact outside Watchbell");
            return Answer::Refused(Problem::new(&problem::TEST_PAGE_NOBODY, detail));
        }
        self.note(&Act::new(input.by.clone(), "page.tested", person.clone()));
        Answer::Asked(self.push_request(None, TEST_SEVERITY, Request::TestPage { person: person.clone() }))
    }

    fn running_hold(&self) -> Result<Option<Hold>, Problem> {
        if let Some(held) = &self.held {
            return Ok(held.clone());
        }
        hold::read(self.basis.reader)
    }

    fn begin_hold(&mut self, length: Duration, reason: &str, by: &Actor) -> Answer {
        let since = self.basis.now;
        let hold = match Hold::new(by.clone(), reason, (since, length)) {
            Ok(hold) => hold,
            Err(problem) => return Answer::Refused(problem),
        };
        let note = format!("until {}: {}", hold.until, hold.reason);
        self.note(&Act::new(by.clone(), "hold.begun", "outgoing messages").noting(note));
        let text = format!(
            "{} holds all outgoing messages but those of severity 1 until {}: {}. Clocks go on.",
            words(by),
            hold.until,
            hold.reason
        );
        self.announce("Outgoing messages are held", text);
        self.document(SETTINGS, hold::DOCUMENT, Some(codec::json(&hold)));
        self.held = Some(Some(hold));
        Answer::Done
    }

    fn end_hold(&mut self, hold: &Hold, by: &Actor) {
        let what = if *by == Actor::Watchbell { "hold.expired" } else { "hold.ended" };
        let note = format!("begun {} by {}: {}", hold.since, words(&hold.by), hold.reason);
        self.note(&Act::new(by.clone(), what, "outgoing messages").noting(note));
        self.announce("Outgoing messages go out again", "What was held and is still needed is sent now.".to_owned());
        self.document(SETTINGS, hold::DOCUMENT, None);
        self.held = Some(None);
    }

    /// A message to the fallback.
    fn announce(&mut self, subject: &str, text: String) {
        self.push_request(None, ANNOUNCEMENT_SEVERITY, Request::Announcement { subject: subject.to_owned(), text });
    }
}

/// What is in force instead of what a plan began with.
fn moved(base: &Versions, now: &Versions) -> String {
    let mut moved = Vec::new();
    for (what, was, is) in [("policy", &base.policy, &now.policy), ("roster", &base.roster, &now.roster)] {
        if was != is {
            moved.push(format!("the {what} was {was} then and is {is} now"));
        }
    }
    moved.join(", ")
}

fn words(by: &Actor) -> &str {
    match by {
        Actor::Person(name) | Actor::Machine(name) => name,
        Actor::Watchbell => "Watchbell",
    }
}
