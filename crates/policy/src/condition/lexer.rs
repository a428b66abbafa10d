//! Text to tokens with their places.
//!
//! It knows all of CEL's operators, also those outside the fragment, so that the parser can
//! name what is not supported instead of stumbling over it.

use std::ops::Range;

use super::ConditionError;

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Text(String),
    Number(f64),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// A token and its place.
pub(super) type Spanned = (Token, Range<usize>);

/// Longest first, so that `==` is not read as two signs.
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", "{", "}", ".", ",", "-", "+", "*", "/", "%",
    "?", ":", "=", "&", "|",
];

/// All tokens of the text, closed by [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned>, ConditionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match first {
            c if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            '"' | '\'' => text_literal(text, at, false)?,
            'r' | 'R' if rest[1..].starts_with(['"', '\'']) => text_literal(text, at, true)?,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                (Token::Name(rest[..length].to_owned()), length)
            }
            c if c.is_ascii_digit() => number(text, at)?,
            _ => sign(text, at)?,
        };
        tokens.push((token, at..at + length));
        at += length;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

fn sign(text: &str, at: usize) -> Result<(Token, usize), ConditionError> {
    let rest = &text[at..];
    if rest.starts_with("//") {
        return Err(super::parser::syntax(at..text.len(), "comments are not part of a condition", None));
    }
    match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => Ok((Token::Sign(sign), sign.len())),
        None => {
            let c = rest.chars().next().unwrap_or(' ');
            let hint = matches!(c, '“' | '”' | '„' | '‘' | '’').then(|| "use straight quotes: \"text\"".to_owned());
            let message = format!("`{}` has no meaning here", c.escape_debug());
            Err(super::parser::syntax(at..at + c.len_utf8(), message, hint))
        }
    }
}

fn number(text: &str, at: usize) -> Result<(Token, usize), ConditionError> {
    let rest = &text[at..];
    let digits = |from: usize| rest[from..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |n| from + n);
    let mut end = digits(0);
    if rest[end..].starts_with('.') && rest[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
        end = digits(end + 1);
    }
    if rest[end..].starts_with(['e', 'E']) {
        let sign = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent_end = digits(end + 1 + sign);
        if exponent_end > end + 1 + sign {
            end = exponent_end;
        }
    }
    if let Some(c) = rest[end..].chars().next().filter(|c| c.is_alphanumeric() || *c == '_') {
        let message = format!("`{}` is not a number", &rest[..end + c.len_utf8()]);
        let hint = Some("numbers are written 5, 0.05 or 1e-3; a text stands in quotes".to_owned());
        return Err(super::parser::syntax(at..at + end + c.len_utf8(), message, hint));
    }
    match rest[..end].parse::<f64>() {
        Ok(value) if value.is_finite() => Ok((Token::Number(value), end)),
        _ => Err(super::parser::syntax(at..at + end, "the number is too large", None)),
    }
}

/// A literal in single or double quotes; with `raw`, one after an `r`, where `\` is itself.
fn text_literal(text: &str, at: usize, raw: bool) -> Result<(Token, usize), ConditionError> {
    let start = at + usize::from(raw);
    let quote = text[start..].chars().next().unwrap_or('"');
    let mut value = String::new();
    let mut next = start + 1;
    loop {
        let Some(c) = text[next..].chars().next().filter(|c| *c != '\n' && *c != '\r') else {
            let hint = Some(format!("close it with {quote}"));
            return Err(super::parser::syntax(at..next, "the text has no closing quote", hint));
        };
        if c == quote {
            return Ok((Token::Text(value), next + 1 - at));
        }
        if c == '\\' && !raw {
            let (escaped, length) = escape(text, next)?;
            value.push(escaped);
            next += length;
        } else {
            value.push(c);
            next += c.len_utf8();
        }
    }
}

/// One of CEL's escapes, which starts with the `\` at `at`: the character and its length here.
fn escape(text: &str, at: usize) -> Result<(char, usize), ConditionError> {
    let rest = &text[at + 1..];
    let kind = rest.chars().next();
    let simple = match kind {
        Some(c @ ('\\' | '?' | '"' | '\'' | '`')) => Some(c),
        Some('a') => Some('\u{07}'),
        Some('b') => Some('\u{08}'),
        Some('f') => Some('\u{0C}'),
        Some('n') => Some('\n'),
        Some('r') => Some('\r'),
        Some('t') => Some('\t'),
        Some('v') => Some('\u{0B}'),
        _ => None,
    };
    if let Some(c) = simple {
        return Ok((c, 2));
    }
    let (skip, digits, radix) = match kind {
        Some('x' | 'X') => (1, 2, 16),
        Some('u') => (1, 4, 16),
        Some('U') => (1, 8, 16),
        Some('0'..='3') => (0, 3, 8),
        _ => (0, 0, 0),
    };
    rest.get(skip..skip + digits)
        .filter(|code| !code.is_empty() && code.chars().all(|c| c.is_digit(radix)))
        .and_then(|code| u32::from_str_radix(code, radix).ok())
        .and_then(char::from_u32)
        .map(|c| (c, 1 + skip + digits))
        .ok_or_else(|| {
            let end = at + 1 + kind.map_or(0, char::len_utf8);
            let hint = Some("write \\\\ for a backslash, or a raw text: r\"\\d\"".to_owned());
            super::parser::syntax(at..end, format!("`{}` is not an escape", &text[at..end]), hint)
        })
}
