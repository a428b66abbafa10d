//! Small drawings that carry meaning by shape: severity, clock states, the bell.
//!
//! Every glyph stands beside its word, so that none is read aloud and colour is never alone.

use maud::{Markup, html};
use policy::model::Rank;

/// A severity: octagon, triangle, square, and its number.
pub(crate) fn severity(rank: Rank) -> Markup {
    let (class, text_y) = match rank {
        1 => ("sev-1", "17"),
        2 => ("sev-2", "19.4"),
        3 => ("sev-3", "17"),
        _ => ("sev-n", "17"),
    };
    html! {
        svg.glyph.sev.(class) viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            @match rank {
                1 => path d="M7.4 1h9.2L23 7.4v9.2L16.6 23H7.4L1 16.6V7.4z" {},
                2 => path d="M12 1.2c.7 0 1.3.4 1.7 1l9.6 17.6c.8 1.4-.2 3-1.7 3H2.4c-1.5 0-2.5-1.6-1.7-3L10.3 2.2c.4-.6 1-1 1.7-1z" {},
                3 => rect x="2" y="2" width="20" height="20" rx="3" {},
                _ => circle cx="12" cy="12" r="11" {},
            }
            text x="12" y=(text_y) text-anchor="middle" { (rank) }
        }
    }
}

/// A severity's mark with its name.
pub(crate) fn severity_badge(rank: Rank, name: &str) -> Markup {
    html! { span.severity.{ "is-sev-" (rank.min(4)) } { (severity(rank)) span { (name) } } }
}

/// A state's mark. Each differs in shape, not only in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A dial: it runs.
    Dial,
    /// A check in a circle.
    Check,
    /// A cross in a square, open: missed.
    Missed,
    /// Two bars in a dashed circle.
    Paused,
    /// A dash in a dashed circle: not required.
    Dash,
    /// A triangle with a stroke: attention.
    Alert,
}

/// The drawing of a mark.
pub(crate) fn mark(mark: Mark) -> Markup {
    html! {
        svg.glyph.mark viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            @match mark {
                Mark::Dial => { circle cx="8" cy="8" r="6.2" {} path d="M8 4.4V8l2.4 1.6" {} },
                Mark::Check => { circle cx="8" cy="8" r="6.2" {} path d="m5.2 8.2 2 2 3.6-4.2" {} },
                Mark::Missed => { rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" {} path d="m5.3 5.3 5.4 5.4m0-5.4-5.4 5.4" {} },
                Mark::Paused => { circle cx="8" cy="8" r="6.2" stroke-dasharray="2.4 1.5" {} path d="M6.3 5.8v4.4M9.7 5.8v4.4" {} },
                Mark::Dash => { circle cx="8" cy="8" r="6.2" stroke-dasharray="2.4 1.5" {} path d="M5.4 8h5.2" {} },
                Mark::Alert => { path d="M8 1.8 14.6 13.6H1.4z" {} path d="M8 6.2v3.4m0 1.8v.2" {} },
            }
        }
    }
}

/// The product's mark.
pub(crate) fn bell() -> Markup {
    html! {
        svg.glyph.bell viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            path d="M12 2.2a1.3 1.3 0 0 1 1.3 1.3v.7c3 .6 5 3 5.2 6.3.2 3.4.9 5.2 2.3 6.500H3.200c1.4-1.3 2.1-3.1 2.3-6.5.2-3.3 2.2-5.7 5.2-6.300v-.7A1.3 1.3 0 0 1 12 2.200z" {}
            path d="M9.6 19.200a2.5 2.5 0 0 0 4.8 0z" {}
        }
    }
}

/// Initials of a person.
pub(crate) fn avatar(name: &str) -> Markup {
    html! { span.avatar aria-hidden="true" { (super::words::initials(name)) } }
}
