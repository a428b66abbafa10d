//! One message as Standard Webhooks wants it: an id, and a body of type, timestamp and data.
//!
//! It holds no address and no secret, so that the same message can go to several receivers.

use calendar::Instant;
use problem::Problem;
use serde::Serialize;

/// The specification's limit of a body, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 20 * 1024;

/// What is to be told, independent of where.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Idempotency key: equal for all attempts of one delivery (`webhook-id`).
    pub id: String,
    /// What happened, dotted: `page.requested`, `update.published`.
    pub kind: String,
    /// When it happened; equal for all attempts.
    pub created_at: Instant,
    /// The particulars.
    pub body: serde_json::Value,
}

/// The wire form; the order of the fields is the specification's.
#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'a str,
    timestamp: Instant,
    data: &'a serde_json::Value,
}

impl Message {
    /// The bytes that are signed and sent: `{"type", "timestamp", "data"}`.
    pub fn bytes(&self) -> Result<Vec<u8>, Problem> {
        let envelope = Envelope { r#type: &self.kind, timestamp: self.created_at, data: &self.body };
        let bytes = serde_json::to_vec(&envelope).expect("strings, an instant and a JSON value always serialise");
        if bytes.len() > MESSAGE_BYTES_MAX {
            let detail = format!("`{}` takes {} bytes, the limit is {MESSAGE_BYTES_MAX}", self.kind, bytes.len());
            return Err(Problem::new(&problem::MESSAGE_TOO_LARGE, detail));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn message(body: serde_json::Value) -> Message {
        let created_at = Instant::parse("2026-11-27T14:00:00Z").unwrap();
        Message { id: "d-1".into(), kind: "page.requested".into(), created_at, body }
    }

    #[test]
    fn the_body_has_the_shape_of_the_specification() {
        let bytes = message(serde_json::json!({"incident": "INC-7"})).bytes().unwrap();
        expect![[r#"{"type":"page.requested","timestamp":"2026-11-27T14:00:00Z","data":{"incident":"INC-7"}}"#]]
            .assert_eq(std::str::from_utf8(&bytes).unwrap());
    }

    #[test]
    fn a_body_beyond_the_limit_is_refused() {
        let wrapping = message("".into()).bytes().unwrap().len();
        let fits = "x".repeat(MESSAGE_BYTES_MAX - wrapping);
        assert_eq!(message(fits.clone().into()).bytes().unwrap().len(), MESSAGE_BYTES_MAX);
        let problem = message((fits + "x").into()).bytes().unwrap_err();
        assert_eq!(problem.code.id, "message-too-large");
    }
}
