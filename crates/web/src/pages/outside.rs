//! Pages outside the frame: signing in, refusals, and the error table's pages.
//!
//! Strangers may read them, so that they say nothing about this server's incidents.

use maud::{Markup, html};
use problem::{Code, Problem};

use super::form::sentence;
use super::frame::outside;
use super::glyph;
use crate::access::{PASSWORD_LENGTH_MAX as LENGTH_MAX, PASSWORD_LENGTH_MIN as LENGTH_MIN};
use crate::sign_in::own_path;

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

/// The form to sign in by password.
pub(crate) fn sign_in_form(person: &str, next: &str, refused: Option<&Problem>) -> Markup {
    outside(
        "Sign in",
        html! {
            section.narrow.gate {
                (glyph::bell())
                h1 { "Sign in to Watchbell" }
                (refusal(refused))
                form.fields.gate-form method="post" action="/sign-in" {
                    @if next != "/" { input type="hidden" name="next" value=(next); }
                    div.field {
                        label for="person" { "Name" }
                        input #person name="person" type="text" value=(person) autocomplete="username" autocapitalize="none" spellcheck="false" required;
                        p.hint { "Your id in the roster, such as ana." }
                    }
                    div.field {
                        label for="password" { "Password" }
                        input #password name="password" type="password" autocomplete="current-password" required;
                    }
                    div.form-buttons { button.button.primary type="submit" { "Sign in" } }
                }
                p.dim { "No password, or forgotten? An administrator can give you a one-time link." }
            }
        },
    )
}

/// The form to choose a password, behind a one-time link.
pub(crate) fn choose_password(name: &str, person: &str, code: &str, refused: Option<&Problem>) -> Markup {
    outside(
        "Choose a password",
        html! {
            section.narrow.gate {
                (glyph::bell())
                h1 { "Choose a password" }
                p.lead { "For " strong { (name) } ", who signs in as " code { (person) } ". This link works once." }
                (refusal(refused))
                form.fields.gate-form method="post" action={ "/set-password/" (code) } {
                    input type="text" name="username" value=(person) autocomplete="username" hidden;
                    (new_password())
                    div.form-buttons { button.button.primary type="submit" { "Save and sign in" } }
                }
            }
        },
    )
}

/// The two fields of a new password.
pub(super) fn new_password() -> Markup {
    html! {
        div.field {
            label for="new" { "New password" }
            input #new name="password" type="password" autocomplete="new-password" minlength=(LENGTH_MIN) maxlength=(LENGTH_MAX) required;
            p.hint { "At least " (LENGTH_MIN) " characters. Several words are easier to type than signs." }
        }
        div.field {
            label for="again" { "The same again" }
            input #again name="again" type="password" autocomplete="new-password" required;
        }
    }
}

/// A refusal above its form.
pub(super) fn refusal(refused: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = refused {
            div.refusal role="alert" {
                p { (glyph::mark(glyph::Mark::Alert)) strong { (sentence(problem.code.title)) } }
                p { (sentence(&problem.detail)) }
            }
        }
    }
}

/// A page in place of the one asked for, which was at `path`.
pub(crate) fn problem(problem: &Problem, path: &str) -> Markup {
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
                    p { "Sign in with your password, or open a one-time link that an administrator gave you." }
                } @else {
                    p { (problem.code.remedy) }
                }
                p.gate-links {
                    @if status == 401 { a.button.primary href=(sign_in_for(path)) { "Sign in" } }
                    @else { a.button.primary href="/" { "To the board" } }
                    a.button href={ "/docs/errors/" (problem.code.id) } { "About " code { (problem.code.id) } }
                }
            }
        },
    )
}

/// Where to sign in and come back from.
pub(crate) fn sign_in_for(path: &str) -> String {
    match own_path(path) {
        "/" => "/sign-in".to_owned(),
        path => format!("/sign-in?next={path}"),
    }
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
