//! Every page and every document that can be read, as one caller reads them.
//!
//! The routes come from the table of access, which a test of the server writes from its code.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::cargo;
use crate::http::Api;

/// The stream of events has no end; who looks at everything looks at it apart.
const STREAM: &str = "/api/v1/events";
/// Narrower views of the same, which could show what the wider ones hide.
const FURTHER: [&str; 6] = [
    "/?status=all",
    "/api/v1/incidents?status=closed",
    "/api/v1/clocks?state=open",
    "/api/v1/deliveries?incident={id}",
    "/api/v1/signals?limit=1000",
    "/incidents/{id}/timeline",
];

/// What one path answered.
pub(super) struct Seen {
    pub(super) path: String,
    pub(super) status: u16,
    pub(super) text: String,
}

/// Reads everything, where a path names an incident that one; more paths may be given.
pub(super) async fn everything(api: &Api, incident: &str, more: &[String]) -> Result<Vec<Seen>> {
    let table = cargo::root().join("docs/access-table.txt");
    let table = fs::read_to_string(&table).with_context(|| format!("failed to read {}", table.display()))?;
    let routes = table.lines().filter_map(|line| line.strip_prefix("GET ")?.split_whitespace().next());
    let paths = routes.filter(|path| *path != STREAM).chain(FURTHER).map(str::to_owned).chain(more.iter().cloned());
    let mut seen = Vec::new();
    for path in paths {
        let path = path.replace("{id}", incident);
        let path = path.replace("{code}", "incident-unknown").replace("{person}", "vic");
        let path = path.replace("{name}", "none").replace("{key}", "none").replace("{command}", "confirm");
        let reply = api.call("GET", &path, None).await?;
        ensure!(reply.status < 500, "GET {path} answered {}: {}", reply.status, reply.text());
        seen.push(Seen { path, status: reply.status, text: reply.text() });
    }
    Ok(seen)
}

/// Whether a text has a word that stands alone: `INC-3` is not in `INC-37`.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let ends = |next: Option<char>| next.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
    text.match_indices(word).any(|(at, _)| ends(text[at + word.len()..].chars().next()))
}
