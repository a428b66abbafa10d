//! E-mail addresses, also percent-encoded and with the at-sign spelt out in brackets.
//!
//! An address has a domain with a dot and a name at its end. Neither the whole of RFC 5322 is
//! recognised (quoted local parts), nor addresses told in words ("jane at example dot com").

use std::collections::BTreeSet;

use super::{Kind, Span, before};

/// How an at-sign is written.
const AT_SIGNS: [&str; 4] = ["@", "%40", "[at]", "(at)"];
/// The user of repositories, who is nobody: `git@github.com:…`.
const NOBODY: &str = "git";

/// Whether the text has an at-sign in brackets.
pub(super) fn is_spelt_out(text: &str) -> bool {
    AT_SIGNS[2..].iter().any(|sign| text.contains(sign))
}

/// Finds addresses. Behind `passwords` stand hosts, not addresses.
pub(super) fn find(text: &str, passwords: &BTreeSet<usize>, spans: &mut Vec<Span>) {
    let mut searched = 0;
    for (at, _) in text.match_indices(['@', '%', '[', '(']) {
        let Some(sign) = AT_SIGNS.iter().find(|sign| text[at..].starts_with(**sign)) else { continue };
        if passwords.contains(&at) {
            continue;
        }
        // What is spelt out usually has spaces around it.
        let spaced = sign.ends_with([']', ')']);
        let local_end = if spaced { text[..at].trim_end_matches(' ').len() } else { at };
        let mut domain_start = at + sign.len();
        if spaced {
            domain_start += text[domain_start..].len() - text[domain_start..].trim_start_matches(' ').len();
        }
        if local_end < searched {
            continue;
        }
        let start = local_start(&text[searched..local_end]) + searched;
        let length = domain_length(&text[domain_start..]);
        // The next address begins behind this at-sign, hence no character is passed twice.
        searched = domain_start;
        let local = &text[start..local_end];
        if !local.is_empty() && local != NOBODY && length > 0 {
            spans.push(Span { start, end: domain_start + length, kind: Kind::Email });
            searched = domain_start + length;
        }
    }
}

/// Where the local part at the end of a text begins; at its end, if there is none.
fn local_start(text: &str) -> usize {
    let mut start = text.len();
    while let Some(c) = before(text, start).filter(|c| c.is_alphanumeric() || "._%+-'".contains(*c)) {
        start -= c.len_utf8();
    }
    // What belongs to the sentence around it.
    start + text[start..].len() - text[start..].trim_start_matches(['.', '-', '\'']).len()
}

/// How long the domain at the beginning of a text is; 0 if there is none.
fn domain_length(text: &str) -> usize {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '-').unwrap_or(text.len());
    let domain = text[..end].trim_end_matches(['.', '-']);
    let Some((start, top)) = domain.rsplit_once('.') else { return 0 };
    let is_name = top.starts_with("xn--") || (top.chars().count() >= 2 && top.chars().all(char::is_alphabetic));
    let is_domain = is_name && !start.is_empty() && start.split('.').all(|label| !label.is_empty());
    if is_domain { domain.len() } else { 0 }
}
