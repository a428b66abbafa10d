//! Runs of digits with what people write between them, as cards and telephone numbers are
//! looked for in.

use super::{Kind, Span, before, card, is_word, phone};

/// Fewer digits than in any telephone number are nothing.
pub(super) const DIGITS_MIN: usize = 7;
/// Most characters between two groups of digits, as in `(030) - 12`.
const SEPARATOR_CHARS_MAX: usize = 3;

/// Digits and what stands between them.
pub(super) struct Run<'a> {
    pub(super) text: &'a str,
    /// Where it begins, with a plus or a bracket.
    pub(super) start: usize,
    /// Where its groups of digits begin and end.
    pub(super) groups: Vec<(usize, usize)>,
}

impl<'a> Run<'a> {
    /// The digits of a group.
    pub(super) fn digits(&self, group: usize) -> &'a str {
        let (start, end) = self.groups[group];
        &self.text[start..end]
    }

    /// What stands in front of a group: of the first one a plus, a bracket or nothing.
    pub(super) fn separator(&self, group: usize) -> &'a str {
        let from = group.checked_sub(1).map_or(self.start, |before| self.groups[before].1);
        &self.text[from..self.groups[group].0]
    }

    /// Whether no longer name or number ends in front of a group.
    pub(super) fn starts_apart(&self, group: usize) -> bool {
        match group {
            0 => {
                let c = before(self.text, self.start);
                !is_word(c) && !c.is_some_and(|c| "-#.@$€£%".contains(c))
            }
            _ => matches!(self.separator(group), " " | "/"),
        }
    }

    /// Whether no longer name or number goes on behind a group.
    pub(super) fn ends_apart(&self, group: usize) -> bool {
        let end = self.groups[group].1;
        match self.groups.get(group + 1) {
            Some((next, _)) => matches!(&self.text[end..*next], " " | "/" | " (" | " / " | " - "),
            None => {
                let mut rest = self.text[end..].chars();
                let (c, next) = (rest.next(), rest.next());
                let goes_on = matches!(c, Some('-' | '.' | ':' | '@')) && is_word(next);
                !is_word(c) && c != Some('%') && !goes_on
            }
        }
    }
}

/// Finds cards and telephone numbers.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    if text.bytes().filter(u8::is_ascii_digit).nth(DIGITS_MIN - 1).is_none() {
        return;
    }
    let mut at = 0;
    while let Some(run) = next_run(text, at) {
        at = run.groups[run.groups.len() - 1].1;
        find_in(&run, spans);
    }
}

fn find_in(run: &Run<'_>, spans: &mut Vec<Span>) {
    if run.groups.iter().map(|(start, end)| end - start).sum::<usize>() < DIGITS_MIN {
        return;
    }
    let mut first = 0;
    while first < run.groups.len() {
        let card = card::groups(run, first).map(|count| (count, Kind::Card));
        let found = card.or_else(|| phone::groups(run, first).map(|count| (count, Kind::Phone)));
        let Some((count, kind)) = found else {
            first += 1;
            continue;
        };
        let start = if first == 0 && kind == Kind::Phone { run.start } else { run.groups[first].0 };
        spans.push(Span { start, end: run.groups[first + count - 1].1, kind });
        first += count;
    }
}

/// The first run from a byte on.
fn next_run(text: &str, from: usize) -> Option<Run<'_>> {
    let first = from + text[from..].find(|c: char| c.is_ascii_digit())?;
    let mut groups = Vec::new();
    let mut at = first;
    loop {
        let end = at + text[at..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - at);
        groups.push((at, end));
        match separator_length(&text[end..]) {
            Some(length) => at = end + length,
            None => break,
        }
    }
    // A plus in front of the first digit belongs to it, and a bracket that closes behind it.
    let end = groups[0].1;
    let plus = first - usize::from(text[from..first].ends_with('+'));
    let start = plus - usize::from(text[from..plus].ends_with('(') && text[end..].starts_with(')'));
    Some(Run { text, start, groups })
}

/// How long what separates two groups is, if another group follows.
fn separator_length(text: &str) -> Option<usize> {
    let mut length = 0;
    for c in text.chars().take(SEPARATOR_CHARS_MAX + 1) {
        match c {
            '0'..='9' => {
                let separator = &text[..length];
                // A dot with a space ends a sentence; an opening bracket stands alone or after a space.
                let sensible = length > 0 && !separator.contains(". ") && !separator.contains("  ");
                return sensible.then_some(length);
            }
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{202f}' | '–' => length += c.len_utf8(),
            _ => return None,
        }
    }
    None
}

/// The words in front of a byte, the nearest first, as far as `bytes_max` reaches.
pub(super) fn words_before(text: &str, at: usize, bytes_max: usize) -> impl Iterator<Item = &str> {
    let from = text.ceil_char_boundary(at.saturating_sub(bytes_max));
    let words = text[from..at].split(|c: char| !c.is_alphanumeric());
    words.rev().filter(|word| !word.is_empty())
}

/// The words behind a byte, the nearest first, as far as `bytes_max` reaches.
pub(super) fn words_after(text: &str, at: usize, bytes_max: usize) -> impl Iterator<Item = &str> {
    let to = text.floor_char_boundary(at + bytes_max);
    text[at..to].split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}
