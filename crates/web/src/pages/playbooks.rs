//! Playbooks: what to do in which kind of incident, to read, copy and take along.
//!
//! Starting one is an act of an incident and stands on its page.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use policy::playbook::Playbook;
use problem::Problem;
use serde::Deserialize;

use super::frame::{Page, Scene, Section, page};
use super::{serve, words};
use crate::access::Viewer;
use crate::api::{Params, query};
use crate::app::App;
use crate::refusal::Refusal;

/// As what, and of which part.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    format: Option<Format>,
    part: Option<Part>,
}

/// A file instead of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Md,
    Csv,
    Html,
    Json,
}

/// A part of a playbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    /// Its table to fill in.
    Sheet,
}

const FORMATS: [(&str, &str); 4] = [("md", "Markdown"), ("csv", "CSV"), ("html", "HTML to print"), ("json", "JSON")];

/// `GET /playbooks`
pub(crate) async fn index(State(app): State<App>, viewer: Viewer) -> Result<Response, Refusal> {
    Ok(Html(list(&serve::scene(&app, viewer)?).into_string()).into_response())
}

/// `GET /playbooks/{id}`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Refusal> {
    let scene = serve::scene(&app, viewer)?;
    let playbook = find(&scene.names.policy, &id)?;
    if let Some(format) = wanted.format {
        return Ok(file(&scene, playbook, format, wanted.part)?);
    }
    Ok(Html(one(&scene, playbook).into_string()).into_response())
}

/// The playbook of that id.
pub(crate) fn find<'p>(policy: &'p policy::model::Policy, id: &str) -> Result<&'p Playbook, Problem> {
    let unknown = || {
        let shown: String = id.chars().take(64).collect();
        Problem::new(&problem::UNKNOWN_PLAYBOOK, format!("there is no playbook `{shown}`"))
    };
    policy.playbook(id).map(|playbook| &**playbook).ok_or_else(unknown)
}

fn file(scene: &Scene, playbook: &Playbook, format: Format, part: Option<Part>) -> Result<Response, Problem> {
    let others = &scene.names.policy.playbooks;
    let sheet = || playbook.sheet.as_ref().ok_or_else(|| query("this playbook has no sheet"));
    let text = match (format, part) {
        (Format::Md, None) => report::playbook::markdown(playbook, others),
        (Format::Csv, None) => report::playbook::csv(playbook),
        (Format::Html, None) => report::playbook::page(playbook, others),
        (Format::Json, None) => report::playbook::json(playbook),
        (Format::Md, Some(Part::Sheet)) => report::playbook::sheet_markdown(sheet()?),
        (Format::Csv, Some(Part::Sheet)) => report::playbook::sheet_csv(sheet()?),
        (Format::Html | Format::Json, Some(Part::Sheet)) => return Err(query("a sheet comes as md or csv")),
    };
    let (extension, kind) = match format {
        Format::Md => ("md", "text/markdown; charset=utf-8"),
        Format::Csv => ("csv", "text/csv; charset=utf-8"),
        Format::Html => ("html", "text/html; charset=utf-8"),
        Format::Json => ("json", "application/json; charset=utf-8"),
    };
    let stem = if part.is_some() { format!("{}-sheet", playbook.id) } else { playbook.id.clone() };
    // Ids hold no character that a header would act on.
    let name = format!("attachment; filename=\"{stem}.{extension}\"");
    Ok(([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response())
}

/// All of them, those that classes name first.
pub(super) fn list(scene: &Scene) -> Markup {
    let policy = &scene.names.policy;
    let named = |playbook: &Playbook| policy.classes_of(&playbook.id).next().is_some();
    let (used, others): (Vec<&Playbook>, Vec<&Playbook>) =
        policy.playbooks.values().map(|playbook| &**playbook).partition(|playbook| named(playbook));
    let main = html! {
        header.page-head {
            h1 { "Playbooks" }
            p.lead { "What to do, who does it, by when, and what to keep. In an incident a playbook is started as a checklist." }
        }
        (group(scene, "For kinds of incident", &used))
        (group(scene, "Beside and after an incident", &others))
    };
    framed(scene, "Playbooks", main)
}

fn group(scene: &Scene, title: &str, playbooks: &[&Playbook]) -> Markup {
    html! {
        @if !playbooks.is_empty() {
            section {
                h2 { (title) }
                ul.classes { @for playbook in playbooks { (card(scene, playbook)) } }
            }
        }
    }
}

fn card(scene: &Scene, playbook: &Playbook) -> Markup {
    let names = &scene.names;
    let classes: Vec<String> = names.policy.classes_of(&playbook.id).map(|id| names.class(id).to_owned()).collect();
    html! {
        li {
            h3 { a href={ "/playbooks/" (playbook.id) } { (playbook.title) } }
            p { (playbook.summary) }
            p.dim {
                (words::count(playbook.steps.len() as u64, "step", "steps"))
                @if playbook.sheet.is_some() { ", with a sheet to fill in" }
                @if !classes.is_empty() { " · " (words::list(&classes)) }
            }
        }
    }
}

/// One of them.
pub(super) fn one(scene: &Scene, playbook: &Playbook) -> Markup {
    let names = &scene.names;
    let others = &names.policy.playbooks;
    let address = format!("/playbooks/{}", playbook.id);
    let classes: Vec<&str> = names.policy.classes_of(&playbook.id).collect();
    let main = html! {
        header.page-head {
            p.crumbs { a href="/playbooks" { "Playbooks" } }
            h1 { (playbook.title) }
            p.lead { (playbook.summary) }
            p.downloads {
                "Download: "
                @for (format, name) in FORMATS { a href={ (address) "?format=" (format) } { (name) } " " }
            }
        }
        div.report.playbook {
            @if !playbook.when.is_empty() {
                section { h2 { "When" } ul { @for line in &playbook.when { li { (line) } } } }
            }
            section { h2 { "Steps" } p.dim { "Times count from when the playbook is started." } (report::playbook::steps(playbook)) }
            @if let Some(sheet) = &playbook.sheet {
                section {
                    h2 #sheet { (sheet.title) }
                    (report::playbook::sheet(sheet))
                    p.downloads {
                        "Fill it in as: "
                        @for (format, name) in &FORMATS[..2] { a href={ (address) "?part=sheet&format=" (format) } { (name) } " " }
                    }
                }
            }
            (beside(scene, playbook, &classes))
            (copy(&report::playbook::markdown(playbook, others)))
        }
    };
    framed(scene, &playbook.title, main)
}

/// Where it belongs: classes, related playbooks, well-known lists.
fn beside(scene: &Scene, playbook: &Playbook, classes: &[&str]) -> Markup {
    let others = &scene.names.policy.playbooks;
    html! {
        section {
            h2 { "Beside it" }
            dl.pairs {
                @if !classes.is_empty() {
                    div {
                        dt { "For" }
                        dd { @for class in classes { a href={ "/policy#class-" (class) } { (scene.names.class(class)) } br; } }
                    }
                }
                @if !playbook.related.is_empty() {
                    div {
                        dt { "Related" }
                        dd { @for (id, title) in report::playbook::related(playbook, others) { a href={ "/playbooks/" (id) } { (title) } br; } }
                    }
                }
                @for (list, ids) in playbook.maps.lists() { div { dt { (list) } dd { (ids.join("; ")) } } }
            }
        }
    }
}

/// The text to take along; without a script it is selected by hand.
fn copy(markdown: &str) -> Markup {
    html! {
        details.fold {
            summary { span { "Copy as Markdown" } }
            div.copy {
                textarea #copied readonly rows="12" aria-label="The playbook as Markdown" spellcheck="false" { (markdown) }
                button type="button" data-copy="copied" hidden data-script { "Copy" }
            }
        }
    }
}

fn framed(scene: &Scene, title: &str, main: Markup) -> Markup {
    page(scene, &Page { title, section: Section::Playbooks, live: None, summary: title.to_owned(), wall: false }, main)
}
