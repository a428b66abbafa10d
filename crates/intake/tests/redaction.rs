//! What redaction finds and what it leaves, measured on invented lines.
//!
//! A line of `tests/redaction/*.txt` marks what is to be found as `⟪kind:…⟫`; one without marks
//! is a look-alike that has to stay. The joint `¦` is removed on reading: it keeps scanners of
//! repositories from taking invented keys for real ones. `held-out.txt` is never tuned against;
//! `hard.txt` was written to break the finders. With UPDATE_EXPECT=1 the measured numbers are written into
//! `docs/redaction.md`.

// The lint's exemption for tests does not reach their helpers.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use expect_test::{expect, expect_file};
use intake::redact::{self, Kind, Span};
use wcore::signal::{Alert, AlertState, Signal};

/// A part of the corpus, its files, and what is promised of it: recall and precision at least.
struct Part {
    title: &'static str,
    files: &'static [&'static str],
    find: fn(&str) -> Vec<Span>,
    recall_min: f64,
    precision_min: f64,
}

const PARTS: [Part; 4] = [
    Part {
        title: "Tuned against",
        files: &["email", "phone", "card", "iban", "key"],
        find: redact::find,
        recall_min: 0.98,
        precision_min: 0.98,
    },
    Part { title: "Held out", files: &["held-out"], find: redact::find, recall_min: 0.95, precision_min: 0.95 },
    Part { title: "Hard on purpose", files: &["hard"], find: redact::find, recall_min: 0.65, precision_min: 0.85 },
    Part {
        title: "Names and ids",
        files: &["names"],
        find: redact::name::find_in,
        recall_min: 0.9,
        precision_min: 0.95,
    },
];

/// A line without its marks, and where they were.
struct Line {
    text: String,
    marked: Vec<Span>,
}

fn corpus(file: &str) -> Vec<Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/redaction").join(file).with_extension("txt");
    let text = fs::read_to_string(&path).unwrap();
    text.lines().filter(|line| !line.starts_with("//") && !line.is_empty()).map(unmarked).collect()
}

fn unmarked(line: &str) -> Line {
    let mut text = String::new();
    let mut marked = Vec::new();
    let line = line.replace('¦', "");
    let mut rest = line.as_str();
    while let Some((plain, mark)) = rest.split_once('⟪') {
        let (mark, after) = mark.split_once('⟫').unwrap();
        let (word, value) = mark.split_once(':').unwrap();
        let kind = *Kind::ALL.iter().find(|kind| kind.word() == word).unwrap();
        text.push_str(plain);
        marked.push(Span { start: text.len(), end: text.len() + value.len(), kind });
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Line { text, marked }
}

/// Marked, found, and both: the same kind at exactly the same place.
#[derive(Clone, Copy, Default)]
struct Tally {
    marked: usize,
    found: usize,
    right: usize,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.marked += other.marked;
        self.found += other.found;
        self.right += other.right;
    }

    fn recall(self) -> f64 {
        self.right as f64 / self.marked.max(1) as f64
    }

    fn precision(self) -> f64 {
        if self.found == 0 { 1.0 } else { self.right as f64 / self.found as f64 }
    }

    fn row(self, name: &str) -> String {
        let Tally { marked, found, right } = self;
        format!("| {name} | {marked} | {found} | {right} | {:.3} | {:.3} |\n", self.recall(), self.precision())
    }
}

fn measured(part: &Part, lines: &[Line], kind: Option<Kind>, mistakes: &mut String) -> Tally {
    let mut tally = Tally::default();
    let wanted = |span: &&Span| kind.is_none_or(|kind| span.kind == kind);
    for line in lines {
        let found = (part.find)(&line.text);
        let right = found.iter().filter(wanted).filter(|span| line.marked.contains(span)).count();
        tally.add(Tally {
            marked: line.marked.iter().filter(wanted).count(),
            found: found.iter().filter(wanted).count(),
            right,
        });
        if kind.is_none() && found != line.marked {
            let _ = writeln!(mistakes, "{} → {}", line.text, redact::text(&line.text).0);
        }
    }
    tally
}

#[test]
fn recall_and_precision_are_what_the_document_says() {
    let head = "| | marked | found | right | recall | precision |\n|---|---|---|---|---|---|\n";
    let (mut lines, mut tables, mut mistakes) = (0, String::new(), String::new());
    for part in &PARTS {
        let corpus: Vec<Line> = part.files.iter().flat_map(|file| corpus(file)).collect();
        lines += corpus.len();
        let plain = corpus.iter().filter(|line| line.marked.is_empty()).count();
        let _ =
            write!(tables, "### {}\n\n{} lines, of which {plain} are look-alikes.\n\n{head}", part.title, corpus.len());
        for kind in Kind::ALL {
            tables.push_str(&measured(part, &corpus, Some(kind), &mut mistakes).row(kind.word()));
        }
        let all = measured(part, &corpus, None, &mut mistakes);
        tables.push_str(&all.row("all"));
        tables.push('\n');
        println!("{}: recall {:.3}, precision {:.3}", part.title, all.recall(), all.precision());
        let kept = all.recall() >= part.recall_min && all.precision() >= part.precision_min;
        assert!(kept, "{}\n{tables}\n{mistakes}", part.title);
    }
    assert!(lines >= 300, "{lines} lines");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/redaction.md");
    let document = fs::read_to_string(&path).unwrap();
    let (before, rest) = document.split_once("<!-- measured -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let mistakes = format!("### Every mistake\n\n```text\n{mistakes}```\n");
    let wanted = format!("{before}<!-- measured -->\n{tables}{mistakes}<!-- end -->{after}");
    expect_file![path].assert_eq(&wanted);
}

fn redacted(change: impl FnOnce(&mut Signal)) -> (Signal, u32) {
    let mut signal = Signal { source: "s".into(), metric: "m".into(), service: "t".into(), ..Signal::default() };
    change(&mut signal);
    let redacted = redact::signal(&mut signal, &|kind, id| format!("~{}", kind.len() * 100 + id.len()));
    (signal, redacted.total())
}

#[test]
fn every_text_of_a_signal_is_redacted_and_counted() {
    let (signal, total) = redacted(|signal| {
        signal.summary = Some("jane@example.com and joe@example.com called from +49 30 23125 123".into());
        signal.label = Some("told 4111 1111 1111 1111".into());
        signal.labels = BTreeMap::from(
            [
                ("phone", "4155550132"),
                ("order", "4155550132"),
                ("api_key", "a1b2c3d4e5"),
                ("trace_id", "0af7651916cd43dd"),
                ("joe@example.com", "asked"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        signal.link = Some("https://crm.example/c?email=jane%40example.com&page=2".into());
        // Ids stay different where they were; their sender's name is looked at as well.
        signal.id = Some("7/jane@example.com".into());
        signal.source = "desk of jane@example.com".into();
        signal.service = "card 4111 1111 1111 1111".into();
        signal.alert = Some(Alert { key: "+49 30 23125 123".into(), state: AlertState::Firing });
    });
    expect![[r#"
        {
          "id": "7/[e-mail]~3418",
          "source": "desk of [e-mail]",
          "metric": "m",
          "service": "card [card]",
          "at": null,
          "value": null,
          "label": "told [card]",
          "summary": "[e-mail] and [e-mail] called from [phone]",
          "unit": null,
          "evaluator": null,
          "labels": {
            "[e-mail]": "asked",
            "api_key": "[key]",
            "order": "4155550132",
            "phone": "[phone]",
            "trace_id": "0af7651916cd43dd"
          },
          "link": "https://crm.example/c?email=[e-mail]&page=2",
          "alert": {
            "key": "[phone]~516",
            "state": "firing"
          },
          "late": false
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&signal).unwrap());
    assert_eq!(total, 12);
    let (_, none) = redacted(|signal| signal.summary = Some("Groundedness fell to 0.61".into()));
    assert_eq!(none, 0);
}

#[test]
fn short_values_are_looked_at_for_what_fits_them() {
    for (name, value, wanted) in [
        ("rule", "rule-3", "rule-3"),
        ("case", "case-123", "case-123"),
        ("pwd", "a1b2c3d4", "[key]"),
        ("api \"token\"", "a1b2c3d4", "[key]"),
        ("note", "pwd=a1b2c3d4", "pwd=[key]"),
        ("who", "a@b.example", "[e-mail]"),
        ("who", "a%40b.org", "[e-mail]"),
        ("who", "a(at)b.org", "[e-mail]"),
        ("phone", "2312599", "[phone]"),
        ("room", "2312599", "2312599"),
    ] {
        let (signal, _) = redacted(|signal| _ = signal.labels.insert(name.to_owned(), value.to_owned()));
        assert_eq!(signal.labels[name], wanted, "{name}");
    }
}

#[test]
fn links_still_lead_somewhere() {
    for (link, wanted) in [
        ("https://a.example/tickets/4711?tab=2#notes", "https://a.example/tickets/4711?tab=2#notes"),
        ("https://a.example/u/jane@example.com/orders", "https://a.example/u/[e-mail]/orders"),
        ("https://a.example/?phone=%2B49%2030%2023125123&x=1", "https://a.example/?phone=[phone]&x=1"),
        ("https://a.example/?phone=4155550132", "https://a.example/?phone=[phone]"),
        ("https://a.example/?sig=0a1b2c3d4e5f&code=404", "https://a.example/?sig=[key]&code=404"),
        ("https://a.example/#access_token=q9w8e7r6t5", "https://a.example/#access_token=[key]"),
        ("https://jane:s3cret@a.example:8443/x", "https://a.example:8443/x"),
        (
            "https://a.example/trace/0af7651916cd43dd8448eb211c80319c",
            "https://a.example/trace/0af7651916cd43dd8448eb211c80319c",
        ),
        ("https://a.example/%zz?q=%F0%9F", "https://a.example/%zz?q=%F0%9F"),
    ] {
        assert_eq!(redacted(|signal| signal.link = Some(link.into())).0.link.unwrap(), wanted);
    }
}

#[test]
fn a_private_key_goes_as_a_whole() {
    let key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----";
    assert_eq!(redact::text(&format!("it printed {key}, all of it")).0, "it printed [key], all of it");
    assert_eq!(redact::text("it printed -----BEGIN PRIVATE KEY-----\nMHcC").0, "it printed [key]");
}

#[test]
fn texts_stay_within_their_limits() {
    let (signal, _) = redacted(|signal| signal.summary = Some("a@b.cc ".repeat(285)));
    assert!(signal.summary.unwrap().chars().count() <= intake::limit::SUMMARY);
}

#[test]
fn hostile_texts_are_read_in_linear_time() {
    // Quadratic time would take minutes for any of these.
    const BYTES: usize = 512 * 1024;
    for piece in [
        "a.",
        "@",
        "a@",
        "%40",
        "[at] ",
        "1 ",
        "1-",
        "12345678",
        "(+1)",
        "0 0",
        "sk-",
        "token:",
        "token: ",
        "password=a1;",
        "://a:",
        "://a:b@",
        "DE00",
        "DE 00 ",
        "eyJ",
        "=",
        "/",
        "A/b1+",
        "-----BEGIN PRIVATE KEY-----",
        "电话1",
        "ü1",
    ] {
        let started = std::time::Instant::now();
        let _ = redact::find(&piece.repeat(BYTES / piece.len()));
        assert!(started.elapsed().as_secs() < 10, "{piece}");
    }
}
