//! The ids that people and programs write: `INC-7`, `SIG-12-0`.

use problem::Problem;

/// Longest piece of an unknown id that is repeated in a refusal, in characters.
const SHOWN_MAX: usize = 32;

/// An incident's id.
pub(crate) fn incident(no: u64) -> String {
    format!("INC-{no}")
}

/// A signal's id: where it stands in the journal.
pub(crate) fn signal(position: u64, index: u32) -> String {
    format!("SIG-{position}-{index}")
}

/// The number in `INC-7`; `inc-7` and `7` are understood, too.
pub(crate) fn parse_incident(text: &str) -> Result<u64, Problem> {
    let digits = match text.split_at_checked(4) {
        Some((start, rest)) if start.eq_ignore_ascii_case("INC-") => rest,
        _ => text,
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // Journals count in signed 64 bits; a longer number is no incident's.
    let no = digits.parse().ok().filter(|no| plain && i64::try_from(*no).is_ok());
    no.ok_or_else(|| unknown(text))
}

/// The place in `SIG-12-0`.
pub(crate) fn parse_signal(text: &str) -> Option<(u64, u32)> {
    let (start, rest) = text.split_at_checked(4)?;
    let (position, index) = rest.split_once('-').filter(|_| start.eq_ignore_ascii_case("SIG-"))?;
    Some((position.parse().ok()?, index.parse().ok()?))
}

/// As much of what was given as a refusal repeats.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(SHOWN_MAX).collect()
}

/// There is no such incident, or it is not for this reader.
pub(crate) fn unknown(id: &str) -> Problem {
    Problem::new(&problem::INCIDENT_UNKNOWN, format!("`{}` names no incident that you can see", shown(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incident_numbers_are_read() {
        for (text, no) in [
            ("INC-7", Some(7)),
            ("inc-7", Some(7)),
            ("7", Some(7)),
            ("INC-", None),
            ("", None),
            ("INC--7", None),
            ("+7", None),
            ("7.0", None),
            ("INC-9223372036854775807", Some(i64::MAX.unsigned_abs())),
            ("INC-9223372036854775808", None),
            ("INC-99999999999999999999999", None),
            ("ÄÄÄÄ", None),
        ] {
            assert_eq!(parse_incident(text).ok(), no, "{text}");
        }
    }
}
