//! Alertmanager's API, version 2: what Prometheus and rulers post to `/api/v2/alerts`.
//!
//! Here Watchbell stands in Alertmanager's place: an array of alerts without fingerprint and
//! status, sent again and again while they fire and for some minutes after. The mapping is that
//! of [`crate::alertmanager`], with these differences:
//!
//! | | |
//! |---|---|
//! | `alert.key` | computed from the labels as Prometheus does, so that an alert has the same key by either way |
//! | state | resolved iff `endsAt` is not after now |
//! | `startsAt` missing | `endsAt` if that is past, else now |
//! | `endsAt` missing | now, or `startsAt` if that is ahead, + [`RESOLVE_TIMEOUT`] |
//!
//! What is sent again has the same id (fingerprint, start, state), hence is a duplicate.
//! Nothing ends by itself here: that an alert is no longer sent is no recovery.

use std::collections::BTreeMap;

use calendar::{Duration, Instant};
use problem::Problem;
use serde_json::value::RawValue;
use wcore::signal::{Alert, AlertState, Signal};

use crate::alert::{Reader, lost};
use crate::alertmanager::SOURCE;
use crate::json::{body_text, malformed};
use crate::mend::{Mender, SERVICE_UNKNOWN};
use crate::{Rejected, limit};

/// How long an alert without `endsAt` is taken to fire: the default of Alertmanager's
/// `resolve_timeout`.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_mins(5);

/// An alert that was posted.
#[derive(Clone, Debug, PartialEq)]
pub struct Posted {
    /// What it says.
    pub signal: Signal,
    /// Until when it says so, unless it is sent again; past for what has resolved.
    pub ends_at: Instant,
}

/// What one request holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Its alerts, in order; each stands for itself.
    pub alerts: Vec<Result<Posted, Rejected>>,
    /// What was lost or changed on the way, for self-alerts. Nothing was refused for it.
    pub warnings: Vec<Problem>,
}

/// Reads a request. `Err` refuses it whole.
pub fn read(body: &[u8], now: Instant) -> Result<Post, Problem> {
    let text = body_text(body, limit::ALERTMANAGER_BODY_BYTES)?;
    let code = &problem::ALERTMANAGER_API_FORMAT;
    let list: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| match error.is_data() {
        true if text.starts_with('{') => Problem::new(
            code,
            "the body is an object; notifications of Alertmanager's `webhook_configs` go to `/intake/alertmanager`",
        ),
        true => Problem::new(code, "the body must be an array of alerts"),
        false => malformed(&error, 0),
    })?;
    let mut reader = Reader { source: SOURCE, otherwise: SERVICE_UNKNOWN, code, mender: Mender::new(now) };
    let mut read = |(index, raw): (usize, &&RawValue)| {
        posted(&mut reader, raw, now).map_err(|problem| Rejected { index, problem })
    };
    let alerts = list.iter().take(limit::ALERTS).enumerate().map(&mut read).collect();
    let mut warnings = lost(0, list.len().saturating_sub(limit::ALERTS));
    warnings.append(&mut reader.mender.warnings());
    Ok(Post { alerts, warnings })
}

fn posted(reader: &mut Reader<'_>, raw: &RawValue, now: Instant) -> Result<Posted, Problem> {
    let mut wire = reader.wire(raw)?;
    let mut labels = wire.labels.take().unwrap_or_default();
    // To Prometheus an empty label is none.
    labels.retain(|_, value| !value.is_empty());
    if labels.is_empty() {
        return Err(reader.wrong("`labels` is missing or empty; the labels are what identifies an alert"));
    }
    let key = fingerprint(&labels);
    wire.labels = Some(labels);
    let starts_at = reader.instant("startsAt", wire.starts_at.take())?;
    let ends_at = reader.instant("endsAt", wire.ends_at.take())?;
    let starts_at = starts_at.or(ends_at.filter(|at| *at <= now)).unwrap_or(now);
    let ends_at = ends_at.unwrap_or(now.max(starts_at) + RESOLVE_TIMEOUT);
    if ends_at < starts_at {
        return Err(reader.wrong("`endsAt` is before `startsAt`"));
    }
    let (state, occurred_at) = match ends_at <= now {
        true => (AlertState::Resolved, ends_at),
        false => (AlertState::Firing, starts_at),
    };
    let signal = reader.signal(wire, Alert { key, state }, Some(starts_at), Some(occurred_at));
    Ok(Posted { signal, ends_at })
}

/// Prometheus's fingerprint of a label set: FNV-1a of 64 bits over the names and values in order
/// of the names, each followed by the byte 255 (prometheus/common, `model/signature.go`).
fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    const SEPARATOR: u8 = 255;
    let mut hash = OFFSET;
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        for byte in text.bytes().chain([SEPARATOR]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_those_of_prometheus() {
        // From prometheus/common's own tests, where they stand in decimal.
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        for (pairs, wanted) in [
            (vec![], 14_695_981_039_346_656_037_u64),
            (vec![("name", "garland, briggs"), ("fear", "love is not enough")], 5_799_056_148_416_392_346),
        ] {
            assert_eq!(fingerprint(&labels(&pairs)), format!("{wanted:016x}"));
        }
    }
}
