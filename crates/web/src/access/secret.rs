//! Secrets that are made here, and the hashes under which all but signing secrets are kept.
//!
//! Secrets have 256 random bits, so that a plain SHA-256 can neither be searched nor guessed,
//! and looking it up tells nothing by its timing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;

/// A new secret: `prefix` and 43 characters that need no quoting anywhere.
pub(crate) fn generate(prefix: &str) -> String {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).expect("every supported system has a source of random bytes");
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// A secret that both sides know: with it a sender signs its requests. Verifying needs it as it
/// is, so that it is kept; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SigningSecret(String);

impl SigningSecret {
    /// A new one.
    pub(crate) fn generate() -> SigningSecret {
        SigningSecret(generate(""))
    }

    /// Its bytes, for verifying.
    pub(crate) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Its text, for the one answer that holds it.
    pub(crate) fn tell(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

/// The hash of a secret; the secret itself is never kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SecretHash([u8; 32]);

impl SecretHash {
    /// Of that secret.
    pub(crate) fn of(secret: &str) -> SecretHash {
        SecretHash(Sha256::digest(secret.as_bytes()).into())
    }

    /// From its 64 hexadecimal digits.
    pub(crate) fn parse(hex: &str) -> Option<SecretHash> {
        let digits = hex.as_bytes();
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(SecretHash(bytes))
    }
}

/// 64 hexadecimal digits, written at once: every request names its credential.
impl std::fmt::Display for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut hex = String::with_capacity(2 * self.0.len());
        for byte in self.0 {
            hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
            hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        f.write_str(&hex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_as_they_are_written() {
        let hash = SecretHash::of("abc");
        // FIPS 180-4, example of one block.
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(SecretHash::parse(&hash.to_string()), Some(hash));
        for wrong in ["", "ba", &"g".repeat(64), &"+1".repeat(32), &"ä".repeat(32)] {
            assert_eq!(SecretHash::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn secrets_differ_and_need_no_quoting() {
        let (one, other) = (generate("wb_"), generate("wb_"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 46);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'), "{one}");
    }
}
