//! Another severity: raised by anyone, at once; lowered by two people, since deadlines loosen with it.
//!
//! One person asks, another confirms or declines; until then the severity stays.

use calendar::Duration;
use policy::model::{Rank, Role};
use problem::Problem;

use crate::draft::Draft;
use crate::event::{Act, Actor, Event, PageReason};
use crate::incident::Lowering;

/// How long a request to lower the severity waits for the second person: both must look at the
/// same situation.
pub const LOWER_WITHIN: Duration = Duration::from_mins(30);

pub(super) fn change(draft: &mut Draft<'_>, by: &Actor, severity: &str, reason: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let reason = super::text("reason", reason)?;
    let to = rank(draft, severity)?;
    if to == draft.state.severity {
        return Err(draft.stage(format!("it is {severity} already")));
    }
    if to > draft.state.severity {
        return ask(draft, act, to, reason);
    }
    draft.change_severity(to, reason);
    Ok(())
}

fn ask(draft: &mut Draft<'_>, act: Act, to: Rank, reason: String) -> Result<(), Problem> {
    if let Some(asked) = &draft.state.lowering
        && asked.by != act.by
        && draft.now() <= asked.until
    {
        let severity = draft.ctx.policy.severity_name(asked.to);
        return Err(draft.stage(format!("{} asks for {severity} already; confirm or decline it", asked.by)));
    }
    let until = draft.now() + LOWER_WITHIN;
    let parties = draft.second_person(&act.by);
    draft.emit(Event::LoweringRequested { by: act.by, to, reason, until });
    draft.page(PageReason::Lowering { to, until }, parties);
    Ok(())
}

/// By a second person, in time, who names the severity so that nobody confirms another than they read.
pub(super) fn confirm(draft: &mut Draft<'_>, by: &Actor, severity: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    draft.must_be_known(&act.by)?;
    let to = rank(draft, severity)?;
    let asked = waiting(draft)?;
    if asked.to != to {
        let wanted = draft.ctx.policy.severity_name(asked.to);
        return Err(draft.stage(format!("{} asks for {wanted}, not for {severity}", asked.by)));
    }
    if asked.by == act.by {
        let detail = format!("{} asked to lower INC-{} to {severity}", act.by, draft.state.no);
        return Err(Problem::new(&problem::APPROVAL_REQUIRED, detail));
    }
    let reason = asked.reason.clone();
    draft.emit(Event::LoweringConfirmed { by: asked.by, confirmed_by: act.by, reason });
    draft.change_severity(to, asked.reason);
    Ok(())
}

/// Whoever asked takes it back, or another person does not agree.
pub(super) fn decline(draft: &mut Draft<'_>, by: &Actor, reason: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let reason = super::text("reason", reason)?;
    waiting(draft)?;
    draft.emit(Event::LoweringDeclined { by: act.by, reason });
    Ok(())
}

fn waiting(draft: &Draft<'_>) -> Result<Lowering, Problem> {
    let refuse = |detail: String| Err(Problem::new(&problem::LOWERING_ABSENT, detail));
    match draft.state.lowering.clone() {
        None => refuse(format!("nobody asks to lower the severity of INC-{}", draft.state.no)),
        Some(asked) if draft.now() > asked.until => {
            refuse(format!("the request of {} ended at {}", asked.by, asked.until))
        }
        Some(asked) => Ok(asked),
    }
}

fn rank(draft: &Draft<'_>, severity: &str) -> Result<Rank, Problem> {
    draft.ctx.policy.rank_of(severity).ok_or_else(|| {
        let known: Vec<&str> = draft.ctx.policy.severities.iter().map(|s| s.name.as_str()).collect();
        let detail = format!("`severity` is `{severity}`; the policy has {}", known.join(", "));
        Problem::new(&problem::NAME_UNKNOWN, detail)
    })
}

impl Draft<'_> {
    /// Applies another severity's targets from the original start.
    pub(crate) fn change_severity(&mut self, to: Rank, reason: String) {
        let from = self.state.severity;
        self.emit(Event::SeverityChanged { from, to, reason });
        self.retarget(from);
        if to < from {
            let first = self.ctx.policy.steps(&self.state.class).first().map(|step| step.page.clone());
            let mut parties = self.answering(Role::Commander);
            parties.extend(first.unwrap_or_default());
            self.page(PageReason::Raised { to }, parties);
            self.quicken_escalation();
        }
    }
}
