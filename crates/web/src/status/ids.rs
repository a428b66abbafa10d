//! Opaque ids of public things: stable, and without the number of incidents in them.
//!
//! They are hashes under a random salt that is stored once, so that nobody can count up.

use calendar::Instant;
use engine::{Engine, View};
use problem::Problem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Collection and id of the document with the salt.
const COLLECTION: &str = "status-page";
const SALT: &str = "salt";
/// Random bytes of the salt: as many as the hash has.
const SALT_BYTES: usize = 32;
/// Characters of an id, as Statuspage has them: 60 bits.
const LENGTH: usize = 12;
/// Digits of an id: 32 characters that are not mistaken for each other.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What ids are made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Salt {
    bytes: Vec<u8>,
    /// When the page began: what never changed has changed then.
    pub(crate) created_at: Instant,
}

impl Salt {
    /// The stored one.
    pub(crate) fn load(view: &View) -> Result<Option<Salt>, Problem> {
        let Some(body) = view.document(COLLECTION, SALT)? else { return Ok(None) };
        let unreadable =
            |error| Problem::new(&problem::STORE_CORRUPT, format!("the page's salt does not decode ({error})"));
        serde_json::from_slice(&body).map(Some).map_err(unreadable)
    }

    /// The stored one, or a new one that is stored before it is used.
    pub(crate) async fn obtain(engine: &Engine) -> Result<Salt, Problem> {
        if let Some(salt) = engine.read(Salt::load).await? {
            return Ok(salt);
        }
        let salt = Salt::generate(engine.now());
        let body = serde_json::to_vec(&salt).expect("bytes and an instant are plain JSON");
        engine.put_document(COLLECTION, SALT, Some(body)).await?;
        Ok(salt)
    }

    fn generate(created_at: Instant) -> Salt {
        let mut bytes = vec![0; SALT_BYTES];
        getrandom::fill(&mut bytes).expect("every supported system has a source of random bytes");
        Salt { bytes, created_at }
    }

    /// The id of a thing, by its kind and what identifies it within.
    pub(crate) fn id(&self, kind: &str, name: &str) -> String {
        let mut hash = Sha256::new();
        for part in [&self.bytes[..], kind.as_bytes(), name.as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().iter().take(LENGTH).map(|byte| char::from(DIGITS[usize::from(byte % 32)])).collect()
    }
}

/// Makes the page's ids sure: done before a server answers, so that none is ever made twice.
pub async fn prepare(engine: &Engine) -> Result<(), Problem> {
    Salt::obtain(engine).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_tell_nothing() {
        let salt = Salt { bytes: vec![7; SALT_BYTES], created_at: Instant::from_micros(0) };
        let id = salt.id("incident", "7");
        assert_eq!(id, salt.id("incident", "7"));
        assert_eq!(id.len(), LENGTH);
        for other in [salt.id("incident", "8"), salt.id("component", "7"), salt.id("inciden", "t7")] {
            assert_ne!(id, other);
        }
        let another = Salt::generate(Instant::from_micros(0));
        assert_ne!(id, another.id("incident", "7"));
        let stored: Salt = serde_json::from_slice(&serde_json::to_vec(&another).unwrap()).unwrap();
        assert_eq!(stored.id("incident", "7"), another.id("incident", "7"));
    }
}
