//! Telephone numbers: with a country code, in common national forms, or announced by a word.
//!
//! Digits alone say little, so that a form must be one that people write telephone numbers in,
//! and words like "order" in front of it count against it. Not recognised are bare numbers that
//! neither begin with 0 or a country code nor are announced.

use super::UNSPACED_FROM;
use super::number::{Run, words_after, words_before};

/// Digits of any number with its country code (ITU-T E.164 has at most 15).
const DIGITS_MAX: usize = 15;
/// From this length on what follows a space is another number.
const DIGITS_ENOUGH: usize = 12;
/// How far in front of a number words are looked at, in bytes.
const WORDS_BYTES: usize = 32;
/// How many words.
const WORDS: usize = 3;

/// Words that announce a telephone number of any form.
const CUES: &[&str] = &[
    "tel",
    "telefon",
    "telephone",
    "telefono",
    "teléfono",
    "téléphone",
    "phone",
    "mobile",
    "mobil",
    "movil",
    "móvil",
    "handy",
    "handynummer",
    "cell",
    "cellphone",
    "whatsapp",
    "fax",
    "telefonnummer",
    "rufnummer",
    "portable",
    "hotline",
    "cellulare",
    "telemóvel",
    "celular",
    "telefoon",
    "gsm",
    "tlf",
    "puhelin",
    "тел",
    "телефон",
    "手机",
    "电话",
    "電話",
    "携帯",
    "휴대폰",
    "전화",
    "msisdn",
    "sms",
];
/// Words that announce one if it has the length of one, or separators.
const WEAK_CUES: &[&str] =
    &["call", "number", "nummer", "numer", "numéro", "número", "text", "ring", "dial", "callback", "anrufen"];
/// Words in front of numbers of other kinds.
const OTHERS: &[&str] = &[
    "order",
    "invoice",
    "ticket",
    "case",
    "ref",
    "reference",
    "tracking",
    "parcel",
    "shipment",
    "booking",
    "account",
    "konto",
    "job",
    "batch",
    "build",
    "id",
    "sku",
    "isbn",
    "ean",
    "imei",
    "serial",
    "row",
    "version",
    "request",
    "bestellung",
    "rechnung",
    "kundennummer",
    "auftrag",
    "vat",
    "epoch",
    "barcode",
    "part",
    "pin",
];
/// Words that may stand between such a word and its number.
const FILLERS: &[&str] = &["no", "nr", "number", "num", "nummer", "is", "was", "ids"];

/// How many groups, beginning with the `first`, make a telephone number.
pub(super) fn groups(run: &Run<'_>, first: usize) -> Option<usize> {
    let form = match first {
        0 if !run.starts_apart(0) || before_is_path(run) => return None,
        0 => international(run).or_else(|| if is_other(run) { None } else { national(run).or_else(|| announced(run)) }),
        // After other numbers only the plainest form is recognised.
        _ if run.separator(first) == " " => north_american(run, first),
        _ => None,
    };
    form.filter(|count| run.ends_apart(first + count - 1))
}

fn before_is_path(run: &Run<'_>) -> bool {
    run.text[..run.start].ends_with('/') && run.separator(0).is_empty()
}

/// With a plus, or with two zeros.
fn international(run: &Run<'_>) -> Option<usize> {
    let head = run.digits(0);
    let zeros = head.strip_prefix("00").filter(|rest| !rest.starts_with('0'));
    let prefix = match zeros {
        _ if run.separator(0).contains('+') && !head.starts_with('0') => 0,
        Some(_) => 2,
        None => return None,
    };
    let count = extent(run, DIGITS_MAX + prefix);
    let digits = length(run, 0, count) - prefix;
    let (alone, first) = (count == 1, head.as_bytes().get(prefix));
    let fits = match prefix {
        0 => (8..=DIGITS_MAX).contains(&digits),
        // Ids are filled up with zeros, too, but seldom with just two, and not in groups.
        _ if alone => (10..=13).contains(&digits) && first.is_some_and(|digit| *digit >= b'2'),
        _ => (9..=13).contains(&digits) && separators(run, 1, count).all(|separator| separator != "."),
    };
    fits.then_some(count)
}

/// In the forms of countries without their code.
fn national(run: &Run<'_>) -> Option<usize> {
    north_american(run, 0).or_else(|| bracketed(run)).or_else(|| with_trunk_zero(run)).or_else(|| indian(run))
}

/// `415-555-0132`, `(415) 555-0132`, `1-800-555-0199`: area and exchange begin with 2 to 9.
fn north_american(run: &Run<'_>, first: usize) -> Option<usize> {
    let trunk = usize::from(run.digits(first) == "1");
    let area = first + trunk;
    let fits = lengths(run, area, 3)? == [3, 3, 4]
        && [area, area + 1].iter().all(|group| run.digits(*group) >= "2")
        && separators(run, first + 1, area + 3).all(|separator| separator != "/");
    fits.then_some(3 + trunk)
}

/// `(030) 23125-99`, `(11) 91234-5678`
fn bracketed(run: &Run<'_>) -> Option<usize> {
    let closes = run.groups.len() > 1 && run.separator(1).starts_with(')');
    let count = extent(run, 11);
    let fits = run.separator(0) == "(" && closes && (9..=11).contains(&length(run, 0, count)) && count > 1;
    fits.then_some(count)
}

/// `030 23125 321`, `0151/23456789`, `01 99 00 23 45`, `07700900654`
fn with_trunk_zero(run: &Run<'_>) -> Option<usize> {
    let head = run.digits(0).as_bytes();
    if head.len() < 2 || head[0] != b'0' || head[1] == b'0' || is_date(run) {
        return None;
    }
    let count = extent(run, DIGITS_ENOUGH);
    let digits = length(run, 0, count);
    let fits = match count {
        1 => (10..=12).contains(&digits),
        _ => (9..=12).contains(&digits) && (1..count).all(|group| run.digits(group).len() >= 2),
    };
    fits.then_some(count)
}

/// `98765 43210`
fn indian(run: &Run<'_>) -> Option<usize> {
    let fits = lengths(run, 0, 2)? == [5, 5, 0] && run.digits(0) >= "6" && matches!(run.separator(1), " " | "-");
    fits.then_some(2)
}

/// Announced by a word in front of it.
fn announced(run: &Run<'_>) -> Option<usize> {
    let near =
        || cue_words(run).chain(words_after(run.text, run.groups[run.groups.len() - 1].1, WORDS_BYTES).take(WORDS));
    let says = |cues: &[&str]| near().any(|word| cues.iter().any(|cue| is_same(word, cue) || is_unspaced(word, cue)));
    let count = extent(run, DIGITS_ENOUGH + 1);
    let digits = length(run, 0, count);
    let strong = (7..=13).contains(&digits) && says(CUES);
    let weak = says(WEAK_CUES) && ((9..=12).contains(&digits) || (digits >= 7 && count > 1));
    ((strong || weak) && !is_date(run)).then_some(count)
}

/// Whether the words in front say that it is a number of another kind.
fn is_other(run: &Run<'_>) -> bool {
    let mut words = cue_words(run).skip_while(|word| FILLERS.iter().any(|filler| is_same(word, filler)));
    words.next().is_some_and(|word| OTHERS.iter().any(|other| is_same(word, other)))
}

fn cue_words<'a>(run: &Run<'a>) -> impl Iterator<Item = &'a str> {
    words_before(run.text, run.start, WORDS_BYTES).take(WORDS)
}

fn is_same(word: &str, known: &str) -> bool {
    word.eq_ignore_ascii_case(known)
}

/// Whether the word of a script without spaces is a part of a longer one.
fn is_unspaced(word: &str, known: &str) -> bool {
    known.starts_with(|c| c >= UNSPACED_FROM) && word.contains(known)
}

/// Whether it begins like 27.11.2026, 27/11/26 or 2026-11-27.
fn is_date(run: &Run<'_>) -> bool {
    let Some(lengths) = lengths(run, 0, 3) else { return false };
    let joined = run.separator(1) == run.separator(2) && matches!(run.separator(1), "." | "-" | "/");
    let small = |group: usize| run.digits(group) <= "31";
    let fits = match lengths {
        [2, 2, 4] | [2, 2, 2] => small(0) && small(1),
        [4, 2, 2] => small(1) && small(2),
        _ => false,
    };
    // Five pairs are a French number.
    let pairs = (0..run.groups.len()).take_while(|group| run.digits(*group).len() == 2).count();
    joined && fits && pairs < 5
}

/// How many groups from the beginning belong together, with at most `digits_max` digits.
fn extent(run: &Run<'_>, digits_max: usize) -> usize {
    let mut digits = 0;
    for group in 0..run.groups.len() {
        let more = run.digits(group).len();
        let apart = group > 0 && (is_other_number(run.separator(group)) || digits >= DIGITS_ENOUGH);
        if apart || (group > 0 && digits + more > digits_max) {
            return group;
        }
        digits += more;
    }
    run.groups.len()
}

fn is_other_number(separator: &str) -> bool {
    matches!(separator, " - " | " – ")
}

fn length(run: &Run<'_>, first: usize, count: usize) -> usize {
    (first..first + count).map(|group| run.digits(group).len()).sum()
}

fn separators<'a>(run: &'a Run<'a>, from: usize, to: usize) -> impl Iterator<Item = &'a str> {
    (from..to).map(|group| run.separator(group))
}

/// The lengths of so many groups; of three of them, or of two and a zero.
fn lengths(run: &Run<'_>, first: usize, count: usize) -> Option<[usize; 3]> {
    let mut lengths = [0; 3];
    for (index, length) in lengths.iter_mut().enumerate().take(count) {
        let (start, end) = run.groups.get(first + index)?;
        *length = end - start;
    }
    Some(lengths)
}
