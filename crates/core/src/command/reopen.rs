//! It came back: what was acknowledged and first announced stays met, the work resumes.

use std::collections::BTreeSet;

use policy::model::Role;
use problem::Problem;

use crate::clock::ClockKind;
use crate::command::resolve::ends_with_resolution;
use crate::draft::Draft;
use crate::event::{Actor, Event, PageReason, RetimeCause};

pub(super) fn reopen(draft: &mut Draft<'_>, by: &Actor, reason: &str) -> Result<(), Problem> {
    draft.act(by)?;
    let reason = super::text("reason", reason)?;
    if draft.state.status().is_open() {
        return Err(draft.stage("it is open".to_owned()));
    }
    draft.reopen(reason);
    Ok(())
}

impl Draft<'_> {
    /// Withdraws what no longer holds, and pages whoever answers for it.
    pub(crate) fn reopen(&mut self, reason: String) {
        let resolved_at = self.state.resolved_at.unwrap_or(self.now());
        self.emit(Event::Reopened { reason });
        self.cancel(&ClockKind::Review, "reopened");
        for kind in [ClockKind::Contain, ClockKind::Mitigate, ClockKind::Validate, ClockKind::Resolve] {
            self.resume(&kind, RetimeCause::Reopened);
        }
        let kinds: BTreeSet<ClockKind> = self.state.clocks.iter().map(|clock| clock.id.kind.clone()).collect();
        for kind in kinds.iter().filter(|kind| ends_with_resolution(kind)) {
            self.resume_cancelled(kind, resolved_at);
        }
        self.restart_cadences();
        let mut parties = self.answering(Role::Commander);
        parties.extend(self.answering(Role::Remediation));
        self.page(PageReason::Reopened { time: self.state.reopened }, parties);
        // A sender's all-clear had ended it before anyone took it.
        if self.state.acknowledged.is_none() {
            self.start_escalation();
        }
    }
}
