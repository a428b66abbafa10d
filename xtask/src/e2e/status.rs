//! The status page as strangers' programs read it, and its copy in files.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::receiver::Receiver;
use super::{Checks, documents, peer};
use crate::site::{Running, Site};

/// What customers are told.
const WORDS: &str = "Our assistant gives wrong answers about refunds. A person answers meanwhile.";
/// The documents of the page in its copy, and what the server answers in their place.
const FILES: [(&str, &str); 8] = [
    ("index.html", "/status"),
    ("status/history.atom", "/status/history.atom"),
    ("api/v2/status.json", "/api/v2/status.json"),
    ("api/v2/summary.json", "/api/v2/summary.json"),
    ("api/v2/components.json", "/api/v2/components.json"),
    ("api/v2/incidents.json", "/api/v2/incidents.json"),
    ("api/v2/incidents/unresolved.json", "/api/v2/incidents/unresolved.json"),
    ("api/v2/scheduled-maintenances.json", "/api/v2/scheduled-maintenances.json"),
];

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let policy = documents::POLICY.replace("{name: Support assistant}", "{name: Support assistant, component: Chat}");
    let site = documents::site_with(&policy, documents::ROSTER, &receiver)?;
    let server = site.start().await?;
    let url = format!("http://{}", server.api.addr);
    let quiet = peer::ask_node("statuspage", &[&url]).await?;
    ensure!(quiet["status"]["status"]["indicator"] == "none", "before anything happened: {}", quiet["status"]);

    server.api.post("/v1/signals", &documents::signal("s-1", "status")).await?;
    let ana = server.api.with_token(&documents::token(&server.api, "ana").await?);
    ana.post("/api/v1/incidents/INC-1/updates", &json!({"audience": "support", "text": WORDS})).await?;
    let seen = peer::ask_node("statuspage", &[&url]).await?;
    let incident = &seen["unresolved"]["incidents"][0];
    let component = &seen["components"]["components"][0];
    ensure!(seen["status"]["status"]["indicator"] == "critical", "a SEV-1 is critical: {}", seen["status"]);
    ensure!(seen["summary"]["incidents"][0] == *incident && seen["incidents"]["incidents"][0] == *incident, "{seen}");
    ensure!(incident["status"] == "investigating" && incident["incident_updates"][0]["body"] == WORDS, "{incident}");
    ensure!(component["name"] == "Chat" && component["status"] == "major_outage", "the component: {component}");
    checks.pass(format!("npm's statuspage.io reads every document: {} is {}", component["name"], component["status"]));

    let feed = peer::ask("read_feed", &[&format!("{url}/status/history.atom")]).await?;
    ensure!(feed["bozo"] == "''" && feed["version"] == "atom10", "feedparser complains: {feed}");
    let entry = &feed["entries"][0];
    ensure!(entry["text"].as_str().is_some_and(|text| text.contains("about refunds")), "feedparser reads {feed}");
    checks.pass(format!("feedparser reads the Atom feed without complaint: {}", entry["title"]));

    copy_is_equal(&site, &server, &url, checks).await?;
    pages_parse(&site, &server, checks).await?;
    server.stop()
}

/// The page in files is the page on the server, byte for byte.
async fn copy_is_equal(site: &Site, server: &Running, url: &str, checks: &mut Checks) -> Result<()> {
    let folder = site.path("page");
    site.on_data(&["status", "export", "--url", url, "--output", &folder.to_string_lossy()])?;
    for (file, path) in FILES {
        let copy = fs::read_to_string(folder.join(file)).with_context(|| format!("the copy has no {file}"))?;
        let live = server.api.call("GET", path, None).await?.text();
        ensure!(copy == live, "{file} differs from {path}:\n{copy}\n{live}");
    }
    checks.pass(format!("`status export` beside the server writes {} documents equal to what it serves", FILES.len()));
    Ok(())
}

/// The public page and those of people are well-formed HTML.
async fn pages_parse(site: &Site, server: &Running, checks: &mut Checks) -> Result<()> {
    let folder = site.path("html");
    let pages = ["/status", "/", "/incidents/INC-1", "/incidents/new", "/mine", "/matrix", "/review", "/policy"];
    let pages = save_pages(server, &folder, &pages).await?;
    let found = peer::ask("read_html", &[&folder.to_string_lossy()]).await?;
    let wrong: Vec<String> = faults(&found, "errors");
    ensure!(wrong.is_empty(), "html5lib finds errors: {wrong:?}");
    checks.pass(format!("html5lib parses {pages} pages, the public one among them, without an error"));
    Ok(())
}

/// Saves pages, as an administrator sees them, as files of a folder; gives their number.
pub(super) async fn save_pages(server: &Running, folder: &std::path::Path, pages: &[&str]) -> Result<usize> {
    fs::create_dir_all(folder)?;
    for path in pages {
        let reply = server.api.call("GET", path, None).await?;
        ensure!(reply.is_success(), "GET {path} answered {}", reply.status);
        fs::write(folder.join(format!("page{}.html", path.replace(['/', '?', '='], "_"))), reply.text())?;
    }
    Ok(pages.len())
}

/// What `read_html` found of one kind, with the page.
pub(super) fn faults(found: &Value, kind: &str) -> Vec<String> {
    let pages = found.as_object().into_iter().flatten();
    let faulty = pages.filter(|(_, page)| page[kind].as_array().is_none_or(|faults| !faults.is_empty()));
    faulty.map(|(page, faults)| format!("{page}: {}", faults[kind])).collect()
}
