//! Another severity: raised by anyone, at once; looser targets need a second person.

use policy::model::Rank;
use problem::Problem;

use crate::draft::Draft;
use crate::event::{Actor, Event, PageReason};
use crate::promise::Loosen;

pub(super) fn change(
    draft: &mut Draft<'_>,
    by: &Actor,
    severity: &str,
    reason: &str,
    approver: Option<&str>,
) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let reason = super::text("reason", reason)?;
    let rank = rank(draft, severity)?;
    if rank == draft.state.severity {
        return Err(draft.stage(format!("it is {severity} already")));
    }
    if let Some(approver) = approver
        && (approver == act.by || !draft.ctx.roster.people.contains_key(approver))
    {
        let detail = format!("`approver` is `{approver}`; it must be another person of the roster");
        return Err(Problem::new(&problem::APPROVAL_REQUIRED, detail));
    }
    let reason = match approver {
        Some(approver) if rank > draft.state.severity => format!("{reason} (looser targets approved by {approver})"),
        _ => reason,
    };
    let loosen = if approver.is_some() { Loosen::Approved } else { Loosen::Never };
    draft.change_severity(rank, reason, loosen);
    Ok(())
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
    pub(crate) fn change_severity(&mut self, to: Rank, reason: String, loosen: Loosen) {
        let from = self.state.severity;
        self.emit(Event::SeverityChanged { from, to, reason });
        self.retarget(from, loosen);
        if to < from {
            let first = self.ctx.policy.steps(&self.state.class).first().map(|step| step.page.clone());
            let mut parties = self.answering(policy::model::Role::Commander);
            parties.extend(first.unwrap_or_default());
            self.page(PageReason::Raised { to }, parties);
            self.quicken_escalation();
        }
    }
}
