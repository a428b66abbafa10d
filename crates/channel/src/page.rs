//! A page as short plain text, the same on every channel.
//!
//! It says class, service, severity and where to look, and never what a customer wrote: the
//! type has no place for that.

use std::fmt::Write as _;

use crate::plain::one_line;

/// The longest subject, in characters: about what a locked phone shows.
pub const SUBJECT_CHARS_MAX: usize = 120;
/// The longest single name within the text, in characters; names are ids, titles of them at most.
const NAME_CHARS_MAX: usize = 80;
/// The longest link, in characters; the same limit as for the links of signals.
const LINK_CHARS_MAX: usize = 2_048;

/// What a page may say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The incident's id: `INC-7`.
    pub incident: String,
    /// The team's name of the severity: `SEV-1`.
    pub severity: String,
    /// The incident's class: `pii_leak`.
    pub class: String,
    /// The service concerned.
    pub service: String,
    /// Why this person is paged now: `escalation step 2, round 1`.
    pub reason: String,
    /// The incident's page.
    pub link: Option<String>,
    /// Whether it is a rehearsal; then every channel says so first.
    pub drill: bool,
}

/// A rendered page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageText {
    /// One line of at most [`SUBJECT_CHARS_MAX`] characters.
    pub subject: String,
    /// A few lines.
    pub text: String,
}

impl Page {
    /// The words of this page.
    pub fn render(&self) -> PageText {
        let [incident, severity, class, service, reason] =
            [&self.incident, &self.severity, &self.class, &self.service, &self.reason]
                .map(|name| one_line(name, NAME_CHARS_MAX));
        let mark = if self.drill { "DRILL " } else { "" };
        let subject = one_line(&format!("{mark}{severity} {incident}: {class} on {service}"), SUBJECT_CHARS_MAX);
        let mut text = String::new();
        if self.drill {
            text.push_str("This is a drill.\n");
        }
        let _ = writeln!(text, "{incident} is open.\nSeverity: {severity}\nClass: {class}\nService: {service}");
        if !reason.is_empty() {
            let _ = writeln!(text, "Why you: {reason}");
        }
        if let Some(link) = &self.link {
            let _ = writeln!(text, "Acknowledge: {}", one_line(link, LINK_CHARS_MAX));
        }
        PageText { subject, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn page() -> Page {
        Page {
            incident: "INC-7".into(),
            severity: "SEV-1".into(),
            class: "pii_leak".into(),
            service: "support-assistant".into(),
            reason: "escalation step 2, round 1".into(),
            link: Some("https://watchbell.example/i/7".into()),
            drill: false,
        }
    }

    #[test]
    fn a_page_says_what_where_and_how_bad() {
        let PageText { subject, text } = page().render();
        expect![[r#"
            SEV-1 INC-7: pii_leak on support-assistant
            ----
            INC-7 is open.
            Severity: SEV-1
            Class: pii_leak
            Service: support-assistant
            Why you: escalation step 2, round 1
            Acknowledge: https://watchbell.example/i/7
        "#]]
        .assert_eq(&format!("{subject}\n----\n{text}"));
    }

    #[test]
    fn a_drill_says_so_first() {
        let PageText { subject, text } = Page { drill: true, link: None, reason: String::new(), ..page() }.render();
        expect![[r#"
            DRILL SEV-1 INC-7: pii_leak on support-assistant
            ----
            This is a drill.
            INC-7 is open.
            Severity: SEV-1
            Class: pii_leak
            Service: support-assistant
        "#]]
        .assert_eq(&format!("{subject}\n----\n{text}"));
    }

    #[test]
    fn long_and_forged_names_stay_one_short_line() {
        let service = format!("x\r\nBcc: all@example.com{}", "y".repeat(100));
        let forged = Page { service, class: "ü".repeat(200), ..page() }.render();
        assert_eq!(forged.subject.chars().count(), SUBJECT_CHARS_MAX);
        assert!(!forged.subject.contains(['\r', '\n']));
        assert!(forged.subject.ends_with('…'), "{}", forged.subject);
        assert_eq!(forged.text.lines().count(), 6);
    }
}
