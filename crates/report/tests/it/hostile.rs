//! What people and senders wrote stays text, in every form.

use policy::{Source, load, starter};

use crate::week;

const HOSTILE: [&str; 9] = [
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "=HYPERLINK(\"http://evil.example\",\"click\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "a\r\nInjected: header",
    "| a | b |\n|---|---|\n# heading",
    "![x](http://evil.example/x.png) [y](javascript:alert(1)) `code` ~~z~~ __w__",
    "\u{202e}gpj.exe\u{2066}",
    "&lt;b&gt; \\| \\`",
];

/// The cells of a line of CSV, read as a spreadsheet reads them.
fn cells(csv: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = csv.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' | '\r' if !quoted => cells.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {}
            c => cell.push(c),
        }
    }
    cells
}

fn is_inert_html(html: &str, text: &str) {
    for sign in ["<img", "<script", "onerror=alert(1)>"] {
        assert!(!html.contains(sign), "{sign} of {text:?} in {html}");
    }
}

#[test]
fn html_is_inert() {
    for text in HOSTILE {
        is_inert_html(&report::review::html(&week::review(text)).into_string(), text);
    }
}

#[test]
fn csv_holds_no_formula_and_loses_nothing() {
    for text in HOSTILE {
        let csv = report::review::csv(&week::review(text));
        let cells = cells(&csv);
        let formula = cells.iter().find(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
        assert_eq!(formula, None, "{text:?}");
        assert_eq!(cells.len() % 9, 0, "{text:?} breaks the rows");
        let written = if text.starts_with(['=', '@']) { format!("'{text}") } else { text.to_owned() };
        assert!(cells.contains(&written), "{written:?} is lost in {csv}");
    }
}

#[test]
fn markdown_keeps_its_shape() {
    let plain = report::review::markdown(&week::review("plain"));
    let shape = |text: &str| {
        let line = |line: &str| (line.starts_with('#'), line.replace("\\|", "").matches('|').count());
        text.lines().map(line).collect::<Vec<_>>()
    };
    for text in HOSTILE {
        let markdown = report::review::markdown(&week::review(text));
        assert_eq!(shape(&markdown), shape(&plain), "{text:?}");
        // An escaped sign is none.
        let live = markdown.replace("\\[", "").replace("\\]", "").replace("\\`", "");
        for sign in ["<img", "<script", "[", "]", "`", "\u{202e}", "\u{2066}"] {
            assert!(!live.contains(sign), "{sign} of {text:?} in {markdown}");
        }
    }
}

#[test]
fn names_of_a_policy_are_inert_too() {
    for text in HOSTILE.iter().filter(|text| !text.contains(['\n', '\r'])) {
        let quoted = serde_json::to_string(text).unwrap();
        let policy = starter::POLICY.replace("name: Slow answers", &format!("name: {quoted}"));
        let policy = policy.replace("organization: Our team", &format!("organization: {quoted}"));
        let policy = Source { name: "policy.yaml", text: &policy };
        let loaded = load(policy, Source { name: "roster.yaml", text: starter::ROSTER });
        let Some(policy) = loaded.policy else { continue };
        let matrix = lab::matrix(&policy, &loaded.roster.unwrap());
        is_inert_html(&report::matrix::html_brief(&matrix).into_string(), text);
        let csv = report::matrix::csv(&matrix);
        assert!(!cells(&csv).iter().any(|cell| cell.starts_with(['=', '+', '-', '@'])), "{text:?}");
        assert!(!report::matrix::markdown(&matrix).contains("<img"));
    }
}
