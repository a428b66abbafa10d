//! Bank accounts: an IBAN of a known country, in its length, with a right checksum (ISO 13616,
//! modulo 97), written together or in groups.

use super::{Kind, Span, after, before, is_word};

/// Length of an IBAN by country, from the registry of ISO 13616.
const LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

/// Finds bank accounts.
pub(super) fn find(text: &str, spans: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 4 <= bytes.len() {
        // Some write a space behind the country.
        let check = at + 2 + usize::from(bytes[at + 2] == b' ');
        let starts = bytes[at].is_ascii_alphabetic()
            && bytes[at + 1].is_ascii_alphabetic()
            && bytes[check].is_ascii_digit()
            && bytes.get(check + 1).is_some_and(u8::is_ascii_digit);
        match starts.then(|| end(text, at)).flatten() {
            Some(end) if !is_word(before(text, at)) => {
                spans.push(Span { start: at, end, kind: Kind::Iban });
                at = end;
            }
            _ => at += 1,
        }
    }
}

/// Where the account ends that begins here, if one does.
fn end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let country = [bytes[start].to_ascii_uppercase(), bytes[start + 1].to_ascii_uppercase()];
    let (_, length) = LENGTHS.iter().find(|(code, _)| **code == country)?;
    let mut signs = Vec::with_capacity(*length);
    let mut at = start;
    while signs.len() < *length {
        match bytes.get(at)? {
            byte if byte.is_ascii_alphanumeric() => signs.push(byte.to_ascii_uppercase()),
            b' ' | b'-' if bytes[at - 1].is_ascii_alphanumeric() => {}
            _ => return None,
        }
        at += 1;
    }
    (!is_word(after(text, at)) && is_right(&signs)).then_some(at)
}

/// The checksum: country and check digits to the end, letters as 10 to 35, modulo 97 is 1.
fn is_right(signs: &[u8]) -> bool {
    let (head, tail) = signs.split_at(4);
    let remainder = tail.iter().chain(head).fold(0, |remainder: u32, sign| match sign {
        b'0'..=b'9' => (remainder * 10 + u32::from(sign - b'0')) % 97,
        _ => (remainder * 100 + u32::from(sign - b'A') + 10) % 97,
    });
    remainder == 1
}
