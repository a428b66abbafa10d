//! Grafana's alerting webhook: each alert of a notification becomes a signal.
//!
//! It is Alertmanager's webhook with `version` "1", an `orgId` and more fields, and is mapped as
//! [`crate::alertmanager`] says, with these differences:
//!
//! | signal | from |
//! |---|---|
//! | `id` | `orgId/fingerprint/startsAt/status`; `alert.key` likewise, since organisations share nothing |
//! | `source` | `grafana` |
//! | `value` | the only one of `values`; none where a rule has several |
//! | `link` | `generatorURL`, else `panelURL`, else `dashboardURL` |
//!
//! Images, silence links and the rendered `message` are not taken in.

use std::borrow::Cow;

use calendar::{Duration, Instant};
use hmac::{Hmac, KeyInit, Mac};
use problem::Problem;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::Sha256;
use wcore::signal::Signal;

use crate::alert::{Reader, lost};
use crate::alertmanager::Notification;
use crate::json::{Text, body_text, malformed};
use crate::mend::Mender;
use crate::{Rejected, limit};

/// The source of signals from Grafana.
pub const SOURCE: &str = "grafana";
/// The header of the signature, unless its sender is configured otherwise.
pub const SIGNATURE_HEADER: &str = "X-Grafana-Alerting-Signature";
/// How far a signed timestamp may be from now; limits the replay of an observed request.
pub const TOLERANCE: Duration = Duration::from_mins(5);
/// Bytes of an HMAC-SHA256.
pub(crate) const CODE_BYTES: usize = 32;

/// What a signed request carries in its headers.
#[derive(Clone, Copy, Debug)]
pub struct SignedHeaders<'a> {
    /// The signature: HMAC-SHA256 in hexadecimal digits.
    pub signature: &'a str,
    /// The seconds since the epoch in decimal digits, where the sender is configured to sign
    /// them. Give an empty text if that header is missing from the request.
    pub timestamp: Option<&'a str>,
}

/// The notification as a whole; alerts are read one by one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    #[serde(borrow)]
    version: Option<Text<'a>>,
    org_id: Option<i64>,
    #[serde(borrow)]
    receiver: Option<Text<'a>>,
    truncated_alerts: Option<u64>,
    #[serde(borrow)]
    alerts: Option<Vec<&'a RawValue>>,
}

/// Reads a notification. `Err` refuses it whole.
pub fn read(body: &[u8], now: Instant) -> Result<Notification, Problem> {
    let text = body_text(body, limit::ALERTMANAGER_BODY_BYTES)?;
    let group: Group<'_> = serde_json::from_str(text).map_err(|error| match error.is_data() {
        true => wrong("the body must be an object with `version` and `receiver` as texts, `orgId` as a number and `alerts` as an array, each once"),
        false => malformed(&error, 0),
    })?;
    match group.version.as_ref().map(|version| version.0.as_ref()) {
        Some("1") => {}
        Some("4") => {
            return Err(wrong("`version` is \"4\", as in Alertmanager's webhook; its path is `/intake/alertmanager`"));
        }
        Some(_) => return Err(wrong("`version` must be \"1\"")),
        None => return Err(wrong("`version` is missing; a custom payload of the contact point needs to keep it")),
    }
    let org = group.org_id.ok_or_else(|| wrong("`orgId` is missing"))?;
    let alerts = group.alerts.ok_or_else(|| wrong("`alerts` is missing"))?;
    let receiver = group.receiver.map_or(Cow::Borrowed(""), |text| text.0);
    let code = &problem::GRAFANA_FORMAT;
    let mut reader = Reader { source: SOURCE, otherwise: &receiver, code, mender: Mender::new(now) };
    let mut read = |(index, raw): (usize, &&RawValue)| match reader.notified(raw) {
        Ok(signal) => Ok(of_organisation(org, signal)),
        Err(problem) => Err(Rejected { index, problem }),
    };
    let signals = alerts.iter().take(limit::ALERTS).enumerate().map(&mut read).collect();
    let mut warnings = lost(group.truncated_alerts.unwrap_or(0), alerts.len().saturating_sub(limit::ALERTS));
    warnings.append(&mut reader.mender.warnings());
    Ok(Notification { signals, warnings })
}

/// The same labels in two organisations are two alerts with one fingerprint.
fn of_organisation(org: i64, mut signal: Signal) -> Signal {
    signal.id = signal.id.map(|id| format!("{org}/{id}"));
    if let Some(alert) = &mut signal.alert {
        alert.key = format!("{org}/{}", alert.key);
    }
    signal
}

/// Whether `secret` signed this body, in the same time wherever a wrong signature differs.
///
/// Signed is the body, or `timestamp:body` where a header for the timestamp is configured.
pub fn verify(secret: &[u8], headers: &SignedHeaders<'_>, body: &[u8], now: Instant) -> Result<(), Problem> {
    let invalid = |detail: &str| Err(Problem::new(&problem::GRAFANA_SIGNATURE, detail));
    if secret.is_empty() {
        return invalid("this source has no secret to compare with");
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    if let Some(timestamp) = headers.timestamp {
        let Ok(seconds) = timestamp.parse::<i64>() else {
            return invalid("the header of the timestamp is missing, or not a number of seconds");
        };
        let sent_at = Instant::from_micros(seconds.saturating_mul(1_000_000));
        if now.since(sent_at).abs() > TOLERANCE {
            return invalid("the timestamp is more than five minutes from this machine's clock");
        }
        mac.update(timestamp.as_bytes());
        mac.update(b":");
    }
    mac.update(body);
    match unhex(headers.signature) {
        // `verify_slice` takes the same time wherever the codes differ.
        Some(code) if mac.verify_slice(&code).is_ok() => Ok(()),
        Some(_) => invalid("the signature does not belong to this body and secret"),
        None => invalid("the header of the signature is missing, or not 64 hexadecimal digits"),
    }
}

/// The bytes of a code in hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Option<[u8; CODE_BYTES]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (digits.len() == 2 * CODE_BYTES).then(|| bytes.try_into().ok()).flatten()
}

fn wrong(detail: &str) -> Problem {
    Problem::new(&problem::GRAFANA_FORMAT, detail)
}
