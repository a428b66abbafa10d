//! What to do: the playbook of the incident's class.

use maud::{Markup, html};

use crate::pages::actions::Desk;

/// The card; nothing where the class names no playbook.
pub(super) fn checklists(desk: &Desk<'_>) -> Markup {
    let Some(playbook) = desk.scene.names.policy.playbook_of(&desk.incident.class) else { return html! {} };
    html! {
        section.card aria-labelledby="playbook" {
            h2 #playbook { "What to do" }
            p { a href={ "/playbooks/" (playbook.id) } { (playbook.title) } }
            p.dim { (playbook.summary) }
        }
    }
}
