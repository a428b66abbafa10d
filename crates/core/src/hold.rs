//! The hold after a passed validation: the fix must stand for a while before anyone may resolve,
//! and a bad signal meanwhile fails the validation again.

use calendar::Intervals;
use policy::model::Role;
use problem::Problem;

use crate::clock::ClockKind;
use crate::decision::Decision;
use crate::draft::Draft;
use crate::event::{Event, PageReason, RetimeCause};
use crate::promise;

impl Draft<'_> {
    /// Begins the hold that the policy asks for.
    pub(crate) fn start_hold(&mut self) {
        let Some(target) = self.targets().hold else { return };
        let calendar = self.ctx.calendar(&target.calendar);
        let length = promise::length(calendar, target.length, self.now());
        let until = promise::due(calendar, self.now(), length, &Intervals::new());
        self.emit(Event::HoldStarted { until: until.unwrap_or(self.now() + length) });
    }

    /// Refuses while a hold runs.
    pub(crate) fn must_not_be_held(&self) -> Result<(), Problem> {
        match &self.state.hold {
            Some(hold) if self.now() < hold.until => {
                let detail = format!("INC-{} may be resolved from {} on", self.state.no, hold.until);
                Err(Problem::new(&problem::HOLD_RUNNING, detail))
            }
            _ => Ok(()),
        }
    }

    /// A trigger fired: in a hold that fails the validation, unless its signals are older than the fix.
    pub(crate) fn break_hold(&mut self, decision: &Decision) {
        let held = self.state.hold.as_ref().is_some_and(|hold| self.now() < hold.until);
        let fixed_at = self.state.mitigated.as_ref().map(|(fix, _)| fix.at);
        if !held || fixed_at.is_some_and(|at| decision.last_at <= at) {
            return;
        }
        self.emit(Event::HoldBroken { trigger: decision.trigger.clone() });
        self.resume_work();
        let roles = [Role::Remediation, Role::Validation, Role::Commander];
        let parties = roles.into_iter().flat_map(|role| self.answering(role)).collect();
        self.page(PageReason::HoldBroken { time: self.state.holds_broken }, parties);
    }

    /// What was taken for fixed is not: the work and its promises go on.
    pub(crate) fn resume_work(&mut self) {
        self.resume(&ClockKind::Validate, RetimeCause::ValidationFailed);
        self.resume(&ClockKind::Mitigate, RetimeCause::ValidationFailed);
        if self.state.contained.is_none() {
            self.resume(&ClockKind::Contain, RetimeCause::ValidationFailed);
        }
        self.restart_cadences();
    }
}
