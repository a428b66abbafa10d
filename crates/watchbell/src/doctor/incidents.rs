//! Whether incidents are stored as their events tell: the chain covers the events, not the rows.

use std::collections::BTreeSet;

use engine::Difference;
use journal::{IncidentFilter, Reader};
use problem::Problem;

use super::Finding;
use crate::backup::Bar;

/// Incidents of each kind that are folded again: some seconds of work at most.
const SAMPLE: u32 = 500;

pub(super) fn look(reader: &dyn Reader, all: bool) -> Finding {
    let found = if all { everything(reader) } else { sample(reader) };
    match found {
        Err(problem) => Finding::fail("incidents", problem.to_string(), problem.code.remedy),
        Ok((_, Some((no, difference)))) => {
            let says = format!("INC-{no} {}", difference.words());
            Finding::fail("incidents", says, problem::INCIDENT_ROWS_ALTERED.remedy)
        }
        Ok((looked, None)) => {
            let which = if all { "" } else { ", the open and the latest; --full looks at all" };
            Finding::ok("incidents", format!("{looked} incidents equal what their events give{which}"))
        }
    }
}

/// How many were looked at, and the first that differs.
type Found = Result<(usize, Option<(u64, Difference)>), Problem>;

fn everything(reader: &dyn Reader) -> Found {
    let total = reader.head().map_err(|error| error.problem())?.position.0;
    let mut bar = Bar::default();
    let found = engine::refold_told(reader, &mut |at| bar.step("folded", at.0, total))?;
    bar.end("every incident was folded again from its events");
    // A server may have gone on meanwhile; so each that differs is looked at once more, by itself.
    let suspects: BTreeSet<u64> =
        [&found.different, &found.missing, &found.invented].into_iter().flatten().copied().collect();
    Ok((found.rows.len(), first(reader, suspects)?))
}

fn sample(reader: &dyn Reader) -> Found {
    let mut numbers = BTreeSet::new();
    for open in [Some(true), None] {
        let filter = IncidentFilter { open, ..IncidentFilter::default() };
        let rows = reader.incidents(&filter, SAMPLE).map_err(|error| error.problem())?;
        numbers.extend(rows.iter().map(|row| row.no.0));
    }
    // The latest by number, so that a row that is gone is missed, too.
    let newest = reader.head().map_err(|error| error.problem())?.next_incident;
    numbers.extend(newest.saturating_sub(u64::from(SAMPLE)).max(1)..newest);
    Ok((numbers.len(), first(reader, numbers)?))
}

fn first(reader: &dyn Reader, numbers: BTreeSet<u64>) -> Result<Option<(u64, Difference)>, Problem> {
    for no in numbers {
        if let Some(difference) = engine::compare(reader, no)? {
            return Ok(Some((no, difference)));
        }
    }
    Ok(None)
}
