//! The way out without proof: asked for by one person, confirmed by a second, and never forgotten.

use calendar::Duration;
use problem::Problem;

use crate::draft::Draft;
use crate::event::{Actor, Event, PageReason};

/// How long a request waits for the second person: both must look at the same situation.
pub const BREAK_GLASS_WITHIN: Duration = Duration::from_mins(30);

pub(super) fn request(draft: &mut Draft<'_>, by: &Actor, reason: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    let reason = super::text("reason", reason)?;
    if let Some(glass) = &draft.state.break_glass
        && glass.by != act.by
        && draft.now() <= glass.until
    {
        return Err(draft.stage(format!("{} has asked for it already; confirm it", glass.by)));
    }
    draft.take(&act);
    let until = draft.now() + BREAK_GLASS_WITHIN;
    let parties = draft.second_person(&act.by);
    draft.emit(Event::BreakGlassRequested { by: act.by, reason, until });
    draft.page(PageReason::BreakGlass { until }, parties);
    Ok(())
}

/// By a second person, in time.
pub(super) fn confirm(draft: &mut Draft<'_>, by: &Actor) -> Result<(), Problem> {
    let act = draft.act(by)?;
    draft.must_be_open()?;
    draft.must_be_known(&act.by)?;
    let refuse = |detail: String| Err(Problem::new(&problem::BREAK_GLASS_ABSENT, detail));
    let Some(glass) = draft.state.break_glass.clone() else {
        return refuse(format!("nobody asked to resolve INC-{} without proof", draft.state.no));
    };
    if draft.now() > glass.until {
        return refuse(format!("the request of {} ended at {}", glass.by, glass.until));
    }
    if glass.by == act.by {
        let detail = format!("{} asked to resolve INC-{} without proof", act.by, draft.state.no);
        return Err(Problem::new(&problem::APPROVAL_REQUIRED, detail));
    }
    draft.emit(Event::BrokenGlass { by: glass.by, confirmed_by: act.by, reason: glass.reason });
    draft.close(false);
    Ok(())
}
