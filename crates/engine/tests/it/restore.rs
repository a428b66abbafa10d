//! After a restore: what waited for long is not sent again, what is young goes on, and people are told.

use calendar::Duration;
use engine::{RESENT_AFTER_RESTORE, Restored, after_restore};
use journal::{
    Batch, Claim, DeliveryRow, DeliveryState, DeliveryUpdate, DocumentChange, Memory, RequestRow, Store, Workspace,
    verify,
};

use crate::support::BEGIN;

/// A journal with a request and a delivery of each age in minutes, and a session.
fn with_messages(store: &dyn Store, now: calendar::Instant, ages: &[i64]) {
    let mut writer = store.writer(Workspace::default()).unwrap();
    let mut batch = Batch { recorded_at: now, next_incident: 1, ..Batch::default() };
    for age in ages {
        let created_at = now - Duration::from_mins(*age);
        for id in [format!("waits-{age}"), format!("claimed-{age}")] {
            let request =
                RequestRow { id, incident: None, severity: 1, kind: "page".into(), body: Vec::new(), created_at };
            batch.requests.push(request);
        }
        let delivery = delivery(&format!("delivery-{age}"), created_at);
        let claim = Claim { request: format!("claimed-{age}"), at: now, deliveries: vec![delivery] };
        batch.deliveries.push(DeliveryUpdate::Claim(claim));
    }
    let session = DocumentChange { collection: "sessions".to_owned(), id: "s".to_owned(), body: Some(b"{}".to_vec()) };
    batch.documents.push(session);
    writer.commit(&batch).unwrap();
}

fn delivery(id: &str, created_at: calendar::Instant) -> DeliveryRow {
    DeliveryRow {
        id: id.to_owned(),
        request: String::new(),
        incident: None,
        severity: 1,
        person: "ana".to_owned(),
        channel: "pager".to_owned(),
        address: "ana".to_owned(),
        idempotency_key: id.to_owned(),
        roster_version: "1".to_owned(),
        body: Vec::new(),
        created_at,
        state: DeliveryState::Pending,
        attempts: 0,
        next_attempt_at: Some(created_at),
        attempted_at: None,
        outcome: String::new(),
    }
}

#[test]
fn old_messages_end_with_a_note_and_young_ones_go_on() {
    let store = Memory::new();
    let now = calendar::Instant::parse(BEGIN).unwrap();
    with_messages(&store, now, &[1, 14, 16, 3_000]);
    assert_eq!(RESENT_AFTER_RESTORE, Duration::from_mins(15));
    let Restored { head, superseded, kept, ended, open } =
        after_restore(&store, Workspace::default(), now, &["sessions"]).unwrap();
    assert_eq!((superseded, kept, ended, open), (4, 4, 1, 0));

    let reader = store.reader(Workspace::default()).unwrap();
    let waiting: Vec<String> =
        reader.due_deliveries(calendar::Instant::MAX, 99).unwrap().into_iter().map(|row| row.id).collect();
    assert_eq!(waiting, ["delivery-14", "delivery-1"]);
    let requests: Vec<String> =
        reader.pending_requests(99).unwrap().into_iter().map(|stored| stored.request.id).collect();
    assert_eq!(requests[..2], ["waits-14", "waits-1"]);
    assert!(requests.len() == 3 && requests[2].starts_with('r'), "the self-alert: {requests:?}");
    let ended = reader.delivery("delivery-16").unwrap().unwrap();
    assert_eq!(ended.state, DeliveryState::Superseded);
    assert!(ended.outcome.contains("may have been sent since"));
    assert_eq!(verify(&*reader, Workspace::default()).unwrap().head, head);
}
