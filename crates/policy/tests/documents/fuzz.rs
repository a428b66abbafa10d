//! The corpus and the starter pair, mutated by the byte from a fixed seed, through the parsers.
//!
//! `WATCHBELL_FUZZ_CASES` runs more cases of each kind than an ordinary run.

use crate::broken::corpus;
use crate::common::{POLICY, ROSTER, loaded};
use policy::condition::Condition;

/// Cases of each kind in an ordinary run: together more than ten thousand.
const CASES: u64 = 3_500;

/// Most mutations of one case.
const MAX_MUTATIONS: usize = 5;

/// What YAML and conditions are made of, and what has broken parsers before.
const SCRAPS: [&str; 30] = [
    ":",
    ": ",
    "\n",
    "\n  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "!t ",
    "#",
    "\t",
    "\0",
    "\u{FEFF}",
    "\u{301}",
    "🔔",
    "&&",
    "||",
    "!",
    "==",
    "signal.",
    "99999999999999999999",
    "-0",
    "null",
];

const CONDITIONS: [&str; 8] = [
    r#"signal.metric == "pii_leak" && signal.label == "confirmed""#,
    r#"signal.value >= 0.5 || signal.value < -1e3"#,
    r#"!(signal.late || has(signal.labels["plan"])) && signal.service in ["a", "b"]"#,
    r#"signal.summary.startsWith("Ärger \"quoted\"")"#,
    r#"signal.labels["a.b"] != "\n" && signal.value in [1, 2.5]"#,
    r#"signal.unit.kind == "conversation""#,
    "true",
    "((((signal.late))))",
];

/// SplitMix64: the same cases everywhere, for ever.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        // Less than the limit, which is a usize.
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }

    fn mutated(&mut self, text: &str, other: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(MAX_MUTATIONS) {
            let at = self.below(bytes.len() + 1);
            let end = (at + 1 + self.below(24)).min(bytes.len());
            match self.below(6) {
                0 => drop(bytes.drain(at..end)),
                1 => drop(bytes.splice(at..at, SCRAPS[self.below(SCRAPS.len())].bytes())),
                2 => bytes.truncate(at),
                3 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << self.below(8)),
                4 => {
                    let repeated = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, repeated));
                }
                _ => {
                    let from = self.below(other.len());
                    let piece = other.bytes().skip(from).take(40);
                    drop(bytes.splice(at..at, piece));
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

fn cases() -> u64 {
    let asked = std::env::var("WATCHBELL_FUZZ_CASES").ok();
    asked.map_or(CASES, |count| count.parse().expect("WATCHBELL_FUZZ_CASES is a number"))
}

/// A condition without the text that it was read from.
fn meaning(condition: &Condition, text: &str) -> String {
    let shown = format!("{condition:?}");
    let source = format!("Condition {{ source: {text:?}, ");
    shown.strip_prefix(&source).expect("the text comes first").to_owned()
}

/// Runs mutated documents of a folder of the corpus, with the other half of the pair whole.
fn documents(folder: &str, good: &str) {
    let mut seeds: Vec<String> =
        corpus(folder).iter().map(|path| std::fs::read_to_string(path).expect("a file of the corpus")).collect();
    seeds.push(good.to_owned());
    let mut random = Random(0);
    for case in 0..cases() {
        let (text, other) = (&seeds[random.below(seeds.len())], &seeds[random.below(seeds.len())]);
        let text = random.mutated(text, other);
        let (policy, roster) = if folder == "policy" { (text.as_str(), ROSTER) } else { (POLICY, text.as_str()) };
        let (loaded, _) = loaded(policy, roster);
        for found in &loaded.diagnostics {
            let document = if found.file == "policy.yaml" { policy } else { roster };
            let spans = found.span.iter().chain(found.related.iter().map(|label| &label.span));
            for span in spans {
                assert!(document.get(span.clone()).is_some(), "case {case}: {found:?} in {text:?}");
            }
        }
    }
}

#[test]
fn no_policy_breaks_the_parser() {
    documents("policy", POLICY);
}

#[test]
fn no_roster_breaks_the_parser() {
    documents("roster", ROSTER);
}

#[test]
fn no_condition_breaks_the_parser_and_what_is_read_is_printed_as_it_is_meant() {
    let mut random = Random(0);
    let mut read = 0;
    for case in 0..cases() {
        let [text, other] = [0; 2].map(|_| CONDITIONS[random.below(CONDITIONS.len())]);
        let text = random.mutated(text, other);
        match Condition::parse(&text) {
            Ok(condition) => {
                let printed = condition.to_string();
                let again = Condition::parse(&printed).expect("what is printed can be read");
                assert_eq!(meaning(&again, &printed), meaning(&condition, &text), "case {case}: {text:?}");
                read += 1;
            }
            Err(errors) => {
                assert!(!errors.is_empty(), "case {case}: {text:?}");
                for error in errors {
                    assert!(text.get(error.span.clone()).is_some(), "case {case}: {error:?} in {text:?}");
                }
            }
        }
    }
    // Else the mutations are so coarse that nothing but garbage is tried.
    assert!(read > 50, "only {read} could be read");
}
