//! Redaction: what identifies or empowers a person is taken out of texts before anything is
//! decided or stored, so that triggers see exactly what is kept.
//!
//! Found are e-mail addresses, telephone numbers, payment cards, bank accounts and credentials.
//! Names, postal addresses and health are not: no pattern tells them from other words.
//! Ids and names are looked at by [`name`]; what stands for an id there still tells equal ids from
//! others, since repetitions have to be known. The id of a unit stays: it is kept apart as a
//! customer's words are. How much is found is measured on `tests/redaction` and stands in
//! `docs/redaction.md`.
//!
//! Each finder passes over a text once and looks ahead by a bounded distance, so that the time
//! is linear in the length of the text, whatever it holds.

mod card;
mod email;
mod iban;
mod key;
mod link;
pub mod name;
mod number;
mod phone;

use std::borrow::Cow;
use std::collections::BTreeSet;

use wcore::signal::Signal;

use crate::limit;
use crate::mend::{cut, is_fit_link};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Passwords, tokens, API keys, private keys.
    Key,
    /// E-mail addresses.
    Email,
    /// Bank accounts with a right IBAN check.
    Iban,
    /// Payment cards with a known issuer and a right check digit.
    Card,
    /// Telephone numbers.
    Phone,
}

impl Kind {
    /// Every kind. Where two overlap, the earlier one names both.
    pub const ALL: [Kind; 5] = [Kind::Key, Kind::Email, Kind::Iban, Kind::Card, Kind::Phone];

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Key => "key",
            Kind::Email => "e-mail",
            Kind::Iban => "iban",
            Kind::Card => "card",
            Kind::Phone => "phone",
        }
    }

    /// What stands in its place.
    pub fn placeholder(self) -> &'static str {
        match self {
            Kind::Key => "[key]",
            Kind::Email => "[e-mail]",
            Kind::Iban => "[iban]",
            Kind::Card => "[card]",
            Kind::Phone => "[phone]",
        }
    }
}

/// Where something stands in a text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// How much was taken out of a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    counts: [u32; Kind::ALL.len()],
}

impl Redacted {
    /// How many of a kind.
    pub fn count(&self, kind: Kind) -> u32 {
        self.counts[kind as usize]
    }

    /// How many of all kinds.
    pub fn total(&self) -> u32 {
        self.counts.iter().sum()
    }

    fn add(&mut self, kind: Kind) {
        self.counts[kind as usize] += 1;
    }
}

/// Redacts a signal in place, but for the id of its unit.
pub fn signal(signal: &mut Signal, stand_in: name::StandIn<'_>) -> Redacted {
    let mut redacted = Redacted::default();
    name::all(signal, stand_in, &mut redacted);
    for (field, chars_max) in [(&mut signal.summary, limit::SUMMARY), (&mut signal.label, limit::NAME)] {
        if let Some(text) = field {
            replace(text, "", chars_max, &mut redacted);
        }
    }
    for (name, value) in &mut signal.labels {
        replace(value, name, limit::LABEL_VALUE, &mut redacted);
    }
    if let Some(text) = &signal.link
        && let Some(clean) = link::clean(text, &mut redacted)
    {
        signal.link = Some(clean).filter(|text| is_fit_link(text));
    }
    redacted
}

/// The text with placeholders, and how many there are.
pub fn text(text: &str) -> (Cow<'_, str>, Redacted) {
    let mut redacted = Redacted::default();
    match find(text) {
        spans if spans.is_empty() => (Cow::Borrowed(text), redacted),
        spans => (Cow::Owned(with_placeholders(text, &spans, &mut redacted)), redacted),
    }
}

/// What a text holds, in order, without overlaps.
pub fn find(text: &str) -> Vec<Span> {
    if !may_hold(text) {
        return Vec::new();
    }
    let mut spans = Vec::new();
    key::find(text, &mut spans);
    // The host behind a password is not a part of an address.
    let passwords: BTreeSet<usize> = spans.iter().map(|span| span.end).collect();
    email::find(text, &passwords, &mut spans);
    iban::find(text, &mut spans);
    number::find(text, &mut spans);
    merged(spans)
}

/// What a value holds, whose name says what to expect: `phone`, `api_key`.
fn find_named(name: &str, value: &str) -> Vec<Span> {
    let announces = || key::is_name(name.trim_end_matches(|c: char| !c.is_alphanumeric()));
    if is_too_short(value) && !announces() {
        return Vec::new();
    }
    if name.is_empty() || !may_hold(value) {
        return find(value);
    }
    let start = name.len() + NAMED.len();
    let spans = find(&format!("{name}{NAMED}{value}"));
    let within =
        |span: Span| Span { start: span.start.saturating_sub(start), end: span.end.saturating_sub(start), ..span };
    spans.into_iter().map(within).filter(|span| span.end > 0).collect()
}

/// What stands between name and value, for [`find_named`].
const NAMED: &str = ": ";

/// Shorter than any credential with the word that announces it, as in `pwd=a1b2c3d4`.
const TOO_SHORT_BYTES: usize = 12;

/// Whether a text holds nothing by its length: no address, no number of enough digits, and no
/// credential unless its name announces one. Most values of labels are so.
fn is_too_short(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() < TOO_SHORT_BYTES && digits < number::DIGITS_MIN && !text.contains(['@', '%', '[', '('])
}

/// Whether a closer look is worth while: everything that is found has a digit or an at-sign,
/// or is a private key that says so.
fn may_hold(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'@')
        || email::is_spelt_out(text)
        || text.contains(key::PEM)
}

/// Sorted, and with overlapping ones joined: better too much than a remainder.
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_by_key(|span| (span.start, span.kind));
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start < last.end => {
                last.end = last.end.max(span.end);
                last.kind = last.kind.min(span.kind);
            }
            _ => joined.push(span),
        }
    }
    joined
}

fn replace(text: &mut String, name: &str, chars_max: usize, redacted: &mut Redacted) {
    let spans = find_named(name, text);
    if !spans.is_empty() {
        // A placeholder may be longer than what it stands for.
        *text = cut(&with_placeholders(text, &spans, redacted), chars_max);
    }
}

fn with_placeholders(text: &str, spans: &[Span], redacted: &mut Redacted) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        out.push_str(&text[from..span.start]);
        out.push_str(span.kind.placeholder());
        redacted.add(span.kind);
        from = span.end;
    }
    out.push_str(&text[from..]);
    out
}

/// The character before a byte of the text.
fn before(text: &str, at: usize) -> Option<char> {
    text[..at].chars().next_back()
}

/// The character at a byte of the text.
fn after(text: &str, at: usize) -> Option<char> {
    text[at..].chars().next()
}

/// Where the scripts begin that put no spaces between words.
const UNSPACED_FROM: char = '\u{2e80}';

/// Whether the character continues a word, as underscores do in names of things.
fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c == '_' || (c.is_alphanumeric() && c < UNSPACED_FROM))
}
