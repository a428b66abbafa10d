//! Standard Webhooks 1.0.0 signatures (`v1`, HMAC-SHA256): made for what goes out, verified for
//! what comes in.
//!
//! The signed text is `id.timestamp.body`. The asymmetric `v1a` is neither made nor accepted.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use calendar::{Duration, Instant};
use hmac::{Hmac, KeyInit, Mac};
use problem::Problem;
use sha2::Sha256;

use crate::Secret;

/// The specification's range of a key's length, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Keys in use at once: a rotation needs the old and the new one; more is a mistake.
const KEYS_MAX: usize = 4;
/// Signatures looked at in one header; honest senders stay within [`KEYS_MAX`].
const SIGNATURES_MAX: usize = 16;
/// How far the sender's clock may be off; limits the replay of an observed message.
const TOLERANCE: Duration = Duration::from_mins(5);

/// Writes how secrets start.
const SECRET_PREFIX: &str = "whsec_";
/// Writes how symmetric signatures start.
const SIGNATURE_PREFIX: &str = "v1,";

/// The decoded keys of one channel, newest or oldest first as configured.
#[derive(Clone)]
pub struct SigningKeys(Vec<Vec<u8>>);

/// The three headers of a signed webhook.
#[derive(Clone, Copy, Debug)]
pub struct SignedHeaders<'a> {
    /// `webhook-id`
    pub id: &'a str,
    /// `webhook-timestamp`, seconds since the epoch in decimal digits.
    pub timestamp: &'a str,
    /// `webhook-signature`, signatures separated by spaces.
    pub signature: &'a str,
}

impl SigningKeys {
    /// Decodes `whsec_…`, or several of them separated by white space.
    pub fn parse(secret: &Secret) -> Result<SigningKeys, Problem> {
        let texts: Vec<&str> = secret.expose().split_whitespace().collect();
        let invalid = |detail: String| Problem::new(&problem::SIGNING_SECRET_INVALID, detail);
        if texts.is_empty() || texts.len() > KEYS_MAX {
            return Err(invalid(format!("{} secrets were given, 1 to {KEYS_MAX} can be used", texts.len())));
        }
        // The details count secrets and bytes, since they must not show what is wrong.
        let key = |(index, text): (usize, &&str)| {
            let place = format!("secret {} of {}", index + 1, texts.len());
            let encoded = text
                .strip_prefix(SECRET_PREFIX)
                .ok_or_else(|| invalid(format!("{place} does not start with `{SECRET_PREFIX}`")))?;
            let key = BASE64_STANDARD
                .decode(encoded)
                .map_err(|_| invalid(format!("{place} is not base64 after `{SECRET_PREFIX}`")))?;
            let length = key.len();
            if KEY_BYTES.contains(&length) {
                return Ok(key);
            }
            Err(invalid(format!("{place} has {length} bytes, it needs {} to {}", KEY_BYTES.start(), KEY_BYTES.end())))
        };
        texts.iter().enumerate().map(key).collect::<Result<_, _>>().map(SigningKeys)
    }

    /// The value of `webhook-signature`: one signature for each key.
    pub fn sign(&self, id: &str, timestamp_s: i64, body: &[u8]) -> String {
        let timestamp = timestamp_s.to_string();
        let signature = |key: &Vec<u8>| {
            let code = mac(key, id, &timestamp, body).finalize().into_bytes();
            format!("{SIGNATURE_PREFIX}{}", BASE64_STANDARD.encode(code))
        };
        self.0.iter().map(signature).collect::<Vec<_>>().join(" ")
    }

    /// Accepts `body` if any signature matches any key, and the timestamp is near `now`.
    pub fn verify(&self, headers: &SignedHeaders<'_>, body: &[u8], now: Instant) -> Result<(), Problem> {
        let invalid = |detail: &str| Err(Problem::new(&problem::SIGNATURE_INVALID, detail));
        let Ok(seconds) = headers.timestamp.parse::<i64>() else {
            return invalid("`webhook-timestamp` is not a number of seconds");
        };
        let sent_at = Instant::from_micros(seconds.saturating_mul(1_000_000));
        if now.since(sent_at).abs() > TOLERANCE {
            return invalid("`webhook-timestamp` is more than five minutes from this machine's clock");
        }
        for signature in headers.signature.split_ascii_whitespace().take(SIGNATURES_MAX) {
            let encoded = signature.strip_prefix(SIGNATURE_PREFIX);
            let Some(code) = encoded.and_then(|text| BASE64_STANDARD.decode(text).ok()) else { continue };
            // `verify_slice` takes the same time wherever the codes differ.
            if self.0.iter().any(|key| mac(key, headers.id, headers.timestamp, body).verify_slice(&code).is_ok()) {
                return Ok(());
            }
        }
        invalid("no signature in `webhook-signature` belongs to this body and secret")
    }
}

fn mac(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    mac
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeys({} × ***)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of the specification's own examples.
    const SPECIFICATION: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    /// The bytes 0 to 31.
    const COUNTING: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn keys(text: &str) -> SigningKeys {
        SigningKeys::parse(&Secret::new(text)).unwrap()
    }

    #[test]
    fn signs_like_the_reference_libraries() {
        let signature = keys(SPECIFICATION).sign(
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            br#"{"email":"test@example.com","username":"test_user"}"#,
        );
        assert_eq!(signature, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn several_keys_give_several_signatures() {
        // Made with Python's hmac module.
        let body = r#"{"type":"page.requested","timestamp":"2026-11-27T14:00:00Z","data":{"text":"Störung"}}"#;
        let signature =
            keys(&format!("{COUNTING} {SPECIFICATION}")).sign("d-INC-7-0-1-ben", 1_795_788_000, body.as_bytes());
        assert_eq!(
            signature,
            "v1,h6AIcHbGH9wkh27Y7CWHM/UlZ0kQFUgYgxhrWPQMQiA= v1,NHB0Uu+zgmMzKUXyL8jlvJpQdbZ9sAphz5ZOF5vzZT4="
        );
    }

    #[test]
    fn verifies_only_what_was_signed_near_now() {
        let now = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        let seconds = now.as_micros() / 1_000_000;
        let both = keys(&format!("{COUNTING} {SPECIFICATION}"));
        let signature = both.sign("d-1", seconds, b"{}");
        let verdict = |keys: &SigningKeys, id: &str, offset: i64, signature: &str, body: &[u8]| {
            let timestamp = (seconds + offset).to_string();
            // An honest sender signs its own timestamp, so the offset is signed too.
            let signed = if signature.is_empty() { both.sign(id, seconds + offset, body) } else { signature.into() };
            let headers = SignedHeaders { id, timestamp: &timestamp, signature: &signed };
            keys.verify(&headers, body, now).is_ok()
        };
        let padded = format!("v1a,AAAA v1,%% v1,AAAA v2,x {signature}");
        let flood = "v1,AAAA ".repeat(SIGNATURES_MAX) + &signature;
        for (name, ok, wanted) in [
            ("same keys", verdict(&both, "d-1", 0, &signature, b"{}"), true),
            ("receiver knows the old key only", verdict(&keys(SPECIFICATION), "d-1", 0, &signature, b"{}"), true),
            ("receiver knows the new key only", verdict(&keys(COUNTING), "d-1", 0, &signature, b"{}"), true),
            ("other versions beside it", verdict(&both, "d-1", 0, &padded, b"{}"), true),
            ("flood of signatures", verdict(&both, "d-1", 0, &flood, b"{}"), false),
            ("other body", verdict(&both, "d-1", 0, &signature, b"{ }"), false),
            ("other id", verdict(&both, "d-2", 0, &signature, b"{}"), false),
            ("other timestamp", verdict(&both, "d-1", 1, &signature, b"{}"), false),
            ("no signature", verdict(&both, "d-1", 0, "v1,", b"{}"), false),
            ("five minutes old", verdict(&both, "d-1", -300, "", b"{}"), true),
            ("older", verdict(&both, "d-1", -301, "", b"{}"), false),
            ("five minutes ahead", verdict(&both, "d-1", 300, "", b"{}"), true),
            ("further ahead", verdict(&both, "d-1", 301, "", b"{}"), false),
        ] {
            assert_eq!(ok, wanted, "{name}");
        }
        let unread = SignedHeaders { id: "d-1", timestamp: "soon", signature: &signature };
        assert_eq!(both.verify(&unread, b"{}", now).unwrap_err().code.id, "signature-invalid");
        let endless = SignedHeaders { id: "d-1", timestamp: "9223372036854775807", signature: &signature };
        assert!(both.verify(&endless, b"{}", now).is_err());
    }

    #[test]
    fn bad_secrets_are_named_without_being_shown() {
        for (text, part) in [
            ("", "0 secrets were given"),
            ("hunter2hunter2hunter2hunter2", "secret 1 of 1 does not start with `whsec_`"),
            ("whsec_!!!!", "secret 1 of 1 is not base64"),
            ("whsec_AAECAwQ=", "secret 1 of 1 has 5 bytes, it needs 24 to 64"),
            (&format!("{SPECIFICATION} whsec_AAEC"), "secret 2 of 2 has 3 bytes"),
            (&[SPECIFICATION; KEYS_MAX + 1].join(" "), "5 secrets were given"),
        ] {
            let problem = SigningKeys::parse(&Secret::new(text)).unwrap_err();
            assert!(problem.detail.contains(part), "{problem}");
            assert!(!problem.detail.contains("hunter2"), "{problem}");
        }
        assert_eq!(format!("{:?}", keys(SPECIFICATION)), "SigningKeys(1 × ***)");
    }
}
