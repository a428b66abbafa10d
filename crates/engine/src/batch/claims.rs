//! Requests that are claimed in the transaction that decides them: who is on call at this moment
//! is written down together with the request, so that no second transaction stands before a page.
//!
//! What a claim would have to decide besides (nobody is on call, somebody has no contact) is left
//! to the outbox, as is all that an earlier run has left. Nothing is sent from here.

use std::collections::BTreeSet;
use std::sync::Arc;

use calendar::Instant;
use journal::StoredRequest;
use problem::Problem;

use super::Work;
use crate::hold::Hold;
use crate::outbox::{Desk, Request, lease};
use crate::shared::Shared;

/// A request of this batch.
pub(super) struct Asked {
    pub(super) stored: StoredRequest,
    pub(super) request: Request,
}

/// What a claim needs besides rules and incident.
pub(crate) struct Outlet<'a> {
    public_url: &'a str,
    /// Messages are held: people are chosen when they go out, who may then be others.
    held: bool,
    /// Channels that are switched off.
    disabled: BTreeSet<String>,
    /// The present by the clock that deliveries are due by; the journal's time may be ahead of it.
    present: Instant,
    /// The node that decides sends as well, unless it dies: others leave its deliveries alone until then.
    held_until: Option<Instant>,
}

impl<'a> Outlet<'a> {
    /// None while the engine stops: who is on call is then looked up by the next run.
    pub(crate) fn of(shared: &'a Shared, present: Instant) -> Option<Outlet<'a>> {
        let held = shared.hold().is_some();
        let outlet = || Outlet {
            public_url: &shared.public_url,
            held,
            disabled: shared.disabled(),
            present,
            held_until: lease::held_until(shared, present),
        };
        (!shared.queue.is_draining()).then(outlet)
    }
}

impl Work<'_, '_> {
    /// Claims what this batch asks for, by the rules and incidents that it leaves behind.
    pub(super) fn claim_requests(&mut self) -> Result<(), Problem> {
        let Some(outlet) = &self.basis.outlet else { return Ok(()) };
        // Another roster may name other addresses: what was switched off gets another chance.
        let none = BTreeSet::new();
        let disabled = if self.activated.is_some() { &none } else { &outlet.disabled };
        let rules = Arc::clone(&self.basis.rules);
        let waits = |asked: &&Asked| {
            let StoredRequest { request, .. } = &asked.stored;
            outlet.held && Hold::holds(request.severity, Request::announces(&request.kind))
        };
        for Asked { stored, request } in self.requests.iter().filter(|asked| !waits(asked)) {
            let incident = match stored.request.incident {
                Some(no) => self.basis.desk.incident(no.0)?,
                None => None,
            };
            let (incident, public_url) = (incident.as_deref(), outlet.public_url);
            let desk = Desk { rules: &rules, incident, public_url, disabled, now: outlet.present };
            let mut record = desk.resolve(stored, request);
            if let Some(until) = outlet.held_until {
                lease::hold(&mut record.update, outlet.present, until);
            }
            if record.follow_ups.is_empty() && record.documents.is_empty() {
                self.outbox.deliveries.push(record.update);
            }
        }
        Ok(())
    }
}
