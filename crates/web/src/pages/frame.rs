//! The frame of every page: header, navigation, help, live status.
//!
//! No inline script and no inline style: the content security policy forbids both.

use calendar::Instant;
use maud::{DOCTYPE, Markup, html};
use wcore::event::Actor;

use super::names::Names;
use super::{assets, glyph, moment};
use crate::access::Viewer;

/// What every page of a signed-in person knows.
pub(crate) struct Scene {
    /// Names of the policy and roster.
    pub(crate) names: Names,
    /// Who reads.
    pub(crate) viewer: Viewer,
    /// Journal time.
    pub(crate) now: Instant,
    /// How fast the journal's time runs: 1 on a real server, 0 where it stands still.
    pub(crate) rate: f64,
    /// Outgoing messages are held: by whom, until when, and why.
    pub(crate) held: Option<engine::Hold>,
    /// Random text of this rendering: a form sent twice is one command.
    pub(crate) once: String,
}

/// The entry of the navigation that is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// The board and incidents.
    Board,
    /// The inbox.
    Inbox,
    /// Deliveries.
    Deliveries,
    /// The policy.
    Policy,
    /// What the reader answers for.
    Mine,
    /// The weekly review.
    Review,
    /// The matrix.
    Matrix,
    /// The playbooks.
    Playbooks,
    /// The generator of policies.
    Generator,
    /// Where signals come from.
    Sources,
    /// Acts of administration.
    Audit,
    /// None of them.
    Elsewhere,
}

/// One page.
pub(crate) struct Page<'a> {
    /// Title of the window.
    pub(crate) title: &'a str,
    /// Entry of the navigation.
    pub(crate) section: Section,
    /// Which incidents refresh it: `*`, `INC-7`, or none.
    pub(crate) live: Option<&'a str>,
    /// One sentence that is read aloud when it changes.
    pub(crate) summary: String,
    /// Larger type, no controls.
    pub(crate) wall: bool,
}

/// The navigation: section, address, name.
const NAVIGATION: [(Section, &str, &str); 7] = [
    (Section::Board, "/", "Board"),
    (Section::Mine, "/mine", "My work"),
    (Section::Inbox, "/inbox", "Inbox"),
    (Section::Deliveries, "/deliveries", "Deliveries"),
    (Section::Policy, "/policy", "Policy"),
    (Section::Review, "/review", "Review"),
    (Section::Sources, "/sources", "Sources"),
];

/// What belongs to the policy stands below it, in a navigation of its own.
const OF_POLICY: [(Section, &str, &str); 4] = [
    (Section::Policy, "/policy", "In force"),
    (Section::Matrix, "/matrix", "Matrix"),
    (Section::Playbooks, "/playbooks", "Playbooks"),
    (Section::Generator, "/generator", "Generator"),
];

const SHORTCUTS: [(&str, &str); 19] = [
    ("g b", "Go to the board"),
    ("g m", "Go to my work"),
    ("g i", "Go to the inbox"),
    ("g d", "Go to deliveries"),
    ("g p", "Go to the policy"),
    ("g l", "Go to the playbooks"),
    ("g x", "Go to the matrix"),
    ("g r", "Go to the review"),
    ("g s", "Go to the sources"),
    ("j / k", "Next or previous row"),
    ("Enter", "Open the focused row"),
    ("/", "Find on the board"),
    ("a", "The incident's next step"),
    ("u", "Send an update"),
    ("n", "Write a note"),
    ("s", "Change the severity"),
    ("o", "Assign a role"),
    ("c", "Declare an incident"),
    ("?", "This help"),
];

/// A page of a signed-in person.
pub(crate) fn page(scene: &Scene, page: &Page<'_>, main: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-wall[page.wall] {
            (head(page.title))
            body {
                a.skip href="#main" { "Skip to content" }
                @if !page.wall { (header(scene, page.section)) (below(page.section)) }
                (connection())
                (held(scene))
                main #main tabindex="-1" data-live=[page.live] data-summary=(page.summary)
                    data-now=(moment::millis(scene.now)) data-rate=(scene.rate) { (main) }
                @if !page.wall { (footer(scene)) (shortcuts()) }
                (hatch())
                p #status.visually-hidden role="status" {}
            }
        }
    }
}

/// A page for someone who is not signed in.
pub(crate) fn outside(title: &str, main: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(title))
            body.outside {
                header.plain { a.brand href="/" { (glyph::bell()) "Watchbell" } }
                main #main tabindex="-1" { (main) }
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
            meta name="color-scheme" content="light dark";
            meta name="robots" content="noindex";
            title { (title) " · Watchbell" }
            link rel="icon" type="image/svg+xml" href=(assets::ICON.path());
            link rel="stylesheet" href=(assets::STYLE.path());
            script src=(assets::SCRIPT.path()) {}
        }
    }
}

fn header(scene: &Scene, current: Section) -> Markup {
    html! {
        header.top {
            a.brand href="/" { (glyph::bell()) span { "Watchbell" } }
            nav aria-label="Main" {
                ul {
                    @for (section, href, name) in NAVIGATION {
                        li { a href=(href) aria-current=[here(section, current)] { (name) } }
                    }
                    @if scene.viewer.admin {
                        li { a href="/audit" aria-current=[(current == Section::Audit).then_some("page")] { "Audit" } }
                    }
                }
            }
            a.declare.button href="/incidents/new" { "Declare" span.wide { " an incident" } }
            a.me href="/account" title={ "Signed in as " (scene.viewer.name) } {
                (glyph::avatar(&scene.viewer.name))
                span.wide { (scene.viewer.name) }
            }
        }
    }
}

/// Whether an entry of the navigation leads to this page, or to what stands above it.
fn here(section: Section, current: Section) -> Option<&'static str> {
    match section == current {
        true => Some("page"),
        false => (section == Section::Policy && is_of_policy(current)).then_some("true"),
    }
}

fn is_of_policy(section: Section) -> bool {
    OF_POLICY.iter().any(|(of, ..)| *of == section)
}

/// The navigation below the policy.
fn below(current: Section) -> Markup {
    html! {
        @if is_of_policy(current) {
            nav.below aria-label="Policy" {
                ul.tabs {
                    @for (section, href, name) in OF_POLICY {
                        li { a href=(href) aria-current=[(section == current).then_some("page")] { (name) } }
                    }
                }
            }
        }
    }
}

/// A hold is nobody's secret.
fn held(scene: &Scene) -> Markup {
    let Some(hold) = &scene.held else { return html! {} };
    let by = match &hold.by {
        Actor::Person(id) => scene.names.person(id).to_owned(),
        Actor::Machine(name) => name.clone(),
        Actor::Watchbell => "Watchbell".to_owned(),
    };
    html! {
        div.connection role="status" {
            (glyph::mark(glyph::Mark::Alert))
            span {
                "Outgoing messages below severity 1 are held until " (moment::at(hold.until, scene.now))
                " by " (by) ": " (hold.reason) ". Clocks go on."
            }
        }
    }
}

fn connection() -> Markup {
    html! {
        div #connection.connection hidden {
            (glyph::mark(glyph::Mark::Alert))
            span { "Live updates interrupted. Times still count from the last known state." }
        }
    }
}

fn footer(scene: &Scene) -> Markup {
    html! {
        footer.bottom {
            p { "As of " (moment::exact(scene.now)) " · policy " code { (scene.names.policy.id) } }
            div.settings {
                fieldset.theme hidden data-script {
                    legend { "Theme" }
                    @for (value, name) in [("auto", "Auto"), ("light", "Light"), ("dark", "Dark")] {
                        label { input type="radio" name="theme" value=(value); span { (name) } }
                    }
                }
                button #pause.quiet type="button" aria-pressed="false" hidden data-script { "Pause live updates" }
                button #help.quiet type="button" hidden data-script { "Keyboard" }
                form method="post" action="/sign-out" { button.quiet { "Sign out" } }
            }
        }
    }
}

fn shortcuts() -> Markup {
    html! {
        dialog #shortcuts aria-labelledby="shortcuts-title" {
            h2 #shortcuts-title { "Keyboard" }
            dl.keys { @for (keys, what) in SHORTCUTS { div { dt { kbd { (keys) } } dd { (what) } } } }
            label.switch { input #shortcuts-on type="checkbox" checked; span { "Single-key shortcuts are on" } }
            form method="dialog" { button.primary { "Close" } }
        }
    }
}

/// The pattern of a bar at risk, shared by all bars of a page.
fn hatch() -> Markup {
    html! {
        svg.defs width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                pattern #hatch width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" {
                    rect.hatch width="3.6" height="6" {}
                }
            }
        }
    }
}
