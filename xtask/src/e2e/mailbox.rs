//! A real SMTP server that takes mail, or refuses it for a while, as a check wants it.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::eventually;
use super::peer::Peer;

/// Python starts within a second; the rest is head-room on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server; it ends when dropped.
pub(super) struct Mailbox {
    peer: Peer,
    /// Where it listens on 127.0.0.1.
    pub(super) port: u64,
}

/// A mail as Python's `email` reads it.
#[derive(Clone, Debug)]
pub(super) struct Mail(Value);

impl Mailbox {
    /// One that takes everything.
    pub(super) async fn start() -> Result<Mailbox> {
        let peer = Peer::start("mailbox")?;
        let port = eventually("the SMTP server listens", PATIENCE, || async {
            Ok(peer.said().first().and_then(|line| line["port"].as_u64()))
        });
        let port = port.await?;
        Ok(Mailbox { peer, port })
    }

    /// Refuses every mail with a 451 from now on.
    pub(super) async fn refuse(&mut self) -> Result<()> {
        self.turn("refuse").await
    }

    /// Takes every mail from now on.
    pub(super) async fn accept(&mut self) -> Result<()> {
        self.turn("accept").await
    }

    /// What it took so far.
    pub(super) fn mails(&self) -> Vec<Mail> {
        self.peer.said().into_iter().filter_map(|line| line.get("mail").cloned().map(Mail)).collect()
    }

    /// What it took for that recipient.
    pub(super) fn to(&self, address: &str) -> Vec<Mail> {
        self.mails().into_iter().filter(|mail| mail.0["to"] == serde_json::json!([address])).collect()
    }

    /// How often it refused.
    pub(super) fn refusals(&self) -> usize {
        self.peer.said().iter().filter(|line| line["refused"] == true).count()
    }

    async fn turn(&mut self, mode: &str) -> Result<()> {
        let before = self.turns();
        self.peer.tell(mode)?;
        let what = format!("the SMTP server will {mode}");
        eventually(&what, PATIENCE, || async { Ok((self.turns() > before).then_some(())) }).await
    }

    fn turns(&self) -> usize {
        self.peer.said().iter().filter(|line| line.get("mode").is_some()).count()
    }
}

impl Mail {
    /// A header by its name in lower case; it must be there once.
    pub(super) fn header(&self, name: &str) -> Result<&str> {
        let headers = self.0["headers"].as_array().context("a mail has headers")?;
        let mut found = headers.iter().filter(|header| header[0] == name).filter_map(|header| header[1].as_str());
        let value = found.next().with_context(|| format!("no header `{name}` in {}", self.0))?;
        anyhow::ensure!(found.next().is_none(), "the header `{name}` is there twice in {}", self.0);
        Ok(value)
    }

    /// Whether it was sent to that address, among others.
    pub(super) fn is_to(&self, address: &str) -> bool {
        self.0["to"].as_array().is_some_and(|to| to.iter().any(|one| one == address))
    }

    /// The names of all headers.
    pub(super) fn header_names(&self) -> Vec<&str> {
        self.0["headers"].as_array().into_iter().flatten().filter_map(|header| header[0].as_str()).collect()
    }

    /// The plain part.
    pub(super) fn plain(&self) -> &str {
        self.0["plain"].as_str().unwrap_or_default()
    }

    /// The HTML part.
    pub(super) fn html(&self) -> &str {
        self.0["html"].as_str().unwrap_or_default()
    }

    /// What Python finds wrong with it.
    pub(super) fn defects(&self) -> String {
        self.0["defects"].as_array().into_iter().flatten().map(Value::to_string).collect()
    }
}
