//! The weekly review and the matrix of a store: gathered here, judged by `lab`, shown by `report`.
//!
//! Pages and the command line share it. It reads the journal and decides nothing.

use std::cell::RefCell;

use calendar::Instant;
use engine::{Documents, View};
use journal::{IncidentNo, Living};
use lab::{Question, Review, Thresholds, Week};
use policy::model::{Policy, Roster};
use problem::Problem;
use wcore::Incident;

use crate::access::Viewer;
use crate::app::App;
use crate::sight::{Sight, stored, unreadable};

/// Incidents read at once.
const CHUNK: u32 = 200;

/// Policy and roster that the engine has stored as the active ones; none before a first start.
pub fn in_force(view: &View) -> Result<Option<(Policy, Roster)>, Problem> {
    let Some(body) = view.document("settings", "active")? else { return Ok(None) };
    let documents: Documents = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    let loaded = documents.load();
    let invalid = || Problem::new(&problem::STORE_CORRUPT, "the stored policy is not valid for this version");
    loaded.policy.zip(loaded.roster).map(Some).ok_or_else(invalid)
}

/// The review of a week, such as `2026-W47`; of the present one where none is named. Incidents that
/// `sees` refuses are left out.
pub fn review(
    view: &View,
    (policy, roster): (&Policy, &Roster),
    (week, now): (Option<&str>, Instant),
    sees: impl Fn(&Incident) -> bool,
) -> Result<Review, Problem> {
    let zone = lab::review_zone(policy, roster);
    let week = match week {
        None => Week::containing(now, &zone),
        Some(text) => text.parse().map_err(|error| crate::api::query(format!("{error}")))?,
    };
    let first = (0..lab::EARLIER_WEEKS).fold(week, |week, _| week.previous());
    let (from, until) = (first.starts_at(&zone), week.ends_at(&zone));
    let mut incidents = Vec::new();
    let mut living = Living { from, until, before: None };
    loop {
        let page = view.living(&living, CHUNK)?;
        for incident in page.iter().filter(|incident| sees(incident)) {
            let entries = view.timeline(incident.no)?.into_iter().map(|stored| stored.entry).collect();
            incidents.push((incident.no, entries));
        }
        match page.last() {
            Some(last) if page.len() == CHUNK as usize => {
                living.before = Some((last.opened_at, IncidentNo(last.no)));
            }
            _ => break,
        }
    }
    let mut review = lab::review(Question { week, zone: &zone, now, policy, roster }, incidents);
    let head = view.reader().head().map_err(|error| stored(&error))?;
    review.head = Some((head.position.0, head.hash.iter().map(|byte| format!("{byte:02x}")).collect()));
    Ok(review)
}

/// The review of a week as a viewer may see it, with what tighter numbers would have caught.
pub(crate) async fn seen_review(app: &App, viewer: &Viewer, week: Option<String>) -> Result<Review, Problem> {
    let (rules, now, eyes) = (app.engine.rules(), app.engine.now(), viewer.clone());
    let read = app.engine.read(move |view| {
        let rules = (&*rules.policy, &*rules.roster);
        let sight = RefCell::new(Sight::new(view, &eyes));
        // What cannot be judged is not shown.
        let sees = |incident: &Incident| sight.borrow_mut().sees(incident).unwrap_or(false);
        review(view, rules, (week.as_deref(), now), sees)
    });
    let mut review = read.await?;
    let thresholds = app.remembered.thresholds(&app.engine, review.until).await?;
    let mut thresholds = Thresholds::clone(&thresholds);
    if !viewer.admin {
        let rules = app.engine.rules();
        let open = |class: &str| rules.policy.class(class).is_some_and(|class| !class.restricted);
        thresholds.tried.retain(|tried| open(&tried.class));
        thresholds.tried.iter_mut().for_each(|tried| tried.comparison.differences.retain(|one| open(&one.class)));
        thresholds.fidelity.deviations.clear();
        thresholds.fidelity.not_replayable.incidents.clear();
        let class = |id: &String| rules.policy.triggers.iter().find(|one| one.id == *id).map(|one| &one.raise.class);
        thresholds.without_number.retain(|id| class(id).is_some_and(|class| open(class)));
        thresholds.counts_hidden = true;
    }
    review.thresholds = Some(thresholds);
    Ok(review)
}
