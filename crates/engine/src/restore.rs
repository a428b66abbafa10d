//! What must be written to a restored backup before anybody starts on it.
//!
//! Messages that waited when the backup was made may have been sent since: the old ones end here,
//! with a note. Clocks are not touched: what is due meanwhile is recomputed when the server starts.

use std::borrow::Cow;

use calendar::{Duration, Instant};
use journal::{
    Attempt, Batch, Claim, DeliveryState, DeliveryUpdate, DocumentChange, EventRow, Head, IncidentFilter, Reader,
    RequestRow, Store, Workspace,
};
use problem::Problem;

use crate::batch::SELF_ALERT_SEVERITY;
use crate::outbox::Request;
use crate::view::{SELF_ALERTS, SelfAlert};
use crate::{LINEAGE, SETTINGS, codec};

/// A message that was asked for longer ago than this is not sent after a restore: whoever it was for
/// has it, or was reached by those who stood in. A younger one may come twice, under the same key.
pub const RESENT_AFTER_RESTORE: Duration = Duration::from_mins(15);

/// What became of the outbox and of access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The head afterwards.
    pub head: Head,
    /// Messages and requests that are not sent any more.
    pub superseded: usize,
    /// Those that go on.
    pub kept: usize,
    /// Credentials that ended.
    pub ended: usize,
    /// Open incidents: their clocks go on.
    pub open: usize,
}

/// Writes down that this journal is a restored backup, and settles what waited in its outbox.
///
/// `passing` are the collections of credentials that end: one that was ended since would work again.
pub fn after_restore(
    store: &dyn Store,
    workspace: Workspace,
    now: Instant,
    passing: &[&str],
) -> Result<Restored, Problem> {
    let mut writer = codec::stored(store.writer(workspace))?;
    let reader = codec::stored(store.reader(workspace))?;
    let head = codec::stored(writer.head())?;
    let now = now.max(head.recorded_at + Duration::from_micros(1));
    let (deliveries, kept) = settle(&*reader, now)?;
    let open = codec::stored(reader.incidents(&IncidentFilter { open: Some(true), ..Default::default() }, u32::MAX))?;
    let (open, superseded) = (open.len(), deliveries.len());
    let mut documents = Vec::new();
    for collection in passing {
        for (id, _) in codec::stored(reader.documents(collection, "", u32::MAX))? {
            documents.push(DocumentChange { collection: (*collection).to_owned(), id, body: None });
        }
    }
    let ended = documents.len();
    let lineage = format!("r{:x}-", now.as_micros());
    documents.push(document(SETTINGS, LINEAGE, codec::json(&lineage)));
    let detail = format!(
        "the backup ends at position {}, recorded at {}; {superseded} messages are not sent again, {kept} go on, \
         {open} incidents are open: compare them with what people remember",
        head.position, head.recorded_at
    );
    let alert = alert(&detail, now);
    documents.push(document(SELF_ALERTS, &alert.code, codec::json(&alert)));
    let said = serde_json::json!({
        "position": head.position, "recorded_at": head.recorded_at, "superseded": superseded, "kept": kept,
    });
    let batch = Batch {
        expected: head.position,
        recorded_at: now,
        next_incident: head.next_incident,
        events: vec![EventRow { incident: None, kind: Cow::Borrowed(codec::RESTORED), body: codec::json(&said) }],
        requests: vec![request(&lineage, alert, now)],
        deliveries,
        documents,
        ..Batch::default()
    };
    let head = codec::stored(writer.commit(&batch))?;
    Ok(Restored { head, superseded, kept, ended, open })
}

/// The end of what is too old to be sent, and how much goes on.
fn settle(reader: &dyn Reader, now: Instant) -> Result<(Vec<DeliveryUpdate>, usize), Problem> {
    let stale = |created: Instant| now.since(created) > RESENT_AFTER_RESTORE;
    let requests = codec::stored(reader.pending_requests(u32::MAX))?;
    let deliveries = codec::stored(reader.due_deliveries(Instant::MAX, u32::MAX))?;
    let waiting = requests.len() + deliveries.len();
    let mut updates = Vec::new();
    for stored in requests.into_iter().filter(|stored| stale(stored.request.created_at)) {
        updates.push(DeliveryUpdate::Claim(Claim { request: stored.request.id, at: now, deliveries: Vec::new() }));
    }
    for row in deliveries.into_iter().filter(|row| stale(row.created_at)) {
        updates.push(DeliveryUpdate::Attempt(Attempt {
            delivery: row.id,
            at: now,
            state: DeliveryState::Superseded,
            attempts: row.attempts,
            next_attempt_at: None,
            outcome: "it waited when the backup was made, and may have been sent since".to_owned(),
        }));
    }
    let kept = waiting - updates.len();
    Ok((updates, kept))
}

fn alert(detail: &str, now: Instant) -> SelfAlert {
    SelfAlert {
        code: problem::RESTORED.id.to_owned(),
        detail: detail.to_owned(),
        count: 1,
        first_at: now,
        last_at: now,
        told_at: now,
    }
}

fn request(lineage: &str, alert: SelfAlert, now: Instant) -> RequestRow {
    let request = Request::SelfAlert { code: alert.code, detail: alert.detail };
    RequestRow {
        id: format!("{lineage}0"),
        incident: None,
        severity: SELF_ALERT_SEVERITY,
        kind: Cow::Borrowed(request.kind()),
        body: codec::json(&request),
        created_at: now,
    }
}

fn document(collection: &str, id: &str, body: Vec<u8>) -> DocumentChange {
    DocumentChange { collection: collection.to_owned(), id: id.to_owned(), body: Some(body) }
}
