//! Pages by a real SMTP server and by an incoming webhook as Slack has them, through the whole server.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::mailbox::{Mail, Mailbox};
use super::receiver::Receiver;
use super::{Checks, documents, eventually};
use crate::http::Answer;
use crate::site::Site;

/// Pages go out at once; the rest is head-room on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// The on-call person's address.
const ANA: &str = "ana@team.test";
/// When it begins: a Monday morning.
const BEGIN: &str = "2026-11-23T09:00:00Z";
/// Every header that a mail of ours has; nothing that anybody writes adds one.
const HEADERS: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "auto-submitted",
    "x-auto-response-suppress",
    "x-watchbell-incident",
];

/// People with an address, and one whom a chat reaches.
const ROSTER: &str = r#"
people:
  ana: {name: Ana Ruiz, contacts: [{email: ana@team.test}]}
  ben: {name: Ben Okoye, contacts: [{email: ben@team.test}]}
  cara: {name: Cara Voss, contacts: [{chat: on-call}]}
fallback: [ben, cara]
channels:
  email: {type: email, host: localhost, port: MAIL_PORT, security: none, from: Watchbell <watchbell@team.test>}
  chat: {type: slack, url_env: CHAT_URL, allow_internal: true}
"#;

/// The roster, with the mail server's port.
pub(super) fn roster(mailbox: &Mailbox) -> String {
    ROSTER.replace("MAIL_PORT", &mailbox.port.to_string())
}

/// A chat that takes everything as Slack does.
pub(super) async fn chat() -> Result<Receiver> {
    Receiver::answering(|_| Answer::Says("ok".to_owned())).await
}

pub(super) async fn run(checks: &mut Checks) -> Result<()> {
    let (mailbox, chat) = (Mailbox::start().await?, chat().await?);
    let policy = documents::POLICY.replace("acknowledge: 3s", "acknowledge: 30m");
    let site = Site::new(&policy, &roster(&mailbox))?.env("CHAT_URL", chat.url()).at(BEGIN);
    let server = site.start().await?;
    server.api.post("/v1/signals", &documents::signal("s-1", "mail")).await?;
    server.api.post("/dev/clock", &json!({"advance": "16m"})).await?;
    let what = "two mails about INC-1 reach ana, and one reaches ben";
    let arrived =
        || async { Ok((mailbox.to(ANA).len() >= 2 && !mailbox.to("ben@team.test").is_empty()).then_some(())) };
    eventually(what, PATIENCE, arrived).await?;

    let mails = mailbox.to(ANA);
    let link = format!("http://{}/incidents/INC-1", server.api.addr);
    for mail in &mails {
        well_formed(mail)?;
        ensure!(mail.header("to")? == ANA, "to {}", mail.header("to")?);
        ensure!(mail.plain().contains(&link) && mail.html().contains(&format!("href=\"{link}\"")), "no link: {mail:?}");
    }
    let first = &mails[0];
    let subject = first.header("subject")?;
    ensure!(subject == "INC-1: leak on support-assistant", "the subject is `{subject}`");
    ensure!(first.plain().starts_with("SEV-1 INC-1: leak on support-assistant"), "the text is {}", first.plain());
    checks.pass(format!("aiosmtpd takes pages to {ANA}: `{subject}`, with severity and link, no defect to Python"));
    threaded(&mails, checks)?;
    in_chat(&chat, &link, checks).await?;
    server.stop()
}

/// Python finds nothing wrong with it, and its headers are ours.
pub(super) fn well_formed(mail: &Mail) -> Result<()> {
    ensure!(mail.defects().is_empty(), "Python finds {} in {mail:?}", mail.defects());
    let names = mail.header_names();
    let foreign: Vec<_> = names.iter().filter(|name| !HEADERS.contains(*name)).collect();
    ensure!(foreign.is_empty(), "headers that are not ours: {foreign:?}");
    let once: BTreeSet<&&str> = names.iter().collect();
    ensure!(once.len() == names.len(), "headers that are there twice: {names:?}");
    Ok(())
}

/// All mails about an incident answer the same root, and each is a message of its own.
fn threaded(mails: &[Mail], checks: &mut Checks) -> Result<()> {
    let mut ids = BTreeSet::new();
    let root = mails[0].header("in-reply-to")?;
    for mail in mails {
        ensure!(mail.header("in-reply-to")? == root && mail.header("references")? == root, "another thread: {mail:?}");
        ensure!(mail.header("subject")? == mails[0].header("subject")?, "another subject: {mail:?}");
        ids.insert(mail.header("message-id")?);
    }
    ensure!(ids.len() == mails.len() && !ids.contains(root), "message ids: {ids:?}");
    checks.pass(format!("{} mails about the incident form one thread below {root}", mails.len()));
    Ok(())
}

async fn in_chat(chat: &Receiver, link: &str, checks: &mut Checks) -> Result<()> {
    let look = || async { Ok(chat.all().into_iter().next()) };
    let first = eventually("the chat hears of INC-1", PATIENCE, look).await?;
    let body: Value = serde_json::from_slice(&first.message.body)?;
    let text = body["text"].as_str().unwrap_or_default();
    ensure!(text.starts_with("*SEV-1 INC-1: leak on support-assistant*\n"), "the chat reads {body}");
    ensure!(text.contains(link) && body.as_object().is_some_and(|fields| fields.len() == 1), "the chat reads {body}");
    checks.pass("an incoming webhook of Slack's form gets the same as one `text` with the link");
    Ok(())
}
