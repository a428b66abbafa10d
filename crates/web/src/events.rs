//! `GET /api/v1/events`: what happens to incidents, as server-sent events.
//!
//! The position of a batch is the event id, so that a client that reconnects with
//! `Last-Event-ID` goes on after the last batch that it got whole. The journal is read only as
//! fast as the client does; nothing is queued for a slow one.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{self, Stream};
use journal::{EventPlace, Position, StoredEvent};
use problem::Problem;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;

use crate::access::{Principal, Slot};
use crate::api::{Params, query};
use crate::app::App;
use crate::id;
use crate::refusal::Refusal;
use crate::serve::Closing;
use crate::sight::Sight;

/// Journal rows read at once.
const CHUNK: u32 = 256;
/// A comment after so much silence, in real time: proxies cut what is silent for a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often the sender's credential is looked at again while nothing happens.
const RECHECK: Duration = Duration::from_secs(15);
/// Streams of one credential: a browser window each.
const STREAMS_MAX: usize = 64;

/// Where to begin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct From {
    after: Option<u64>,
}

/// Streams what was recorded after `Last-Event-ID` or `?after=`, or from now on.
pub(crate) async fn events(
    State(app): State<App>,
    principal: Principal,
    closing: Option<Extension<Closing>>,
    headers: HeaderMap,
    Params(from): Params<From>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let last = match headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default()) {
        None | Some("") => from.after,
        Some(text) => Some(text.parse().map_err(|_| query("`Last-Event-ID` is not a position"))?),
    };
    let positions = app.engine.positions();
    let mut head = *positions.borrow();
    if last.is_some_and(|last| last > head) {
        // Another node has told more than this one has looked at.
        let read = app.engine.read(|view| view.reader().head().map_err(|error| error.problem()));
        head = head.max(read.await?.position.0);
    }
    let name = format!("events of {}", principal.credential);
    let too_many = || Problem::new(&problem::IN_FLIGHT_TOO_MANY, format!("{STREAMS_MAX} streams of events are open"));
    let slot = app.in_flight.enter(&name, STREAMS_MAX).ok_or_else(too_many)?;
    // A position from a future that this journal does not have would wait for ever.
    let after = EventPlace::end_of(Position(last.unwrap_or(head).min(head)));
    let feed = Feed {
        app,
        principal,
        positions,
        after,
        closing: closing.map(|Extension(closing)| closing),
        waiting: VecDeque::new(),
        _slot: slot,
    };
    let stream = stream::unfold(feed, |mut feed| async {
        let event = feed.next().await?;
        Some((Ok(event), feed))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// One client's place in the journal.
struct Feed {
    app: App,
    principal: Principal,
    positions: watch::Receiver<u64>,
    closing: Option<Closing>,
    after: EventPlace,
    waiting: VecDeque<Event>,
    _slot: Slot,
}

impl Feed {
    /// The next event; `None` ends the stream: the server stops, or the client may no longer listen.
    async fn next(&mut self) -> Option<Event> {
        loop {
            // Who may see less than before connects again, and is shown less.
            if !self.app.access.still_knows(&self.principal) {
                return None;
            }
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.app.engine.health().stopping {
                return None;
            }
            self.positions.borrow_and_update();
            match self.read().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(problem) => {
                    tracing::warn!(problem.code = problem.code.id, "events cannot be read");
                    return None;
                }
            }
            tokio::select! {
                changed = tokio::time::timeout(RECHECK, self.positions.changed()) => {
                    if let Ok(Err(_)) = changed {
                        return None;
                    }
                }
                () = closed(&mut self.closing) => return None,
            }
        }
    }

    /// Reads on; `false` where nothing is left.
    async fn read(&mut self) -> Result<bool, Problem> {
        let after = self.after;
        let viewer = self.principal.viewer.clone();
        let read = self.app.engine.read(move |view| {
            let mut sight = Sight::new(view, &viewer);
            let rows = sight.rows(after, CHUNK)?;
            let mut events = VecDeque::new();
            for (i, row) in rows.iter().enumerate() {
                events.extend(event(row, ends_batch(&rows, i), &mut sight)?);
            }
            Ok((events, rows.last().map(|row| row.place)))
        });
        let (events, last) = read.await?;
        self.waiting = events;
        let Some(last) = last else { return Ok(false) };
        self.after = last;
        Ok(true)
    }
}

/// Waits for the end of the server, if it has one.
async fn closed(closing: &mut Option<Closing>) {
    match closing {
        Some(closing) => closing.wait().await,
        None => std::future::pending().await,
    }
}

/// Whether a row is the last one of its batch. A batch is visible whole or not at all, so that
/// only a full chunk can end within one.
fn ends_batch(rows: &[StoredEvent], i: usize) -> bool {
    match rows.get(i + 1) {
        Some(next) => next.place.position != rows[i].place.position,
        None => rows.len() < CHUNK as usize,
    }
}

fn event(row: &StoredEvent, is_last: bool, sight: &mut Sight<'_>) -> Result<Option<Event>, Problem> {
    let Some((no, entry)) = sight.entry(row)? else { return Ok(None) };
    let data = json!({
        "position": row.place.position.0,
        "index": row.place.index,
        "incident": id::incident(no),
        "at": entry.at,
        "by": entry.by,
        "events": entry.events,
    });
    let event = Event::default().event("entry").data(data.to_string());
    Ok(Some(if is_last { event.id(row.place.position.to_string()) } else { event }))
}
