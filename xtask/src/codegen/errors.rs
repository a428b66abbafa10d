//! One page for each code of the table of problems, and their contents page.

use std::fmt::Write as _;
use std::path::Path;

use problem::Code;

use super::Files;

const FOLDER: &str = "docs/errors";

/// The pages.
pub(super) fn files() -> Files {
    let folder = Path::new(FOLDER);
    let mut codes: Vec<&Code> = problem::table().collect();
    codes.sort_by_key(|code| code.id);
    let mut files: Files = codes.iter().map(|code| (folder.join(format!("{}.md", code.id)), page(code))).collect();
    files.insert(folder.join("README.md"), contents(&codes));
    files
}

fn page(code: &Code) -> String {
    let Code { id, status, title, cause, remedy } = code;
    format!(
        "# {id}\n\n{}.\n\n**Why.** {cause}\n\n**What to do.** {remedy}\n\nOver HTTP: status {status}. [All errors](README.md)\n",
        capitalised(title)
    )
}

fn contents(codes: &[&Code]) -> String {
    let mut text = String::from(
        "# Errors\n\nEvery refusal, diagnostic and self-alert names one of these codes. A code keeps its meaning for ever.\n\n\
         | code | HTTP | what is wrong |\n|---|---|---|\n",
    );
    for code in codes {
        let _ = writeln!(text, "| [{id}]({id}.md) | {} | {} |", code.status, code.title, id = code.id);
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
