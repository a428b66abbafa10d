//! `matrix` and `review`: reports from files or a data directory, without a server.

use std::path::Path;

use anyhow::Context as _;
use calendar::Instant;
use engine::{TimeSource, View};
use policy::model::{Policy, Roster};

use crate::audit;
use crate::check::pair;
use crate::cli::{MatrixArgs, OutputArgs, ReportFormat, ReviewArgs};
use crate::exit::{Ended, Exit, explain};

pub(crate) fn matrix(args: &MatrixArgs) -> anyhow::Result<Exit> {
    let (policy, roster) = match &args.data {
        Some(data) => in_force(&View::new(audit::reader(data)?))?,
        None => pair(&args.policy, &args.roster)?,
    };
    let matrix = lab::matrix(&policy, &roster);
    let text = match args.output.format {
        ReportFormat::Md => report::matrix::markdown(&matrix),
        ReportFormat::Csv => report::matrix::csv(&matrix),
        ReportFormat::Json => report::matrix::json(&matrix),
        ReportFormat::Html => page("Escalation matrix", &report::matrix::html_brief(&matrix).into_string()),
    };
    print_or_write(&args.output, &text)
}

pub(crate) fn review(args: &ReviewArgs) -> anyhow::Result<Exit> {
    let view = View::new(audit::reader(&args.data)?);
    let (policy, roster) = in_force(&view)?;
    let now = latest(&view)?;
    let review = web::reports::review(&view, (&policy, &roster), (args.week.as_deref(), now), |_| true);
    let mut review = review.map_err(|problem| match problem.code.id == problem::QUERY_INVALID.id {
        true => Ended::with(Exit::Usage, problem.detail),
        false => explain(&problem),
    })?;
    let until = web::learning::known_until(&view, review.until).map_err(|problem| explain(&problem))?;
    let thresholds = web::learning::thresholds(&view, (&policy, &roster), until);
    review.thresholds = Some(thresholds.map_err(|problem| explain(&problem))?);
    let text = match args.output.format {
        ReportFormat::Md => report::review::markdown(&review),
        ReportFormat::Csv => report::review::csv(&review),
        ReportFormat::Json => report::review::json(&review),
        ReportFormat::Html => {
            page(&format!("Weekly review {}", review.week), &report::review::html(&review).into_string())
        }
    };
    print_or_write(&args.output, &text)
}

/// The present, or the journal's last instant where that is later: of demonstrations and test clocks.
fn latest(view: &View) -> anyhow::Result<Instant> {
    let head = view.reader().head().map_err(|error| explain(&error.problem()))?;
    Ok(TimeSource::System.now().max(head.recorded_at))
}

pub(crate) fn in_force(view: &View) -> anyhow::Result<(Policy, Roster)> {
    let found = web::reports::in_force(view).map_err(|problem| explain(&problem))?;
    found.ok_or_else(|| Ended::with(Exit::Failure, "no policy has been in force there; start the server once"))
}

pub(crate) fn print_or_write(args: &OutputArgs, text: &str) -> anyhow::Result<Exit> {
    if let Some(path) = &args.check {
        return compare(path, text);
    }
    match &args.output {
        Some(path) => std::fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))?,
        None => print!("{text}"),
    }
    Ok(Exit::Ok)
}

/// Whether a committed document still says what is true.
fn compare(path: &Path, text: &str) -> anyhow::Result<Exit> {
    let there = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    if there == text {
        return Ok(Exit::Ok);
    }
    print!("{}", diffy::create_patch(&there, text));
    let name = path.display();
    eprintln!("{name} says something else\nhelp: write it anew with the same command and `-o {name}`");
    Ok(Exit::Failure)
}

/// A fragment as a document. The title is ours and needs no escaping.
fn page(title: &str, fragment: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1>\n{fragment}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_no_longer_holds_fails() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("matrix.md");
        std::fs::write(&file, "| 1 | 10 min |\n").unwrap();
        let args = OutputArgs { format: ReportFormat::Md, output: None, check: Some(file.clone()) };
        assert_eq!(print_or_write(&args, "| 1 | 10 min |\n").unwrap(), Exit::Ok);
        assert_eq!(print_or_write(&args, "| 1 | 8 min |\n").unwrap(), Exit::Failure);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "| 1 | 10 min |\n", "it is only compared");
        let missing = OutputArgs { check: Some(folder.path().join("none.md")), ..args };
        assert!(print_or_write(&missing, "x").is_err());
    }
}
