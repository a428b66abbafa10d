//! The traits that every database behind Watchbell implements. They hold no logic but shorthands.

use std::sync::Arc;

use calendar::Instant;

use crate::{
    Batch, Counts, DeliveryFilter, DeliveryRow, Entry, EventPlace, Head, IncidentFilter, IncidentNo, IncidentRow,
    Living, OutboxChanges, Position, PrivateContent, Result, StoredBlock, StoredEvent, StoredRequest, Workspace,
};

/// A database of workspaces.
pub trait Store: Send + Sync {
    /// The one who changes a workspace. A second one for the same workspace meets
    /// [`Error::HeadMoved`](crate::Error::HeadMoved) as soon as the first has committed.
    fn writer(&self, workspace: Workspace) -> Result<Box<dyn Writer>>;

    /// A reader of a workspace; it sees what was committed when it is asked.
    fn reader(&self, workspace: Workspace) -> Result<Arc<dyn Reader>>;

    /// Which node sends which delivery; none where one process has the workspace for itself.
    fn leases(&self, _workspace: Workspace) -> Option<Arc<dyn Leases>> {
        None
    }
}

/// Deliveries are held by one node at a time, until an instant: their next attempt is not due before it.
pub trait Leases: Send + Sync {
    /// Takes deliveries that are due at `due`, the most severe first, and holds them until `until`. What others
    /// are taking at the same moment is passed over.
    fn take(&self, due: Instant, until: Instant, limit: u32) -> Result<Vec<DeliveryRow>>;

    /// Holds them until `until`, those of them that are still pending and not held longer already.
    fn keep(&self, ids: &[String], until: Instant) -> Result<()>;
}

/// Where the order ends, and what time it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Present {
    /// The end of the order.
    pub head: Head,
    /// The database's own clock; none where it is this machine's.
    pub now: Option<Instant>,
}

/// Changes one workspace. After an error everything is as it was before the call, and the writer can go on.
pub trait Writer: Send {
    /// The present end of the order.
    fn head(&mut self) -> Result<Head>;

    /// Takes the right to write next, and says what a decision rests on: until [`Writer::commit`],
    /// [`Writer::apply`] or [`Writer::give_up`] nobody else commits a batch. Who decides too long loses it, and
    /// meets [`Error::HeadMoved`](crate::Error::HeadMoved) where somebody else used it.
    ///
    /// None where nobody else writes: the head is where this writer left it.
    fn begin(&mut self) -> Result<Option<Present>> {
        Ok(None)
    }

    /// Lets the right to write next go, without having written.
    fn give_up(&mut self) {}

    /// Whether others may write to the workspace, too.
    fn is_shared(&self) -> bool {
        false
    }

    /// Writes the whole batch, moves the head, and returns once that is durable.
    ///
    /// Two errors leave one thing open, and the batch may be found after all; it was not answered, so both are
    /// right: [`Error::Disk`](crate::Error::Disk), when the disk fails while syncing and the machine then crashes,
    /// and [`Error::Unreachable`](crate::Error::Unreachable), when a server is lost while it commits and does not
    /// come back. Read the head before going on.
    fn commit(&mut self, batch: &Batch) -> Result<Head>;

    /// Writes claims, attempts and documents in one durable transaction of their own. The head stays.
    fn apply(&mut self, changes: &OutboxChanges) -> Result<()>;

    /// A reader for the thread that writes: it costs less than others right after a commit, and waits
    /// while one is under way. None where every reader costs the same.
    fn reader(&self) -> Option<Arc<dyn Reader>> {
        None
    }

    /// Puts these rows in the place of all incident rows, as a repair does after refolding.
    fn replace_incidents(&mut self, rows: &[IncidentRow]) -> Result<()>;

    /// Deletes all incident rows; the journal still holds everything to refold them.
    fn clear_incidents(&mut self) -> Result<()> {
        self.replace_incidents(&[])
    }
}

/// Reads one workspace. Every list takes a limit; where there is more, its last element is the next cursor.
pub trait Reader: Send + Sync {
    /// The present end of the order.
    fn head(&self) -> Result<Head>;

    /// The same, with the database's clock where it has one of its own.
    fn present(&self) -> Result<Present> {
        Ok(Present { head: self.head()?, now: None })
    }

    /// The incident of that number.
    fn incident(&self, no: IncidentNo) -> Result<Option<IncidentRow>>;

    /// The open incident with that key (the highest number, should there be several),
    /// or else the most recently updated closed one.
    fn incident_by_key(&self, key: &str) -> Result<Option<IncidentRow>>;

    /// Incidents, highest number first.
    fn incidents(&self, filter: &IncidentFilter, limit: u32) -> Result<Vec<IncidentRow>>;

    /// Incidents that lived in a stretch of time, latest opened first, then highest number first; what it costs
    /// follows how many lived then. The opening and number of the last one are the cursor.
    fn incidents_living(&self, living: &Living, limit: u32) -> Result<Vec<IncidentRow>>;

    /// Incidents due at or before `until`, by severity (1 first), then by due instant, then by number.
    fn due(&self, until: Instant, limit: u32) -> Result<Vec<IncidentRow>>;

    /// The earliest due instant of all incidents.
    fn next_due(&self) -> Result<Option<Instant>>;

    /// Events after a place, in order.
    fn events(&self, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>>;

    /// Events of one incident after a place, in order.
    fn incident_events(&self, no: IncidentNo, after: EventPlace, limit: u32) -> Result<Vec<StoredEvent>>;

    /// Events of one kind that belong to no incident, before a place if one is given, newest first.
    fn events_of_kind(&self, kind: &str, before: Option<EventPlace>, limit: u32) -> Result<Vec<StoredEvent>>;

    /// Blocks after a position, in order; those that were pruned are passed over.
    fn blocks(&self, after: Position, limit: u32) -> Result<Vec<StoredBlock>>;

    /// The block at a position; none where it was pruned.
    fn block(&self, position: Position) -> Result<Option<StoredBlock>>;

    /// The last position recorded before an instant; 0 when there is none.
    fn position_before(&self, instant: Instant) -> Result<Position>;

    /// The first blocks recorded at or after an instant; go on with [`Reader::blocks`].
    fn blocks_since(&self, recorded: Instant, limit: u32) -> Result<Vec<StoredBlock>> {
        self.blocks(self.position_before(recorded)?, limit)
    }

    /// All that the chain covers at a position.
    fn entry(&self, position: Position) -> Result<Option<Entry>>;

    /// All detector states by key.
    fn detectors(&self) -> Result<Vec<(String, Vec<u8>)>>;

    /// One detector's state.
    fn detector(&self, key: &str) -> Result<Option<Vec<u8>>>;

    /// Unclaimed requests by severity (1 first), then age, then id.
    fn pending_requests(&self, limit: u32) -> Result<Vec<StoredRequest>>;

    /// The request of that id.
    fn request(&self, id: &str) -> Result<Option<StoredRequest>>;

    /// Pending deliveries to be tried at or before `until`, by severity (1 first), then by that instant, then by id.
    fn due_deliveries(&self, until: Instant, limit: u32) -> Result<Vec<DeliveryRow>>;

    /// The earliest instant at which a pending delivery is to be tried.
    fn next_attempt(&self) -> Result<Option<Instant>>;

    /// The delivery of that id.
    fn delivery(&self, id: &str) -> Result<Option<DeliveryRow>>;

    /// Deliveries, newest first.
    fn deliveries(&self, filter: &DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>>;

    /// A document.
    fn document(&self, collection: &str, id: &str) -> Result<Option<Vec<u8>>>;

    /// Documents of a collection with ids after `after`, by id; an empty `after` begins.
    fn documents(&self, collection: &str, after: &str, limit: u32) -> Result<Vec<(String, Vec<u8>)>>;

    /// A remembered answer that has not expired at `now`.
    fn idempotency(&self, scope: &str, key: &str, now: Instant) -> Result<Option<Vec<u8>>>;

    /// Personal data; none when unknown or erased.
    fn private(&self, id: &str) -> Result<Option<PrivateContent>>;

    /// Figures for metrics.
    fn counts(&self) -> Result<Counts>;
}
