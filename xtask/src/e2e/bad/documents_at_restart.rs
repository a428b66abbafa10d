//! A bad policy never silences: the last valid one runs, and a self-alert says so.

use anyhow::{Result, ensure};

use super::super::receiver::Receiver;
use super::super::{Checks, documents};

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;

    site.write("policy.yaml", "version: 1\nseverities: nonsense\n")?;
    let (status, said) = site.refused_start()?;
    ensure!(!status.success(), "on an empty store an invalid policy should be refused");
    ensure!(said.contains("severities"), "the refusal should name the place:\n{said}");
    checks.pass("an invalid policy on an empty store is refused with its place");

    site.write("policy.yaml", documents::POLICY)?;
    site.start().await?.stop()?;
    let people_missing = documents::POLICY.replace("owner: ana", "owner: nobody-known");
    for (what, text) in [
        ("an unknown person", people_missing.as_str()),
        ("a YAML bomb", BOMB),
        ("text that is no YAML", "version: [1\n"),
    ] {
        site.write("policy.yaml", text)?;
        let server = site.start().await?;
        let answer = server.api.post("/v1/signals", &documents::signal(&format!("bad-{what}"), what)).await?;
        ensure!(answer["accepted"] == 1, "with {what} in the policy a signal was answered {answer}");
        let incidents = answer["incidents"].as_array().map_or(0, Vec::len);
        ensure!(incidents == 1, "with {what} in the policy the last valid one should open an incident: {answer}");
        let metrics = server.api.call("GET", "/metrics", None).await?.text();
        ensure!(metrics.contains("policy-invalid"), "a self-alert should show in the metrics:\n{metrics}");
        server.stop()?;
        checks
            .pass(format!("restarted with {what} in the policy, the last valid one decides and a self-alert says so"));
    }
    Ok(())
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
