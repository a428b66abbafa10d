//! `checklist`: playbooks from the program, a policy file or a data directory, without a server.

use engine::View;
use policy::playbook::{Playbook, Playbooks, Sheet, built_in};

use crate::audit;
use crate::check::pair;
use crate::cli::{ChecklistArgs, ReportFormat};
use crate::exit::{Ended, Exit};
use crate::reports::{in_force, print_or_write};

pub(crate) fn run(args: &ChecklistArgs) -> anyhow::Result<Exit> {
    let playbooks = playbooks(args)?;
    let Some(name) = &args.name else {
        return print_or_write(&args.output, &list(&playbooks, args.output.format));
    };
    let Some(playbook) = playbooks.get(name) else {
        let message = format!("there is no playbook `{name}`; `watchbell checklist` lists them");
        return Err(Ended::with(Exit::Usage, message));
    };
    let text = match (&playbook.sheet, args.sheet) {
        (Some(sheet), true) => sheet_text(sheet, args.output.format)?,
        (None, true) => {
            let have = playbooks.values().filter(|other| other.sheet.is_some()).map(|other| other.id.as_str());
            let have = have.collect::<Vec<_>>().join(", ");
            return Err(Ended::with(Exit::Usage, format!("`{name}` has no sheet; these have one: {have}")));
        }
        (_, false) => text(playbook, &playbooks, args.output.format),
    };
    print_or_write(&args.output, &text)
}

/// Those of the policy, which hold the program's too; without one the program's alone.
fn playbooks(args: &ChecklistArgs) -> anyhow::Result<Playbooks> {
    let asked = |path: &std::path::Path, default: &str| path != std::path::Path::new(default) || path.exists();
    Ok(match &args.data {
        Some(data) => in_force(&View::new(audit::reader(data)?))?.0.playbooks,
        None if asked(&args.policy, "policy.yaml") => pair(&args.policy, &args.roster)?.0.playbooks,
        None => built_in().clone(),
    })
}

fn text(playbook: &Playbook, others: &Playbooks, format: ReportFormat) -> String {
    match format {
        ReportFormat::Md => report::playbook::markdown(playbook, others),
        ReportFormat::Csv => report::playbook::csv(playbook),
        ReportFormat::Json => report::playbook::json(playbook),
        ReportFormat::Html => report::playbook::page(playbook, others),
    }
}

fn sheet_text(sheet: &Sheet, format: ReportFormat) -> anyhow::Result<String> {
    match format {
        ReportFormat::Md => Ok(report::playbook::sheet_markdown(sheet)),
        ReportFormat::Csv => Ok(report::playbook::sheet_csv(sheet)),
        ReportFormat::Json | ReportFormat::Html => {
            Err(Ended::with(Exit::Usage, "a sheet is printed with --format md or --format csv"))
        }
    }
}

/// Ids and titles; JSON for programs, lines for everybody else.
fn list(playbooks: &Playbooks, format: ReportFormat) -> String {
    if format == ReportFormat::Json {
        let all: Vec<&Playbook> = playbooks.values().map(|playbook| &**playbook).collect();
        return serde_json::to_string_pretty(&all).expect("strings and numbers always encode") + "\n";
    }
    let width = playbooks.keys().map(String::len).max().unwrap_or_default();
    playbooks.values().map(|playbook| format!("{:width$}  {}\n", playbook.id, playbook.title)).collect()
}
