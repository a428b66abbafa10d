//! The stage of the night: documents, people, a pager and a mail server.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use calendar::Instant;
use serde_json::{Value, json};

use crate::e2e::mailbox::Mailbox;
use crate::e2e::receiver::Receiver;
use crate::e2e::{documents, eventually};
use crate::http::Api;
use crate::site::{Running, Site};

/// When the night begins: a Friday, 00:30 in Berlin.
const BEGIN: &str = "2026-11-26T23:30:00Z";
/// The week of the review.
pub(super) const WEEK: &str = "2026-W48";
/// The customers who hear by e-mail, and by nothing else.
pub(super) const CUSTOMERS: &str = "customers@night.test";
/// The test clock moves once everything due is done, so that waiting is only for the mail server.
const PATIENCE: Duration = Duration::from_secs(20);

const POLICY: &str = include_str!("policy.yaml");
const ROSTER: &str = include_str!("roster.yaml");

/// Everything that plays.
pub(super) struct Stage {
    pub(super) site: Site,
    pub(super) server: Running,
    pub(super) mailbox: Mailbox,
    pub(super) pager: Receiver,
    people: BTreeMap<&'static str, Api>,
}

impl Stage {
    /// Everybody in place, and nothing has happened yet.
    pub(super) async fn set() -> Result<Stage> {
        Stage::set_with("").await
    }

    /// The same, with more triggers.
    pub(super) async fn set_with(triggers: &str) -> Result<Stage> {
        let (mailbox, pager) = (Mailbox::start().await?, Receiver::start().await?);
        let roster = ROSTER.replace("MAIL_PORT", &mailbox.port.to_string());
        let site = documents::site_with(&format!("{POLICY}{triggers}"), &roster, &pager)?.at(BEGIN);
        let server = site.start().await?;
        let mut people = BTreeMap::new();
        for person in ["ana", "ben", "mara", "tom", "ines", "vic"] {
            people.insert(person, server.api.with_token(&documents::token(&server.api, person).await?));
        }
        Ok(Stage { site, server, mailbox, pager, people })
    }

    /// The API as that person.
    pub(super) fn person(&self, name: &str) -> &Api {
        &self.people[name]
    }

    /// Lets a person act on an incident.
    pub(super) async fn act(&self, who: &str, incident: &str, command: &str, body: Value) -> Result<Value> {
        self.person(who).post(&format!("/api/v1/incidents/{incident}/{command}"), &body).await
    }

    /// Lets a person try what is refused, and gives the refusal's code.
    pub(super) async fn refused(&self, who: &str, incident: &str, command: &str, body: Value) -> Result<String> {
        let path = format!("/api/v1/incidents/{incident}/{command}");
        let reply = self.person(who).call("POST", &path, Some(&body)).await?;
        ensure!(reply.status >= 400, "{who}'s `{command}` should be refused, but got {}", reply.text());
        Ok(reply.json()["code"].as_str().unwrap_or_default().to_owned())
    }

    /// Moves the clock; everything that falls due on the way happens.
    pub(super) async fn advance(&self, by: &str) -> Result<()> {
        self.server.api.post("/dev/clock", &json!({"advance": by})).await.map(|_| ())
    }

    /// The server's time.
    pub(super) async fn now(&self) -> Result<String> {
        text(&self.server.api.get("/dev/clock").await?, "now")
    }

    /// Sends signals as they come from an evaluation.
    pub(super) async fn signals(&self, signals: &[Value]) -> Result<Value> {
        let answer = self.server.api.post("/v1/signals", &json!(signals)).await?;
        self.advance("0s").await?;
        Ok(answer)
    }

    /// The incident, as an administrator sees it.
    pub(super) async fn incident(&self, id: &str) -> Result<Value> {
        self.server.api.get(&format!("/api/v1/incidents/{id}")).await
    }

    /// One clock of an incident.
    pub(super) async fn clock(&self, incident: &str, name: &str) -> Result<Value> {
        let incident = self.incident(incident).await?;
        let clocks = incident["clocks"].as_array().into_iter().flatten();
        let found = clocks.into_iter().find(|clock| clock["id"] == name);
        found.cloned().with_context(|| format!("no clock `{name}` in {}", incident["clocks"]))
    }

    /// Every delivery to people and audiences so far.
    pub(super) async fn deliveries(&self) -> Result<usize> {
        Ok(self.server.api.list("/api/v1/deliveries", "deliveries").await?.len())
    }

    /// Waits until the customers were sent so many mails.
    pub(super) async fn mails(&self, count: usize) -> Result<()> {
        let look = || async { Ok((self.mailbox.to(CUSTOMERS).len() == count).then_some(())) };
        eventually(&format!("{count} mails to the customers"), PATIENCE, look).await
    }

    /// Stops, and looks at what is left on disk.
    pub(super) fn end(self) -> Result<()> {
        self.server.stop()?;
        self.site.on_data(&["audit", "verify"])?;
        self.site.on_data(&["audit", "refold"]).map(|_| ())
    }
}

/// A text of a JSON object.
pub(super) fn text(value: &Value, name: &str) -> Result<String> {
    value[name].as_str().map(str::to_owned).with_context(|| format!("no text `{name}` in {value}"))
}

/// An instant of a JSON object.
pub(super) fn instant(value: &Value, name: &str) -> Result<Instant> {
    let text = text(value, name)?;
    Instant::parse(&text).map_err(|error| anyhow!("`{name}` is {text}: {error}"))
}
