//! Payment cards: 13 to 19 digits of a known issuer with a right check digit (Luhn), written
//! together or in groups.
//!
//! The issuer is what keeps most ids apart: one in ten numbers has a right check digit by chance.

use std::ops::RangeInclusive;

use super::number::Run;

/// Digits of a card.
const DIGITS: RangeInclusive<usize> = 13..=19;
/// Digits of a group, where there are several; the last one may be what remains.
const GROUP_DIGITS: RangeInclusive<usize> = 3..=6;

/// Issuers by the first four digits of their cards, and how many digits those have.
const ISSUERS: &[(RangeInclusive<u32>, RangeInclusive<usize>)] = &[
    (2221..=2720, 16..=16), // Mastercard
    (3000..=3059, 14..=19), // Diners Club
    (3095..=3095, 14..=19),
    (3400..=3499, 15..=15), // American Express
    (3528..=3589, 16..=19), // JCB
    (3600..=3699, 14..=19), // Diners Club
    (3700..=3799, 15..=15), // American Express
    (3800..=3999, 14..=19), // Diners Club
    (4000..=4999, 13..=13), // Visa, of old
    (4000..=4999, 16..=16), // Visa
    (4000..=4999, 19..=19),
    (5000..=5099, 12..=19), // Maestro
    (5100..=5599, 16..=16), // Mastercard
    (5600..=5899, 12..=19), // Maestro
    (6000..=6999, 13..=19), // Discover, UnionPay, Maestro, RuPay
];

/// How many groups, beginning with the `first`, make a card.
pub(super) fn groups(run: &Run<'_>, first: usize) -> Option<usize> {
    if !run.starts_apart(first) {
        return None;
    }
    let mut digits: Vec<u8> = Vec::with_capacity(*DIGITS.end());
    for group in first..run.groups.len() {
        let joined = group == first || matches!(run.separator(group), " " | "-" | "." | "–" | "\u{a0}");
        let group_digits = run.digits(group);
        if !joined || digits.len() + group_digits.len() > *DIGITS.end() {
            return None;
        }
        let whole = group == first && DIGITS.contains(&group_digits.len());
        digits.extend(group_digits.bytes().map(|byte| byte - b'0'));
        if run.ends_apart(group) && DIGITS.contains(&digits.len()) && is_card(&digits) {
            return Some(group - first + 1);
        }
        if !whole && !GROUP_DIGITS.contains(&group_digits.len()) {
            return None;
        }
    }
    None
}

fn is_card(digits: &[u8]) -> bool {
    let head = digits[..4].iter().fold(0, |number, digit| number * 10 + u32::from(*digit));
    let issued = ISSUERS.iter().any(|(heads, lengths)| heads.contains(&head) && lengths.contains(&digits.len()));
    issued && is_right(digits)
}

/// The check digit: every second digit from the right counts twice, as the sum of its digits.
fn is_right(digits: &[u8]) -> bool {
    let weighed = digits.iter().rev().enumerate().map(|(index, digit)| match (index % 2, *digit) {
        (0, digit) => u32::from(digit),
        (_, digit) => u32::from(digit / 5 + digit * 2 % 10),
    });
    weighed.sum::<u32>().is_multiple_of(10)
}
