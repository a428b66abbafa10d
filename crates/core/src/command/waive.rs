//! A named person lets a promise go, with a reason. What was missed stays missed.

use problem::Problem;

use crate::clock::Ending;
use crate::draft::Draft;
use crate::event::{Actor, Event};

pub(super) fn waive(draft: &mut Draft<'_>, by: &Actor, clock: &str, reason: &str) -> Result<(), Problem> {
    let act = draft.act(by)?;
    let reason = super::text("reason", reason)?;
    let open = draft.state.clocks.iter().find(|c| c.is_open() && c.id.to_string() == clock);
    let Some(id) = open.map(|clock| clock.id.clone()) else {
        let running: Vec<String> =
            draft.state.clocks.iter().filter(|c| c.is_open()).map(|c| c.id.to_string()).collect();
        let detail = format!("`clock` is `{clock}`; running are {}", running.join(", "));
        return Err(Problem::new(&problem::CLOCK_UNKNOWN, detail));
    };
    draft.emit(Event::ClockEnded { clock: id, ending: Ending::Waived { by: act.by, reason } });
    Ok(())
}
