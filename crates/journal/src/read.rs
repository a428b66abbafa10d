//! What readers ask for and get.

use std::collections::BTreeMap;

use calendar::{Duration, Instant};

use crate::{Block, DeliveryState, Digest, EventRow, IncidentNo, Position, PrivateContent, RequestRow};

/// The place of one event; the default is before the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// Position of its batch.
    pub position: Position,
    /// Its index within the batch, from 0.
    pub index: u32,
}

impl EventPlace {
    /// The place after every event that can be stored.
    pub const LAST: EventPlace = EventPlace { position: Position(i64::MAX as u64), index: u32::MAX };

    /// The place after every event of the batch at `position`.
    pub fn end_of(position: Position) -> EventPlace {
        EventPlace { position, index: u32::MAX }
    }
}

/// An event as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Where it stands.
    pub place: EventPlace,
    /// Journal time of its batch.
    pub recorded_at: Instant,
    /// The event.
    pub event: EventRow,
}

/// A block as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlock {
    /// Position of its batch.
    pub position: Position,
    /// Journal time of its batch.
    pub recorded_at: Instant,
    /// The block.
    pub block: Block,
}

/// Everything that the chain covers at one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The position.
    pub position: Position,
    /// Journal time of the batch.
    pub recorded_at: Instant,
    /// The chain's hash as it was stored.
    pub hash: Digest,
    /// The block's digest as it was stored; none when the batch had no signals.
    pub block_digest: Option<Digest>,
    /// The block.
    pub block: Option<Block>,
    /// The events in the order of their indexes.
    pub events: Vec<EventRow>,
    /// The private rows in the order in which they were given.
    pub private: Vec<PrivateEntry>,
}

/// A private row as the chain sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateEntry {
    /// Its id.
    pub id: String,
    /// The salted digest that outlives the content.
    pub digest: Digest,
    /// The content; none once it was erased.
    pub content: Option<PrivateContent>,
}

/// A request and whether it was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRequest {
    /// The request.
    pub request: RequestRow,
    /// When it was claimed.
    pub claimed_at: Option<Instant>,
}

/// Which incidents to list, newest number first. An empty field does not restrict.
#[derive(Clone, Debug, Default)]
pub struct IncidentFilter {
    /// Open or closed.
    pub open: Option<bool>,
    /// The engine's ordinal of a status.
    pub status: Option<u8>,
    /// Severity rank.
    pub severity: Option<u8>,
    /// Class.
    pub class: Option<String>,
    /// Service.
    pub service: Option<String>,
    /// Restricted or not.
    pub restricted: Option<bool>,
    /// Only numbers below this one: the cursor.
    pub before: Option<IncidentNo>,
}

/// Which incidents to list by their lives, latest opened first: all that lived at some time of a stretch.
#[derive(Clone, Copy, Debug)]
pub struct Living {
    /// The first instant of the stretch: what ended before is left out.
    pub from: Instant,
    /// The first instant after it: what opened then or later is left out.
    pub until: Instant,
    /// Only those before this one: the cursor.
    pub before: Option<(Instant, IncidentNo)>,
}

/// How far before a stretch those began that lived in it, by the column `span` of databases: it is 0 while an
/// incident lives, 1 if it lived up to a week, 2 up to a quarter, 3 longer. Migrations say the same lengths.
const REACH: [Option<Duration>; 4] =
    [None, Some(Duration::from_hours(7 * 24)), Some(Duration::from_hours(91 * 24)), None];

impl Living {
    /// The earliest opening to look for in each span.
    pub(crate) fn reaches(&self) -> [Instant; 4] {
        REACH.map(|reach| reach.map_or(Instant::MIN, |reach| self.from - reach))
    }
}

/// Which deliveries to list, newest first. An empty field does not restrict.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Those of one incident.
    pub incident: Option<IncidentNo>,
    /// Those to one person.
    pub person: Option<String>,
    /// Those in one state.
    pub state: Option<DeliveryState>,
    /// Only those older than this one: the cursor.
    pub before: Option<DeliveryPlace>,
}

/// The place of a delivery in the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeliveryPlace {
    /// Its creation.
    pub created_at: Instant,
    /// Its id.
    pub id: String,
}

/// Figures for metrics, by severity rank. Ranks without any are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open incidents.
    pub open_incidents: BTreeMap<u8, u64>,
    /// Requests that nobody has claimed.
    pub pending_requests: BTreeMap<u8, u64>,
    /// Deliveries that are still to be tried.
    pub pending_deliveries: BTreeMap<u8, u64>,
    /// Creation of the oldest pending request or delivery.
    pub oldest_pending: Option<Instant>,
}
