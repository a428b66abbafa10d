//! Documents made to hurt: bombs, garbage, and every small damage to a good one.

use std::time::{Duration, Instant};

use crate::common::{POLICY, ROSTER, loaded};
use policy::{MAX_DIAGNOSTICS, MAX_DOCUMENT_BYTES, Source, load, to_json};
use proptest::prelude::*;

/// Generous for a debug build on a busy machine; a document that is not limited takes minutes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nine levels of nine aliases: a billion parts.
fn alias_bomb() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![alias; 9].join(", "));
    }
    text
}

#[test]
fn a_bomb_is_one_clear_diagnostic() {
    let indented: String = (0..500).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    for (name, text, code) in [
        ("aliases", alias_bomb(), "policy-limit"),
        ("an alias to itself", "a: &a [*a]\n".to_owned(), "policy-limit"),
        ("brackets", "[".repeat(100_000), "policy-limit"),
        ("braces", "{a: ".repeat(100_000), "policy-limit"),
        ("dashes", "- ".repeat(10_000), "policy-limit"),
        ("indentation", indented, "policy-limit"),
        ("5 MB", "a: b\n".repeat(1024 * 1024), "policy-limit"),
        ("many parts", format!("[{}]", "1,".repeat(400_000)), "policy-limit"),
        ("a byte of zero", "a: \0\n".to_owned(), "policy-syntax"),
        ("an open quote", format!("a: \"{}", "x".repeat(500_000)), "policy-syntax"),
    ] {
        let start = Instant::now();
        let (loaded, shown) = loaded(&text, ROSTER);
        let codes: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.code.id).collect();
        assert_eq!(codes, [code], "{name}: {}", &shown[..shown.len().min(500)]);
        assert!(loaded.policy.is_none(), "{name}");
        assert!(start.elapsed() < PATIENCE, "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn a_flood_of_problems_is_cut() {
    let keys: String = (0..10_000).map(|n| format!("k{n}: 1\n")).collect();
    let people: String = (0..5_000).map(|n| format!("  person-{n}: {{}}\n")).collect();
    let unknown: String = (0..5_000).map(|n| format!("nobody-{n}, ")).collect();
    let same: String = (0..2_000)
        .map(|n| format!("  - {{id: t{n}, when: 'signal.late', raise: {{class: pii_leak, severity: SEV-1}}}}\n"))
        .collect();
    for (name, policy, roster) in [
        ("unknown keys", format!("{POLICY}{keys}"), ROSTER.to_owned()),
        ("the same key", format!("{POLICY}{}", "x: 1\n".repeat(10_000)), ROSTER.to_owned()),
        ("unknown people", POLICY.to_owned(), format!("people:\n{people}fallback: [{unknown}]\n")),
        ("equal triggers", POLICY.replace("triggers:\n", &format!("triggers:\n{same}")), ROSTER.to_owned()),
    ] {
        let start = Instant::now();
        let (loaded, _) = loaded(&policy, &roster);
        assert_eq!(loaded.diagnostics.len(), MAX_DIAGNOSTICS, "{name}");
        assert!(start.elapsed() < PATIENCE, "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn what_the_limits_allow_is_read() {
    let repeated = POLICY.replace("{first: 60m, every: 60m, until: mitigated}", "&w {first: 60m}\n      support: *w");
    let padded = format!("{POLICY}# {}\n", "x".repeat(MAX_DOCUMENT_BYTES - POLICY.len() - 3));
    for text in [repeated, padded, POLICY.replace('\n', "\r\n"), format!("\u{FEFF}{POLICY}")] {
        let (loaded, shown) = loaded(&text, ROSTER);
        assert!(loaded.policy.is_some(), "{shown}");
    }
}

#[test]
fn diagnostics_are_stable_json() {
    let policy = POLICY.replace("acknowledge: 10m", "acknowlege: 10m");
    let sources = [Source { name: "policy.yaml", text: &policy }, Source { name: "roster.yaml", text: ROSTER }];
    let json = to_json(&load(sources[0], sources[1]).diagnostics, &sources);
    let expected = serde_json::json!([{
        "code": "policy-unknown-key",
        "level": "error",
        "file": "policy.yaml",
        "line": 20,
        "column": 5,
        "message": "`targets` has no key `acknowlege`",
        "hint": "did you mean `acknowledge`?",
        "help": "docs/errors/policy-unknown-key.md",
    }]);
    assert_eq!(json, expected);
}

#[test]
fn colour_is_only_where_it_is_asked_for() {
    let policy = POLICY.replace("acknowledge: 10m", "acknowlege: 10m\u{1b}[2J");
    let sources = [Source { name: "policy.yaml", text: &policy }, Source { name: "roster.yaml", text: ROSTER }];
    let diagnostics = load(sources[0], sources[1]).diagnostics;
    assert!(policy::render(&diagnostics, &sources, true).contains('\u{1b}'));
    assert!(
        !policy::render(&diagnostics, &sources, false).contains('\u{1b}'),
        "a document must not reach the terminal"
    );
}

/// A way to damage a text at a place, counted in thousandths of it.
#[derive(Clone, Debug)]
enum Damage {
    Delete(usize, usize),
    Insert(usize, &'static str),
    Swap(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let scraps = prop::sample::select(vec![
        ":",
        " ",
        "\n",
        "  ",
        "-",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "*a",
        "&a ",
        "!t ",
        "null",
        "é",
        "\t",
        "#",
        "|",
        ">",
        "%",
        "0",
        "99999999999999999999",
        "none",
        "2026-02-30",
        "signal.",
        "\0",
        "fallback",
        "schedule/",
        "always",
    ]);
    prop_oneof![
        (0..1000usize, 1..40usize).prop_map(|(at, length)| Damage::Delete(at, length)),
        (0..1000usize, scraps).prop_map(|(at, scrap)| Damage::Insert(at, scrap)),
        (0..1000usize, 0..1000usize).prop_map(|(left, right)| Damage::Swap(left, right)),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for damage in damages {
        let place = |thousandths: usize| thousandths * chars.len() / 1000;
        match damage {
            Damage::Delete(at, length) => {
                let at = place(*at);
                chars.drain(at..(at + length).min(chars.len()));
            }
            Damage::Insert(at, scrap) => {
                let at = place(*at);
                chars.splice(at..at, scrap.chars());
            }
            Damage::Swap(left, right) if !chars.is_empty() => {
                let (left, right) = (place(*left), place(*right));
                chars.swap(left, right);
            }
            Damage::Swap(..) => {}
        }
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Never a panic, always an answer, and the same one twice.
    #[test]
    fn damaged_documents_are_answered(
        policy_damage in prop::collection::vec(damage(), 0..4),
        roster_damage in prop::collection::vec(damage(), 0..3),
    ) {
        let policy = damaged(policy::starter::POLICY, &policy_damage);
        let roster = damaged(policy::starter::ROSTER, &roster_damage);
        let (first, shown) = loaded(&policy, &roster);
        let (second, shown_again) = loaded(&policy, &roster);
        prop_assert_eq!(&first.diagnostics, &second.diagnostics);
        prop_assert_eq!(shown, shown_again);
        let refused = first.diagnostics.iter().any(|found| found.severity == policy::Level::Error);
        prop_assert_eq!(first.policy.is_none(), refused);
        prop_assert_eq!(first.roster.is_none(), refused);
        prop_assert_eq!(format!("{:?}", first.policy), format!("{:?}", second.policy));
        for found in &first.diagnostics {
            let text = if found.file == "policy.yaml" { &policy } else { &roster };
            prop_assert!(found.span.clone().is_none_or(|span| text.get(span).is_some()), "{:?}", found);
        }
    }
}
