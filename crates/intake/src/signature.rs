//! Signatures of declared webhooks: HMAC-SHA256 of the body, as most products sign.
//!
//! The code comes as hexadecimal digits, also after `sha256=`, or as base64. Grafana's, which can
//! hold a time, are read in [`crate::grafana`]; ours, outgoing, are the channels' business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use problem::Problem;
use sha2::Sha256;

use crate::grafana::unhex;

/// What some senders write before the code.
const PREFIX: &str = "sha256=";

/// Whether `secret` signed this body, in the same time wherever a wrong signature differs.
pub fn verify(secret: &[u8], header: &str, given: Option<&str>, body: &[u8]) -> Result<(), Problem> {
    let invalid = |detail: String| Err(Problem::new(&problem::SOURCE_SIGNATURE, detail));
    let Some(given) = given else { return invalid(format!("the header `{header}` is missing")) };
    let given = given.trim();
    let given = given.strip_prefix(PREFIX).unwrap_or(given);
    let code = unhex(given).map(|code| code.to_vec()).or_else(|| STANDARD.decode(given).ok());
    let Some(code) = code else {
        return invalid(format!("the header `{header}` holds neither 64 hexadecimal digits nor base64"));
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(body);
    // `verify_slice` takes the same time wherever the codes differ.
    match mac.verify_slice(&code) {
        Ok(()) => Ok(()),
        Err(_) => invalid(format!("the signature in `{header}` does not belong to this body and secret")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_have_three_spellings_and_no_other_body() {
        // `printf hello | openssl dgst -sha256 -hmac key`
        const HEX: &str = "9307b3b915efb5171ff14d8cb55fbcc798c6c0ef1456d66ded1a6aa723a58b7b";
        let base64 = STANDARD.encode(unhex(HEX).unwrap());
        let prefixed = format!("sha256={HEX}");
        for (given, body, wanted) in [
            (Some(HEX), "hello", "fits"),
            (Some(prefixed.as_str()), "hello", "fits"),
            (Some(base64.as_str()), "hello", "fits"),
            (Some(HEX), "hello ", "does not belong"),
            (Some("AAAA"), "hello", "does not belong"),
            (Some(""), "hello", "does not belong"),
            (Some("signed!"), "hello", "neither 64"),
            (None, "hello", "is missing"),
        ] {
            let found = match verify(b"key", "X-Signature", given, body.as_bytes()) {
                Ok(()) => "fits".to_owned(),
                Err(problem) => problem.detail,
            };
            assert!(found.contains(wanted), "{given:?} {body:?}: {found}");
            assert!(found == "fits" || found.contains("X-Signature"), "{found}");
        }
    }
}
