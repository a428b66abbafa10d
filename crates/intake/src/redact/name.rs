//! Names and ids: what identifies a person goes, and equal ids stay equal.
//!
//! They are looked at more narrowly than texts: ids are long and without order by nature, so that
//! a credential cannot be told from them. Most hold nothing that needs a closer look, which a
//! count of digits settles.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wcore::signal::Signal;

use super::{Kind, Redacted, Span, find, with_placeholders};
use crate::limit;
use crate::mend::cut;

/// What stands for an id of a kind: the same for the same id, of no use to who guesses, and without
/// personal data. The engine's pseudonyms are such.
pub type StandIn<'a> = &'a dyn Fn(&str, &str) -> String;

/// The fewest digits of a telephone number with its country code; cards and accounts have more.
const DIGITS_MIN: usize = 8;

/// What a name or id holds, in order.
pub fn find_in(text: &str) -> Vec<Span> {
    if !may_hold(text) {
        return Vec::new();
    }
    let mut spans = find(&with_words_apart(text));
    // A password in front of a host goes, as it would with the address that it may be taken for.
    spans.retain(|span| span.kind != Kind::Key || text[span.start..].contains('@'));
    spans
}

/// The text as long as it was, with a space for each hyphen that joins a word and a number: in names
/// such as `payment-4111…` it separates, while in texts it makes a code of both.
fn with_words_apart(text: &str) -> Cow<'_, str> {
    let joins = |at: usize| {
        let bytes = text.as_bytes();
        let number = bytes.get(at + 1).is_some_and(|byte| byte.is_ascii_digit() || *byte == b'+');
        bytes[at] == b'-' && number && at > 0 && bytes[at - 1].is_ascii_alphabetic()
    };
    if !(0..text.len()).any(joins) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.char_indices().map(|(at, c)| if joins(at) { ' ' } else { c }).collect())
}

fn may_hold(text: &str) -> bool {
    let mut digits = 0;
    for byte in text.bytes() {
        if byte == b'@' || byte == b'%' {
            return true;
        }
        digits += usize::from(byte.is_ascii_digit());
    }
    digits >= DIGITS_MIN
}

/// An id of that kind without what identifies a person, if there is something of it in it. Placeholders
/// keep it readable, and what follows them keeps it apart from other ids.
pub fn id(text: &str, kind: &str, stand_in: StandIn<'_>) -> Option<String> {
    let spans = find_in(text);
    (!spans.is_empty()).then(|| id_with(text, &spans, kind, stand_in, &mut Redacted::default()))
}

fn id_with(text: &str, spans: &[Span], kind: &str, stand_in: StandIn<'_>, redacted: &mut Redacted) -> String {
    let readable = with_placeholders(text, spans, redacted);
    let apart = stand_in(kind, text);
    let room = limit::ID.saturating_sub(apart.chars().count()).max(1);
    format!("{}{apart}", cut(&readable, room))
}

/// Redacts every name and id of a signal but that of its unit.
pub(super) fn all(signal: &mut Signal, stand_in: StandIn<'_>, redacted: &mut Redacted) {
    let in_source = find_in(&signal.source);
    if let Some(id) = &mut signal.id {
        let spans = find_in(id);
        // Ids of two sources must not become those of one.
        if !spans.is_empty() || !in_source.is_empty() {
            *id = id_with(id, &spans, &format!("signal of {}", signal.source), stand_in, redacted);
        }
    }
    if let Some(alert) = &mut signal.alert {
        let spans = find_in(&alert.key);
        if !spans.is_empty() {
            alert.key = id_with(&alert.key, &spans, ALERT, stand_in, redacted);
        }
    }
    for name in [&mut signal.source, &mut signal.metric, &mut signal.service] {
        rename(name, limit::NAME, redacted);
    }
    if signal.labels.keys().any(|key| may_hold(key) && !find_in(key).is_empty()) {
        let labels = std::mem::take(&mut signal.labels);
        let renamed = labels.into_iter().rev().map(|(mut key, value)| {
            rename(&mut key, limit::LABEL_KEY, redacted);
            (key, value)
        });
        signal.labels = renamed.collect::<BTreeMap<_, _>>();
    }
}

/// The kind of an alert's key for [`StandIn`]: an acknowledgement names its alert by it, and no source.
pub const ALERT: &str = "alert";

fn rename(name: &mut String, chars_max: usize, redacted: &mut Redacted) {
    let spans = find_in(name);
    if !spans.is_empty() {
        *name = cut(&with_placeholders(name, &spans, redacted), chars_max);
    }
}
