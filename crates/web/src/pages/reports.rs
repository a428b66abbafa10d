//! The matrix and the weekly review: as pages, and as files for meetings and spreadsheets.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use lab::Week;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Page, Scene, Section, page};
use super::serve;
use crate::access::Viewer;
use crate::api::{Params, query};
use crate::app::App;
use crate::refusal::Refusal;
use crate::reports;

/// Which week, and as what.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    week: Option<String>,
    format: Option<Format>,
}

/// A file instead of the page.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Md,
    Csv,
    Json,
}

impl Format {
    const ALL: [(&'static str, &'static str); 3] = [("md", "Markdown"), ("csv", "CSV"), ("json", "JSON")];

    fn kind(self) -> (&'static str, &'static str) {
        match self {
            Format::Md => ("md", "text/markdown; charset=utf-8"),
            Format::Csv => ("csv", "text/csv; charset=utf-8"),
            Format::Json => ("json", "application/json; charset=utf-8"),
        }
    }
}

/// `GET /matrix`
pub(crate) async fn matrix(
    State(app): State<App>,
    viewer: Viewer,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Refusal> {
    if wanted.week.is_some() {
        return Err(query("a matrix has no week").into());
    }
    let rules = app.engine.rules();
    let matrix = lab::matrix(&rules.policy, &rules.roster);
    let text = |format| match format {
        Format::Md => report::matrix::markdown(&matrix),
        Format::Csv => report::matrix::csv(&matrix),
        Format::Json => report::matrix::json(&matrix),
    };
    if let Some(format) = wanted.format {
        return Ok(file("matrix", format, text(format)));
    }
    let main = html! {
        header.page-head {
            h1 { "Escalation matrix" }
            (downloads("/matrix?"))
            p.downloads { "Or " a href="/matrix.xlsx" { "as a spreadsheet" } ". Other answers give another one: " a href="/generator" { "generator" } "." }
        }
        div.report { (report::matrix::html_brief(&matrix)) }
    };
    Ok(show(&serve::scene(&app, viewer)?, "Escalation matrix", Section::Matrix, main))
}

/// `GET /matrix.xlsx`
pub(crate) async fn matrix_sheet(State(app): State<App>) -> Response {
    let rules = app.engine.rules();
    let sheet = report::matrix::xlsx(&lab::matrix(&rules.policy, &rules.roster));
    let place = "attachment; filename=\"matrix.xlsx\"";
    ([(header::CONTENT_TYPE, super::generator::XLSX), (header::CONTENT_DISPOSITION, place)], sheet).into_response()
}

/// `GET /review?week=2026-W47`
pub(crate) async fn review(
    State(app): State<App>,
    viewer: Viewer,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Refusal> {
    let now = app.engine.now();
    let review = reports::seen_review(&app, &viewer, wanted.week).await?;
    if let Some(format) = wanted.format {
        let text = match format {
            Format::Md => report::review::markdown(&review),
            Format::Csv => report::review::csv(&review),
            Format::Json => report::review::json(&review),
        };
        return Ok(file(&format!("review-{}", review.week), format, text));
    }
    let at = |week: Week| format!("/review?week={week}");
    let main = html! {
        header.page-head {
            h1 { "Weekly review " (review.week) }
            p.weeks {
                a href=(at(review.week.previous())) rel="prev" { "Week before" }
                @if review.until <= now { a href=(at(review.week.next())) rel="next" { "Week after" } }
            }
            (downloads(&format!("{}&", at(review.week))))
        }
        div.report { (report::review::html(&review)) }
    };
    Ok(show(&serve::scene(&app, viewer)?, "Weekly review", Section::Review, main))
}

fn show(scene: &Scene, title: &str, section: Section, main: Markup) -> Response {
    let page = page(scene, &Page { title, section, live: None, summary: title.to_owned(), wall: false }, main);
    Html(page.into_string()).into_response()
}

/// Links to the same as files.
fn downloads(address: &str) -> Markup {
    html! {
        p.downloads {
            "Download: "
            @for (format, name) in Format::ALL { a href={ (address) "format=" (format) } { (name) } " " }
        }
    }
}

fn file(stem: &str, format: Format, text: String) -> Response {
    let (extension, kind) = format.kind();
    let name = format!("attachment; filename=\"{stem}.{extension}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response()
}
