//! Acts that concern no incident, for administrators: as a page and as CSV.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use engine::audit::StoredAct;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Page, Scene, Section, page};
use super::{moment, serve};
use crate::access::Viewer;
use crate::api::Params;
use crate::api::audit::{Wanted, actor, acts};
use crate::app::App;
use crate::refusal::Refusal;

/// Acts on the page, and in the file.
const ACTS_MAX: usize = 1_000;

/// What the address may ask.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    actor: String,
    what: String,
    format: String,
}

/// `GET /audit`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Refusal> {
    let wanted = Wanted { actor: Some(asked.actor.clone()), what: Some(asked.what.clone()), ..Wanted::default() };
    let (found, _) = app.engine.read(move |view| acts(view, &wanted, (None, ACTS_MAX))).await?;
    if asked.format == "csv" {
        let rows = found.iter().map(|stored| {
            let act = &stored.act;
            let by = actor(&act.by).to_owned();
            [
                stored.position.to_string(),
                stored.at.to_string(),
                by,
                act.what.to_string(),
                act.about.clone(),
                act.note.clone(),
            ]
        });
        let name = (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\"");
        let kind = (header::CONTENT_TYPE, "text/csv; charset=utf-8");
        return Ok(([kind, name], report::audit::csv(rows)).into_response());
    }
    Ok(Html(audit(&serve::scene(&app, viewer)?, &asked, &found).into_string()).into_response())
}

fn audit(scene: &Scene, asked: &Asked, acts: &[StoredAct]) -> Markup {
    let field = |name: &str, label: &str, value: &str| {
        html! { div.field { label for=(name) { (label) } input type="text" id=(name) name=(name) value=(value) autocomplete="off"; } }
    };
    let main = html! {
        header.page-head {
            h1 { "Audit" }
            p.lead { "What was done that concerns no incident: access, policies, rosters, holds. It stands in the same order and hash chain as everything else." }
        }
        form.fields.is-filter method="get" action="/audit" {
            (field("actor", "Who", &asked.actor))
            (field("what", "What, such as token.created", &asked.what))
            div.form-buttons {
                button.button.primary type="submit" { "Filter" }
                button.button type="submit" name="format" value="csv" { "Download CSV" }
            }
        }
        div.report {
            @if acts.is_empty() { p { "Nothing of that kind was done." } }
            @else {
                div.table tabindex="0" role="region" aria-label="Acts" {
                    table {
                        thead { tr { @for head in ["When", "Who", "What", "About", "Particulars", "Position"] { th scope="col" { (head) } } } }
                        tbody { @for stored in acts { (row(scene, stored)) } }
                    }
                }
            }
        }
    };
    let summary = "Audit".to_owned();
    page(scene, &Page { title: "Audit", section: Section::Audit, live: None, summary, wall: false }, main)
}

fn row(scene: &Scene, stored: &StoredAct) -> Markup {
    let act = &stored.act;
    html! {
        tr {
            td { (moment::at(stored.at, scene.now)) }
            td title=(actor(&act.by)) { (scene.names.actor(&act.by)) }
            td { code { (act.what) } }
            td title=(act.about) { (about(scene.names.person(&act.about))) }
            td { (act.note) }
            td.num { (stored.position) }
        }
    }
}

/// Digests, which name tokens, are cut: their first twelve digits tell them apart, and the title has them whole.
fn about(text: &str) -> Markup {
    let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    html! { @if is_digest { code { (&text[..12]) "…" } } @else { (text) } }
}
