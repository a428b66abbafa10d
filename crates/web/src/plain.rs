//! The few pages that stand outside the signed-in ones: signing in, refusals, explanations of codes.

use maud::{DOCTYPE, Markup, html};
use problem::{Code, Problem};

fn page(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Watchbell" }
                link rel="stylesheet" href="/assets/watchbell.css";
            }
            body { main { (body) } }
        }
    }
}

/// One button that signs in; opening the page changes nothing.
pub(crate) fn sign_in(name: &str, code: &str) -> Markup {
    page(
        "Sign in",
        html! {
            h1 { "Sign in to Watchbell" }
            p { "This link signs you in as " strong { (name) } ". It works once." }
            form method="post" action={ "/sign-in/" (code) } {
                button type="submit" { "Sign in" }
            }
        },
    )
}

/// A refusal in a browser.
pub(crate) fn problem(problem: &Problem) -> Markup {
    page(
        problem.code.title,
        html! {
            h1 { (problem.code.title) }
            p { (problem.detail) }
            p { (problem.code.remedy) }
            p { a href={ "/docs/errors/" (problem.code.id) } { "More about " code { (problem.code.id) } } }
            p { a href="/" { "To the board" } }
        },
    )
}

/// What a code means and what to do about it.
pub(crate) fn code(code: &Code) -> Markup {
    page(
        code.title,
        html! {
            h1 { (code.title) }
            p { code { (code.id) } " · HTTP " (code.status) }
            h2 { "Why" }
            p { (code.cause) }
            h2 { "What to do" }
            p { (code.remedy) }
            p { a href="/docs/errors" { "All codes" } }
        },
    )
}

/// Every code.
pub(crate) fn codes() -> Markup {
    page(
        "Error codes",
        html! {
            h1 { "Error codes" }
            dl {
                @for code in problem::table() {
                    dt { a href={ "/docs/errors/" (code.id) } { code { (code.id) } } }
                    dd { (code.title) }
                }
            }
        },
    )
}
