//! Declaring an incident: a title and a class, and nothing more is required at night.

use maud::{Markup, html};
use wcore::raise::{MAX_TITLE, UNSURE};

use super::form::{Action, Attempt, Field, Input, Target, form};
use super::frame::{Page, Scene, Section, page};
use super::glyph;

/// The path that the form is sent to.
pub(crate) const PATH: &str = "/incidents";

/// The page, with what was refused.
pub(crate) fn declare(scene: &Scene, attempt: Option<&Attempt>) -> Markup {
    let action = action(scene);
    let target = Target { path: PATH, once: &scene.once, id: "declare" };
    let main = html! {
        div.narrow {
            header.page-head {
                h1 { "Declare an incident" }
                p.lead { "In doubt, declare. Whoever is on call is paged at once; severity and class can change later." }
            }
            section.act { (form(&action, &target, attempt)) }
        }
    };
    let frame = Page { title: "Declare", section: Section::Elsewhere, live: None, summary: String::new(), wall: false };
    page(scene, &frame, main)
}

/// What somebody reads whose declaration is restricted to others.
pub(crate) fn taken(scene: &Scene) -> Markup {
    let main = html! {
        section.narrow.gate {
            (glyph::mark(glyph::Mark::Check))
            h1 { "Declared" }
            p.lead { "Whoever is on call is being paged. Incidents of this class are restricted: only those involved can read them." }
            p.gate-links { a.button.primary href="/" { "To the board" } }
        }
    };
    let frame =
        Page { title: "Declared", section: Section::Elsewhere, live: None, summary: String::new(), wall: false };
    page(scene, &frame, main)
}

fn action(scene: &Scene) -> Action {
    let policy = &scene.names.policy;
    let mut classes = vec![(UNSURE.to_owned(), "I am not sure".to_owned())];
    classes.extend(
        policy.classes.keys().filter(|id| *id != UNSURE).map(|id| (id.clone(), scene.names.class(id).to_owned())),
    );
    let mut severities = vec![(String::new(), "as the class says, in doubt the highest".to_owned())];
    severities.extend(policy.severities.iter().map(|severity| (severity.name.clone(), severity.name.clone())));
    let mut services = vec![(String::new(), "not sure".to_owned())];
    services.extend(policy.services.iter().map(|(id, service)| (id.clone(), service.name.clone())));
    Action::new("", "Declare an incident", "Declare and page")
        .field(
            Field::new("title", "What is happening?", Input::Line(MAX_TITLE))
                .hint("One line, for example: assistant promises refunds that we do not give."),
        )
        .field(Field::new("class", "What kind is it?", Input::Choice(classes)))
        .field(Field::new("severity", "Severity", Input::Choice(severities)).optional())
        .field(Field::new("service", "Service", Input::Choice(services)).optional())
}
