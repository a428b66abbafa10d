//! Text without surprises: what may stand in a header or in a body of plain text.
//!
//! Pure. It removes what could forge lines or commands; markup is escaped by each channel.

/// Without control characters, which could forge headers or lines, and cut with an ellipsis.
pub(crate) fn one_line(text: &str, chars_max: usize) -> String {
    let mut clean = text.chars().map(|c| if is_break(c) { ' ' } else { c });
    let mut line: String = clean.by_ref().take(chars_max).collect();
    if clean.next().is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// Lines that end in a line feed, without any other control character but the tabulator. A
/// carriage return that stands alone is where mail servers disagree on what ends a message.
pub(crate) fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(|c| if c == '\r' { '\n' } else { c })
        .filter(|c| matches!(c, '\n' | '\t') || !c.is_control())
        .collect()
}

/// Control characters, and the two separators that some programs take for the end of a line.
fn is_break(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_lose_only_what_is_not_text() {
        for (text, wanted) in [
            ("a\r\nb\rc\nd", "a\nb\nc\nd"),
            ("tab\there", "tab\there"),
            ("null\0 bell\x07 escape\x1b[31m", "null bell escape[31m"),
            ("Grüße 👋", "Grüße 👋"),
        ] {
            assert_eq!(lines(text), wanted);
        }
    }

    proptest! {
        #[test]
        fn one_line_is_one_short_line(text in any::<String>(), chars_max in 1..200_usize) {
            let line = one_line(&text, chars_max);
            prop_assert!(line.chars().count() <= chars_max);
            prop_assert!(!line.contains(is_break));
            // What was harmless and short is left alone.
            if !text.contains(is_break) && text.chars().count() <= chars_max {
                prop_assert_eq!(line, text);
            }
        }

        #[test]
        fn lines_have_one_kind_of_end(text in any::<String>()) {
            let clean = lines(&text);
            prop_assert!(!clean.contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
            prop_assert_eq!(&lines(&clean), &clean);
        }
    }
}
