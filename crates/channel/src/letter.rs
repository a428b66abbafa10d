//! One letter: what the outbox wants a person to read, whatever the channel.
//!
//! It holds no address of a server and no secret. Each channel takes from it what it can show.

use calendar::Instant;
use problem::Problem;

use crate::{MESSAGE_BYTES_MAX, Message};

/// What is to be told, to whom, and about what.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Idempotency key: equal for all attempts of one delivery.
    pub id: String,
    /// What happened, dotted: `page.requested`, `update.published`.
    pub kind: String,
    /// When it happened; equal for all attempts.
    pub created_at: Instant,
    /// The contact within the channel: an e-mail address. Channels that lead to one place
    /// ignore it; receivers of webhooks read it from `data`.
    pub to: String,
    /// The incident, if it is about one; letters of one incident are shown together.
    pub thread: Option<Thread>,
    /// One line that says what this letter is about.
    pub subject: String,
    /// A few lines, without markup.
    pub text: String,
    /// Where to look and act.
    pub link: Option<String>,
    /// By which this recipient alone acknowledges; shown only where one person reads.
    pub acknowledge: Option<String>,
    /// Particulars for programs.
    pub data: serde_json::Value,
}

/// What holds the letters of one incident together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Name of the incident: `INC-7`.
    pub incident: String,
    /// Tells this incident from every other of every installation that has the same sender:
    /// the workspace's opaque id and the incident's number.
    pub key: String,
    /// A subject that never changes while the incident lives, since mail programs
    /// group by it: `INC-7: pii_leak on support-assistant`, without the severity.
    pub subject: String,
}

impl Letter {
    /// The part of it that programs read.
    pub(crate) fn message(&self) -> Message {
        Message { id: self.id.clone(), kind: self.kind.clone(), created_at: self.created_at, body: self.data.clone() }
    }

    /// The text, and the link below it unless the text names it already.
    pub(crate) fn text_and_link(&self) -> String {
        let text = self.text.trim_end();
        match &self.link {
            Some(link) if !text.contains(link.as_str()) => format!("{text}\n\n{link}"),
            _ => text.to_owned(),
        }
    }

    /// Refuses what no channel should carry. Nothing is ever cut: words that a person approved
    /// go out whole or not at all.
    pub(crate) fn check_size(&self) -> Result<(), Problem> {
        let bytes = self.subject.len() + self.text.len() + self.link.as_ref().map_or(0, String::len);
        if bytes <= MESSAGE_BYTES_MAX {
            return Ok(());
        }
        let detail = format!("the texts of `{}` take {bytes} bytes, the limit is {MESSAGE_BYTES_MAX}", self.kind);
        Err(Problem::new(&problem::MESSAGE_TOO_LARGE, detail))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A page as the engine writes it.
    pub(crate) fn letter() -> Letter {
        Letter {
            id: "dlv_7-0_c0ffee".into(),
            kind: "page.requested".into(),
            created_at: Instant::parse("2026-11-27T14:00:00Z").unwrap(),
            to: "ana@example.com".into(),
            thread: Some(Thread {
                incident: "INC-7".into(),
                key: "w1/7".into(),
                subject: "INC-7: pii_leak on support-assistant".into(),
            }),
            subject: "SEV-1 INC-7: pii_leak on support-assistant".into(),
            text: "INC-7 is open.\nSeverity: SEV-1\n".into(),
            link: Some("https://watchbell.example/incidents/INC-7".into()),
            acknowledge: None,
            data: serde_json::json!({"incident": "INC-7"}),
        }
    }

    #[test]
    fn the_link_is_named_once() {
        let letter = letter();
        assert_eq!(
            letter.text_and_link(),
            "INC-7 is open.\nSeverity: SEV-1\n\nhttps://watchbell.example/incidents/INC-7"
        );
        let named =
            Letter { text: "Acknowledge: https://watchbell.example/incidents/INC-7\n".into(), ..letter.clone() };
        assert_eq!(named.text_and_link(), "Acknowledge: https://watchbell.example/incidents/INC-7");
        assert_eq!(Letter { link: None, ..letter }.text_and_link(), "INC-7 is open.\nSeverity: SEV-1");
    }

    #[test]
    fn texts_beyond_the_limit_are_refused_not_cut() {
        let fits = Letter { subject: String::new(), link: None, text: "x".repeat(MESSAGE_BYTES_MAX), ..letter() };
        assert!(fits.check_size().is_ok());
        let over = Letter { subject: "s".into(), ..fits };
        assert_eq!(over.check_size().unwrap_err().code.id, "message-too-large");
    }
}
