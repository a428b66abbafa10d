//! Proof that the fix works, by someone other than who fixed it, newer than the fix.

use policy::model::Role;
use problem::Problem;

use crate::clock::ClockKind;
use crate::draft::Draft;
use crate::event::{Act, Actor, Event, Evidence, RetimeCause};

pub(super) fn validate(draft: &mut Draft<'_>, by: &Actor, passed: bool, evidence: &Evidence) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let kind = super::text("evidence.kind", &evidence.kind)?;
    let text = super::text("evidence.text", &evidence.text)?;
    draft.keep_fixer_and_prover_apart(&act)?;
    draft.must_be_fresh(evidence)?;
    draft.take(&act);
    draft.emit_validator(&act);
    let evidence = Evidence { kind, text, link: evidence.link.clone(), observed_at: evidence.observed_at };
    let was_mitigated = draft.state.mitigated.is_some();
    draft.emit_milestone(Event::Validated { act, passed, evidence });
    if passed {
        draft.meet(&ClockKind::Validate);
    } else if was_mitigated {
        draft.resume(&ClockKind::Mitigate, RetimeCause::ValidationFailed);
        if draft.state.contained.is_none() {
            draft.resume(&ClockKind::Contain, RetimeCause::ValidationFailed);
        }
        draft.restart_cadences();
    }
    Ok(())
}

impl Draft<'_> {
    fn keep_fixer_and_prover_apart(&self, act: &Act) -> Result<(), Problem> {
        self.keep_apart(Role::Validation, &act.by)?;
        let rule = self.ctx.policy.role(&self.state.class, Role::Validation);
        let apart = rule.is_some_and(|rule| rule.not == Some(Role::Remediation));
        let fixed_by = self.state.mitigated.as_ref().map(|(fix, _)| fix.by.as_str());
        if apart && fixed_by == Some(act.by.as_str()) {
            let detail = format!("{} mitigated INC-{}, so another person must validate it", act.by, self.state.no);
            return Err(Problem::new(&problem::SEPARATION_OF_DUTIES, detail));
        }
        Ok(())
    }

    fn must_be_fresh(&self, evidence: &Evidence) -> Result<(), Problem> {
        let now = self.now();
        if evidence.observed_at > now + super::MAX_AHEAD {
            let detail = format!("`evidence.observed_at` is {}, after the journal's {now}", evidence.observed_at);
            return Err(Problem::new(&problem::TIME_INVALID, detail));
        }
        let (since, what) = match &self.state.mitigated {
            Some((fix, _)) => (fix.at, "mitigation"),
            None => (self.state.opened_at, "opening"),
        };
        if evidence.observed_at <= since {
            let detail = format!("the evidence was taken at {}, the {what} was at {since}", evidence.observed_at);
            return Err(Problem::new(&problem::EVIDENCE_STALE, detail));
        }
        Ok(())
    }

    fn emit_validator(&mut self, act: &Act) {
        self.take_role(Role::Validation, &act.by);
    }
}
