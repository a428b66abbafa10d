//! Pages outside the frame: signing in, refusals, and the error table's pages.
//!
//! Strangers may read them, so that they say nothing about this server's incidents.

use maud::{Markup, html};
use problem::{Code, Problem};

use super::form::sentence;
use super::frame::outside;
use super::glyph;

/// A one-time link, before it is used: mail scanners follow links, but press no buttons.
pub(crate) fn sign_in(name: &str, code: &str) -> Markup {
    outside(
        "Sign in",
        html! {
            section.narrow.gate {
                (glyph::bell())
                h1 { "Sign in to Watchbell" }
                p.lead { "This link signs you in as " strong { (name) } ". It works once." }
                form method="post" action={ "/sign-in/" (code) } { button.button.primary type="submit" { "Sign in" } }
            }
        },
    )
}

/// A page in place of the one asked for.
pub(crate) fn problem(problem: &Problem) -> Markup {
    let status = problem.code.status;
    outside(
        problem.code.title,
        html! {
            section.narrow.gate {
                @match status {
                    401 => { (glyph::bell()) h1 { "You are not signed in" } p.lead { (sentence(problem.code.title)) } },
                    404 => { p.code { "404" } h1 { "There is nothing here" } p.lead { (sentence(&problem.detail)) } },
                    _ => { p.code { (status) } h1 { (sentence(problem.code.title)) } p.lead { (sentence(&problem.detail)) } },
                }
                @if status == 401 {
                    p { "Watchbell lets people in by one-time links. Ask an administrator for one, or make one on the server." }
                } @else {
                    p { (problem.code.remedy) }
                }
                p.gate-links {
                    @if status != 401 { a.button.primary href="/" { "To the board" } }
                    a.button href={ "/docs/errors/" (problem.code.id) } { "About " code { (problem.code.id) } }
                }
            }
        },
    )
}

/// The page of one code.
pub(crate) fn code(code: &Code) -> Markup {
    outside(
        code.id,
        html! {
            article.narrow.help-page {
                p.crumbs { a href="/docs/errors" { "Errors" } }
                h1 { (sentence(code.title)) }
                p.dim { code { (code.id) } " · HTTP " (code.status) }
                h2 { "Why it happens" }
                p { (code.cause) }
                h2 { "What to do" }
                p { (code.remedy) }
            }
        },
    )
}

/// All codes.
pub(crate) fn codes() -> Markup {
    outside(
        "Errors",
        html! {
            article.narrow.help-page {
                h1 { "Errors" }
                p.lead { "Every refusal names one of these codes." }
                dl.pairs {
                    @for code in problem::table() {
                        div { dt { a href={ "/docs/errors/" (code.id) } { code { (code.id) } } } dd { (sentence(code.title)) } }
                    }
                }
            }
        },
    )
}
