//! What the outbox reads and writes: requests to claim, deliveries to attempt, outcomes to keep.
//!
//! It sends nothing and waits for nothing but the journal, so that it also runs without threads.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use calendar::Instant;
use channel::Receipt;
use journal::{DeliveryRow, DeliveryState, DeliveryUpdate, IncidentNo, Reader, StoredRequest};
use problem::Problem;
use tokio::runtime::Handle;
use wcore::Incident;

use crate::attempt::concerns_one_input;
use crate::codec;
use crate::hold::Hold;
use crate::outbox::claim::{self, Desk};
use crate::outbox::places::Places;
use crate::outbox::record::{Pace, Record};
use crate::outbox::send::{self, Sent};
use crate::outbox::tray::{Standing, Waiting};
use crate::outbox::{Mail, Request};
use crate::rules::Rules;
use crate::shared::Shared;
use crate::view::View;

/// Requests claimed in one round.
const CLAIMS: u32 = 512;
/// Deliveries read from the journal in one round.
const ROUND: u32 = 1_024;

/// The desk between the journal and those who send.
#[derive(Clone)]
pub(crate) struct Clerk {
    pub(crate) shared: Arc<Shared>,
    pub(crate) reader: Arc<dyn Reader>,
}

/// What is due now.
#[derive(Default)]
pub(crate) struct Picked {
    /// To be sent; each has its place.
    pub(crate) start: Vec<(DeliveryRow, Mail)>,
    /// Not to be sent any more.
    pub(crate) dropped: Vec<Record>,
}

/// What is to be done with a delivery that is due.
enum Need {
    Send(Mail),
    /// Nobody waits for it any more, for this reason.
    Drop(String),
}

/// While outgoing messages are held, so many times more are looked at: what is not held may stand
/// behind what is.
const HELD_MORE: u32 = 16;

/// Incidents as they stood when a round looked at them first.
type Seen = BTreeMap<IncidentNo, Option<Arc<Incident>>>;

impl Clerk {
    /// Claims what was requested; how many.
    pub(crate) async fn claim(&self) -> Result<usize, Problem> {
        if self.shared.queue.is_draining() {
            return Ok(0);
        }
        let held = self.shared.hold().is_some();
        let most = if held { CLAIMS * HELD_MORE } else { CLAIMS };
        let mut requests = self.blocking(move |reader| codec::stored(reader.pending_requests(most))).await?;
        requests.retain(|stored| {
            let request = &stored.request;
            !held || !Hold::holds(request.severity, Request::announces(&request.kind))
        });
        if requests.is_empty() {
            return Ok(0);
        }
        let rules = self.shared.rules();
        let mut seen = Seen::new();
        let mut records = Vec::new();
        for request in &requests {
            let record = match self.claim_one(request, &rules, &mut seen).await {
                // It will never be readable: it must not keep the others from being sent.
                Err(problem) if concerns_one_input(&problem) => claim::unreadable(request, self.now(), problem),
                record => record?,
            };
            records.push(record);
        }
        self.write(records, Pace::AtOnce).await?;
        Ok(requests.len())
    }

    async fn claim_one(&self, request: &StoredRequest, rules: &Rules, seen: &mut Seen) -> Result<Record, Problem> {
        let incident = self.incident(request.request.incident, seen).await?;
        let incident = incident.as_deref();
        let disabled = &self.shared.disabled();
        Desk { rules, incident, public_url: &self.shared.public_url, disabled, now: self.now() }.claim(request)
    }

    /// Puts what is due by the journal into the tray; whether there may be more.
    pub(crate) async fn look(&self, places: &Places) -> Result<bool, Problem> {
        let most = if self.shared.hold().is_some() { ROUND * HELD_MORE } else { ROUND };
        let due = self.take_due(most).await?;
        let more = due.len() >= most as usize;
        let unknown = due.into_iter().filter(|row| !places.holds(&row.id));
        Ok(!self.shared.tray.put(unknown, Standing::Doubtful) || more)
    }

    /// Deliveries from the tray that have a place.
    pub(crate) async fn pick(&self, places: &mut Places) -> Result<Picked, Problem> {
        let now = self.now();
        let held = self.shared.hold().is_some();
        let waiting = self.shared.tray.take(|row| places.take(&row.id, &row.channel, row.severity));
        let ids: Vec<String> = waiting.iter().map(|waiting| waiting.row.id.clone()).collect();
        let mut seen = Seen::new();
        let mut picked = Picked::default();
        for Waiting { row, standing } in waiting {
            if !self.still_holds(&row) {
                // Whoever finds it due next takes it.
                places.leave(&row.id);
                self.shared.bell.ring();
                continue;
            }
            match self.needed(&row, standing, &mut seen).await {
                // The journal shows it again when the hold is over.
                Ok(Need::Send(mail)) if held && Hold::holds(row.severity, mail.announces()) => places.leave(&row.id),
                Ok(Need::Send(mail)) => picked.start.push((row, mail)),
                Ok(Need::Drop(why)) => {
                    places.leave(&row.id);
                    picked.dropped.push(superseded(&row, now, why));
                }
                Err(problem) if concerns_one_input(&problem) => {
                    places.leave(&row.id);
                    picked.dropped.push(send::unreadable(&row, now, &problem).record());
                }
                Err(problem) => {
                    ids.iter().for_each(|id| places.leave(id));
                    return Err(problem);
                }
            }
        }
        Ok(picked)
    }

    /// Whether a delivery is still to be sent.
    async fn needed(&self, row: &DeliveryRow, standing: Standing, seen: &mut Seen) -> Result<Need, Problem> {
        let mail = Mail::decode(&row.body)?;
        if mail.until_acknowledged && standing == Standing::Doubtful {
            let incident = self.incident(row.incident, seen).await?;
            if incident.is_some_and(|incident| incident.acknowledged.is_some() || !incident.status().is_open()) {
                return Ok(Need::Drop("someone took the incident meanwhile".to_owned()));
            }
        }
        let earlier = mail.siblings(&row.id).0.to_vec();
        if earlier.is_empty() {
            return Ok(Need::Send(mail));
        }
        let rules = self.shared.rules();
        let gives_receipts = move |row: &DeliveryRow| {
            let target = rules.channels.get(&row.channel).and_then(|target| target.as_ref().ok());
            target.is_none_or(|target| target.receipt() > Receipt::None)
        };
        let rows = self.deliveries(earlier).await?;
        let arrived = rows.iter().find(|row| row.state == DeliveryState::Delivered && gives_receipts(row));
        Ok(match arrived {
            Some(arrived) => Need::Drop(reached(arrived)),
            None => Need::Send(mail),
        })
    }

    /// Deliveries that need not be tried after these outcomes. One that is under way meanwhile is
    /// left alone: it ends by itself.
    pub(crate) async fn spare(&self, sent: &[Sent], places: &Places) -> Vec<Record> {
        let mut records = Vec::new();
        for sent in sent.iter().filter(|sent| !sent.spared.is_empty()) {
            let ids = std::iter::once(&sent.attempt.delivery).chain(&sent.spared).cloned().collect();
            // What cannot be read now is found superseded when its turn comes.
            let mut rows = self.deliveries(ids).await.unwrap_or_default().into_iter();
            let Some(arrived) = rows.next() else { continue };
            let waiting = rows.filter(|row| row.state == DeliveryState::Pending && !places.holds(&row.id));
            records.extend(waiting.map(|row| {
                self.shared.tray.forget(&row.id);
                superseded(&row, sent.attempt.at, reached(&arrived))
            }));
        }
        records
    }

    async fn deliveries(&self, ids: Vec<String>) -> Result<Vec<DeliveryRow>, Problem> {
        self.blocking(move |reader| {
            let rows = ids.iter().map(|id| codec::stored(reader.delivery(id)));
            rows.filter_map(Result::transpose).collect()
        })
        .await
    }

    async fn incident(&self, no: Option<IncidentNo>, seen: &mut Seen) -> Result<Option<Arc<Incident>>, Problem> {
        let Some(no) = no else { return Ok(None) };
        let slot = match seen.entry(no) {
            Entry::Occupied(known) => return Ok(known.get().clone()),
            Entry::Vacant(slot) => slot,
        };
        let view = View::new(Arc::clone(&self.reader));
        let incident = self.blocking(move |_| view.incident(no.0)).await?.map(Arc::new);
        Ok(slot.insert(incident).clone())
    }

    /// What an outcome means beyond its row.
    pub(crate) fn note(&self, sent: &Sent) {
        if let Some(channel) = &sent.disable {
            self.shared.disable(channel);
        }
        for problem in &sent.complaints {
            tracing::warn!(code = problem.code.id, detail = problem.detail, "outbox.dead");
        }
        self.shared.stats.attempted(&sent.attempt);
    }

    fn now(&self) -> Instant {
        self.shared.time.now()
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        // Without a runtime nobody is kept waiting.
        let Ok(runtime) = Handle::try_current() else { return read(&*self.reader) };
        let reader = Arc::clone(&self.reader);
        let joined = runtime.spawn_blocking(move || read(&*reader)).await;
        joined.map_err(|e| codec::unreadable(format!("a read did not finish ({e})")))?
    }
}

fn superseded(row: &DeliveryRow, now: Instant, why: String) -> Record {
    Record::new(DeliveryUpdate::Attempt(send::supersede(row, now, why)))
}

/// Why a later contact is not tried.
fn reached(arrived: &DeliveryRow) -> String {
    format!("not tried: {} was reached by {}", arrived.person, arrived.channel)
}
