//! Links: each part of path, query and fragment is redacted by itself, so that the rest still
//! leads somewhere. Scheme, host and port stay; user name and password go.

use std::borrow::Cow;

use super::{Kind, Redacted, find_named};

/// How names of parameters end whose values open doors.
const SECRET_NAMES: [&str; 9] =
    ["key", "token", "sig", "signature", "secret", "password", "code", "credential", "session"];
/// Characters of such a value, at least; shorter ones are choices, such as `code=404`.
const SECRET_CHARS_MIN: usize = 8;

/// The link without what identifies; `None` if there is nothing of that kind in it.
pub(super) fn clean(link: &str, redacted: &mut Redacted) -> Option<String> {
    let before = redacted.total();
    let (scheme, rest) = link.split_once("://")?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = match authority.rsplit_once('@') {
        Some((_, host)) => {
            redacted.add(Kind::Key);
            host
        }
        None => authority,
    };
    let mut out = format!("{scheme}://{host}");
    let mut rest = tail;
    let mut name = "";
    while let Some(delimiter) = rest.chars().next() {
        let start = usize::from(is_delimiter(delimiter));
        let end = start + rest[start..].find(is_delimiter).unwrap_or(rest.len() - start);
        let part = &rest[start..end];
        out.push_str(&rest[..start]);
        match holds(if delimiter == '=' { name } else { "" }, part) {
            Some(kind) => {
                redacted.add(kind);
                out.push_str(kind.placeholder());
            }
            None => out.push_str(part),
        }
        name = part;
        rest = &rest[end..];
    }
    (redacted.total() > before).then_some(out)
}

fn is_delimiter(c: char) -> bool {
    matches!(c, '/' | '?' | '#' | '&' | ';' | '=')
}

/// What the part of a link holds, if anything.
fn holds(name: &str, part: &str) -> Option<Kind> {
    let decoded = decoded(part);
    let secret = SECRET_NAMES.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
    if secret && decoded.chars().count() >= SECRET_CHARS_MIN && decoded.bytes().any(|byte| byte.is_ascii_digit()) {
        return Some(Kind::Key);
    }
    find_named(name, &decoded).first().map(|span| span.kind)
}

/// The part as it reads: `%2B` is a plus, and a plus stands for itself or for a space.
fn decoded(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return Cow::Borrowed(part);
    }
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let digits = part.get(at + 1..at + 3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = digits.filter(|_| bytes[at] == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}
