//! What can be done to an incident now: the one step that moves it on, and everything else.
//!
//! A projection of the state for people. It refuses nothing: the core does, and [`desk`] asks it
//! beforehand, so that a person reads why before they type.

pub(crate) mod checklists;
mod desk;
mod people;
mod record;
mod steps;
mod tell;

use wcore::incident::Status;

pub(crate) use desk::{Desk, Offer};
pub(crate) use people::{acceptances, role_acts};
pub(crate) use steps::{acknowledge, confirm, confirm_severity, decline_severity};
pub(crate) use tell::{correction, words_acts};

/// Longest single line asked for.
const MAX_LINE: usize = 400;

/// The one step that moves the incident on; none once it is reviewed.
pub(crate) fn primary(desk: &Desk<'_>) -> Option<Offer> {
    match desk.incident.status() {
        Status::Triggered => Some(steps::acknowledge(desk)),
        Status::Acknowledged => Some(steps::contain(desk)),
        Status::Contained => Some(steps::mitigate(desk)),
        Status::Mitigated => Some(steps::validate(desk)),
        Status::Validated => Some(steps::resolve(desk)),
        Status::Resolved => Some(steps::review(desk)),
        Status::Closed if desk.incident.action_done.is_none() => Some(steps::action_done(desk)),
        Status::Closed => None,
    }
}

/// Everything else, in the groups in which people look for it.
pub(crate) fn others(desk: &Desk<'_>) -> Vec<(&'static str, Vec<Offer>)> {
    let mut tell = tell::updates(desk);
    tell.extend(tell::decisions(desk));
    tell.push(record::note(desk));
    let groups = [
        ("Tell people", tell),
        ("People", people::assignment(desk)),
        ("Change", record::changes(desk)),
        ("Skip ahead", ahead(desk)),
    ];
    groups.into_iter().filter(|(_, offers)| !offers.is_empty()).collect()
}

/// Steps after the primary one that may come first, as containment does not always, and the way
/// out without proof.
fn ahead(desk: &Desk<'_>) -> Vec<Offer> {
    let incident = desk.incident;
    let mut ahead = match incident.status() {
        Status::Triggered => vec![steps::contain(desk), steps::mitigate(desk), steps::validate(desk)],
        Status::Acknowledged => vec![steps::mitigate(desk), steps::validate(desk), steps::resolve(desk)],
        Status::Contained => vec![steps::validate(desk), steps::resolve(desk)],
        Status::Mitigated | Status::Validated if incident.contained.is_none() => vec![steps::contain(desk)],
        _ => Vec::new(),
    };
    if incident.status().is_open() && incident.break_glass.as_ref().is_none_or(|glass| glass.until < desk.scene.now) {
        ahead.push(steps::break_glass(desk));
    }
    ahead
}
