//! Passwords: hashed with Argon2id, verified in constant time, a few at once.
//!
//! It knows neither accounts nor sessions.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use problem::Problem;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

/// Shortest password, in characters: out of reach of guessing at the rate that the throttle allows.
pub(crate) const LENGTH_MIN: usize = 12;
/// Longest password, in characters: a long sentence, and no more to hash.
pub(crate) const LENGTH_MAX: usize = 256;
/// Memory of one hash, in KiB, passes and lanes: OWASP's first choice for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of salt and key: those of RFC 9106.
const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 32;

/// Hashes at once: strangers can ask for them, and each takes memory and some twenty milliseconds.
static PLACES: Semaphore = Semaphore::const_new(2);

/// A password as it is stored, with what it was made by.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hashed {
    salt: String,
    key: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hashed(***)")
    }
}

impl Hashed {
    /// Of that password, if it is long enough.
    pub(crate) async fn of(person: &str, password: String) -> Result<Hashed, Problem> {
        let length = password.chars().count();
        if !(LENGTH_MIN..=LENGTH_MAX).contains(&length) {
            let detail = format!("it has {length} characters; {LENGTH_MIN} to {LENGTH_MAX} are needed");
            return Err(Problem::new(&problem::PASSWORD_WEAK, detail));
        }
        let first = password.chars().next();
        if password.chars().all(|c| Some(c) == first) || password.to_lowercase() == person.to_lowercase() {
            return Err(Problem::new(&problem::PASSWORD_WEAK, "it repeats one character, or is the name itself"));
        }
        let mut salt = [0; SALT_BYTES];
        getrandom::fill(&mut salt).expect("every supported system has a source of random bytes");
        let mut hashed = Hashed {
            salt: STANDARD_NO_PAD.encode(salt),
            key: String::new(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
        };
        let key = hashed.clone().key_of(password).await?;
        hashed.key = STANDARD_NO_PAD.encode(key);
        Ok(hashed)
    }

    /// Whether it is that password.
    pub(crate) async fn is(&self, password: String) -> Result<bool, Problem> {
        if password.chars().count() > LENGTH_MAX {
            return Ok(false);
        }
        let key = self.clone().key_of(password).await?;
        let known = STANDARD_NO_PAD.decode(&self.key).unwrap_or_default();
        Ok(known.ct_eq(&key).into())
    }

    /// Takes as long as a wrong password, where there is no account to compare with.
    pub(crate) async fn of_nobody(password: String) -> Result<(), Problem> {
        let nobody = Hashed {
            salt: STANDARD_NO_PAD.encode([0; SALT_BYTES]),
            key: STANDARD_NO_PAD.encode([0; KEY_BYTES]),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
        };
        nobody.is(password).await.map(drop)
    }

    async fn key_of(self, password: String) -> Result<[u8; KEY_BYTES], Problem> {
        let failed =
            |why: String| Problem::new(&problem::STORE_CORRUPT, format!("a password's hash cannot be used ({why})"));
        let _place = PLACES.acquire().await.map_err(|error| failed(error.to_string()))?;
        let hash = move || {
            let salt = STANDARD_NO_PAD.decode(&self.salt).map_err(|error| error.to_string())?;
            let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES));
            let params = params.map_err(|error| error.to_string())?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            let mut key = [0; KEY_BYTES];
            argon2.hash_password_into(password.as_bytes(), &salt, &mut key).map_err(|error| error.to_string())?;
            Ok::<_, String>(key)
        };
        let joined = tokio::task::spawn_blocking(hash).await.map_err(|error| failed(error.to_string()))?;
        joined.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_no_other_is() {
        let hashed = Hashed::of("ana", "correct horse battery".to_owned()).await.unwrap();
        let again = Hashed::of("ana", "correct horse battery".to_owned()).await.unwrap();
        assert_ne!(hashed, again, "salts differ");
        assert!(!format!("{hashed:?}").contains(&hashed.key));
        let stored: Hashed = serde_json::from_slice(&serde_json::to_vec(&hashed).unwrap()).unwrap();
        for (tried, wanted) in [
            ("correct horse battery", true),
            ("correct horse batterY", false),
            ("", false),
            (&"x".repeat(LENGTH_MAX + 1), false),
        ] {
            assert_eq!(stored.is(tried.to_owned()).await, Ok(wanted), "{tried}");
        }
    }

    #[tokio::test]
    async fn the_key_is_argon2ids() {
        // From the reference program by argon2-cffi: hash_secret_raw(b"password", b"somesaltsomesalt", 2, 19456, 1, 32, Type.ID)
        let hashed = Hashed {
            salt: STANDARD_NO_PAD.encode("somesaltsomesalt"),
            key: String::new(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
        };
        let key: String =
            hashed.key_of("password".to_owned()).await.unwrap().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(key, "2b5dc4054886ec957ef59c73b661c54dd6fb274590b278f657c6d96aac8fa6d1");
    }

    #[tokio::test]
    async fn weak_passwords_are_refused() {
        for weak in ["", "elevenchars", "aaaaaaaaaaaaaaaa", &"x1".repeat(LENGTH_MAX)] {
            assert_eq!(Hashed::of("ana", weak.to_owned()).await.unwrap_err().code.id, "password-weak", "{weak}");
        }
    }
}
