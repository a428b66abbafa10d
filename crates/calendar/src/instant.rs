//! One point on the UTC time line, to the microsecond.
//!
//! It does not know zones or calendars: those turn local edges into instants.

use std::fmt;
use std::ops::{Add, Sub};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since the Unix epoch, in UTC.
///
/// Readable formats carry RFC 3339, binary formats the integer.
/// Years are limited to 0001..=9998, so that every value can be shown and sums saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// The text is not an RFC 3339 instant within the years 0001 to 9998.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseInstantError {
    text: String,
}

impl fmt::Display for ParseInstantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an RFC 3339 time such as 2026-11-27T14:00:00Z", self.text)
    }
}

impl std::error::Error for ParseInstantError {}

impl Instant {
    /// 0001-01-01T00:00:00Z, the zero time of Go programs.
    pub const MIN: Instant = Instant(-62_135_596_800_000_000);
    /// 9998-12-31T00:00:00Z.
    pub const MAX: Instant = Instant(253_370_678_400_000_000);

    /// From microseconds since the epoch, clamped into [`Instant::MIN`]..=[`Instant::MAX`].
    pub const fn from_micros(micros: i64) -> Instant {
        if micros < Instant::MIN.0 {
            Instant::MIN
        } else if micros > Instant::MAX.0 {
            Instant::MAX
        } else {
            Instant(micros)
        }
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Parses RFC 3339, also with an offset without a colon (`+0000`) and with a space or `T`.
    pub fn parse(text: &str) -> Result<Instant, ParseInstantError> {
        text.parse::<Timestamp>()
            .map(Instant::from)
            .map_err(|_| ParseInstantError { text: text.chars().take(64).collect() })
    }

    /// Time from `earlier` to `self`; negative when `earlier` is later.
    pub fn since(self, earlier: Instant) -> SignedDuration {
        SignedDuration::from_micros(self.0 - earlier.0)
    }

    /// The same point as a jiff timestamp.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).expect("an Instant lies within jiff's range")
    }
}

impl From<Timestamp> for Instant {
    fn from(value: Timestamp) -> Self {
        Instant::from_micros(value.as_microsecond())
    }
}

impl Add<SignedDuration> for Instant {
    type Output = Instant;

    fn add(self, rhs: SignedDuration) -> Instant {
        let micros = i64::try_from(rhs.as_micros()).unwrap_or(if rhs.is_negative() { i64::MIN } else { i64::MAX });
        Instant::from_micros(self.0.saturating_add(micros))
    }
}

impl Sub<SignedDuration> for Instant {
    type Output = Instant;

    fn sub(self, rhs: SignedDuration) -> Instant {
        let micros = i64::try_from(rhs.as_micros()).unwrap_or(if rhs.is_negative() { i64::MIN } else { i64::MAX });
        Instant::from_micros(self.0.saturating_sub(micros))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.timestamp())
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
            Instant::parse(&text).map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Instant::from_micros)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_shows_rfc_3339() {
        for (text, shown) in [
            ("2026-11-27T15:00:00+01:00", "2026-11-27T14:00:00Z"),
            ("2015-07-17T08:42:58.315+0000", "2015-07-17T08:42:58.315Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(Instant::parse(text).unwrap().to_string(), shown);
        }
        assert!(Instant::parse("yesterday").is_err());
    }

    #[test]
    fn sums_saturate() {
        assert_eq!(Instant::MAX + SignedDuration::MAX, Instant::MAX);
        assert_eq!(Instant::MIN - SignedDuration::MAX, Instant::MIN);
    }
}
