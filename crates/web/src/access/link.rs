//! One-time links, by which people sign in.
//!
//! Opening a link changes nothing, because mail scanners open links; the button behind it does.

use std::sync::Arc;

use calendar::{Duration, Instant};
use problem::Problem;
use serde::{Deserialize, Serialize};

use super::Access;
use super::secret::{SecretHash, generate};
use super::shelf::Expires;

/// A one-time link as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Whom it signs in.
    pub(crate) person: String,
    /// What it is good for.
    #[serde(default)]
    pub(crate) purpose: Purpose,
    /// From then on it is not valid.
    pub(crate) expires_at: Instant,
}

/// What a link is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// Signing in.
    #[default]
    SignIn,
    /// The same, with an administrator's rights.
    Administer,
    /// Choosing a password.
    Password,
}

impl Purpose {
    /// Whether a link of this purpose is good for that one.
    fn serves(self, wanted: Purpose) -> bool {
        self == wanted || (self, wanted) == (Purpose::Administer, Purpose::SignIn)
    }
}

impl Expires for Link {
    fn expires_at(&self) -> Instant {
        self.expires_at
    }
}

impl Access {
    /// Makes a link that signs a person in once; answers its path, `/sign-in/…`.
    pub async fn one_time_link(&self, person: &str, ttl: Duration) -> Result<String, Problem> {
        self.make_code(person, ttl, Purpose::SignIn).await.map(|code| format!("/sign-in/{code}"))
    }

    /// The same, for a session that may administer: how the first administrator comes in.
    pub async fn administrator_link(&self, person: &str, ttl: Duration) -> Result<String, Problem> {
        self.make_code(person, ttl, Purpose::Administer).await.map(|code| format!("/sign-in/{code}"))
    }

    /// Makes and stores a link; answers its code.
    pub(super) async fn make_code(&self, person: &str, ttl: Duration, purpose: Purpose) -> Result<String, Problem> {
        self.must_be_known(person)?;
        let code = generate("");
        let link = Link { person: person.to_owned(), purpose, expires_at: self.engine.now() + ttl };
        self.links.put(&self.engine, SecretHash::of(&code), link, None).await?;
        Ok(code)
    }

    /// Whom a code is for, without using it up.
    pub(crate) fn peek_link(&self, code: &str, purpose: Purpose) -> Result<String, Problem> {
        let link = self.links.get(&SecretHash::of(code)).ok_or_else(spent)?;
        if link.expires_at <= self.engine.now() || !link.purpose.serves(purpose) {
            return Err(spent());
        }
        Ok(link.person.clone())
    }

    /// Uses a code up.
    pub(super) async fn take_link(&self, code: &str, purpose: Purpose) -> Result<Arc<Link>, Problem> {
        self.peek_link(code, purpose)?;
        let taken = self.links.take(&self.engine, SecretHash::of(code), None).await?;
        taken.ok_or_else(spent)
    }

    /// Uses a code up and begins a session; answers the cookie's secret.
    pub(crate) async fn sign_in(&self, code: &str) -> Result<String, Problem> {
        let link = self.take_link(code, Purpose::SignIn).await?;
        self.begin_session(&link.person, link.purpose == Purpose::Administer).await
    }
}

fn spent() -> Problem {
    Problem::new(&problem::LINK_SPENT, "ask for a new one")
}
