//! All done: only after proof, or by a sender's all-clear where the class says so.

use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Actor, Event, RetimeCause};

pub(super) fn resolve(draft: &mut Draft<'_>, by: &Actor) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let on_clear = draft.ctx.policy.class(&draft.state.class).is_some_and(|class| class.resolve_on_clear);
    let cleared = on_clear && !draft.state.sources.alerts.is_empty() && draft.state.firing() == 0;
    if !draft.state.is_validated() && !cleared {
        let last = match &draft.state.validation {
            Some(_) => "its last validation failed, or is older than the mitigation",
            None if draft.state.holds_broken > 0 => "a bad signal failed its last validation",
            None => "no validation is recorded",
        };
        return Err(Problem::new(&problem::VALIDATION_REQUIRED, format!("INC-{}: {last}", draft.state.no)));
    }
    if !cleared {
        draft.must_not_be_held()?;
    }
    draft.take(&act);
    draft.close(false);
    Ok(())
}

impl Draft<'_> {
    /// Ends what resolution ends, and begins what follows it.
    pub(crate) fn close(&mut self, on_clear: bool) {
        self.stop_escalation("resolved");
        if self.state.paused.is_some() {
            self.emit(Event::Unpaused);
            self.pause_clocks(RetimeCause::Unpause);
        }
        self.emit_milestone(Event::Resolved { at: self.now(), on_clear });
        self.meet(&ClockKind::Resolve);
        let kinds: Vec<ClockKind> = self
            .state
            .clocks
            .iter()
            .filter(|clock| clock.is_open() && ends_with_resolution(&clock.id.kind))
            .map(|clock| clock.id.kind.clone())
            .collect();
        for kind in kinds {
            self.cancel(&kind, "resolved");
        }
        if let Some(target) = self.targets().review {
            self.start(ClockKind::Review, &target, self.now(), None);
        }
    }
}

/// People who wait to hear, and the law, still wait after resolution.
pub(super) fn ends_with_resolution(kind: &ClockKind) -> bool {
    matches!(
        kind,
        ClockKind::Acknowledge
            | ClockKind::Accept(_)
            | ClockKind::Confirm
            | ClockKind::Contain
            | ClockKind::Mitigate
            | ClockKind::Validate
    )
}
