//! One batch: inputs in, one journal batch and the answers out. Nothing here touches a disk
//! or a clock, so that it can be tried again with fewer inputs when one of them is poison.

mod claims;
mod complaint;
mod erase;
mod office;
mod signals;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use calendar::{Duration, Instant};
use journal::{DetectorChange, EventRow, IdempotencyRow, IncidentNo, Position, RequestRow, StoredRequest};
use policy::model::Policy;
use problem::Problem;
use serde::{Deserialize, Serialize};
use wcore::event::{Actor, Entry, Event};
use wcore::raise;
use wcore::trigger::{Detectors, Firing};
use wcore::{Command, Context, Decided, Incident, Signal};

use crate::attempt::Piece;
use crate::cache::{Changed, Desk};
use crate::codec;
use crate::duplicates::{Duplicates, Keys};
use crate::hold::Hold;
use crate::outbox::Request;
use crate::queue::{Act, ActInput, FollowUp, Input, WriteInput};
use crate::rules::{Documents, Pins, Rules};
use crate::texts::Secrecy;
use crate::{Idempotency, PINNED_POLICIES};
use claims::Asked;
pub(crate) use claims::Outlet;
pub(crate) use complaint::SELF_ALERT_SEVERITY;
use erase::{Erased, Expired};
use signals::Group;

/// An idempotency key is remembered this long.
const IDEMPOTENCY_KEPT: Duration = Duration::from_hours(24);

/// What a decision reads besides its inputs.
pub(crate) struct Basis<'a> {
    pub(crate) now: Instant,
    pub(crate) position: Position,
    pub(crate) next_incident: u64,
    pub(crate) rules: Arc<Rules>,
    pub(crate) pins: &'a mut Pins,
    pub(crate) desk: Desk<'a>,
    pub(crate) detectors: &'a mut Detectors,
    pub(crate) duplicates: &'a Duplicates,
    pub(crate) reader: &'a dyn journal::Reader,
    /// Begins the names of requests, so that they stay unique across a restore.
    pub(crate) lineage: &'a str,
    pub(crate) secrecy: &'a Secrecy,
    /// With what requests are claimed at once; without it the outbox claims them later.
    pub(crate) outlet: Option<Outlet<'a>>,
}

/// What one input comes to.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// An act applied to an incident.
    Applied { no: u64, opened: bool, replayed: bool },
    /// Signals taken in.
    Accepted { accepted: u32, duplicates: u32, incidents: Vec<u64>, quarantined: Vec<u32> },
    /// Asked of the outbox, under that id.
    Asked(String),
    /// Rows written, rules activated.
    Done,
    /// Refused; it changed nothing.
    Refused(Problem),
}

/// A batch in the making.
pub(crate) struct Work<'a, 'i> {
    basis: Basis<'a>,
    signals: Vec<&'i Signal>,
    new_keys: Keys,
    groups: Vec<Group>,
    by_key: HashMap<String, usize>,
    events: Vec<EventRow>,
    requests: Vec<Asked>,
    idempotency: Vec<IdempotencyRow>,
    outbox: journal::OutboxChanges,
    documents: BTreeMap<(String, String), Option<Vec<u8>>>,
    observed: BTreeMap<(String, String), Firing>,
    activated: Option<Arc<Rules>>,
    /// What this batch has made of the hold, if anything.
    held: Option<Option<Hold>>,
    complaints: Vec<Problem>,
    erased: Erased,
    rewrite: Vec<journal::Rewrite>,
    expired: Expired,
    moves_head: bool,
    tally: Tally,
}

/// What a batch did, for the metrics.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) opened: u32,
    pub(crate) warned: u32,
    pub(crate) missed: u32,
}

/// The finished batch.
pub(crate) struct Decision<'a> {
    pub(crate) batch: journal::Batch,
    pub(crate) answers: Vec<Answer>,
    pub(crate) desk: Desk<'a>,
    pub(crate) new_keys: Keys,
    pub(crate) activated: Option<Arc<Rules>>,
    /// What it has made of the hold, if anything.
    pub(crate) held: Option<Option<Hold>>,
    /// False where only rows of the outbox are written: those do not take the head.
    pub(crate) moves_head: bool,
    pub(crate) signals: u32,
    pub(crate) tally: Tally,
}

/// What an idempotency key came to.
#[derive(Serialize, Deserialize)]
struct Remembered {
    fingerprint: u64,
    no: u64,
    opened: bool,
}

impl<'a, 'i> Work<'a, 'i> {
    pub(crate) fn new(basis: Basis<'a>) -> Work<'a, 'i> {
        Work {
            basis,
            signals: Vec::new(),
            new_keys: Keys::default(),
            groups: Vec::new(),
            by_key: HashMap::new(),
            events: Vec::new(),
            requests: Vec::new(),
            idempotency: Vec::new(),
            outbox: journal::OutboxChanges::default(),
            documents: BTreeMap::new(),
            observed: BTreeMap::new(),
            activated: None,
            held: None,
            complaints: Vec::new(),
            erased: Erased::default(),
            rewrite: Vec::new(),
            expired: Expired::default(),
            moves_head: false,
            tally: Tally::default(),
        }
    }

    /// Decides all pieces in order.
    pub(crate) fn decide(mut self, pieces: &[Piece<'i>]) -> Result<Decision<'a>, Problem> {
        let mut taken = Vec::new();
        let mut answers = vec![Answer::Done; pieces.len()];
        for (i, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Whole(Input::Act(act)) => answers[i] = self.act(act)?,
                Piece::Whole(Input::Due(no)) => self.due(*no)?,
                Piece::Whole(Input::Write(write)) => self.write(write)?,
                Piece::Whole(Input::Erase(erase)) => self.erase(erase)?,
                Piece::Whole(Input::Prune(prune)) => self.prune(&prune.step)?,
                Piece::Whole(Input::Activate(activate)) => answers[i] = self.activate(activate)?,
                Piece::Whole(Input::SelfAlert(problem)) => self.self_alert(problem)?,
                Piece::Whole(Input::Hold(hold)) => answers[i] = self.hold(hold)?,
                Piece::Whole(Input::TestPage(test)) => answers[i] = self.test_page(test),
                Piece::Whole(Input::Signals(_)) | Piece::Part(_) => taken.push((i, self.take_signals(piece.signals()))),
            }
        }
        self.settle_groups()?;
        for complaint in std::mem::take(&mut self.complaints) {
            self.self_alert(&complaint)?;
        }
        self.claim_requests()?;
        for (i, taken) in taken {
            answers[i] = self.accepted(taken);
        }
        Ok(self.finish(answers))
    }

    /// Rows of the outbox, and what follows from them.
    fn write(&mut self, input: &WriteInput) -> Result<(), Problem> {
        self.outbox.deliveries.extend(input.changes.deliveries.iter().cloned());
        for change in &input.changes.documents {
            self.document(&change.collection, &change.id, change.body.clone());
        }
        let rules = Arc::clone(&self.basis.rules);
        for follow_up in &input.follow_ups {
            match follow_up {
                FollowUp::Act { no, command } => {
                    if let Answer::Refused(problem) = self.command(*no, command, &Actor::Watchbell, &rules)? {
                        tracing::debug!(incident = no, code = problem.code.id, "engine.follow_up_refused");
                    }
                }
                FollowUp::Complaint(problem) => self.self_alert(problem)?,
                FollowUp::Note(act) => self.note(act),
            }
        }
        Ok(())
    }

    fn context<'c>(&self, policy: &'c Policy, rules: &'c Rules) -> Context<'c> {
        Context { now: self.basis.now, policy, roster: &rules.roster }
    }

    /// The policy that an incident is pinned to; the active one where it cannot be read any more.
    fn pinned(&mut self, incident: &Incident) -> Result<Arc<Policy>, Problem> {
        let active = &self.basis.rules.policy;
        if active.id == incident.policy {
            return Ok(Arc::clone(active));
        }
        let reader = self.basis.reader;
        let load = || {
            let body = codec::stored(reader.document(PINNED_POLICIES, &incident.policy))?;
            Ok(body.and_then(|body| serde_json::from_slice::<Documents>(&body).ok()))
        };
        let pinned = self.basis.pins.get(&incident.policy, load)?;
        Ok(pinned.unwrap_or_else(|| Arc::clone(&self.basis.rules.policy)))
    }

    fn act(&mut self, input: &ActInput) -> Result<Answer, Problem> {
        if let Some(idempotency) = &input.idempotency
            && let Some(answer) = self.remembered(idempotency)?
        {
            return Ok(answer);
        }
        let rules = Arc::clone(&self.basis.rules);
        let answer = match &input.act {
            Act::Command { no, command } => self.command(*no, command, &input.by, &rules)?,
            Act::Declare(declaration) => self.declare(declaration, &input.by, &rules)?,
        };
        if let (Some(idempotency), Answer::Applied { no, opened, .. }) = (&input.idempotency, &answer) {
            let remembered = Remembered { fingerprint: idempotency.fingerprint, no: *no, opened: *opened };
            self.idempotency.push(IdempotencyRow {
                scope: idempotency.scope.clone(),
                key: idempotency.key.clone(),
                response: codec::json(&remembered),
                expires_at: self.basis.now + IDEMPOTENCY_KEPT,
            });
        }
        Ok(answer)
    }

    /// What the same key came to before, in this batch or an earlier one.
    fn remembered(&self, idempotency: &Idempotency) -> Result<Option<Answer>, Problem> {
        let same = |row: &&IdempotencyRow| row.scope == idempotency.scope && row.key == idempotency.key;
        let here = self.idempotency.iter().find(same).map(|row| row.response.clone());
        let stored = match here {
            Some(response) => Some(response),
            None => codec::stored(self.basis.reader.idempotency(&idempotency.scope, &idempotency.key, self.basis.now))?,
        };
        let Some(response) = stored else { return Ok(None) };
        let remembered: Remembered = serde_json::from_slice(&response)
            .map_err(|e| codec::unreadable(format!("an idempotency key does not decode ({e})")))?;
        if remembered.fingerprint != idempotency.fingerprint {
            let detail = "the key came before with another request; use a new one".to_owned();
            return Ok(Some(Answer::Refused(Problem::new(&problem::IDEMPOTENCY_KEY_REUSED, detail))));
        }
        Ok(Some(Answer::Applied { no: remembered.no, opened: remembered.opened, replayed: true }))
    }

    fn command(&mut self, no: u64, command: &Command, by: &Actor, rules: &Rules) -> Result<Answer, Problem> {
        let Some(incident) = self.basis.desk.incident(no)? else {
            let detail = format!("INC-{no} does not exist");
            return Ok(Answer::Refused(Problem::new(&problem::INCIDENT_UNKNOWN, detail)));
        };
        let policy = self.pinned(&incident)?;
        let decided = match wcore::decide(&incident, command, by, &self.context(&policy, rules)) {
            Ok(decided) => decided,
            Err(problem) => return Ok(Answer::Refused(problem)),
        };
        if let Command::SkipStep { step, .. } = command {
            let skipped = decided.events.iter().any(|event| matches!(event, Event::StepSkipped { .. }));
            let then = if skipped { "the next is paged at once" } else { "and no other step takes its place" };
            let detail = format!("INC-{no}: step {} had nobody; {then}", step + 1);
            self.self_alert(&Problem::new(&problem::NO_ONE_ON_CALL, detail))?;
        }
        self.record(decided, by);
        Ok(Answer::Applied { no, opened: false, replayed: false })
    }

    fn declare(&mut self, declaration: &raise::Declaration, by: &Actor, rules: &Rules) -> Result<Answer, Problem> {
        let policy = Arc::clone(&rules.policy);
        let ctx = self.context(&policy, rules);
        let declared = match raise::declare(declaration, &ctx) {
            Ok(declared) => declared,
            Err(problem) => return Ok(Answer::Refused(problem)),
        };
        if let Some(open) = self.basis.desk.by_key(declared.key())?.filter(|incident| incident.status().is_open()) {
            let pinned = self.pinned(&open)?;
            let decided = declared.join(&open, by, &self.context(&pinned, rules));
            self.record(decided, by);
            return Ok(Answer::Applied { no: open.no, opened: false, replayed: false });
        }
        let no = self.next_no();
        let decided = declared.open(no, &ctx);
        self.record(decided, by);
        Ok(Answer::Applied { no, opened: true, replayed: false })
    }

    fn due(&mut self, no: u64) -> Result<(), Problem> {
        let Some(incident) = self.basis.desk.incident(no)? else { return Ok(()) };
        let rules = Arc::clone(&self.basis.rules);
        let policy = self.pinned(&incident)?;
        let decided = wcore::tick(&incident, &self.context(&policy, &rules));
        self.record(decided, &Actor::Watchbell);
        Ok(())
    }

    fn next_no(&mut self) -> u64 {
        let no = self.basis.next_incident;
        self.basis.next_incident += 1;
        no
    }

    /// Keeps a decision: its entry, its requests to the outbox, the incident's new state.
    fn record(&mut self, decided: Decided, by: &Actor) {
        if decided.events.is_empty() {
            return;
        }
        let Decided { state, events } = decided;
        let rules = Arc::clone(&self.basis.rules);
        rules.triggers.heed(&rules.policy, self.basis.detectors, &state, self.basis.now);
        for event in &events {
            self.request(&state, event);
            match event {
                Event::Opened(_) => self.tally.opened += 1,
                Event::ClockWarned { .. } => self.tally.warned += 1,
                Event::ClockBreached { .. } => self.tally.missed += 1,
                Event::ApprovedUnsent { update } => {
                    let detail = format!("INC-{}: update {update} is approved and unsent", state.no);
                    self.complaints.push(Problem::new(&problem::APPROVED_UNSENT, detail));
                }
                _ => {}
            }
        }
        // What is settled ends with its last change, which a tally does not record.
        let only_tally = !state.is_settled() && events.iter().all(|event| matches!(event, Event::Attached(_)));
        let entry = Entry { at: self.basis.now, by: by.clone(), events };
        self.events.push(codec::entry_row(state.no, &entry));
        self.basis.desk.put(state, only_tally);
        self.moves_head = true;
    }

    /// What an event asks of the outbox. A request is named by its place in the journal.
    fn request(&mut self, incident: &Incident, event: &Event) {
        let request = match event {
            Event::PageRequested(page) => Request::Page((**page).clone()),
            Event::UpdatePublished(update) if !update.channels.is_empty() => Request::Update((**update).clone()),
            _ => return,
        };
        self.push_request(Some(incident.no), incident.severity, request);
    }

    /// Asks the outbox; the request's id.
    fn push_request(&mut self, incident: Option<u64>, severity: u8, request: Request) -> String {
        let row = RequestRow {
            id: format!("{}{}-{}", self.basis.lineage, self.basis.position.0, self.requests.len()),
            incident: incident.map(IncidentNo),
            severity,
            kind: Cow::Borrowed(request.kind()),
            body: codec::json(&request),
            created_at: self.basis.now,
        };
        let id = row.id.clone();
        self.requests.push(Asked { stored: StoredRequest { request: row, claimed_at: None }, request });
        id
    }

    fn document(&mut self, collection: &str, id: &str, body: Option<Vec<u8>>) {
        self.documents.insert((collection.to_owned(), id.to_owned()), body);
    }

    fn finish(mut self, answers: Vec<Answer>) -> Decision<'a> {
        for firing in self.observed.values() {
            let body = codec::json(&serde_json::json!({
                "class": firing.class, "severity": firing.severity, "key": firing.key, "decision": firing.decision,
            }));
            self.events.push(EventRow { incident: None, kind: Cow::Borrowed(codec::OBSERVED), body });
        }
        let now = self.basis.now;
        let block = (!self.signals.is_empty()).then(|| journal::Block {
            count: u32::try_from(self.signals.len()).unwrap_or(u32::MAX),
            first_at: self.signals.iter().filter_map(|signal| signal.at).min().unwrap_or(now).min(now),
            last_at: self.signals.iter().filter_map(|signal| signal.at).max().unwrap_or(now).max(now),
            bytes: crate::block::encode(&self.signals, &self.basis.secrecy.pseudonyms),
        });
        let position = self.basis.position;
        let (private, erase) = self.seal();
        let prune = self.expired.blocks.iter().map(|position| Position(*position)).collect();
        let (mut incidents, mut tallies) = (Vec::new(), Vec::new());
        for Changed { incident, only_tally } in self.basis.desk.changed().values() {
            if *only_tally {
                tallies.push(codec::tally_row(incident, position));
            } else {
                incidents.push(codec::incident_row(incident, (position, now)));
            }
        }
        let detectors = self
            .basis
            .detectors
            .changed()
            .iter()
            .map(|(key, detector)| DetectorChange { key: key.clone(), state: Some(codec::detector_row(detector)) });
        let forgotten = self.basis.detectors.forgotten().iter();
        let detectors = detectors.chain(forgotten.map(|key| DetectorChange { key: key.clone(), state: None }));
        let documents = self.documents.into_iter();
        let documents =
            documents.map(|((collection, id), body)| journal::DocumentChange { collection, id, body }).collect();
        let moves_head = self.moves_head || block.is_some() || !self.events.is_empty() || !self.idempotency.is_empty();
        let batch = journal::Batch {
            expected: Position(position.0 - 1),
            recorded_at: now,
            next_incident: self.basis.next_incident,
            tzdata: Some(calendar::tzdata().to_owned()),
            block,
            events: self.events,
            incidents,
            tallies,
            detectors: detectors.collect(),
            requests: self.requests.into_iter().map(|asked| asked.stored.request).collect(),
            deliveries: self.outbox.deliveries,
            idempotency: self.idempotency,
            documents,
            private,
            erase,
            rewrite: self.rewrite,
            prune,
        };
        Decision {
            batch,
            answers,
            desk: self.basis.desk,
            new_keys: self.new_keys,
            activated: self.activated,
            held: self.held,
            moves_head,
            signals: u32::try_from(self.signals.len()).unwrap_or(u32::MAX),
            tally: self.tally,
        }
    }
}
