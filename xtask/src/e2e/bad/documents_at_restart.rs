//! A bad policy never silences: the last valid one runs, and a self-alert says so.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::super::receiver::Receiver;
use super::super::{Checks, documents, eventually};

/// For a page and a self-alert.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;

    site.write("policy.yaml", "version: 1\nseverities: nonsense\n")?;
    let (status, said) = site.refused_start()?;
    ensure!(!status.success(), "on an empty store an invalid policy should be refused");
    ensure!(said.contains("severities"), "the refusal should name the place:\n{said}");
    checks.pass("an invalid policy on an empty store is refused with its place");

    let people_missing = documents::POLICY.replace("owner: ana", "owner: nobody-known");
    for (what, text) in [
        ("an unknown person", people_missing.as_str()),
        ("a YAML bomb", BOMB),
        ("text that is no YAML", "version: [1\n"),
    ] {
        last_valid_one_runs(what, text).await?;
        checks.pass(format!("restarted with {what} in the policy, the last valid one decides, and people are told"));
    }
    Ok(())
}

async fn last_valid_one_runs(what: &str, text: &str) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;
    site.start().await?.stop()?;
    site.write("policy.yaml", text)?;
    let server = site.start().await?;
    let answer = server.api.post("/v1/signals", &documents::signal("after-restart", "bad")).await?;
    ensure!(answer["incidents"] == json!(["INC-1"]), "with {what} in the policy a signal was answered {answer}");
    receiver.page_about("INC-1", PATIENCE).await?;
    let told = || async {
        let told = receiver.all().into_iter().find(|message| message.data()["code"] == "policy-not-activated");
        Ok(told.map(|_| ()))
    };
    eventually("the self-alert policy-not-activated reaches a person", PATIENCE, told).await?;
    server.stop()
}

/// Nine levels of nine aliases: 9^9 words if it were expanded.
const BOMB: &str = "\
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d]
f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e]
g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f]
h: &h [*g, *g, *g, *g, *g, *g, *g, *g, *g]
i: &i [*h, *h, *h, *h, *h, *h, *h, *h, *h]
";
