//! A page's webhook verifies with a Standard Webhooks library that is not ours.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::receiver::Receiver;
use super::{Checks, documents};
use crate::tools;

/// Verifies one message given as arguments; prints `verified`, or raises.
const VERIFY: &str = "\
import sys
from standardwebhooks import Webhook
secret, body, wid, timestamp, signature = sys.argv[1:]
headers = {'webhook-id': wid, 'webhook-timestamp': timestamp, 'webhook-signature': signature}
Webhook(secret).verify(body, headers)
print('verified')
";

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let receiver = Receiver::start().await?;
    let site = documents::site(&receiver)?;
    let server = site.start().await?;
    let signal = json!({"source": "evals", "metric": "pii_leak", "service": "support-assistant", "label": "confirmed"});
    let answer = server.api.post("/v1/signals", &signal).await?;
    ensure!(answer["incidents"] == json!(["INC-1"]), "the signal should have opened INC-1, but got {answer}");
    let page = receiver.page_about("INC-1", Duration::from_secs(15)).await?;

    let body = String::from_utf8(page.message.body.clone())?;
    ensure!(!body.contains("confirmed"), "a page carries no text of a signal, but got {body}");
    let header = |name: &str| page.message.header(name).unwrap_or_default().to_owned();
    let signature = header("webhook-signature");
    let verify = |body: &str, signature: &str| -> Result<bool> {
        let mut python = Command::new(tools::python());
        python.args(["-c", VERIFY, documents::SECRET, body, page.id(), &header("webhook-timestamp"), signature]);
        Ok(python.output()?.status.success())
    };
    ensure!(verify(&body, &signature)?, "the library refuses the signature {signature} of {body}");
    checks.pass("PyPI's standardwebhooks verifies a page's webhook");
    ensure!(!verify(&format!("{body} "), &signature)?, "the library accepts a changed body");
    checks.pass("it refuses the same page with one byte more");
    server.stop()
}
