//! A letter as an internet message: plain text, the same in minimal HTML, and threading headers.
//!
//! Pure. The same letter always gives the same bytes, so that a message which arrives twice
//! is known by its `Message-ID` both times.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use maud::{DOCTYPE, html};
use sha2::{Digest, Sha256};

use crate::Letter;
use crate::plain::{lines, one_line};

/// The longest header value, in characters: well below the 998 bytes of a line (RFC 5322
/// §2.1.1) even where nothing can be folded.
const HEADER_CHARS_MAX: usize = 200;
/// The longest local part of a message id that is still readable, in bytes; longer ones are hashed.
const ID_BYTES_MAX: usize = 120;

/// What the link to acknowledge is good for.
const ACKNOWLEDGE: &str =
    "Acknowledge by one button, without signing in. This link is for you alone and works for a day:";

/// The bytes of the message.
pub(super) fn compose(from: &Mailbox, domain: &str, to: &Address, letter: &Letter) -> Vec<u8> {
    let seconds = u64::try_from(letter.created_at.as_micros()).unwrap_or(0) / 1_000_000;
    let subject = letter.thread.as_ref().map_or(&letter.subject, |thread| &thread.subject);
    let mut message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(header(subject))
        // The letter's own time: a second attempt is the same message.
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{domain}>", id(&letter.id))))
        // Keeps vacation responders and mailing lists from answering (RFC 3834 §5).
        .raw_header(raw("Auto-Submitted", "auto-generated"))
        .raw_header(raw("X-Auto-Response-Suppress", "All"));
    if let Some(thread) = &letter.thread {
        // The root is a message that was never sent; every letter of the incident answers it.
        let root = format!("<incident.{}@{domain}>", id(&thread.key));
        message = message
            .in_reply_to(root.clone())
            .references(root)
            .raw_header(raw("X-Watchbell-Incident", &header(&thread.incident)));
    }
    let (plain, rich) = (plain(letter), rich(letter));
    let bodies = MultiPart::alternative()
        // No text can hold its own digest, so none can pretend to be another part.
        .boundary(digest(&format!("{plain}{rich}")))
        .singlepart(SinglePart::plain(plain))
        .singlepart(SinglePart::html(rich));
    message.multipart(bodies).expect("a message needs a sender and a recipient, and has both").formatted()
}

/// The plain part. It begins with the letter's own subject, since the header's is the incident's.
fn plain(letter: &Letter) -> String {
    let mut text = format!("{}\n\n{}\n", header(&letter.subject), letter.text_and_link());
    if let Some(link) = &letter.acknowledge {
        let _ = write!(text, "\n{ACKNOWLEDGE}\n{link}\n");
    }
    lines(&text)
}

/// The same as HTML without style or script; only a link to the web becomes one.
fn rich(letter: &Letter) -> String {
    let to_the_web = |link: &&str| link.starts_with("https://") || link.starts_with("http://");
    let link = letter.link.as_deref().filter(to_the_web);
    let acknowledge = letter.acknowledge.as_deref().filter(to_the_web);
    html! {
        (DOCTYPE)
        html {
            head { meta charset="utf-8"; }
            body {
                p { strong { (header(&letter.subject)) } }
                p { @for line in lines(letter.text.trim_end()).lines() { (line) br; } }
                @if let Some(link) = link { p { a href=(link) { (link) } } }
                @if let Some(link) = acknowledge { p { (ACKNOWLEDGE) br; a href=(link) { (link) } } }
            }
        }
    }
    .into_string()
}

/// Text for a header: one short line. What looks like an encoded word is broken up, because
/// mail programs would decode it into something that nobody wrote.
fn header(text: &str) -> String {
    one_line(text, HEADER_CHARS_MAX).replace("=?", "= ?")
}

fn raw(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// A text as the local part of a message id: readable, and different for different texts.
fn id(text: &str) -> String {
    let mut id = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' => id.push(char::from(byte)),
            _ => {
                let _ = write!(id, "={byte:02X}");
            }
        }
    }
    if !id.is_empty() && id.len() <= ID_BYTES_MAX {
        return id;
    }
    // The dot stands in no readable id, so that the two kinds never meet.
    format!("sha256.{}", digest(text))
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letter::Thread;
    use crate::letter::tests::letter;
    use expect_test::expect;
    use proptest::prelude::*;

    fn composed(letter: &Letter) -> String {
        let from: Mailbox = "Watchbell <watchbell@example.com>".parse().unwrap();
        let to: Address = "ana@example.com".parse().unwrap();
        String::from_utf8(compose(&from, "example.com", &to, letter)).unwrap()
    }

    /// The message with the line ends of this file.
    fn shown(letter: &Letter) -> String {
        composed(letter).replace("\r\n", "\n")
    }

    /// Names of the headers, in their order.
    fn names(message: &str) -> Vec<&str> {
        let head = message.split("\r\n\r\n").next().unwrap();
        let starts = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
        starts.map(|line| line.split(':').next().unwrap()).collect()
    }

    #[test]
    fn a_page_is_a_short_message() {
        expect![[r#"
            From: Watchbell <watchbell@example.com>
            To: ana@example.com
            Subject: INC-7: pii_leak on support-assistant
            Date: Fri, 27 Nov 2026 14:00:00 +0000
            Message-ID: <dlv_7-0_c0ffee@example.com>
            Auto-Submitted: auto-generated
            X-Auto-Response-Suppress: All
            In-Reply-To: <incident.w1=2F7@example.com>
            References: <incident.w1=2F7@example.com>
            X-Watchbell-Incident: INC-7
            MIME-Version: 1.0
            Content-Type: multipart/alternative;
             boundary="bbd23a4cd26c6dfc658580e55287bc514ad691bb47d4d599082b3154e821156c"

            --bbd23a4cd26c6dfc658580e55287bc514ad691bb47d4d599082b3154e821156c
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: 7bit

            SEV-1 INC-7: pii_leak on support-assistant

            INC-7 is open.
            Severity: SEV-1

            https://watchbell.example/incidents/INC-7

            --bbd23a4cd26c6dfc658580e55287bc514ad691bb47d4d599082b3154e821156c
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            <!DOCTYPE html><html><head><meta charset=3D"utf-8"></head><body><p><strong>=
            SEV-1 INC-7: pii_leak on support-assistant</strong></p><p>INC-7 is open.<br=
            >Severity: SEV-1<br></p><p><a href=3D"https://watchbell.example/incidents/I=
            NC-7">https://watchbell.example/incidents/INC-7</a></p></body></html>
            --bbd23a4cd26c6dfc658580e55287bc514ad691bb47d4d599082b3154e821156c--
        "#]]
        .assert_eq(&shown(&letter()));
    }

    #[test]
    fn what_concerns_no_incident_has_its_own_subject_and_no_thread() {
        let alone = Letter { thread: None, subject: "Watchbell: a delivery failed".into(), ..letter() };
        let shown = shown(&alone);
        assert!(shown.contains("\nSubject: Watchbell: a delivery failed\n"), "{shown}");
        assert!(!shown.contains("In-Reply-To") && !shown.contains("X-Watchbell-Incident"), "{shown}");
    }

    #[test]
    fn markup_and_odd_links_are_inert() {
        let hostile = Letter {
            subject: "<img src=x onerror=alert(1)>".into(),
            text: "\"quotes\" & <script>\nsecond line".into(),
            link: Some("javascript:alert(1)".into()),
            ..letter()
        };
        let html = rich(&hostile);
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("href"), "{html}");
        assert!(html.contains("&lt;script&gt;<br>second line<br>"), "{html}");
        let quoted = rich(&Letter { link: Some("https://x.example/\" onclick=\"y".into()), ..letter() });
        assert!(quoted.contains("href=\"https://x.example/&quot; onclick=&quot;y\""), "{quoted}");
    }

    #[test]
    fn ids_are_readable_and_never_meet() {
        let long = "x".repeat(ID_BYTES_MAX);
        for (text, wanted) in [
            ("dlv_7-0_c0ffee", "dlv_7-0_c0ffee"),
            ("a b>\r\n@c", "a=20b=3E=0D=0A=40c"),
            ("a=20b", "a=3D20b"),
            ("ü", "=C3=BC"),
            (&long, &long),
        ] {
            assert_eq!(id(text), wanted);
        }
        assert!(id(&format!("{long}x")).starts_with("sha256."));
        assert_eq!(id("").len(), "sha256.".len() + 64);
        assert_ne!(id("sha256.x"), "sha256.x");
    }

    #[test]
    fn encoded_words_are_not_decoded_into_something_else() {
        let thread = Thread { subject: "=?utf-8?q?Bcc:_all?= up".into(), ..letter().thread.unwrap() };
        let shown = shown(&Letter { thread: Some(thread), ..letter() });
        assert!(shown.contains("\nSubject: = ?utf-8?q?Bcc:_all?= up\n"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_text_adds_or_breaks_a_header(
            texts in proptest::array::uniform5(any::<String>()),
            link in any::<Option<String>>(),
            hostile in "[\\r\\n\\t .:A-Za-z=?<>@]{0,40}",
        ) {
            let [id, subject, text, incident, stable] = texts;
            let letter = Letter {
                id: id + &hostile,
                subject: subject + &hostile,
                text: text + &hostile,
                link,
                thread: Some(Thread {
                    incident: incident + &hostile,
                    key: hostile.clone() + &stable,
                    subject: stable + &hostile,
                }),
                ..super::tests::letter()
            };
            let message = composed(&letter);
            let page = composed(&super::tests::letter());
            prop_assert_eq!(names(&message), names(&page));
            prop_assert!(message.is_ascii());
            // Neither half of a line's end ever stands alone: that is how a message smuggles another.
            let rest = message.replace("\r\n", "");
            prop_assert!(!rest.contains(['\r', '\n', '\0']));
        }

        #[test]
        fn different_texts_have_different_ids(a in any::<String>(), b in any::<String>()) {
            prop_assert_eq!(a == b, id(&a) == id(&b));
            prop_assert!(id(&a).bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_=.".contains(&byte)));
        }
    }
}
