//! What one commit or one outbox change writes. Plain values: the meaning of the bytes is the engine's.

use std::borrow::Cow;

use calendar::Instant;

use crate::{Digest, Error, IncidentNo, Position, Result};

/// The end of a workspace's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Position of the last batch; 0 when there is none.
    pub position: Position,
    /// Hash of the chain up to and including that batch.
    pub hash: Digest,
    /// Journal time of that batch; the next batch must be later.
    pub recorded_at: Instant,
    /// Number that the next incident gets.
    pub next_incident: u64,
    /// Version of the time zone data under which the last batch was decided; empty when none said so.
    pub tzdata: String,
}

impl Head {
    /// The head of a workspace that has no batch yet.
    pub fn genesis() -> Head {
        Head {
            position: Position(0),
            hash: [0; 32],
            recorded_at: Instant::default(),
            next_incident: 1,
            tzdata: String::new(),
        }
    }
}

impl Head {
    /// Refuses time zone data older than that of the last batch: versions are a year and letters, and compare as text.
    pub fn admits_tzdata(&self, given: &str) -> Result<()> {
        if *given < *self.tzdata {
            return Err(Error::TzdataOlder { head: self.tzdata.clone(), given: given.to_owned() });
        }
        Ok(())
    }
}

/// Everything of one commit: all of it becomes durable, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The head's position as the decision saw it; the batch gets the next one.
    pub expected: Position,
    /// Journal time; later than the head's.
    pub recorded_at: Instant,
    /// The head's next incident number after this batch; never lower than before.
    pub next_incident: u64,
    /// Version of the time zone data that decided, when the head shall say so from now on.
    pub tzdata: Option<String>,
    /// The signals of the batch. In the chain.
    pub block: Option<Block>,
    /// What was decided, in order; the place in this list is the event's index. In the chain.
    pub events: Vec<EventRow>,
    /// Incident rows to insert or replace.
    pub incidents: Vec<IncidentRow>,
    /// Incidents of which nothing but the tally changes; an unknown one is ignored.
    pub tallies: Vec<TallyRow>,
    /// Detector states to insert, replace or delete.
    pub detectors: Vec<DetectorChange>,
    /// New page requests and publications; a known id is refused.
    pub requests: Vec<RequestRow>,
    /// Claims and attempt outcomes, applied in order after `requests`.
    pub deliveries: Vec<DeliveryUpdate>,
    /// Personal data of this batch; only salted digests enter the chain. A known id is refused.
    pub private: Vec<PrivateRow>,
    /// Ids of private rows whose content and salt are erased; unknown and erased ones are ignored.
    pub erase: Vec<String>,
    /// Blocks that are written anew without what was erased; count and times stay. The chain takes in the new
    /// digest by an event, [`EventRow::rewritten`]. Unknown and pruned ones are ignored.
    pub rewrite: Vec<Rewrite>,
    /// Positions whose blocks lose their signals; count, times and digest stay. Unknown ones are ignored.
    pub prune: Vec<Position>,
    /// Answers to remember; a known key is replaced.
    pub idempotency: Vec<IdempotencyRow>,
    /// Small documents to insert, replace or delete.
    pub documents: Vec<DocumentChange>,
}

/// The signals of one batch, encoded and compressed by the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number of signals.
    pub count: u32,
    /// Earliest `occurred_at` among them.
    pub first_at: Instant,
    /// Latest `occurred_at` among them.
    pub last_at: Instant,
    /// The signals.
    pub bytes: Vec<u8>,
}

/// New bytes for a block that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// Position of the block.
    pub position: Position,
    /// The block with its new bytes; all else is as it was.
    pub block: Block,
}

/// One event of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The incident that it belongs to, if any.
    pub incident: Option<IncidentNo>,
    /// Name of the event's type.
    pub kind: Cow<'static, str>,
    /// The encoded event.
    pub body: Vec<u8>,
}

/// An incident's current state with the columns by which it is found. Outside the chain: it can be refolded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentRow {
    /// Its number.
    pub no: IncidentNo,
    /// The raise key by which firings find it.
    pub key: String,
    /// Its class.
    pub class: String,
    /// Its service.
    pub service: String,
    /// Its status as the engine's ordinal.
    pub status: u8,
    /// Whether it takes firings in.
    pub open: bool,
    /// Severity rank; 1 is the worst.
    pub severity: u8,
    /// Whether only named people may see it.
    pub restricted: bool,
    /// Journal time of its opening.
    pub opened_at: Instant,
    /// Journal time of its last change, once nobody has anything to do about it any more; until then it lives.
    pub ended_at: Option<Instant>,
    /// Next instant at which one of its clocks wants attention; also closed incidents can have one.
    pub next_due: Option<Instant>,
    /// Position of the last batch that changed it.
    pub updated: Position,
    /// The encoded state.
    pub state: Vec<u8>,
    /// The part of the state that changes with every batch of signals, kept apart because it is
    /// written far more often than everything else.
    pub tally: Vec<u8>,
}

/// A new tally of an incident whose row stays as it is. Signals that attach to an open incident,
/// which happens most, change no more than this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyRow {
    /// The incident's number.
    pub no: IncidentNo,
    /// Position of this batch.
    pub updated: Position,
    /// The part of the state.
    pub tally: Vec<u8>,
}

/// A new state for one detector, or its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetectorChange {
    /// The stream and clause that it watches.
    pub key: String,
    /// The encoded state; none deletes it.
    pub state: Option<Vec<u8>>,
}

/// A wish of a decision: a page or a publication. People are chosen when it is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRow {
    /// Unique, derived by the engine from (incident, step, round).
    pub id: String,
    /// The incident that it serves; self-alerts have none.
    pub incident: Option<IncidentNo>,
    /// Severity rank; 1 goes first.
    pub severity: u8,
    /// Name of the request's type.
    pub kind: Cow<'static, str>,
    /// The encoded request.
    pub body: Vec<u8>,
    /// Journal time of the decision.
    pub created_at: Instant,
}

/// One step in the life of deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryUpdate {
    /// A request becomes deliveries.
    Claim(Claim),
    /// A delivery was tried, or given up.
    Attempt(Attempt),
}

/// A page request becomes deliveries, at once and only once: claiming it again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Id of the request; unknown ids are refused.
    pub request: String,
    /// When it was claimed.
    pub at: Instant,
    /// The deliveries; none when nobody needs to be reached any more. Known ids are left as they are.
    pub deliveries: Vec<DeliveryRow>,
}

/// What has become of a pending delivery. The newest one said counts, and one that has ended stays as it is: a
/// node that stood still may tell an outcome when another has taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Id of the delivery; unknown ids are refused.
    pub delivery: String,
    /// When this was found.
    pub at: Instant,
    /// The state from now on.
    pub state: DeliveryState,
    /// Number of attempts made so far.
    pub attempts: u32,
    /// When to try again, for a pending one.
    pub next_attempt_at: Option<Instant>,
    /// What happened, for people. No secrets.
    pub outcome: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// To be tried.
    Pending,
    /// The channel gave its receipt.
    Delivered,
    /// No longer needed.
    Superseded,
    /// Given up.
    Dead,
}

impl DeliveryState {
    /// Every state; its place is its stored number.
    pub const ALL: [DeliveryState; 4] =
        [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::Superseded, DeliveryState::Dead];

    /// The word for it in APIs and logs.
    pub fn name(self) -> &'static str {
        match self {
            DeliveryState::Pending => "pending",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Superseded => "superseded",
            DeliveryState::Dead => "dead",
        }
    }
}

/// The series of attempts to reach one contact of one person. All but its outcome is immutable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Unique, derived by the engine from (incident, step, round, person, contact).
    pub id: String,
    /// Id of the request that it came from; filled in from the claim when stored.
    pub request: String,
    /// The incident that it serves; self-alerts have none.
    pub incident: Option<IncidentNo>,
    /// Severity rank; 1 goes first.
    pub severity: u8,
    /// The person to be reached.
    pub person: String,
    /// The channel that sends it.
    pub channel: String,
    /// How people recognise the address. No secrets.
    pub address: String,
    /// The key that every attempt carries.
    pub idempotency_key: String,
    /// Version of the roster that chose this contact.
    pub roster_version: String,
    /// The encoded message.
    pub body: Vec<u8>,
    /// When it was claimed.
    pub created_at: Instant,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u32,
    /// When to try next, while pending.
    pub next_attempt_at: Option<Instant>,
    /// When the last outcome was found.
    pub attempted_at: Option<Instant>,
    /// The last outcome, for people; empty before the first attempt.
    pub outcome: String,
}

/// Personal data, kept apart so that it can be erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateRow {
    /// Unique; other rows refer to it by this id.
    pub id: String,
    /// The data and its salt.
    pub content: PrivateContent,
}

/// Personal data and the salt that keeps its digest from being guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateContent {
    /// Random; erased together with the data.
    pub salt: [u8; 16],
    /// The data.
    pub bytes: Vec<u8>,
}

/// A remembered answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// Whose keys these are, for instance a token.
    pub scope: String,
    /// The caller's key.
    pub key: String,
    /// The encoded answer.
    pub response: Vec<u8>,
    /// From then on it is forgotten.
    pub expires_at: Instant,
}

/// A small document: token, session, policy version, roster version, setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentChange {
    /// The kind of document.
    pub collection: String,
    /// Its id within the collection.
    pub id: String,
    /// The encoded document; none deletes it.
    pub body: Option<Vec<u8>>,
}

/// What is written beside the order, without moving the head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutboxChanges {
    /// Claims and attempt outcomes, applied in order.
    pub deliveries: Vec<DeliveryUpdate>,
    /// Small documents to insert, replace or delete.
    pub documents: Vec<DocumentChange>,
    /// Remembered answers that expire at or before this instant are deleted.
    pub forget_expired: Option<Instant>,
}

impl EventRow {
    /// Kind of the event that takes a rewritten block into the chain.
    pub const REWRITTEN: &'static str = "rewritten";

    /// The event that has to go with a [`Rewrite`]: from then on its digest is the block's.
    pub fn rewritten(rewrite: &Rewrite) -> EventRow {
        let body = crate::chain::rewritten(rewrite.position, &crate::chain::block_digest(&rewrite.block));
        EventRow { incident: None, kind: Cow::Borrowed(EventRow::REWRITTEN), body }
    }
}
