//! The board: is anything burning, what falls due next, and what is mine.
//!
//! Rows stand in the order in which they need a person: missed promises first, then by the
//! share of time that is left, so that 4 minutes of 10 come before 30 minutes of 240.

use calendar::{Duration, Instant};
use maud::{Markup, html};
use policy::model::Role;
use wcore::Incident;
use wcore::clock::Clock;
use wcore::incident::Status;

use super::face::{self, Chip, Face};
use super::frame::{Page, Scene, Section, page};
use super::{glyph, moment, words};

/// Chips shown per row; further promises are counted.
const MAX_CHIPS: usize = 4;

/// Which incidents are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Those that need someone.
    #[default]
    Open,
    /// Resolved and reviewed ones.
    Closed,
}

/// What the board shows.
#[derive(Default)]
pub(crate) struct Board {
    /// Open incidents that the viewer may see.
    pub(crate) open: Vec<Incident>,
    /// Closed ones, newest first; only asked for on their tab.
    pub(crate) closed: Vec<Incident>,
    /// Which of them is shown.
    pub(crate) tab: Tab,
    /// Words to find.
    pub(crate) query: String,
    /// On a wall.
    pub(crate) wall: bool,
    /// What Watchbell itself has trouble with.
    pub(crate) alerts: Vec<Alert>,
    /// Whether the viewer may say that they have seen it.
    pub(crate) may_respond: bool,
}

/// Something that is wrong with Watchbell itself.
pub(crate) struct Alert {
    /// The problem's code.
    pub(crate) code: String,
    /// What and where.
    pub(crate) detail: String,
    /// How often.
    pub(crate) count: u64,
    /// Since when.
    pub(crate) last_at: Instant,
}

/// The page.
pub(crate) fn board(scene: &Scene, board: &Board) -> Markup {
    let open = sorted(&board.open, scene.now);
    let missed = open.iter().filter(|incident| is_late(incident, scene.now)).count();
    let heading = match open.len() {
        0 => "Nothing is burning".to_owned(),
        n => format!("{n} open"),
    };
    let summary = if missed > 0 { format!("{heading}, {missed} with a missed deadline") } else { heading.clone() };
    let main = html! {
        (self_alerts(board, scene))
        section.hero.is-burning[!open.is_empty()] aria-label="Now" {
            div.hero-now {
                h1 { (heading) }
                @if missed > 0 { p.missed-count { (glyph::mark(glyph::Mark::Missed)) (missed_words(missed)) } }
                @else if !open.is_empty() { p.calm { (glyph::mark(glyph::Mark::Check)) "Every deadline is still ahead" } }
            }
            (next_deadline(&open, scene))
            @if !board.wall { (mine(&open, scene)) }
        }
        @if !board.wall { (tabs(board)) }
        @match board.tab {
            Tab::Open => (rows(&filtered(&open, &board.query, scene), board, scene)),
            Tab::Closed => (closed(&board.closed.iter().collect::<Vec<_>>(), board, scene)),
        }
    };
    let frame =
        Page { title: &summary, section: Section::Board, live: Some("*"), summary: summary.clone(), wall: board.wall };
    page(scene, &frame, main)
}

fn missed_words(missed: usize) -> String {
    if missed == 1 { "1 has missed a deadline".to_owned() } else { format!("{missed} have missed a deadline") }
}

/// Missed first, then the least share of time left; without a running clock last, the newest first.
fn sorted(incidents: &[Incident], now: Instant) -> Vec<&Incident> {
    let mut sorted: Vec<&Incident> = incidents.iter().collect();
    let urgency = |incident: &Incident| {
        let clocks = incident.clocks.iter().filter(|clock| clock.is_open());
        clocks.map(|clock| face::urgency(clock, now)).min().unwrap_or((u8::MAX, 0))
    };
    sorted.sort_by_key(|incident| {
        let (group, left) = urgency(incident);
        // Among those with missed promises the severity decides: all are late already.
        let first = if group == 0 { i64::from(incident.severity) } else { 0 };
        (group, first, left, std::cmp::Reverse(incident.no))
    });
    sorted
}

fn is_late(incident: &Incident, now: Instant) -> bool {
    incident.clocks.iter().any(|clock| Face::of(clock, now) == Face::Missed)
}

fn filtered<'a>(incidents: &[&'a Incident], query: &str, scene: &Scene) -> Vec<&'a Incident> {
    let query = query.trim().to_lowercase();
    let matches = |incident: &&&Incident| {
        let names = &scene.names;
        let owner = incident.roles.get(&Role::Commander).map_or("", |holder| names.person(&holder.person));
        let text = format!(
            "INC-{} {} {} {} {} {owner}",
            incident.no,
            incident.title,
            names.severity(incident.severity),
            names.class(&incident.class),
            names.service(&incident.service)
        );
        text.to_lowercase().contains(&query)
    };
    incidents.iter().filter(matches).copied().collect()
}

fn self_alerts(board: &Board, scene: &Scene) -> Markup {
    let alerts = &board.alerts;
    html! {
        @if !alerts.is_empty() {
            section.self-alert aria-labelledby="self-alert" {
                h2 #self-alert { (glyph::mark(glyph::Mark::Alert)) "Watchbell itself needs someone" }
                ul {
                    @for alert in alerts {
                        li {
                            a href={ "/docs/errors/" (alert.code) } { (alert.code) } ": " (alert.detail)
                            " " span.dim { (words::count(alert.count, "time", "times")) ", last " (moment::at(alert.last_at, scene.now)) }
                            @if board.may_respond {
                                form method="post" action={ "/self-alerts/" (alert.code) "/seen" } {
                                    input type="hidden" name="last_at" value=(alert.last_at.as_micros());
                                    button.button type="submit" aria-label={ "Seen: " (alert.code) } { "Seen" }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The clock of any open incident that falls due next.
fn next_deadline(open: &[&Incident], scene: &Scene) -> Markup {
    let clocks = open.iter().flat_map(|incident| incident.clocks.iter().map(move |clock| (*incident, clock)));
    let ahead = clocks.filter(|(_, clock)| clock.is_open() && clock.breached_at.is_none() && !clock.is_paused());
    let next =
        ahead.filter_map(|(incident, clock)| Some((clock.due_at?, incident, clock))).min_by_key(|(due, ..)| *due);
    html! {
        div.hero-cell {
            h2 { "Next deadline" }
            @match next {
                Some((due, incident, clock)) => {
                    p.big { (moment::countdown(due, scene.now)) }
                    p { (words::clock(&clock.id.kind)) " · " a.nowrap href={ "/incidents/INC-" (incident.no) } { "INC-" (incident.no) } }
                }
                None => { p.big { "None" } p.dim { "No clock is running." } }
            }
        }
    }
}

/// What the viewer holds, and whether they are on call.
fn mine(open: &[&Incident], scene: &Scene) -> Markup {
    let Some(me) = scene.viewer.person.as_deref() else { return html! {} };
    let held = open.iter().flat_map(|incident| {
        let roles = incident.roles.iter().filter(move |(_, holder)| holder.person == me);
        roles.map(move |(role, holder)| (*incident, *role, holder.accepted))
    });
    let held: Vec<(&Incident, Role, bool)> = held.collect();
    let watches: Vec<(&String, Option<Instant>)> = scene
        .names
        .roster
        .schedules
        .iter()
        .filter(|(_, schedule)| schedule.on_call(scene.now).contains(&me))
        .map(|(id, schedule)| (id, schedule.next_handoff(scene.now)))
        .collect();
    html! {
        div.hero-cell {
            h2 { "You" }
            @match watches.first() {
                Some((schedule, until)) => p.big {
                    "On call"
                    @if let Some(until) = until { span.dim title={ "Schedule " (schedule) } { " until " (moment::at(*until, scene.now)) } }
                },
                None => p.big { "Not on call" },
            }
            @if held.is_empty() { p.dim { "You hold no role in an open incident." } }
            @else {
                ul.held {
                    @for (incident, role, accepted) in held.iter().take(3) {
                        li {
                            a href={ "/incidents/INC-" (incident.no) } { "INC-" (incident.no) } " " (words::role(*role).0)
                            @if !accepted { span.dim { " (not accepted yet)" } }
                        }
                    }
                    @if held.len() > 3 { li.dim { "and " (held.len() - 3) " more" } }
                }
            }
        }
    }
}

fn tabs(board: &Board) -> Markup {
    let current = |tab: Tab| (board.tab == tab).then_some("page");
    html! {
        div.toolbar {
            nav.tabs aria-label="Incidents" {
                a href="/" aria-current=[current(Tab::Open)] { "Open" span.n { (board.open.len()) } }
                a href="/?show=closed" aria-current=[current(Tab::Closed)] { "Closed" }
            }
            @if board.tab == Tab::Open {
                form.find role="search" method="get" action="/" {
                    label.visually-hidden for="find" { "Find on the board" }
                    input #find type="search" name="q" value=(board.query) placeholder="Find" autocomplete="off";
                }
            }
        }
    }
}

fn rows(open: &[&Incident], board: &Board, scene: &Scene) -> Markup {
    html! {
        @if open.is_empty() && board.query.trim().is_empty() { (empty(scene)) }
        @else if open.is_empty() {
            div.empty { h2 { "Nothing matches “" (board.query) "”" } p { a href="/" { "Show everything that is open" } } }
        }
        @else { ol.board aria-label="Open incidents, most urgent first" { @for incident in open { (row(incident, scene)) } } }
    }
}

fn closed(closed: &[&Incident], board: &Board, scene: &Scene) -> Markup {
    html! {
        @if closed.is_empty() {
            div.empty { h2 { "Nothing has been closed yet" } p { "Resolved incidents wait here for their review." } }
        } @else {
            ol.board aria-label="Closed incidents, newest first" data-tab=[(board.tab == Tab::Closed).then_some("closed")] {
                @for incident in closed { (row(incident, scene)) }
            }
        }
    }
}

fn empty(scene: &Scene) -> Markup {
    let triggers = scene.names.policy.triggers.len() as u64;
    html! {
        div.empty {
            (glyph::bell())
            h2 { "All quiet" }
            p {
                (words::count(triggers, "trigger is", "triggers are")) " watching the signals. When one fires, the incident"
                " appears here with its clocks, and whoever is on call is paged."
            }
            p { "Seen something that no trigger saw?" }
            p { a.button.primary href="/incidents/new" { "Declare an incident" } " " a.button href="/policy" { "Read the policy" } }
        }
    }
}

fn row(incident: &Incident, scene: &Scene) -> Markup {
    let (names, now) = (&scene.names, scene.now);
    let chips = face::chips(incident, now);
    let late = chips.iter().any(|chip| chip.face == Face::Missed);
    let status = incident.status();
    let service = names.service(&incident.service);
    html! {
        li.row.has-missed[late].{ "is-sev-" (incident.severity.min(4)) } #{ "INC-" (incident.no) } {
            div.row-sev { (glyph::severity_badge(incident.severity, &names.severity(incident.severity))) }
            div.row-what {
                h3 { a.row-link href={ "/incidents/INC-" (incident.no) } { (incident.title) } }
                p.row-meta {
                    span.no { "INC-" (incident.no) }
                    span.state { (state_words(incident)) }
                    @if !incident.title.contains(service) { span { (service) } }
                    @if incident.restricted { span.restricted { "restricted" } }
                    span.row-age { (age(incident, status, now)) }
                }
            }
            (chips_of(&chips, now))
            (owner(incident, scene))
        }
    }
}

fn state_words(incident: &Incident) -> Markup {
    html! {
        (words::status(incident.status()))
        @if incident.paused.is_some() { ", paused" }
        @if incident.reopened > 0 { ", reopened" }
    }
}

fn age(incident: &Incident, status: Status, now: Instant) -> Markup {
    match incident.resolved_at {
        Some(at) if !status.is_open() => {
            html! { "took " (words::plain(at.since(incident.opened_at).max(Duration::ZERO))) }
        }
        _ => html! { "open for " (moment::age(incident.opened_at, now)) },
    }
}

fn chips_of(chips: &[Chip<'_>], now: Instant) -> Markup {
    let hidden: Vec<&Clock> = chips.iter().skip(MAX_CHIPS).map(|chip| chip.clock).collect();
    let rest: Vec<String> = hidden.iter().map(|clock| words::clock(&clock.id.kind)).collect();
    html! {
        div.row-chips {
            @for chip in chips.iter().take(MAX_CHIPS) { (face::chip(chip, now)) }
            @if !rest.is_empty() { span.more-chips title=(rest.join(", ")) { "+" (rest.len()) " more" } }
        }
    }
}

fn owner(incident: &Incident, scene: &Scene) -> Markup {
    html! {
        div.row-owner {
            @match incident.roles.get(&Role::Commander) {
                Some(holder) => {
                    @let name = scene.names.person(&holder.person);
                    (glyph::avatar(name))
                    span.owner-name { (name) small { @if holder.accepted { "commander" } @else { "not accepted yet" } } }
                }
                None => { span.avatar.is-vacant aria-hidden="true" { "?" } span.owner-name { "Nobody" small { "commander" } } }
            }
        }
    }
}
