//! The generator: questions beside a preview of the matrix that the answers give, and the documents to take along.
//! It changes nothing here: a policy comes into force by its file.

use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use lab::generator::{
    Answers, Changes, Executives, Fallback, Generated, Impact, Interactions, OnCall, Question, Regulated, Rights,
    generate,
};
use lab::{Matrix, Row};
use maud::{Markup, html};
use serde::Deserialize;

use super::frame::{Page, Section, page};
use super::serve;
use crate::access::Viewer;
use crate::api::{Params, query};
use crate::app::App;
use crate::refusal::Refusal;

/// Longest name, in characters; it stands in headings.
const NAME_MAX: usize = 120;

/// The answers of a form, and which file is wanted instead of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    organization: Option<String>,
    assistant: Option<String>,
    time_zone: Option<String>,
    interactions: Option<Interactions>,
    impact: Option<Impact>,
    on_call: Option<OnCall>,
    regulated: Option<Regulated>,
    rights: Option<Rights>,
    changes: Option<Changes>,
    fallback: Option<Fallback>,
    executives: Option<Executives>,
    status_page: Option<YesNo>,
    file: Option<File>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum YesNo {
    Yes,
    No,
}

/// What can be taken along.
#[derive(Clone, Copy, Debug, Deserialize)]
enum File {
    #[serde(rename = "policy.yaml")]
    Policy,
    #[serde(rename = "roster.yaml")]
    Roster,
    #[serde(rename = "matrix.md")]
    Markdown,
    #[serde(rename = "matrix.csv")]
    Csv,
    #[serde(rename = "matrix.xlsx")]
    Xlsx,
    #[serde(rename = "matrix.json")]
    Json,
}

/// Name, what it is, and its media type.
const FILES: [(&str, &str); 6] = [
    ("policy.yaml", "the policy"),
    ("roster.yaml", "the roster"),
    ("matrix.md", "Markdown"),
    ("matrix.csv", "CSV"),
    ("matrix.xlsx", "Excel"),
    ("matrix.json", "JSON"),
];

impl Asked {
    fn answers(&self) -> Result<Answers, Refusal> {
        let start = Answers::default();
        let name = |given: &Option<String>, start: String| match given.as_deref().map(str::trim) {
            None | Some("") => Ok(start),
            Some(given) if given.chars().count() > NAME_MAX => {
                Err(Refusal::from(query(format!("a name has at most {NAME_MAX} characters"))))
            }
            Some(given) => Ok(given.to_owned()),
        };
        Ok(Answers {
            organization: name(&self.organization, start.organization)?,
            assistant: name(&self.assistant, start.assistant)?,
            time_zone: name(&self.time_zone, start.time_zone)?,
            interactions: self.interactions.unwrap_or(start.interactions),
            impact: self.impact.unwrap_or(start.impact),
            on_call: self.on_call.unwrap_or(start.on_call),
            regulated: self.regulated.unwrap_or(start.regulated),
            rights: self.rights.unwrap_or(start.rights),
            changes: self.changes.unwrap_or(start.changes),
            fallback: self.fallback.unwrap_or(start.fallback),
            executives: self.executives.unwrap_or(start.executives),
            status_page: self.status_page.map_or(start.status_page, |answer| answer == YesNo::Yes),
        })
    }
}

/// `GET /generator`
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Params(asked): Params<Asked>,
) -> Result<Response, Refusal> {
    let answers = asked.answers()?;
    let made = generate(&answers);
    let (policy, roster) = (
        policy::Source { name: "policy.yaml", text: &made.policy },
        policy::Source { name: "roster.yaml", text: &made.roster },
    );
    let loaded = policy::load(policy, roster);
    let matrix = match loaded.policy.zip(loaded.roster) {
        Some((policy, roster)) => Ok(lab::matrix(&policy, &roster)),
        None => Err(policy::render(&loaded.diagnostics, &[policy, roster], false)),
    };
    if let (Some(file), Ok(matrix)) = (asked.file, &matrix) {
        return Ok(taken(file, &made, matrix));
    }
    let scene = serve::scene(&app, viewer)?;
    let main = html! {
        header.page-head {
            h1 { "Escalation matrix generator" }
            p.lead { "A few answers become a policy that runs: who answers by when, who is told, and why. Nothing changes here until you put the files in place." }
        }
        div.generator {
            (form(&answers))
            section #preview aria-labelledby="preview-title" aria-live="polite" {
                h2 #preview-title { (answers.assistant) }
                @match &matrix {
                    Ok(matrix) => { (preview(matrix, &made)) (files(&answers, &made)) },
                    Err(told) => {
                        p { "With these answers the documents would not be valid:" }
                        pre { (told) }
                    },
                }
            }
        }
    };
    let frame = Page {
        title: "Generator",
        section: Section::Generator,
        live: None,
        summary: "Generator".to_owned(),
        wall: false,
    };
    Ok(Html(page(&scene, &frame, main).into_string()).into_response())
}

fn taken(file: File, made: &Generated, matrix: &Matrix) -> Response {
    let (name, kind, bytes) = match file {
        File::Policy => ("policy.yaml", "application/yaml; charset=utf-8", made.policy.clone().into_bytes()),
        File::Roster => ("roster.yaml", "application/yaml; charset=utf-8", made.roster.clone().into_bytes()),
        File::Markdown => ("matrix.md", "text/markdown; charset=utf-8", report::matrix::markdown(matrix).into_bytes()),
        File::Csv => ("matrix.csv", "text/csv; charset=utf-8", report::matrix::csv(matrix).into_bytes()),
        File::Json => ("matrix.json", "application/json; charset=utf-8", report::matrix::json(matrix).into_bytes()),
        File::Xlsx => ("matrix.xlsx", XLSX, report::matrix::xlsx(matrix)),
    };
    let place = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, place)], bytes).into_response()
}

/// Media type of a spreadsheet.
pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn form(answers: &Answers) -> Markup {
    let yes = Question { text: "Does the public read a status page?", answers: &[("yes", "yes"), ("no", "not yet")] };
    html! {
        form.fields.card method="get" action="/generator" data-preview="preview" {
            (name("organization", "Who promises?", &answers.organization))
            (name("assistant", "What is the assistant called?", &answers.assistant))
            (choice("impact", &Impact::QUESTION, answers.impact.word()))
            (choice("interactions", &Interactions::QUESTION, answers.interactions.word()))
            (choice("regulated", &Regulated::QUESTION, answers.regulated.word()))
            (choice("rights", &Rights::QUESTION, answers.rights.word()))
            (choice("fallback", &Fallback::QUESTION, answers.fallback.word()))
            (choice("changes", &Changes::QUESTION, answers.changes.word()))
            (choice("on_call", &OnCall::QUESTION, answers.on_call.word()))
            (name("time_zone", "Time zone of working hours", &answers.time_zone))
            (choice("executives", &Executives::QUESTION, answers.executives.word()))
            (choice("status_page", &yes, if answers.status_page { "yes" } else { "no" }))
            div.form-buttons { button.button.primary type="submit" { "Show the matrix" } }
        }
    }
}

fn name(id: &str, label: &str, value: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            input type="text" id=(id) name=(id) value=(value) maxlength=(NAME_MAX) autocomplete="off";
        }
    }
}

fn choice(id: &str, question: &Question, chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (question.text) }
            select id=(id) name=(id) {
                @for (word, label) in question.answers { option value=(word) selected[*word == chosen] { (label) } }
            }
        }
    }
}

fn preview(matrix: &Matrix, made: &Generated) -> Markup {
    let readiness = &matrix.summary.readiness;
    html! {
        ul.chips {
            li { "Readiness: " strong { (readiness.tier.word()) } }
            @for count in &matrix.summary.severities { li { (count.name) ": " strong { (count.rows) } } }
            li { "Executive notify paths: " strong { (matrix.summary.executive_paths) } }
        }
        div.report { (report::matrix::html(matrix)) }
        h3 { "Why" }
        ul.whys { @for row in &matrix.rows { (why(row, made)) } }
        details.fold {
            summary { span { "Why " (readiness.tier.word()) "?" } }
            div.fold-body {
                ul { @for check in &readiness.checks { li { (if check.holds { "✓ " } else { "✗ " }) (check.tier.word()) ": " (check.rule) } } }
            }
        }
    }
}

fn why(row: &Row, made: &Generated) -> Markup {
    let reasons = made.reasons.get(row.class.as_str());
    html! {
        li {
            details.fold {
                summary { span { (row.no) ". " (row.incident_type) " · " (row.severity) } }
                div.fold-body {
                    dl.pairs {
                        @for (column, reason) in reasons.iter().flat_map(|reasons| reasons.cells()) {
                            div { dt { (column) } dd { (reason) } }
                        }
                    }
                }
            }
        }
    }
}

fn files(answers: &Answers, made: &Generated) -> Markup {
    let address = format!("/generator?{}", asked_again(answers));
    html! {
        h3 { "Take it along" }
        p.downloads { @for (name, what) in FILES { a href={ (address) "&file=" (name) } download=(name) { (what) } " " } }
        p.hint { "Put policy.yaml and roster.yaml where your server reads them, fill in your people, and run " code { "watchbell check" } ". The same on the command line: " code { "watchbell init" } ", which keeps what you edit when your answers change." }
        details.fold {
            summary { span { "policy.yaml to copy" } }
            div.fold-body.copy {
                textarea #policy-text readonly rows="16" aria-label="policy.yaml" { (made.policy) }
                button type="button" data-copy="policy-text" hidden data-script { "Copy" }
            }
        }
    }
}

/// The answers as an address has them.
fn asked_again(answers: &Answers) -> String {
    let pairs = [
        ("organization", answers.organization.as_str()),
        ("assistant", &answers.assistant),
        ("time_zone", &answers.time_zone),
        ("interactions", answers.interactions.word()),
        ("impact", answers.impact.word()),
        ("on_call", answers.on_call.word()),
        ("regulated", answers.regulated.word()),
        ("rights", answers.rights.word()),
        ("changes", answers.changes.word()),
        ("fallback", answers.fallback.word()),
        ("executives", answers.executives.word()),
        ("status_page", if answers.status_page { "yes" } else { "no" }),
    ];
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", encoded(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Percent-encoded but for letters, digits and what is always safe (RFC 3986, 2.3).
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
