//! Incoming webhooks of Slack, and of programs that take the same: one JSON text for one channel.
//!
//! The URL is the credential, so it comes as a secret and is never shown. Nothing is signed,
//! and no answer says whether a person saw the message.

use calendar::Instant;
use problem::Problem;
use serde::Serialize;

use crate::http::{Answer, Endpoint, Http};
use crate::plain::{lines, one_line};
use crate::{Letter, Outcome, Receipt, Secret, answer};

/// Slack cuts longer texts, in characters; words that a person approved go out whole or not at all.
const TEXT_CHARS_MAX: usize = 40_000;
/// The longest subject, in characters; it is one bold line.
const SUBJECT_CHARS_MAX: usize = 200;

/// What Slack answers, with status 403, 404 or 410, when the webhook will never work again.
/// Source: Slack's documentation of incoming webhooks, "Handling errors".
const GONE: &[&str] = &[
    "channel_is_archived",
    "channel_not_found",
    "no_active_hooks",
    "no_service",
    "no_service_id",
    "no_team",
    "team_disabled",
];

/// Where one channel's messages go.
#[derive(Clone, Debug)]
pub struct SlackTarget {
    endpoint: Endpoint,
}

/// The sender; it shares its connections with the other channels over HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Slack {
    http: Http,
}

#[derive(Serialize)]
struct Payload<'a> {
    text: &'a str,
}

impl SlackTarget {
    /// A webhook outside, by https only.
    pub fn parse(url: &Secret) -> Result<SlackTarget, Problem> {
        Ok(SlackTarget { endpoint: Endpoint::parse(url.expose())?.require_https()? })
    }

    /// A chat server that may lie inside, also by http: for a channel with `allow_internal: true`.
    pub fn parse_internal(url: &Secret) -> Result<SlackTarget, Problem> {
        Ok(SlackTarget { endpoint: Endpoint::parse_internal(url.expose())? })
    }

    /// The host, which may be shown; the whole URL may not.
    pub fn host(&self) -> &str {
        self.endpoint.host()
    }
}

impl Slack {
    /// The chat server took it; whether a person saw it is not known.
    pub(crate) const RECEIPT: Receipt = Receipt::Accepted;

    pub(crate) fn over(http: Http) -> Slack {
        Slack { http }
    }

    /// Makes one attempt.
    pub(crate) async fn send(&self, target: &SlackTarget, letter: &Letter, now: Instant) -> Outcome {
        let text = match text(letter) {
            Ok(text) => text,
            Err(problem) => return Outcome::refused(problem),
        };
        let json = serde_json::to_vec(&Payload { text: &text }).expect("a string always serialises");
        match self.http.post(&target.endpoint, &[], json).await {
            Ok(answer) => judge(&answer, now),
            Err(outcome) => outcome,
        }
    }
}

/// The letter in Slack's markup: a bold line, and the text below it.
fn text(letter: &Letter) -> Result<String, Problem> {
    letter.check_size()?;
    let subject = escape(&one_line(&letter.subject, SUBJECT_CHARS_MAX));
    let text = format!("*{subject}*\n{}", escape(&lines(&letter.text_and_link())));
    let chars = text.chars().count();
    if chars <= TEXT_CHARS_MAX {
        return Ok(text);
    }
    let detail = format!("`{}` takes {chars} characters once escaped, Slack cuts at {TEXT_CHARS_MAX}", letter.kind);
    Err(Problem::new(&problem::MESSAGE_TOO_LARGE, detail))
}

/// The three characters that Slack reads as markup of links and mentions, and no others.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Slack says `ok` when it took a message; an answer without it came from something else.
fn judge(answer: &Answer, now: Instant) -> Outcome {
    let status = answer.status;
    let word = answer.body.as_deref().map(<[u8]>::trim_ascii);
    let gone = GONE.iter().find(|name| word == Some(name.as_bytes())).filter(|_| matches!(status, 403 | 404 | 410));
    if let Some(name) = gone {
        let reason = format!("the receiver answered {status}, `{name}`: this webhook will not work again");
        return Outcome::Refused { reason, disable: true };
    }
    match (status, word) {
        (200..=299, Some(b"ok")) => Outcome::Delivered { receipt: Slack::RECEIPT },
        (200..=299, None) => Outcome::retry(format!("the answer {status} broke off")),
        // Trying again could post the same text every few minutes to a server that did take it.
        (200..=299, Some(_)) => Outcome::refused(format!(
            "the receiver answered {status} without `ok`, so it is no Slack-compatible incoming webhook"
        )),
        _ => answer::judge(status, answer.retry_after.as_deref(), now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::tests::letter;
    use expect_test::expect;
    use proptest::prelude::*;

    #[test]
    fn a_page_is_a_bold_line_and_its_text() {
        expect![[r#"
            *SEV-1 INC-7: pii_leak on support-assistant*
            INC-7 is open.
            Severity: SEV-1

            https://watchbell.example/incidents/INC-7"#]]
        .assert_eq(&text(&letter()).unwrap());
    }

    #[test]
    fn mentions_and_links_are_inert() {
        let hostile = Letter {
            subject: "<!channel>\n*x*".into(),
            text: "<https://evil.example|Acknowledge> & <@U123> &lt;".into(),
            link: None,
            ..letter()
        };
        expect![[r#"
            *&lt;!channel&gt; *x**
            &lt;https://evil.example|Acknowledge&gt; &amp; &lt;@U123&gt; &amp;lt;"#]]
        .assert_eq(&text(&hostile).unwrap());
    }

    #[test]
    fn a_text_that_grows_beyond_slacks_limit_is_refused() {
        let long = Letter { text: "&".repeat(10_000), ..letter() };
        assert_eq!(text(&long).unwrap_err().code.id, "message-too-large");
        assert!(text(&Letter { text: "x".repeat(10_000), ..letter() }).is_ok());
    }

    #[test]
    fn every_answer_has_one_meaning() {
        let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        for (status, body, wanted) in [
            (200, Some("ok"), "delivered"),
            (200, Some("ok\n"), "delivered"),
            (200, Some(""), "refused"),
            (200, Some("<html>please sign in</html>"), "refused"),
            (200, None, "retry"),
            (302, Some("ok"), "refused"),
            (400, Some("invalid_payload"), "refused"),
            (403, Some("action_prohibited"), "refused"),
            (403, Some("team_disabled"), "disable"),
            (404, Some("no_service"), "disable"),
            (404, Some("channel_not_found"), "disable"),
            (404, Some("<html>no_service</html>"), "refused"),
            (404, None, "refused"),
            (410, Some("channel_is_archived"), "disable"),
            (410, Some("whatever"), "disable"),
            (429, Some("ok"), "retry 17"),
            (500, Some("no_service"), "retry 17"),
            (503, None, "retry 17"),
        ] {
            let retry_after = (status >= 429).then(|| "17".to_owned());
            let answer = Answer { status, retry_after, body: body.map(|body| body.as_bytes().to_vec()) };
            let found = match judge(&answer, now) {
                Outcome::Delivered { receipt: Receipt::Accepted } => "delivered".to_owned(),
                Outcome::Refused { disable: true, .. } => "disable".to_owned(),
                Outcome::Refused { .. } => "refused".to_owned(),
                Outcome::Retry { after: Some(after), .. } => format!("retry {}", after.as_secs()),
                Outcome::Retry { after: None, .. } => "retry".to_owned(),
                other => panic!("{other:?}"),
            };
            assert_eq!(found, wanted, "{status} {body:?}");
        }
    }

    #[test]
    fn the_url_is_a_secret_and_goes_by_https() {
        let parse = |url: &str| SlackTarget::parse(&Secret::new(url));
        for (url, wanted) in [
            ("https://hooks.slack.example/services/T0/B0/hunter2", ""),
            ("http://hooks.slack.example/services/T0/B0/hunter2", "channel-url-invalid"),
            ("hooks.slack.example/services/hunter2", "channel-url-invalid"),
            ("https://10.0.0.7/hooks/hunter2", "address-forbidden"),
        ] {
            let parsed = parse(url);
            assert_eq!(parsed.as_ref().map_or_else(|problem| problem.code.id, |_| ""), wanted, "{url}");
            assert!(!format!("{parsed:?}").contains("hunter2"), "{parsed:?}");
        }
        assert!(SlackTarget::parse_internal(&Secret::new("http://10.0.0.7/hooks/hunter2")).is_ok());
    }

    proptest! {
        #[test]
        fn escaping_leaves_no_markup_and_loses_nothing(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>']));
            let entities = escaped.matches('&').count();
            let known: usize = ["&amp;", "&lt;", "&gt;"].iter().map(|name| escaped.matches(name).count()).sum();
            prop_assert_eq!(entities, known);
            prop_assert_eq!(escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), text);
        }
    }
}
