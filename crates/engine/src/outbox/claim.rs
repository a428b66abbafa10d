//! From a request to deliveries: who is on call now, and how they are reached.
//! In which order somebody's contacts are tried stands in [`super::contacts`].
//!
//! Pure. Everything that it chooses is written down by the claim, so that nothing is chosen twice.

use std::collections::BTreeSet;

use calendar::Instant;
use journal::{Claim, DeliveryRow, DeliveryState, DeliveryUpdate, StoredRequest};
use policy::model::{Channel, Party};
use problem::Problem;
use sha2::{Digest, Sha256};
use wcore::event::{PageReason, PageRequest, Update};
use wcore::{Command, Incident};

use crate::codec;
use crate::outbox::record::Record;
use crate::outbox::{ANNOUNCEMENT, INBOX, Mail, Request, SELF_ALERT, TEST_PAGE};
use crate::queue::FollowUp;
use crate::rules::Rules;

/// What a claim looks at.
pub(crate) struct Desk<'a> {
    pub(crate) rules: &'a Rules,
    pub(crate) incident: Option<&'a Incident>,
    pub(crate) public_url: &'a str,
    /// Channels that are switched off.
    pub(crate) disabled: &'a BTreeSet<String>,
    pub(crate) now: Instant,
}

impl Desk<'_> {
    /// Resolves a stored request to people and their contacts.
    pub(super) fn claim(&self, stored: &StoredRequest) -> Result<Record, Problem> {
        let request: Request = serde_json::from_slice(&stored.request.body)
            .map_err(|e| codec::unreadable(format!("request {} does not decode ({e})", stored.request.id)))?;
        Ok(self.resolve(stored, &request))
    }

    /// The same, for a request that is at hand.
    pub(crate) fn resolve(&self, stored: &StoredRequest, request: &Request) -> Record {
        let (deliveries, follow_ups) = match request {
            Request::Page(page) => self.page(stored, page),
            Request::Update(update) => (self.update(stored, update), Vec::new()),
            Request::SelfAlert { code, detail } => (self.self_alert(stored, code, detail), Vec::new()),
            Request::TestPage { person } => (self.test_page(stored, person), Vec::new()),
            Request::Announcement { subject, text } => (self.announcement(stored, subject, text), Vec::new()),
        };
        let mut record = record(stored, self.now, deliveries);
        record.follow_ups.extend(follow_ups);
        record
    }

    fn page(&self, stored: &StoredRequest, page: &PageRequest) -> (Vec<DeliveryRow>, Vec<FollowUp>) {
        let Some(incident) = self.incident else { return (Vec::new(), Vec::new()) };
        let step = match page.reason {
            PageReason::Escalation { step, round } => Some((step, round)),
            _ => None,
        };
        // Someone took it meanwhile: after downtime old pages are not replayed.
        if step.is_some() && (incident.acknowledged.is_some() || !incident.status().is_open()) {
            return (Vec::new(), Vec::new());
        }
        let people = self.people(&page.parties);
        if people.is_empty()
            && let Some((step, round)) = step
        {
            let command = Command::SkipStep { step, round };
            return (Vec::new(), vec![FollowUp::Act { no: incident.no, command }]);
        }
        let mail = Mail { step, ..self.page_mail(incident, &page.reason) };
        let (mut rows, mut receipts) = (Vec::new(), Vec::new());
        for person in &people {
            let contacts = self.in_turn(stored, person, &mail);
            if let Some((step, round)) = step.filter(|_| contacts.is_empty()) {
                // Somebody without any other contact is taken to look into the inbox.
                let command = Command::StepReceipt { step, round, person: person.clone(), channel: INBOX.to_owned() };
                receipts.push(FollowUp::Act { no: incident.no, command });
            }
            rows.extend(contacts);
            rows.push(self.inbox(stored, person, &mail));
        }
        (rows, receipts)
    }

    fn people(&self, parties: &[Party]) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let resolved = parties.iter().flat_map(|party| self.rules.roster.resolve(party, self.now));
        resolved.filter(|person| seen.insert(person.clone())).collect()
    }

    /// To the built-in inbox, which everybody has.
    fn inbox(&self, stored: &StoredRequest, id: &str, mail: &Mail) -> DeliveryRow {
        DeliveryRow {
            // The row itself is the arrival: it is committed with the claim.
            state: DeliveryState::Delivered,
            attempts: 1,
            attempted_at: Some(self.now),
            next_attempt_at: None,
            outcome: "delivered".to_owned(),
            ..self.row(stored, id, INBOX, id, mail)
        }
    }

    fn update(&self, stored: &StoredRequest, update: &Update) -> Vec<DeliveryRow> {
        let Some(incident) = self.incident else { return Vec::new() };
        // Whom a public surface tells is outside: no number and no page that asks to sign in.
        let outside =
            self.rules.policy.audiences.get(&update.audience).is_some_and(|audience| audience.surface.is_some());
        let (link, subject) = if outside {
            (format!("{}/status", self.public_url), format!("Update from {}", self.rules.policy.organization))
        } else {
            (self.link(incident), format!("INC-{}: update to {}", incident.no, update.audience))
        };
        let mail = Mail {
            kind: "update.published".to_owned(),
            subject,
            text: update.text.clone(),
            link: Some(link.clone()),
            data: serde_json::json!({
                "incident": format!("INC-{}", incident.no), "audience": update.audience, "update": update.no,
                "text": update.text, "next_update_at": update.next_update_at, "link": link,
            }),
            until_acknowledged: false,
            update: Some(update.no),
            step: None,
            contacts: Vec::new(),
            waits_s: 0,
        };
        let addresses = |channel: &String| match self.rules.roster.channels.get(channel) {
            Some(Channel::Email(_)) => self.recipients(&update.audience),
            _ => vec![update.audience.clone()],
        };
        let to = update.channels.iter().flat_map(|channel| addresses(channel).into_iter().map(move |to| (channel, to)));
        to.map(|(channel, to)| self.row(stored, "", channel, &to, &mail)).collect()
    }

    fn recipients(&self, audience: &str) -> Vec<String> {
        self.rules.policy.audiences.get(audience).map(|audience| audience.recipients.clone()).unwrap_or_default()
    }

    fn self_alert(&self, stored: &StoredRequest, code: &str, detail: &str) -> Vec<DeliveryRow> {
        let title = problem::find(code).map_or(code, |code| code.title);
        self.to_fallback(
            stored,
            Mail {
                kind: SELF_ALERT.to_owned(),
                subject: format!("Watchbell: {title}"),
                text: detail.to_owned(),
                link: Some(format!("{}/docs/errors/{code}", self.public_url)),
                data: serde_json::json!({"code": code, "title": title, "detail": detail}),
                until_acknowledged: false,
                update: None,
                step: None,
                contacts: Vec::new(),
                waits_s: 0,
            },
        )
    }

    fn announcement(&self, stored: &StoredRequest, subject: &str, text: &str) -> Vec<DeliveryRow> {
        self.to_fallback(
            stored,
            Mail {
                kind: ANNOUNCEMENT.to_owned(),
                subject: format!("Watchbell: {subject}"),
                text: text.to_owned(),
                link: Some(format!("{}/audit", self.public_url)),
                data: serde_json::json!({"title": subject, "detail": text}),
                until_acknowledged: false,
                update: None,
                step: None,
                contacts: Vec::new(),
                waits_s: 0,
            },
        )
    }

    /// By the same way as a page of the most severe incident, to every contact.
    fn test_page(&self, stored: &StoredRequest, person: &str) -> Vec<DeliveryRow> {
        let text = format!(
            "TEST: nothing has happened. {} asked whether pages reach you here; nothing needs to be done.",
            self.rules.policy.organization
        );
        let mail = Mail {
            kind: TEST_PAGE.to_owned(),
            subject: "TEST Watchbell: a test page".to_owned(),
            data: serde_json::json!({"test": true, "text": text}),
            text,
            link: Some(format!("{}/account", self.public_url)),
            until_acknowledged: false,
            update: None,
            step: None,
            contacts: Vec::new(),
            waits_s: 0,
        };
        self.everywhere(stored, person, &mail)
    }

    /// About Watchbell itself: nothing is held back in the hope of a receipt.
    fn to_fallback(&self, stored: &StoredRequest, mail: Mail) -> Vec<DeliveryRow> {
        self.people(&[Party::Fallback]).iter().flat_map(|person| self.everywhere(stored, person, &mail)).collect()
    }

    /// To every contact of a person at once, and their inbox.
    fn everywhere(&self, stored: &StoredRequest, person: &str, mail: &Mail) -> Vec<DeliveryRow> {
        let mut rows = self.at_once(stored, person, mail);
        rows.push(self.inbox(stored, person, mail));
        rows
    }

    fn page_mail(&self, incident: &Incident, reason: &PageReason) -> Mail {
        let severity = self.rules.policy.severity_name(incident.severity);
        let page = channel::Page {
            incident: format!("INC-{}", incident.no),
            severity: severity.to_owned(),
            class: incident.class.clone(),
            service: incident.service.clone(),
            reason: words(reason, &self.rules.policy),
            link: Some(self.link(incident)),
            drill: false,
        };
        let rendered = page.render();
        Mail {
            kind: "page.requested".to_owned(),
            subject: rendered.subject,
            text: rendered.text,
            data: serde_json::json!({
                "incident": page.incident, "severity": page.severity, "class": page.class,
                "service": page.service, "reason": page.reason, "link": page.link,
            }),
            link: page.link,
            until_acknowledged: matches!(reason, PageReason::Escalation { .. }),
            update: None,
            step: None,
            contacts: Vec::new(),
            waits_s: 0,
        }
    }

    fn link(&self, incident: &Incident) -> String {
        format!("{}/incidents/INC-{}", self.public_url, incident.no)
    }

    pub(super) fn row(
        &self,
        stored: &StoredRequest,
        person: &str,
        channel: &str,
        to: &str,
        mail: &Mail,
    ) -> DeliveryRow {
        let id = delivery_id(&stored.request.id, person, channel, to);
        let mut mail = mail.clone();
        if let Some(data) = mail.data.as_object_mut() {
            data.insert("person".to_owned(), person.into());
            data.insert("to".to_owned(), to.into());
        }
        DeliveryRow {
            idempotency_key: id.clone(),
            id,
            request: stored.request.id.clone(),
            incident: stored.request.incident,
            severity: stored.request.severity,
            person: person.to_owned(),
            channel: channel.to_owned(),
            address: to.to_owned(),
            roster_version: self.rules.roster.id.clone(),
            body: codec::json(&mail),
            created_at: stored.request.created_at,
            state: DeliveryState::Pending,
            attempts: 0,
            next_attempt_at: Some(self.now),
            attempted_at: None,
            outcome: String::new(),
        }
    }
}

fn record(stored: &StoredRequest, at: Instant, deliveries: Vec<DeliveryRow>) -> Record {
    Record::new(DeliveryUpdate::Claim(Claim { request: stored.request.id.clone(), at, deliveries }))
}

/// Sets a request aside that cannot be read, and says so.
pub(super) fn unreadable(stored: &StoredRequest, now: Instant, problem: Problem) -> Record {
    let mut record = record(stored, now, Vec::new());
    record.follow_ups.push(FollowUp::Complaint(problem));
    record
}

/// The same request, person and contact always give the same id: a claim repeated after a crash
/// sends nothing under another key.
pub(super) fn delivery_id(request: &str, person: &str, channel: &str, to: &str) -> String {
    let mut hash = Sha256::new();
    for part in [request, person, channel, to] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let hex: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    format!("dlv_{request}_{hex}")
}

fn words(reason: &PageReason, policy: &policy::model::Policy) -> String {
    match reason {
        PageReason::Escalation { step, round: 0 } => format!("escalation step {}", step + 1),
        PageReason::Escalation { step, round } => format!("escalation step {}, round {}", step + 1, round + 1),
        PageReason::Warning { clock, percent } => format!("{clock} is due soon ({percent} % of its time has passed)"),
        PageReason::Missed { clock } => format!("{clock} was missed"),
        PageReason::Raised { to } => format!("raised to {}", policy.severity_name(*to)),
        PageReason::Reopened { .. } => "it came back".to_owned(),
        PageReason::Assigned { role } => format!("you are asked to take {role}"),
        PageReason::HandOver { role } => format!("you are asked to take {role} over"),
        PageReason::Declined { role } => format!("{role} was declined"),
        PageReason::Unsent { update } => format!("update {update} is approved and not published"),
        PageReason::HoldBroken { .. } => "a bad signal failed the validation".to_owned(),
        PageReason::Lowering { to, .. } => {
            format!("a second person is asked to confirm that it is lowered to {}", policy.severity_name(*to))
        }
        PageReason::BreakGlass { .. } => "a second person is asked to confirm a resolution without proof".to_owned(),
    }
}
