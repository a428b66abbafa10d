//! Credentials: what begins as keys of known services do, what a word like `password` announces,
//! what stands as a password in an address, private keys, and long texts without any order.
//!
//! Ids of requests, digests and UUIDs look alike and are needed for finding things again: they
//! have few characters, only hexadecimal digits, or no announcement.

use super::{Kind, Span, before, is_word};

/// How the first and the last line of a private key end.
pub(super) const PEM: &str = "PRIVATE KEY-----";
/// How its first line begins.
const PEM_BEGIN: &str = "-----BEGIN";

/// How keys of known services begin.
const PREFIXES: &[&str] = &[
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "AKIA",
    "ASIA",
    "xoxa-",
    "xoxb-",
    "xoxe-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "AIza",
    "ya29.",
    "whsec_",
    "hf_",
    "npm_",
    "pypi-",
    "SG.",
    "dop_v1_",
    "shpat_",
    "shpss_",
    "gsk_",
    "xai-",
    "wb_",
    "eyJ",
    "sntrys_",
    "lin_api_",
    "ntn_",
    "dckr_pat_",
    "AGE-SECRET-KEY-",
    "r8_",
    "pk-lf-",
    "sk-lf-",
    "glsa_",
    "key-",
    "sq0",
    "EAAA",
];
/// Characters of such a key behind its beginning, at least; there are words that begin so, too.
const PREFIXED_CHARS_MIN: usize = 16;

/// How names of credentials end.
const NAMES: &[&str] = &[
    "apikey",
    "api_key",
    "api-key",
    "access_key",
    "secret_key",
    "private_key",
    "secret",
    "token",
    "password",
    "passwd",
    "passwort",
    "kennwort",
    "pwd",
    "passphrase",
    "contraseña",
    "bearer",
    "basic",
];
/// Words between such a name and its value.
const COPULAS: [&str; 4] = [" is ", " ist ", " est ", " es "];
/// Characters of an announced credential, at least.
const ANNOUNCED_CHARS_MIN: usize = 8;
/// The same behind `Bearer` and `Basic`, which are also ordinary words.
const SCHEME_CHARS_MIN: usize = 16;

/// Bytes of one that are looked at and taken out, at most: more than any field of a signal needs.
const ANNOUNCED_BYTES_MAX: usize = 1_024;

/// From this length on a text without order is a key; ids of requests are shorter.
const DISORDER_CHARS_MIN: usize = 32;
/// Longer ones are data, and are cut by the limits of a signal anyway.
const DISORDER_CHARS_MAX: usize = 512;
/// Digits in such a text, at least: names of classes have one or two.
const DISORDER_DIGITS_MIN: usize = 3;
/// Of a hundred neighbours so many are of different classes (upper, lower, digit), at least. In
/// random base64 these are about 60, in CamelCase at most 40.
const DISORDER_CHANGES_PERCENT: usize = 40;

/// Finds credentials.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let mut add = |start, end| spans.push(Span { start, end, kind: Kind::Key });
    for (at, _) in text.match_indices("://") {
        if let Some((start, end)) = password(text, at + 3) {
            add(start, end);
        }
    }
    if let Some((start, end)) = private_key(text) {
        add(start, end);
    }
    let mut from = 0;
    while let Some(start) = text[from..].find(is_token).map(|at| from + at) {
        let end = start + text[start..].find(|c| !is_token(c)).unwrap_or(text.len() - start);
        let word = &text[start..end];
        in_word(text, start, word, &mut add);
        if is_name(word)
            && let Some((start, end)) = announced(text, word, end)
        {
            add(start, end);
        }
        from = end;
    }
}

/// From the first private key to the end of the last one, or of the text.
fn private_key(text: &str) -> Option<(usize, usize)> {
    let first = text.find(PEM)?;
    let start = text[..first].rfind(PEM_BEGIN).unwrap_or(first);
    let behind = first + PEM.len();
    let last = text[behind..].rfind(PEM).map(|at| behind + at + PEM.len());
    Some((start, last.unwrap_or(text.len())))
}

/// Whether the character stands in keys, names and paths.
fn is_token(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '~')
}

/// The password in `user:password@host`, behind the `://`.
fn password(text: &str, from: usize) -> Option<(usize, usize)> {
    let authority = &text[from..];
    let end =
        authority.find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"')).unwrap_or(authority.len());
    let at = authority[..end].rfind('@')?;
    let colon = authority[..at].find(':')?;
    (colon + 1 < at).then_some((from + colon + 1, from + at))
}

/// Keys that show by themselves: the parts of a word between slashes, or the whole of it.
fn in_word(text: &str, start: usize, word: &str, add: &mut impl FnMut(usize, usize)) {
    if word.len() < PREFIXED_CHARS_MIN || !word.bytes().any(|byte| byte.is_ascii_digit()) {
        return;
    }
    let padded = padding(&text[start + word.len()..]);
    let mut at = start;
    for part in word.split('/') {
        let trimmed = part.trim_end_matches('.');
        if is_prefixed(trimmed) || trimmed.split('.').any(is_disorder) {
            let is_last = at + part.len() == start + word.len();
            add(at, at + trimmed.len() + if is_last { padded } else { 0 });
        }
        at += part.len() + 1;
    }
    if word.contains(['/', '+']) && is_base64(word) && is_disorder(word) {
        add(start, start + word.len() + padded);
    }
}

fn is_base64(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+'))
}

/// How many equals signs at the beginning of a text end base64, and are not an assignment.
fn padding(text: &str) -> usize {
    let count = text.bytes().take_while(|byte| *byte == b'=').count();
    let ends = count <= 2 && !text[count..].starts_with(is_token);
    if ends { count } else { 0 }
}

fn is_prefixed(part: &str) -> bool {
    let body = PREFIXES.iter().filter_map(|prefix| part.strip_prefix(prefix)).min_by_key(|body| body.len());
    body.is_some_and(|body| {
        let plain = body.bytes().filter(|byte| byte.is_ascii_alphanumeric()).count();
        plain >= PREFIXED_CHARS_MIN && body.bytes().any(|byte| byte.is_ascii_digit()) && !is_words(body)
    })
}

/// Whether it consists of words and numbers with hyphens between them, as names of things do.
fn is_words(body: &str) -> bool {
    let is_plain = |part: &str| {
        let letters = part.bytes().filter(u8::is_ascii_alphabetic).count();
        letters == 0 || letters == part.len()
    };
    body.contains(['-', '_']) && body.split(['-', '_', '.']).all(is_plain)
}

/// Whether upper case, lower case and digits follow each other without order.
fn is_disorder(part: &str) -> bool {
    let length = part.len();
    if !(DISORDER_CHARS_MIN..=DISORDER_CHARS_MAX).contains(&length) {
        return false;
    }
    let class = |byte: &u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let classes: Vec<usize> = part.as_bytes().iter().map(class).collect();
    let mut counts = [0; 4];
    for class in &classes {
        counts[*class] += 1;
    }
    let changes = classes.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let mixed = counts[0] > 0 && counts[1] > 0 && counts[2] >= DISORDER_DIGITS_MIN;
    mixed && counts[3] * 8 <= length && changes * 100 >= (length - 1) * DISORDER_CHANGES_PERCENT
}

/// Whether the word ends like the name of a credential.
pub(super) fn is_name(word: &str) -> bool {
    let last = word.as_bytes().last().map(u8::to_ascii_lowercase);
    // Most words differ in the last byte already.
    NAMES.iter().filter(|name| name.as_bytes().last().copied() == last).any(|name| {
        let end = word.len().checked_sub(name.len()).and_then(|start| word.get(start..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(name))
    })
}

/// How a value is connected with its name.
enum Bond {
    /// `name=value`
    Equals,
    /// `name: value`
    Colon,
    /// `name value`, `name is value`
    Space,
}

/// The value behind the name of a credential that ends here.
fn announced(text: &str, name: &str, end: usize) -> Option<(usize, usize)> {
    let rest = text[end..].trim_start_matches(['"', '\'']);
    let tight = rest.trim_start_matches(' ');
    let (bond, rest) = match tight.chars().next()? {
        '=' => (Bond::Equals, &tight[1..]),
        ':' => (Bond::Colon, tight[1..].trim_start_matches('=')),
        _ => {
            let copula = COPULAS.iter().find_map(|copula| rest.strip_prefix(copula));
            (Bond::Space, copula.or_else(|| rest.strip_prefix(' '))?)
        }
    };
    let rest = rest.trim_start_matches(' ');
    let quoted = rest.starts_with(['"', '\'']);
    let rest = rest.trim_start_matches(['"', '\'']);
    let stops = |c: char| {
        let assigned = matches!(bond, Bond::Equals) && matches!(c, '&' | ';');
        c.is_whitespace() || assigned || matches!(c, '"' | '\'' | '<' | '>' | ',' | '(' | ')' | '{' | '}' | '[' | ']')
    };
    let window = &rest[..rest.floor_char_boundary(ANNOUNCED_BYTES_MAX)];
    let value = window[..window.find(stops).unwrap_or(window.len())].trim_end_matches(['.', ';']);
    let scheme = ["bearer", "basic"].iter().any(|scheme| name.eq_ignore_ascii_case(scheme));
    let chars_min = if scheme { SCHEME_CHARS_MIN } else { ANNOUNCED_CHARS_MIN };
    let has = |is: fn(&char) -> bool| value.chars().any(|c| is(&c));
    let mixed = has(|c| c.is_ascii_digit()) && has(|c| c.is_alphabetic());
    // Behind a mere space stands mostly just the next word.
    let plain_fits = quoted || scheme || has(|c| c.is_uppercase()) || has(|c| "!@#$%^&*".contains(*c));
    let fits = value.chars().count() >= chars_min && mixed && (plain_fits || !matches!(bond, Bond::Space));
    let start = text.len() - rest.len();
    (fits && !is_word(before(text, start))).then_some((start, start + value.len()))
}
