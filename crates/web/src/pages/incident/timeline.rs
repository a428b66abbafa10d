//! What happened, newest first, in plain words. Bookkeeping is folded away.

use maud::{Markup, html};
use wcore::event::{Actor, Entry};

use super::View;
use crate::pages::event_words::{Line, Weight, line};
use crate::pages::frame::Scene;
use crate::pages::{moment, words};

/// Entries shown at once; older ones unfold.
const MAX_SHOWN: usize = 40;

/// An entry in words.
struct Told<'a> {
    entry: &'a Entry,
    shown: Vec<Line>,
    folded: Vec<Line>,
}

/// What stands together in the list.
enum Group<'a> {
    /// One entry that deserves its place.
    One(Told<'a>),
    /// Neighbours that are all bookkeeping.
    Quiet(Vec<Told<'a>>),
}

/// The timeline.
pub(super) fn timeline(scene: &Scene, view: &View) -> Markup {
    let groups = grouped(&view.timeline, scene);
    let (recent, older) = groups.split_at(groups.len().min(MAX_SHOWN));
    html! {
        section.timeline aria-labelledby="timeline" {
            h2 #timeline { "Timeline" }
            ol.log aria-label="Timeline, newest first" { @for group in recent { (block(group, scene)) } }
            @if !older.is_empty() {
                details #older {
                    summary { (words::count(older.len() as u64, "older entry", "older entries")) }
                    ol.log { @for group in older { (block(group, scene)) } }
                }
            }
        }
    }
}

fn grouped<'a>(timeline: &'a [Entry], scene: &Scene) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for entry in timeline.iter().rev() {
        let told = tell(entry, scene);
        match (told.shown.is_empty(), groups.last_mut()) {
            (true, Some(Group::Quiet(quiet))) => quiet.push(told),
            (true, _) => groups.push(Group::Quiet(vec![told])),
            (false, _) => groups.push(Group::One(told)),
        }
    }
    groups
}

/// A person's act is never folded away, however small.
fn tell<'a>(entry: &'a Entry, scene: &Scene) -> Told<'a> {
    let lines = entry.events.iter().map(|event| line(event, &scene.names, scene.now));
    let (shown, folded): (Vec<Line>, Vec<Line>) = lines.partition(|line| line.weight > Weight::Minor);
    if shown.is_empty() && !matches!(entry.by, Actor::Watchbell) {
        return Told { entry, shown: folded, folded: Vec::new() };
    }
    Told { entry, shown, folded }
}

fn block(group: &Group<'_>, scene: &Scene) -> Markup {
    match group {
        Group::One(told) => one(told, scene),
        Group::Quiet(quiet) => self::quiet(quiet),
    }
}

fn one(told: &Told<'_>, scene: &Scene) -> Markup {
    let alarm = told.shown.iter().any(|line| line.weight == Weight::Alarm);
    let person = matches!(told.entry.by, Actor::Person(_));
    html! {
        li.is-alarm[alarm].is-person[person] {
            p.log-head { (moment::exact(told.entry.at)) span.who { (scene.names.actor(&told.entry.by)) } }
            @for line in &told.shown { (written(line)) }
            (steps(&told.folded))
        }
    }
}

fn quiet(quiet: &[Told<'_>]) -> Markup {
    let lines: Vec<&Line> = quiet.iter().flat_map(|told| &told.folded).collect();
    let Some(newest) = quiet.first() else { return html! {} };
    html! {
        li.is-quiet {
            p.log-head { (moment::exact(newest.entry.at)) }
            details #{ "quiet-" (newest.entry.at.as_micros()) } {
                summary { (words::count(lines.len() as u64, "automatic step", "automatic steps")) }
                ul { @for line in lines { li { (line.text) } } }
            }
        }
    }
}

fn steps(folded: &[Line]) -> Markup {
    html! {
        @if !folded.is_empty() {
            details {
                summary { "and " (words::count(folded.len() as u64, "automatic step", "automatic steps")) }
                ul { @for line in folded { li { (line.text) } } }
            }
        }
    }
}

fn written(line: &Line) -> Markup {
    html! {
        p.log-line.is-alarm[line.weight == Weight::Alarm] { (line.text) }
        @if let Some(quote) = &line.quote { p.quote { (quote) } }
    }
}
